package linearsim

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPage = 50
	maxPage     = 250
)

// item is an entity that comes in pages.
type item interface {
	node
	order(byUpdate bool) (time.Time, int)
}

// page answers a connection field: filter, newest first, one window. A nil
// filter table is for fields without a filter argument.
func page[T item](r *request, typ string, a args, all []T, f *filter[T]) (any, error) {
	byUpdate := a.text("orderBy") == "updatedAt"
	kept := make([]T, 0, len(all))
	for _, v := range all {
		if f == nil || f.match(r, a.object("filter"), v) {
			kept = append(kept, v)
		}
	}
	slices.SortStableFunc(kept, func(x, y T) int { return compare(y, x, byUpdate) })

	size, backward, err := pageSize(a)
	if err != nil {
		return nil, err
	}
	from, to, err := window(kept, a, byUpdate)
	if err != nil {
		return nil, err
	}
	if backward {
		from = max(from, to-size)
	} else {
		to = min(to, from+size)
	}
	return connection[T]{typ, kept[from:to], byUpdate, to < len(kept), from > 0}, nil
}

// compare orders by time and then by creation, oldest first.
func compare[T item](x, y T, byUpdate bool) int {
	tx, sx := x.order(byUpdate)
	ty, sy := y.order(byUpdate)
	if c := tx.Compare(ty); c != 0 {
		return c
	}
	return sx - sy
}

func pageSize(a args) (size int, backward bool, err error) {
	name := "first"
	if !a.set("first") && (a.set("last") || a.set("before")) {
		name, backward = "last", true
	}
	n, ok := a.number(name)
	switch {
	case !ok:
		return defaultPage, backward, nil
	case n > maxPage:
		return 0, false, invalidField(name, "max", fmt.Sprintf("%s must not be greater than %d", name, maxPage))
	case n < 1:
		return 0, false, invalidField(name, "min", name+" must not be less than 1")
	}
	return int(n), backward, nil
}

// window finds the part of the sorted list between after and before. A cursor
// holds its place when the entity that it came from is gone.
func window[T item](sorted []T, a args, byUpdate bool) (from, to int, err error) {
	from, to = 0, len(sorted)
	if c := a.text("after"); c != "" {
		at, err := parseCursor(c)
		if err != nil {
			return 0, 0, err
		}
		for from < to && !at.isOlderPlace(sorted[from], byUpdate) {
			from++
		}
	}
	if c := a.text("before"); c != "" {
		at, err := parseCursor(c)
		if err != nil {
			return 0, 0, err
		}
		for to > from && !at.isNewerPlace(sorted[to-1], byUpdate) {
			to--
		}
	}
	return from, to, nil
}

// cursor is a place in a list that is sorted newest first.
type cursor struct {
	ms  int64
	seq int
}

func cursorOf(v item, byUpdate bool) cursor {
	t, seq := v.order(byUpdate)
	return cursor{t.UnixMilli(), seq}
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%d", c.ms, c.seq))
}

func parseCursor(s string) (cursor, error) {
	bad := invalidArgument("cursor is not valid")
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return cursor{}, bad
	}
	ms, seq, _ := strings.Cut(string(raw), ":")
	var c cursor
	if c.ms, err = strconv.ParseInt(ms, 10, 64); err != nil {
		return cursor{}, bad
	}
	if c.seq, err = strconv.Atoi(seq); err != nil {
		return cursor{}, bad
	}
	return c, nil
}

// isOlderPlace reports whether v comes after the cursor in the list.
func (c cursor) isOlderPlace(v item, byUpdate bool) bool {
	o := cursorOf(v, byUpdate)
	return o.ms < c.ms || o.ms == c.ms && o.seq < c.seq
}

// isNewerPlace reports whether v comes before the cursor in the list.
func (c cursor) isNewerPlace(v item, byUpdate bool) bool {
	o := cursorOf(v, byUpdate)
	return o.ms > c.ms || o.ms == c.ms && o.seq > c.seq
}

// connection is one page.
type connection[T item] struct {
	typ      string
	items    []T
	byUpdate bool
	next     bool
	previous bool
}

func (c connection[T]) typename() string { return c.typ + "Connection" }

func (c connection[T]) field(_ *request, name string, _ args) (any, error) {
	switch name {
	case "nodes":
		return c.items, nil
	case "edges":
		out := make([]any, len(c.items))
		for i, v := range c.items {
			out[i] = payload{c.typ + "Edge", map[string]any{"cursor": cursorOf(v, c.byUpdate).String(), "node": v}}
		}
		return out, nil
	case "pageInfo":
		info := map[string]any{"hasNextPage": c.next, "hasPreviousPage": c.previous, "startCursor": nil, "endCursor": nil}
		if n := len(c.items); n > 0 {
			info["startCursor"] = cursorOf(c.items[0], c.byUpdate).String()
			info["endCursor"] = cursorOf(c.items[n-1], c.byUpdate).String()
		}
		return payload{"PageInfo", info}, nil
	}
	return nil, noField(c.typename(), name)
}
