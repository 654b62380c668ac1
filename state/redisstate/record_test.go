package redisstate

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

// headOf packs a head as the scripts do.
func headOf(attempts uint32, seq, at uint64) string {
	b := []byte{headVersion}
	b = binary.BigEndian.AppendUint32(b, attempts)
	b = binary.BigEndian.AppendUint64(b, seq)
	b = binary.BigEndian.AppendUint64(b, at)
	b = binary.BigEndian.AppendUint32(b, 0)
	return string(b)
}

func FuzzDecodeEntry(f *testing.F) {
	whole := headOf(3, 7, 1_700_000_000_000_000) +
		string(packTail(&state.Entry{ID: "id", Keys: []string{"k", ""}, Body: []byte("body\x00")}))
	f.Add(whole)
	f.Add(whole[:headLen+4])
	f.Add(headOf(0, 0, 1<<63))
	f.Add(headOf(0, 0, 0) + "\x02\x01a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Add("")
	f.Fuzz(func(t *testing.T, rec string) {
		q, err := decodeRecord(lane("a"), rec)
		if err != nil {
			return
		}
		again := headOf(uint32(q.Attempt), q.Seq, micros(q.EnqueuedAt)) + string(packTail(&q.Entry))
		back, err := decodeRecord(lane("a"), again)
		if err != nil {
			t.Fatalf("what was decoded from %q cannot be packed: %v", rec, err)
		}
		if diff := cmp.Diff(q, back); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func FuzzDecodeOutside(f *testing.F) {
	dead := encodeDead(&state.DeadEntry{
		Queued:   state.Queued{Entry: state.Entry{ID: "id", Body: []byte("b")}, Seq: 1},
		Cause:    state.Cause{Code: "c", Message: "m", Stack: "s"},
		BuriedAt: time.UnixMicro(5),
	})
	f.Add("3:a/binary", dead)
	f.Add("x", dead[:10])
	f.Add("99:x", "\x01\x00\x00\x00\x03\x00\x00\x00\x00a/b")
	f.Fuzz(func(t *testing.T, name, v string) {
		// Damage must neither stop the views nor get lost.
		if d := decodeDead(name, v); d.Cause.Code == "undecodable" && len(d.Body) == 0 && len(v) > 13 {
			return // all of it was a readable frame around an empty record
		}
		decodeParked(v)
		splitName(t, name)
	})
}

func splitName(t *testing.T, name string) {
	t.Helper()
	a, b, ok := unpair(name)
	if !ok {
		return
	}
	x, y, ok := unpair(pair(a, b))
	if !ok || x != a || y != b {
		t.Fatalf("%q and %q come back as %q and %q", a, b, x, y)
	}
}

func BenchmarkDecodeEntry(b *testing.B) {
	h, tail := headOf(0, 1, 1), string(packTail(&state.Entry{ID: "id", Keys: []string{"key"}, Body: make([]byte, 2500)}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeEntry(lane("a"), h, tail); err != nil {
			b.Fatal(err)
		}
	}
}
