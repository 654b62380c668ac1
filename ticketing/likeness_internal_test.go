package ticketing

import (
	"math"
	"testing"
)

func TestLikeness(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want float64
	}{
		{"login fails", "login fails", 1},
		{"Login, FAILS!", "fails login", 1}, // words in any order and case
		{"login", "logout", 6.0 / 13},       // "  l", " lo" and "log" of 6 and 7
		{"aaaa", "aaaa, aaaa", 1},           // each trigram once
		{"Größe", "größe", 1},
		{"login", "", 0},
		{"", "", 0},
		{"…", "…", 0},
	} {
		like := likenessTo(tc.a)
		for range 2 { // it can be used again
			if got := like.of(tc.b); math.Abs(got-tc.want) > 1e-9 {
				t.Errorf("%q and %q: %v, want %v", tc.a, tc.b, got, tc.want)
			}
		}
		if got := likenessTo(tc.b).of(tc.a); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%q and %q turned: %v, want %v", tc.a, tc.b, got, tc.want)
		}
	}
	if like := likenessTo("eng-12"); like.score("ENG-12", "something else") != 1 || like.score("", "x") != 0 {
		t.Error("a short name is its ticket")
	}
}

//nolint:paralleltest // allocations are counted for the whole process
func TestLikenessAllocatesNothing(t *testing.T) {
	like := likenessTo("the login fails")
	like.of("the login of everybody fails since yesterday")
	if n := testing.AllocsPerRun(100, func() { like.of("the login of some fails") }); n > 0 {
		t.Errorf("%v allocations a comparison", n)
	}
}
