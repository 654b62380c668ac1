package ticketing

import (
	"context"
	"net/http"
	"strings"
	"sync"
)

// matches has requests with the same If-Match go one after the other, so that of those
// that race the first one changes the thing and the others are told so.
type matches struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when its request has ended
}

func newMatches() *matches { return &matches{held: map[string]chan struct{}{}} }

// hold waits until no other request has the tag. end lets the next one go.
func (m *matches) hold(ctx context.Context, tag string) (end func(), err error) {
	for {
		m.mu.Lock()
		before, taken := m.held[tag]
		if !taken {
			mine := make(chan struct{})
			m.held[tag] = mine
			m.mu.Unlock()
			return func() {
				m.mu.Lock()
				delete(m.held, tag)
				m.mu.Unlock()
				close(mine)
			}, nil
		}
		m.mu.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// match is the etag of If-Match, or "" if any state will do.
func (c *call) match() string {
	if c.r == nil { // work of the queue
		return ""
	}
	tag := strings.Trim(strings.TrimPrefix(c.r.Header.Get("If-Match"), "W/"), `"`)
	if tag == "*" {
		return ""
	}
	return tag
}

// unchanged compares If-Match, if the request has it, with how the thing stands now,
// which is read only then. Between this and the write, others than this process may
// still change it: Linear has no such condition.
func (c *call) unchanged(now func() (string, error)) error {
	match := c.match()
	if match == "" {
		return nil
	}
	tag, err := now()
	if err != nil {
		return err
	}
	if tag == match {
		return nil
	}
	return &problem{
		status: http.StatusPreconditionFailed, code: codePrecondition,
		message: "it was changed meanwhile: read it again and send the new etag",
	}
}
