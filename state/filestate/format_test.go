package filestate

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/internal/noteset"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 123)
	q := state.Queued{
		Entry: state.Entry{ID: "id\xff", Lane: state.Key{Workspace: "w/\x00", Kind: "k", ID: "日"}, Keys: []string{"a", "b\n"}, Body: []byte("body")},
		Seq:   7, EnqueuedAt: at,
	}
	got, whole, ok := parseEntry(appendEntry(&q))
	if diff := cmp.Diff(q, got); diff != "" || !whole || !ok {
		t.Errorf("entry %v %v (-want +got):\n%s", whole, ok, diff)
	}
	d := state.DeadEntry{Queued: q, BuriedAt: at, Cause: state.Cause{Code: "c\xfe", Message: "m", Stack: "s"}}
	d.Attempt = 3
	dead, ok := parseDead(appendDead(&d))
	if diff := cmp.Diff(d, dead); diff != "" || !ok {
		t.Errorf("dead letter %v (-want +got):\n%s", ok, diff)
	}
	m := mark{attempt: 5, due: at, cause: d.Cause}
	gotMark, ok := parseMark(appendMark(m))
	if diff := cmp.Diff(m, gotMark, cmp.AllowUnexported(mark{})); diff != "" || !ok {
		t.Errorf("mark %v (-want +got):\n%s", ok, diff)
	}
	v := &value{key: q.Lane, expires: at, data: []byte("x")}
	gotValue, ok := parseValue(appendValue(v))
	if diff := cmp.Diff(v, gotValue, cmp.AllowUnexported(value{})); diff != "" || !ok {
		t.Errorf("value %v (-want +got):\n%s", ok, diff)
	}
	set := noteset.Set{{Name: "n\x00", Value: []byte("x\xff"), Expires: at}, {Name: "empty", Value: []byte{}, Expires: at.Add(1)}}
	thread, gotSet, ok := parseNotes(appendNotes(q.Lane, set))
	if diff := cmp.Diff(set, gotSet); diff != "" || !ok || thread != q.Lane {
		t.Errorf("notes of %v, %v (-want +got):\n%s", thread, ok, diff)
	}
	if b := appendNotes(q.Lane, set); !expiredRecord(b, at.Add(1)) || expiredRecord(b, at) {
		t.Error("notes do not expire with the last of them")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := make([]byte, 40_000)
	seen := map[string]string{}
	for _, s := range []string{"", "a", "\x00", "\x00a", string(long), string(long[1:]), string(name("")), string(name(string(long)))} {
		n := string(name(s))
		if old, ok := seen[n]; ok || n == "" || len(n) > maxName {
			t.Errorf("name(%.20q) is %q, as for %.20q", s, n, old)
		}
		seen[n] = s
	}
	a := pairName(state.Key{Kind: "k", ID: "a"}, "b1")
	if b := pairName(state.Key{Kind: "k", ID: "ab"}, "1"); string(a) == string(b) {
		t.Error("two dead letters have one name")
	}
	if digestOf(state.Key{Kind: "k", ID: "a"}, "b1") == digestOf(state.Key{Kind: "k", ID: "ab"}, "1") {
		t.Error("two dedup keys have one digest")
	}
}

// FuzzParse reads arbitrary bytes as everything that is stored. What can be
// read survives being written again.
func FuzzParse(f *testing.F) {
	q := state.Queued{Entry: state.Entry{ID: "1", Lane: laneOf("a"), Keys: []string{"k"}, Body: []byte("body")}, EnqueuedAt: time.Unix(1, 2)}
	f.Add(appendEntry(&q))
	f.Add(appendDead(&state.DeadEntry{Queued: q}))
	f.Add(appendMark(mark{attempt: 1}))
	f.Add(appendHold(laneOf("a"), time.Unix(1, 2)))
	f.Add(appendValue(&value{key: laneOf("a"), data: []byte("v")}))
	f.Add(appendNotes(laneOf("a"), noteset.Set{{Name: "n", Value: []byte("v"), Expires: time.Unix(1, 2)}}))
	f.Add(sealed(appendKeyLog(newSealed(0), laneOf("a"), "k1", "k2")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, whole, ok := parseEntry(b); ok && whole {
			again, _, ok := parseEntry(appendEntry(&q))
			if diff := cmp.Diff(q, again, cmpopts.EquateEmpty()); diff != "" || !ok {
				t.Errorf("entry (-first +again):\n%s", diff)
			}
		}
		parseLane(b)
		// What is sealed is only read if the checksum is right.
		for _, b := range [][]byte{b, seal(b)} {
			if d, ok := parseDead(b); ok {
				again, ok := parseDead(appendDead(&d))
				if diff := cmp.Diff(d, again, cmpopts.EquateEmpty()); diff != "" || !ok {
					t.Errorf("dead letter (-first +again):\n%s", diff)
				}
			}
			if m, ok := parseMark(b); ok {
				if again, ok := parseMark(appendMark(m)); !ok || again != m {
					t.Errorf("mark %+v became %+v", m, again)
				}
			}
			parseHold(b)
			parseValue(b)
			if thread, set, ok := parseNotes(b); ok {
				back, again, ok := parseNotes(appendNotes(thread, set))
				if diff := cmp.Diff(set, again); diff != "" || !ok || back != thread {
					t.Errorf("notes (-first +again):\n%s", diff)
				}
			}
			eachKey(b, func(state.Key, string) {})
		}
	})
}
