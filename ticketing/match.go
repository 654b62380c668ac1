package ticketing

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/state"
)

// matches has requests with the same etag in If-Match go one after the other, so that
// of those that race the first one changes the thing and the others are told so. It
// holds in this process and, by claims in the store, in others on that store.
type matches struct {
	values state.Values

	mu   sync.Mutex
	held map[state.Key]chan struct{} // closed when its request has ended
}

func newMatches(values state.Values) *matches {
	return &matches{values: values, held: map[state.Key]chan struct{}{}}
}

// The waits for other requests.
const (
	firstWait = 10 * time.Millisecond // before the store is asked again, doubled each time
	lastWait  = 250 * time.Millisecond
	// maxMatchWait is how long a request waits for others with its etag. It is shorter
	// than a request may take, so that a client hears of a claim that a dead process
	// left behind, and when to try again, before its own time is up.
	maxMatchWait = 5 * time.Second
	// claimMargin is how much longer than its request a claim lives: until it is released.
	claimMargin = 5 * time.Second
)

// matchKey is where a request claims an etag of a workspace. The etag stands for the
// thing and its version, which requests may name in several ways: by id or short name,
// through one connection or another.
func matchKey(organization, tag string) state.Key {
	return state.Key{Workspace: organization, Kind: "ticketing.match", ID: shortHash(tag)}
}

// hold waits until no other request has one of the etags, which are sorted, so that
// requests with several cannot deadlock. end lets the next one go.
//
// The request may take up to limit after that; its claims expire a little later. If
// this process dies, requests with these etags are told to try again until then. The
// error is one that says so, if others had an etag for maxMatchWait.
func (m *matches) hold(ctx context.Context, keys []state.Key, limit time.Duration) (end func(), err error) {
	var ends []func()
	end = func() {
		for _, f := range slices.Backward(ends) {
			f()
		}
	}
	waiting, cancel := context.WithTimeoutCause(ctx, min(maxMatchWait, limit/2), inUse())
	defer cancel()
	for _, key := range keys {
		here, err := m.enter(waiting, key)
		if err != nil {
			end()
			return nil, err
		}
		ends = append(ends, here)
		everywhere, err := m.claim(ctx, waiting, key, limit+claimMargin)
		if err != nil {
			end()
			return nil, err
		}
		ends = append(ends, everywhere)
	}
	return end, nil
}

// inUse says that another request with the etag did not end in time, or died.
func inUse() *problem {
	return &problem{
		status: http.StatusConflict, code: codeInUse, retryable: true, retryAfter: maxMatchWait,
		message: "another request with this etag has not ended yet: try again",
	}
}

// enter waits for the other requests of this process.
func (m *matches) enter(waiting context.Context, key state.Key) (leave func(), err error) {
	for {
		m.mu.Lock()
		before, taken := m.held[key]
		if !taken {
			mine := make(chan struct{})
			m.held[key] = mine
			m.mu.Unlock()
			return func() {
				m.mu.Lock()
				delete(m.held, key)
				m.mu.Unlock()
				close(mine)
			}, nil
		}
		m.mu.Unlock()
		select {
		case <-before:
		case <-waiting.Done():
			return nil, context.Cause(waiting)
		}
	}
}

// claim waits for the requests of other processes. The store is called with ctx: a
// call that is cut off may have been made.
func (m *matches) claim(ctx, waiting context.Context, key state.Key, ttl time.Duration) (release func(), err error) {
	me := []byte(uuid.NewString())
	release = func() {
		ctx, cancel := detach(ctx, claimMargin)
		defer cancel()
		_ = m.values.CompareAndSet(ctx, key, me, nil, 0) // if this fails, the claim expires
	}
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := m.values.CompareAndSet(ctx, key, nil, me, ttl)
		switch {
		case err == nil:
			return release, nil
		case !errors.Is(err, state.ErrConflict):
			release() // the store may have the claim although its answer was lost
			return nil, err
		}
		if pause.For(waiting, wait) != nil {
			return nil, context.Cause(waiting)
		}
	}
}

// maxTags is how many etags a request may name.
const maxTags = 20

// entityTags reads the etags of If-Match or If-None-Match: sorted, each once. every is
// true for "*". Bare ones are taken, too, as answers have them in the field etag, and
// so are those that a proxy which compresses has marked as weak. An empty one counts:
// it matches nothing, and without it the request would have no condition.
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
		tags = append(tags, tag)
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
	space, err := c.workspace()
	if err != nil {
		return nil, err
	}
	keys := make([]state.Key, len(tags))
	for i, tag := range tags {
		keys[i] = matchKey(cmp.Or(space.Organization.ID, c.conn.ID), tag)
	}
	return c.api.matches.hold(c.ctx, keys, c.patience())
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
