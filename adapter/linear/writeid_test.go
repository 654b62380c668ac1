package linear

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
)

// testSecret is the secret of the adapters in tests.
const testSecret = "a secret of 32 bytes for testing"

func testIDs() writeIDs { return writeIDs{secret: []byte(testSecret)} }

// WriteID is the id of a write under the secret of tests.
func WriteID(workspace, botUserID, key string) string { return testIDs().id(workspace, botUserID, key) }

func ownID(botUserID, id string) bool { return testIDs().own(botUserID, id) }

const (
	ownOrg = "0a000000-0000-4000-8000-000000000001"
	ownBot = "0b000000-0000-4000-8000-000000000002"
)

func TestWriteIDForm(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for i := range 20_000 {
		key := strconv.Itoa(i)
		id := WriteID(ownOrg, ownBot, key)
		u, err := uuid.Parse(id)
		if err != nil || u.Version() != 4 || u.Variant() != uuid.RFC4122 || u.String() != id {
			t.Fatalf("WriteID(%q) = %q is not a canonical version 4 UUID", key, id)
		}
		if other, taken := seen[id]; taken {
			t.Fatalf("keys %q and %q have the same id", key, other)
		}
		seen[id] = key
		if !ownID(ownBot, id) {
			t.Fatalf("ownID(%q) = false", id)
		}
		if id != WriteID(ownOrg, ownBot, key) {
			t.Fatal("not deterministic")
		}
	}
}

// The ids are part of what a bot has written to Linear: a new version that
// computes different ones would write everything twice.
func TestWriteIDIsFixed(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"k": "512116a2-61b4-4163-8e63-7e171c7cc6ad",
		"":  "303f534d-b8f8-4b2c-a0dc-cec74745e5ec",
	} {
		if got := WriteID("org", "bot", key); got != want {
			t.Errorf("WriteID(org, bot, %q) = %q, want %q", key, got, want)
		}
	}
}

func TestWriteIDDependsOnEverything(t *testing.T) {
	t.Parallel()
	seen := map[string][3]string{}
	for _, args := range [][3]string{
		{"a", "b", "c"},
		{"a", "b", "d"},
		{"a", "d", "c"},
		{"d", "b", "c"},
		{"ab", "", "c"},
		{"a", "bc", ""},
		{"", "", "abc"},
	} {
		id := WriteID(args[0], args[1], args[2])
		if other, taken := seen[id]; taken {
			t.Errorf("%q and %q have the same id", args, other)
		}
		seen[id] = args
	}
}

func TestOwnIDRefusesOthers(t *testing.T) {
	t.Parallel()
	own := WriteID(ownOrg, ownBot, "key")
	for name, tc := range map[string]struct{ bot, id string }{
		"another bot":    {"other", own},
		"no bot":         {"", WriteID(ownOrg, "", "key")},
		"upper case":     {ownBot, strings.ToUpper(own)},
		"braces":         {ownBot, "{" + own + "}"},
		"urn":            {ownBot, "urn:uuid:" + own},
		"no dashes":      {ownBot, strings.ReplaceAll(own, "-", "")},
		"empty":          {ownBot, ""},
		"other version":  {ownBot, own[:14] + "7" + own[15:]},
		"last bit":       {ownBot, flip(own, 35)},
		"first bit":      {ownBot, flip(own, 0)},
		"not hex at all": {ownBot, strings.Repeat("z", 36)},
	} {
		if ownID(tc.bot, tc.id) {
			t.Errorf("%s: ownID(%q, %q) = true", name, tc.bot, tc.id)
		}
	}
}

// flip changes the lowest bit of a hexadecimal digit.
func flip(id string, i int) string {
	n, err := strconv.ParseUint(id[i:i+1], 16, 8)
	if err != nil {
		return ""
	}
	return id[:i] + strconv.FormatUint(n^1, 16) + id[i+1:]
}

// The ids depend on the secret: without it they can be neither computed nor
// recognized.
func TestWriteIDNeedsTheSecret(t *testing.T) {
	t.Parallel()
	own := WriteID(ownOrg, ownBot, "k")
	for _, secret := range []string{"", "another secret of enough length", testSecret + "x"} {
		other := writeIDs{secret: []byte(secret)}
		if other.id(ownOrg, ownBot, "k") == own || other.own(ownBot, own) {
			t.Errorf("secret %q gives the same ids", secret)
		}
	}
}

// TestSecret checks that the secret is loaded from its source, once that
// answers, and then kept.
func TestSecret(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	answers := []struct {
		secret string
		err    error
		want   adapter.Code
	}{{"", down, adapter.CodeUnavailable}, {"short", nil, adapter.CodeInvalid}, {testSecret, nil, adapter.CodeOK}, {"never asked for, whatever it is", nil, adapter.CodeOK}}
	a := newAdapter(t, &apiStub{answer: func(int, apiCall) (int, string) { return 200, viewerAnswer }})
	n := 0
	a.UseSecret(func(context.Context) ([]byte, error) { n++; return []byte(answers[n-1].secret), answers[n-1].err })
	for _, want := range answers {
		id, err := a.WriteID(t.Context(), ownOrg, "k")
		if adapter.CodeOf(err) != want.want || err == nil && id != WriteID(ownOrg, ownBot, "k") {
			t.Errorf("%q, %v, want code %s", id, err, want.want)
		}
	}
	if n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
	// Two adapters without a source have secrets of their own.
	var ids []string
	for range 2 {
		a := newAdapter(t, &apiStub{answer: func(int, apiCall) (int, string) { return 200, viewerAnswer }})
		a.UseSecret(nil)
		for range 2 {
			id, err := a.WriteID(t.Context(), ownOrg, "k")
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
	}
	if ids[0] != ids[1] || ids[2] != ids[3] || ids[0] == ids[2] {
		t.Errorf("ids %v", ids)
	}
}

func TestOwnIDRefusesRandom(t *testing.T) {
	t.Parallel()
	for range 100_000 {
		if id := uuid.NewString(); ownID(ownBot, id) {
			t.Fatalf("ownID(%q) = true", id)
		}
	}
}

func FuzzOwnID(f *testing.F) {
	f.Add("org", "bot", "key", "id")
	f.Add("", "b", "", WriteID("", "b", ""))
	f.Fuzz(func(t *testing.T, workspace, bot, key, id string) {
		if bot != "" && !ownID(bot, WriteID(workspace, bot, key)) {
			t.Errorf("own id of %q, %q, %q is not recognised", workspace, bot, key)
		}
		if ownID(bot, id) && id != strings.ToLower(id) {
			t.Errorf("%q is not canonical", id)
		}
	})
}

func BenchmarkWriteID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = WriteID(ownOrg, ownBot, "event:step:1")
	}
}

func BenchmarkOwnID(b *testing.B) {
	b.ReportAllocs()
	id := WriteID(ownOrg, ownBot, "event:step:1")
	for b.Loop() {
		_ = ownID(ownBot, id)
	}
}
