package linearsim

import (
	"cmp"
	"strings"
	"time"
)

// sortKey is one key of the argument sort.
type sortKey struct {
	field      string
	descending bool
	nullsFirst bool
}

// sortField is the field behind a key of a sort input.
func sortField(key string) string {
	switch key {
	case "manual":
		return "sortOrder"
	case "milestone":
		return "projectMilestone"
	case "workflowState":
		return "state"
	case "label":
		return "labels"
	default:
		return key
	}
}

// compare orders two values of the field.
func (k sortKey) compare(r *request, x, y any) int {
	x, y = sortable(r, x), sortable(r, y)
	if x == nil || y == nil {
		c := 0
		switch {
		case x == nil && y != nil:
			c = 1
		case x != nil && y == nil:
			c = -1
		}
		if k.nullsFirst {
			c = -c
		}
		return c
	}
	c := 0
	switch a := x.(type) {
	case string:
		b, _ := y.(string)
		c = strings.Compare(strings.ToLower(a), strings.ToLower(b))
	case float64:
		b, _ := y.(float64)
		c = cmp.Compare(a, b)
	case time.Time:
		b, _ := y.(time.Time)
		c = a.Compare(b)
	}
	if k.descending {
		return -c
	}
	return c
}

// sortable is what an entity is sorted by: its place, or its name.
func sortable(r *request, v any) any {
	switch v := v.(type) {
	case string, time.Time, nil:
		return v
	case bool:
		if v {
			return 1.0
		}
		return 0.0
	}
	if n, ok := number(v); ok {
		return n
	}
	if isPage(v) {
		if all := nodesOf(v); len(all) > 0 {
			return sortable(r, all[0])
		}
		return nil
	}
	n, ok := v.(node)
	if !ok {
		return nil
	}
	for _, name := range []string{"position", "name", "title", "id"} {
		if w, known := r.value(n, name); known && w != nil {
			if _, isNode := w.(node); !isNode {
				return sortable(r, w)
			}
		}
	}
	return nil
}
