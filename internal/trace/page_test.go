package trace

import (
	"reflect"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// TestPage writes parts and reads them, whatever is in them.
func TestPage(t *testing.T) {
	t.Parallel()
	at := time.UnixMicro(1_760_000_000_123_456)
	want := []Part{
		{Kind: adapter.TraceIntake, Begun: at, TraceSubject: adapter.TraceSubject{ID: "plain"}, Steps: []Step{}},
		{
			Kind: adapter.TraceTurn, Begun: at, TraceSubject: adapter.TraceSubject{
				ID: "post\x00a\"b\\c", Delivery: "é\n\u2028", Event: `","s":[`, Workspace: "W1", Thread: `linear:{"c":`, Type: "Comment create", Subject: "ENG-1",
			},
			Steps: []Step{
				{adapter.TraceStep{Code: "attempt", N: -3, Took: time.Second}, time.Millisecond},
				{adapter.TraceStep{Code: "unknown", Detail: `{"c":"x"},` + "\\\"\t\x01 🎉"}, 0},
			},
		},
	}
	page := []byte("7\n")
	for i := range want {
		page = appendPart(page, &want[i])
	}
	if got := readPage(page, 7); !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}
	if got := readPage(page, 135); got != nil {
		t.Errorf("a page with another number has %d parts", len(got))
	}
	for i := range want {
		line := string(appendPart(nil, &want[i]))
		r := lineReader{left: line[:len(line)-1]}
		if _, ok := r.part(); !ok {
			t.Errorf("%s is read the slow way", line)
		}
	}
}

// TestPageOfAnotherVersion reads what it knows of lines that are written in another
// way, and leaves out what is not a part.
func TestPageOfAnotherVersion(t *testing.T) {
	t.Parallel()
	page := "7\n" +
		`{"id":"a","k":"turn","at":5,"new":[1,{}],"s":[{"n":1,"c":"attempt","x":"y"}]}` + "\n" +
		`{"k":"turn","at":5,"id":"cut off` + "\n" +
		"\n" +
		`{"k":"turn","at":5,"id":"b","s":[{"c":"handled"}]}`
	got := readPage([]byte(page), 7)
	if len(got) != 2 || got[0].ID != "a" || got[0].Steps[0].N != 1 || got[1].ID != "b" || got[1].Steps[0].Code != "handled" {
		t.Errorf("read %+v", got)
	}
}

// TestHead keeps what it says of pages that are there, and reads the counter of
// earlier versions.
func TestHead(t *testing.T) {
	t.Parallel()
	if h := readHead([]byte("412")); h.number != 412 || len(h.closed) != 0 || h.oldest() != 412-pages+1 {
		t.Errorf("the counter alone is %+v", h)
	}
	h := readHead(nil)
	for n := int64(1); n <= 3*pages; n++ {
		h.number++
		h.closed[n] = time.UnixMicro(n)
		h = readHead(h.encode())
	}
	if len(h.closed) != pages || !h.closed[3*pages].Equal(time.UnixMicro(3*pages)) {
		t.Errorf("it is %+v", h)
	}
	if h := readHead([]byte("5\nx 1\n3 y\n4 9\n\x00")); h.number != 5 || len(h.closed) != 1 {
		t.Errorf("with lines that cannot be read it is %+v", h)
	}
}
