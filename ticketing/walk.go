package ticketing

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// everything walks the pages from a place on, up to maxWalk items. more is
// where it stopped, if it did.
func (c *call) everything(l *listing, r request, at *cursor) (items []item, more *cursor, err error) {
	for {
		w, err := c.window(l, r, at, c.most(l))
		if err != nil {
			return nil, nil, err
		}
		items = append(items, w.items...)
		if w.next == nil || len(items) >= maxWalk {
			return items, w.next, nil
		}
		at = w.next
	}
}

// walk answers ignore_limit.
func (c *call) walk(l *listing, r request, v view, at *cursor, hash string) (*reply, error) {
	items, more, err := c.everything(l, r, at)
	if err != nil {
		return nil, err
	}
	out := &List{ResultCount: len(items), Limit: maxWalk, IsTruncated: more != nil, IsPartialResponse: len(v.fields) > 0}
	if out.NextCursor, err = c.cursor(l, hash, more); err != nil {
		return nil, err
	}
	if out.Result, err = c.show(items, v, out); err != nil {
		return nil, err
	}
	out.Partly = Partly{c.partial > 0, c.notes}
	return ok(out), nil
}

// pageTime is how long a client may take for one page of a stream.
const pageTime = time.Minute

// stream answers NDJSON: one item a line, page after page, to the end of the
// list. An error in the middle is the last line.
func (c *call) stream(l *listing, r request, v view, at *cursor, _ string) (*reply, error) {
	limit := c.most(l)
	if c.q.has("limit") {
		limit = v.limit
	}
	first, err := c.window(l, r, at, limit)
	if err != nil {
		return nil, err
	}
	c.header.Set("Content-Type", "application/x-ndjson; charset=utf-8")
	return &reply{write: func(w http.ResponseWriter) {
		// The time of a request bounds each page, not the stream.
		base := context.WithoutCancel(c.ctx)
		flusher := http.NewResponseController(w)
		enc := json.NewEncoder(w)
		for page := first; ; {
			_ = flusher.SetWriteDeadline(time.Now().Add(pageTime)) // the server's is for plain answers
			for _, it := range page.items {
				shown, err := c.project(it, v)
				if err != nil || enc.Encode(shown) != nil {
					return
				}
			}
			_ = flusher.Flush() // a writer that cannot flush sends at the end
			if page.next == nil || c.r.Context().Err() != nil {
				return
			}
			next, err := c.nextWindow(base, l, r, page.next, limit)
			if err != nil {
				_ = enc.Encode(problemOf(err).body(c.id))
				return
			}
			page = next
		}
	}}, nil
}

// nextWindow is window with a time of its own.
func (c *call) nextWindow(base context.Context, l *listing, r request, at *cursor, limit int) (*window, error) {
	ctx, cancel := context.WithTimeout(base, c.api.cfg.Timeout)
	defer cancel()
	sub := *c
	sub.ctx = ctx
	return sub.window(l, r, at, limit)
}
