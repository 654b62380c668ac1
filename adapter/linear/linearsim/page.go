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

// page answers a connection field: filter, order, one window. The order is
// newest first unless the argument sort says otherwise. A nil filter table
// stands for the fields of the type alone.
func page[T item](r *request, typ string, a args, all []T, f *filter[T]) (any, error) {
	byUpdate := a.text("orderBy") == "updatedAt"
	if f == nil {
		f = &filter[T]{}
	}
	in := a.object("filter")
	kept := make([]T, 0, len(all))
	for _, v := range all {
		if len(in) == 0 || f.match(r, in, v) {
			kept = append(kept, v)
		}
	}
	if err := r.refused; err != nil {
		r.refused = nil
		return nil, err
	}
	sorted := a.list("sort")
	if err := arrange(r, kept, byUpdate, sorted); err != nil {
		return nil, err
	}
	size, backward, err := pageSize(a)
	if err != nil {
		return nil, err
	}
	from, to, err := window(kept, a, byUpdate, len(sorted) > 0)
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

// arrange sorts newest first, or by the keys of the argument sort.
func arrange[T item](r *request, kept []T, byUpdate bool, keys []any) error {
	newest := func(x, y T) int { return compare(y, x, byUpdate) }
	if len(keys) == 0 {
		if slices.IsSortedFunc(kept, func(x, y T) int { return compare(x, y, byUpdate) }) {
			slices.Reverse(kept) // the usual case: kept in order of creation
			return nil
		}
		slices.SortStableFunc(kept, newest)
		return nil
	}
	var by []sortKey
	for _, raw := range keys {
		for name, how := range asArgs(raw) {
			if how == nil {
				continue
			}
			h := asArgs(how)
			by = append(by, sortKey{sortField(name), h.text("order") == "Descending", h.text("nulls") == "first"})
		}
	}
	var unknown string
	slices.SortStableFunc(kept, func(x, y T) int {
		for _, k := range by {
			vx, ok := r.value(x, k.field)
			vy, _ := r.value(y, k.field)
			if !ok {
				unknown = k.field
			}
			if c := k.compare(r, vx, vy); c != 0 {
				return c
			}
		}
		return newest(x, y)
	})
	if unknown != "" {
		return notSimulated("sorting by " + unknown)
	}
	return nil
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
// keeps its place when its entity is deleted.
func window[T item](sorted []T, a args, byUpdate, byKeys bool) (from, to int, err error) {
	from, to = 0, len(sorted)
	if byKeys {
		return keyedWindow(sorted, a, byUpdate)
	}
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

// keyedWindow is window for lists in an order of the caller's: there a cursor
// is the place of its entity.
func keyedWindow[T item](sorted []T, a args, byUpdate bool) (from, to int, err error) {
	from, to = 0, len(sorted)
	for _, name := range []string{"after", "before"} {
		if !a.set(name) {
			continue
		}
		c, err := parseCursor(a.text(name))
		if err != nil {
			return 0, 0, err
		}
		i := slices.IndexFunc(sorted, func(v T) bool { return cursorOf(v, byUpdate).seq == c.seq })
		switch {
		case i < 0:
			return 0, 0, invalidArgument("cursor is not valid")
		case name == "after":
			from = i + 1
		default:
			to = i
		}
	}
	return from, max(from, to), nil
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

// nodes are the entities of the page.
func (c connection[T]) nodes() []node {
	out := make([]node, len(c.items))
	for i, v := range c.items {
		out[i] = v
	}
	return out
}

// nodesOf are the entities in the value of a field: those of a page or a list.
func nodesOf(v any) []node {
	if c, ok := v.(interface{ nodes() []node }); ok {
		return c.nodes()
	}
	var out []node
	for _, e := range list(v) {
		if n, ok := e.(node); ok {
			out = append(out, n)
		}
	}
	return out
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
