package linear

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

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
			t.Fatalf("WriteID(%q) = %q is no UUID of version 4 in canonical form", key, id)
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
// computes others would write everything twice.
func TestWriteIDIsFixed(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"k": "6d595161-7946-49d5-bcb3-3eda8fa5dc40",
		"":  "3f9f4500-0ad3-42cc-962c-2529aba31610",
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
