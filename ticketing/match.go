package ticketing

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/state"
)

// matches has requests with the same etag in If-Match go one after the other, so that
// of those that race the first one changes the thing and the others are told so. It
// holds in this process and, by short claims in the store, in others on that store.
type matches struct {
	values state.Values

	mu   sync.Mutex
	held map[string]chan struct{} // closed when its request has ended
}

func newMatches(values state.Values) *matches {
	return &matches{values: values, held: map[string]chan struct{}{}}
}

// matchKey is where the request is that has an etag. The etag names the thing and its
// connection, which a request may name in several ways.
func matchKey(tag string) state.Key { return state.Key{Kind: "ticketing.match", ID: shortHash(tag)} }

// hold waits until no other request has one of the etags, which are sorted: requests
// with several do not wait for each other. end lets the next one go. If this process
// dies, others wait for ttl.
func (m *matches) hold(ctx context.Context, tags []string, ttl time.Duration) (end func(), err error) {
	var ends []func()
	end = func() {
		for _, f := range slices.Backward(ends) {
			f()
		}
	}
	for _, tag := range tags {
		here, err := m.enter(ctx, tag)
		if err != nil {
			end()
			return nil, err
		}
		ends = append(ends, here)
		everywhere, err := m.claim(ctx, tag, ttl)
		if err != nil {
			end()
			return nil, err
		}
		ends = append(ends, everywhere)
	}
	return end, nil
}

// enter waits for the other requests of this process.
func (m *matches) enter(ctx context.Context, tag string) (leave func(), err error) {
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

// claim waits for the requests of other processes.
func (m *matches) claim(ctx context.Context, tag string, ttl time.Duration) (release func(), err error) {
	me := []byte(uuid.NewString())
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := m.values.CompareAndSet(ctx, matchKey(tag), nil, me, ttl)
		if err == nil {
			return func() {
				ctx, cancel := detach(ctx, 5*time.Second)
				defer cancel()
				_ = m.values.CompareAndSet(ctx, matchKey(tag), me, nil, 0) // if this fails, the claim expires
			}, nil
		}
		if !errors.Is(err, state.ErrConflict) {
			return nil, err
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// The waits for other processes.
const (
	firstWait = 10 * time.Millisecond
	lastWait  = 250 * time.Millisecond
)

// pause waits for d, or returns the error of ctx if that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxTags is how many etags a request may name.
const maxTags = 20

// entityTags reads the etags of If-Match or If-None-Match: sorted, each once. every is
// true for "*". Bare ones are taken, too, as answers have them in the field etag, and
// so are those that a proxy which compresses has marked as weak.
func entityTags(lines []string) (tags []string, every bool) {
	rest := strings.Join(lines, ",")
	for {
		rest = strings.TrimLeft(rest, ", \t")
		if rest == "" {
			slices.Sort(tags)
			return slices.Compact(tags), every
		}
		rest = strings.TrimPrefix(rest, "W/")
		var tag string
		if quoted, is := strings.CutPrefix(rest, `"`); is {
			tag, rest, _ = strings.Cut(quoted, `"`)
		} else {
			tag, rest, _ = strings.Cut(rest, ",")
			tag = strings.TrimSpace(tag)
			every = every || tag == "*"
		}
		if tag != "" {
			tags = append(tags, tag)
		}
	}
}

// match are the etags of If-Match; nil if any state will do.
func (c *call) match() []string {
	if c.r == nil { // work of the queue
		return nil
	}
	tags, every := entityTags(c.r.Header.Values("If-Match"))
	if every {
		return nil
	}
	return tags
}

// matching waits until it is the turn of a request with If-Match.
func (c *call) matching() (end func(), err error) {
	tags := c.match()
	if len(tags) == 0 || c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		return func() {}, nil
	}
	if !c.route.guarded {
		return nil, badRequest(codeInvalidRequest, "this path does not compare If-Match: send the request without it")
	}
	if len(tags) > maxTags {
		return nil, badRequest(codeInvalidRequest, "If-Match holds at most %d tags", maxTags)
	}
	return c.api.matches.hold(c.ctx, tags, c.patience()+5*time.Second)
}

// unchanged compares If-Match, if the request has it, with how the thing stands now,
// which is read only then. Between this and the write, people in Linear and programs
// that do not send If-Match may still change it: Linear has no such condition.
func (c *call) unchanged(now func() (string, error)) error {
	match := c.match()
	if len(match) == 0 {
		return nil
	}
	tag, err := now()
	if err != nil {
		return err
	}
	if slices.Contains(match, tag) {
		return nil
	}
	return &problem{
		status: http.StatusPreconditionFailed, code: codePrecondition,
		message: "it was changed meanwhile: read it again and send the new etag",
	}
}
