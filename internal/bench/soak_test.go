package main

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestGrown(t *testing.T) {
	t.Parallel()
	series := func(change func(i int, s *sample)) []sample {
		out := make([]sample, 40)
		for i := range out {
			out[i] = sample{At: float64(i), RSS: 40, Heap: 10, Goroutines: 50, Files: 40, Store: 5, Answered: 200, P50: 2}
			change(i, &out[i])
		}
		return out
	}
	for _, c := range []struct {
		name    string
		samples []sample
		want    []string
	}{
		{"flat", series(func(int, *sample) {}), nil},
		{"a start", series(func(i int, s *sample) { s.RSS = min(40, float64(10+5*i)) }), nil},
		{"a moment", series(func(i int, s *sample) { s.P50 += map[bool]float64{true: 500}[i == 35] }), nil},
		{"fewer answers", series(func(i int, s *sample) { s.Answered -= float64(i) }), nil},
		{"a leak", series(func(i int, s *sample) { s.Goroutines += float64(5 * i) }), []string{"goroutines went from 125.0 to 225.0"}},
		{
			"two leaks", series(func(i int, s *sample) { s.RSS += float64(i); s.Store += float64(i) }),
			[]string{"resident memory, mb went from 55.0 to 75.0", "store, mb went from 20.0 to 40.0"},
		},
		{"too few to say", series(func(i int, s *sample) { s.RSS += float64(50 * i) })[:15], nil},
	} {
		if got := grown(c.samples); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	for _, of := range [][]*Soaked{nil, {{Store: "file"}}, {{Store: "file", Samples: []sample{{At: 1}}}, {Store: "redis", Samples: []sample{{At: 3, RSS: 70, P50: 0.4}, {At: 200}}}}} {
		picture := draw(of)
		d := xml.NewDecoder(strings.NewReader(picture))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, picture)
			}
		}
		if strings.Contains(picture, "NaN") || strings.Contains(picture, "Inf") {
			t.Errorf("no numbers:\n%s", picture)
		}
	}
}
