package redisstate

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
)

// slotOf returns the slot of a key in a cluster: CRC-16/XMODEM of the first
// non-empty part in braces, or of the whole key.
func slotOf(key string) int {
	if i := strings.IndexByte(key, '{'); i >= 0 {
		if j := strings.IndexByte(key[i+1:], '}'); j > 0 {
			key = key[i+1 : i+1+j]
		}
	}
	var crc uint16
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc % 16384)
}

// keysOf names the keys of a monitored command by their first character: all
// of ours are in a tagged shard.
func keysOf(args []string) []string {
	switch strings.ToUpper(args[0]) {
	case "EVALSHA", "EVAL":
		n, _ := strconv.Atoi(args[2])
		return args[3 : 3+n]
	case "EXISTS", "DEL":
		return args[1:]
	case "TIME", "PUBLISH", "SUBSCRIBE", "HELLO", "PING", "SELECT", "CLIENT", "SCRIPT", "SCAN", "MONITOR", "CONFIG", "INFO", "MULTI", "EXEC":
		return nil
	default:
		return args[1:2]
	}
}

// TestSlots watches what each script touches, while the store does everything
// that it can, with names that try to break the hash tag.
func TestSlots(t *testing.T) {
	t.Parallel()
	srv := redistest.Run(t, redistest.Options{})
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "MONITOR\r\n"); err != nil {
		t.Fatal(err)
	}
	seen := bufio.NewReader(conn)
	if line, err := seen.ReadString('\n'); err != nil || !strings.HasPrefix(line, "+OK") {
		t.Fatalf("MONITOR: %q, %v", line, err)
	}
	s := openAt(t, srv.URL(), Options{Prefix: "pre"})
	everything(t, s)
	c := srv.Client()
	defer c.Close()
	c.Echo(t.Context(), "the end")

	slot, scripts, inside := -1, 0, 0
	word := regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		line, err := seen.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var args []string
		for _, m := range word.FindAllStringSubmatch(line, -1) {
			text, err := strconv.Unquote(`"` + m[1] + `"`)
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, text)
		}
		if len(args) == 2 && args[1] == "the end" {
			break
		}
		lua := strings.Contains(line, " lua]")
		if !lua {
			slot = -1
		}
		if strings.HasPrefix(strings.ToUpper(args[0]), "EVAL") {
			scripts++
		}
		for _, k := range keysOf(args) {
			if lua {
				inside++
			}
			if slot < 0 {
				slot = slotOf(k)
			}
			if slotOf(k) != slot {
				t.Fatalf("key %q of %s is in slot %d, the first one is in %d", k, line, slotOf(k), slot)
			}
		}
	}
	if scripts < 20 || inside < 100 {
		t.Fatalf("saw %d scripts with %d keys, want more", scripts, inside)
	}
}

// everything makes the store run each of its scripts.
func everything(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	l := state.Key{Workspace: "{w}", Kind: "}{", ID: "{pre:1}:q:"}
	put := func(e state.Entry) {
		t.Helper()
		_, err := s.Enqueue(ctx, e)
		must(err)
	}
	put(state.Entry{ID: "1", Lane: l, Keys: []string{"{a}", "}"}})
	put(state.Entry{ID: "2", Lane: l, Hold: time.Hour, HoldMode: state.HoldReset, Delay: time.Millisecond})
	put(state.Entry{ID: "3", Lane: l, IfIdle: true})
	put(state.Entry{ID: "4", Lane: l})
	put(state.Entry{ID: "5", Lane: l})
	take := func() *state.Lease {
		t.Helper()
		ls, err := s.Lease(ctx, state.LeaseRequest{TTL: time.Minute, Lanes: 2, Entries: 2})
		must(err)
		return ls[0]
	}
	first := take()
	must(s.Extend(ctx, first, time.Minute))
	must(s.Settle(ctx, first, state.Settlement{Verdicts: []state.Verdict{state.Bury("1", state.Cause{Code: "x"})}}))
	must(s.Requeue(ctx, l, "1"))
	again := take()
	must(s.Settle(ctx, again, state.Settlement{Verdicts: []state.Verdict{state.RetryAside(again.Entries[0].ID, time.Millisecond, state.Cause{})}}))
	again = take()
	must(s.Extend(ctx, again, state.MinLease))
	again = take()
	must(s.Settle(ctx, again, state.Settlement{Verdicts: []state.Verdict{state.Ack(again.Entries[0].ID), state.Ack(again.Entries[1].ID)}}))
	k := state.Key{Workspace: "}", Kind: "{", ID: "{x}"}
	must(s.Set(ctx, k, []byte("v"), 0))
	must(s.CompareAndSet(ctx, k, []byte("v"), []byte("w"), time.Hour))
	must(s.Subscribe(ctx, k))
	note := state.NoteWrite{Name: "{y}", Value: []byte("v"), TTL: time.Hour}
	must(s.WriteNotes(ctx, l, note))
	put(state.Entry{ID: "noted", Lane: l})
	noted := take()
	must(s.Settle(ctx, noted, state.Settlement{Verdicts: []state.Verdict{state.Ack(noted.Entries[0].ID)}, Notes: []state.NoteWrite{note}}))
	_, err := s.Notes(ctx, l)
	must(err)
	var records []state.Record
	for r, err := range s.Export(ctx) {
		must(err)
		records = append(records, r)
	}
	for _, r := range records {
		must(s.Import(ctx, r))
	}
	for _, err := range s.Lanes(ctx) {
		must(err)
	}
	must(s.Delete(ctx, k))
	_, err = s.Stats(ctx)
	must(err)
}
