package ticketing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// place reads the cursor of the request; nil for the first page.
func (c *call) place(l *listing, hash string) (*cursor, error) {
	next, prev := c.q.get("next_cursor", "cursor"), c.q.get("prev_cursor")
	if next != "" && prev != "" {
		return nil, badRequest(codeInvalidCursor, "send next_cursor or prev_cursor, not both")
	}
	text := cmp.Or(next, prev)
	if text == "" {
		return nil, nil //nolint:nilnil // the first page has no cursor
	}
	at, err := c.api.signer.read(c.ctx, text)
	if err != nil {
		return nil, err
	}
	if at.Resource != l.resource || at.Conn != c.connID() || at.Hash != hash {
		return nil, badRequest(codeCursorMismatch, "the cursor belongs to another list, filter, order or connection: filters and order must be the same on every page")
	}
	return &at, nil
}

func (c *call) cursor(l *listing, hash string, at *cursor) (*string, error) {
	if at == nil {
		return nil, nil //nolint:nilnil // null is the end of the list
	}
	at.Resource, at.Conn, at.Hash = l.resource, c.connID(), hash
	text, err := c.api.signer.sign(c.ctx, *at)
	if err != nil {
		return nil, err
	}
	return &text, nil
}

// connID is the id of the connection, for cursors; empty for lists that belong to
// none.
func (c *call) connID() string {
	if c.conn == nil {
		return ""
	}
	return c.conn.ID
}

// window is a page and what lies around it.
type window struct {
	items      []item
	next, prev *cursor
	total      *int
}

// window fetches one page. Lists of several stages continue in the next stage
// when one ends, so that only the last page is short.
func (c *call) window(l *listing, r request, at *cursor, limit int) (*window, error) {
	if l.isLocal(r.sort) {
		return c.localWindow(l, r, at, limit)
	}
	stages := []int{0}
	if l.stages != nil {
		stages = l.stages(c)
	}
	back := at != nil && at.Back
	place, i := "", 0
	if back {
		i = len(stages) - 1
	}
	if at != nil {
		place = at.Place
		i = max(slices.Index(stages, at.Stage), 0)
	}
	w := &window{}
	for {
		r.stage = stages[i]
		left := limit - len(w.items)
		if back {
			r.page = linearapi.PageArgs{Last: left, Before: place}
		} else {
			r.page = linearapi.PageArgs{First: left, After: place}
		}
		got, err := c.fetch(l, r)
		if err != nil {
			return nil, err
		}
		if w.total == nil {
			w.total = got.total
		}
		if back {
			w.items = append(got.items, w.items...)
			if len(got.items) > 0 && w.next == nil {
				w.next = &cursor{Place: got.info.EndCursor, Stage: stages[i]}
			}
			if got.info.HasPreviousPage && len(got.items) > 0 {
				w.prev = &cursor{Place: got.info.StartCursor, Stage: stages[i], Back: true}
				return w, nil
			}
			if i--; i < 0 {
				if w.next == nil {
					w.next = &cursor{Stage: stages[0]} // everything lies behind
				}
				return w, nil
			}
			place = ""
			if len(w.items) >= limit {
				w.prev = &cursor{Stage: stages[i], Back: true}
				return w, nil
			}
			continue
		}
		if len(got.items) > 0 && w.prev == nil && at != nil {
			w.prev = &cursor{Place: got.info.StartCursor, Stage: stages[i], Back: true}
		}
		w.items = append(w.items, got.items...)
		if got.info.HasNextPage && len(got.items) > 0 {
			w.next = &cursor{Place: got.info.EndCursor, Stage: stages[i]}
			return w, nil
		}
		if i++; i >= len(stages) {
			if w.prev == nil && at != nil { // a page behind the end
				w.prev = &cursor{Place: at.Place, Stage: at.Stage, Back: true}
				if at.Place == "" {
					w.prev = nil
				}
			}
			return w, nil
		}
		place = ""
		if len(w.items) >= limit {
			w.next = &cursor{Stage: stages[i]}
			return w, nil
		}
	}
}

func (l *listing) isLocal(keys []sortKey) bool {
	return slices.ContainsFunc(keys, func(k sortKey) bool { return slices.Contains(l.local, k.name) })
}

// localWindow sorts the whole list here and cuts a page out of it. A cursor
// names the item that the page ends with.
func (c *call) localWindow(l *listing, r request, at *cursor, limit int) (*window, error) {
	plain := r
	plain.sort = nil
	all, truncated, err := c.everything(l, plain, nil)
	if err != nil {
		return nil, err
	}
	if truncated != nil {
		c.notes = append(c.notes, "only the first "+strconv.Itoa(maxWalk)+" entries were sorted")
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y item) int {
		for _, k := range r.sort {
			n := compareValues(x.sort[k.name], y.sort[k.name])
			if k.desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return strings.Compare(x.id, y.id)
	})
	from, to := 0, min(limit, len(all))
	if at != nil {
		i := slices.IndexFunc(all, func(v item) bool { return v.id == at.Place })
		if i < 0 {
			return nil, badRequest(codeInvalidCursor, "what the cursor points to is gone: begin with the first page")
		}
		if at.Back {
			from, to = max(0, i-limit), i
		} else {
			from, to = i+1, min(i+1+limit, len(all))
		}
	}
	w := &window{items: all[from:to]}
	if to < len(all) && to > from {
		w.next = &cursor{Place: all[to-1].id}
	}
	if from > 0 && to > from {
		w.prev = &cursor{Place: all[from].id, Back: true}
	}
	return w, nil
}

func compareValues(x, y any) int {
	switch x := x.(type) {
	case string:
		s, _ := y.(string)
		return strings.Compare(strings.ToLower(x), strings.ToLower(s))
	case time.Time:
		t, _ := y.(time.Time)
		return x.Compare(t)
	case float64:
		n, _ := y.(float64)
		return cmp.Compare(x, n)
	}
	return 0
}
