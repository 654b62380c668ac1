package webhook

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

const (
	// firstRead is the size of the buffer for a body before any of it has arrived.
	firstRead = 4 << 10
	// freeBody is how much of each body is exempt from the budget: most deliveries
	// are smaller, so other senders' large bodies cannot keep them out.
	freeBody = 64 << 10
	// unverified is the budget of all bodies together, in bytes.
	unverified = 64 << 20
)

// errBudget says that too many bytes wait to be verified.
var errBudget = errors.New("too many unverified bytes at once")

// budget limits the bytes of unverified bodies, which anyone can send. It is safe
// for concurrent use.
type budget struct {
	left atomic.Int64
}

func newBudget(size int64) *budget {
	b := &budget{}
	b.left.Store(size)
	return b
}

// take reserves n bytes and reports whether that many were left.
func (b *budget) take(n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.left.Add(n) }

// read returns the whole body, a *http.MaxBytesError if it is too large, or
// errBudget. It allocates memory as the body arrives, never on the strength of
// the announced length. release returns the body's bytes to the budget.
func (h *endpoint) read(w http.ResponseWriter, r *http.Request) (body []byte, release func(), err error) {
	var taken int64
	release = func() { h.budget.give(taken) }
	if r.ContentLength > h.maxBody {
		h.discard(r)
		return nil, release, &http.MaxBytesError{Limit: h.maxBody}
	}
	limited := http.MaxBytesReader(w, r.Body, h.maxBody)
	first := int64(firstRead)
	if r.ContentLength > 0 {
		first = min(first, r.ContentLength+1) // one more, to see the end
	}
	body = make([]byte, 0, first)
	for {
		n, err := limited.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF) && r.ContentLength >= 0 && int64(len(body)) < r.ContentLength:
			return nil, release, io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF):
			return body, release, nil
		case err != nil:
			h.discard(r)
			return nil, release, err
		case len(body) < cap(body):
			continue
		}
		next := min(max(int64(2*cap(body)), firstRead), h.maxBody+1)
		if more := max(next, freeBody) - max(int64(cap(body)), freeBody); more > 0 {
			if !h.budget.take(more) {
				return nil, release, errBudget
			}
			taken += more
		}
		body = append(make([]byte, 0, next), body...)
	}
}

// discard reads a little more of a rejected body, so that a sender in the middle
// of writing sees the answer instead of a broken connection.
func (h *endpoint) discard(r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, 2*h.maxBody) // best effort
}
