package linearsim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func matchID(c args, v string) bool { return matchOrdered(c, v, asText) }

// matchIssueID matches the UUID and the identifier alike.
func matchIssueID(c args, i *Issue) bool {
	if c.set("neq") || c.set("nin") {
		return matchID(c, i.ID) && matchID(c, i.Identifier)
	}
	return matchID(c, i.ID) || matchID(c, i.Identifier)
}

func matchFlag(c args, v bool) bool {
	return matchOrdered(c, strconv.FormatBool(v), func(raw any) (string, bool) {
		b, ok := raw.(bool)
		return strconv.FormatBool(b), ok
	})
}

func matchNumber(c args, v float64) bool { return c["null"] != true && matchOrdered(c, v, number) }

func matchTime(r *request, c args, v time.Time) bool {
	return matchOrdered(c, v.UnixMilli(), func(raw any) (int64, bool) {
		s, _ := raw.(string)
		t, ok := instant(s, r.srv.now())
		return t.UnixMilli(), ok
	})
}

func asText(raw any) (string, bool) { s, ok := raw.(string); return s, ok }

// matchOrdered applies eq, neq, in, nin and the order comparators. An invalid
// value matches nothing.
func matchOrdered[T int64 | float64 | string](c args, v T, read func(any) (T, bool)) bool {
	for op, raw := range c {
		if raw == nil || op == "null" {
			continue
		}
		if op == "in" || op == "nin" {
			found := slices.ContainsFunc(list(raw), func(e any) bool { w, ok := read(e); return ok && w == v })
			if found != (op == "in") {
				return false
			}
			continue
		}
		w, ok := read(raw)
		if !ok {
			return false
		}
		switch op {
		case "eq":
			ok = v == w
		case "neq":
			ok = v != w
		case "lt":
			ok = v < w
		case "lte":
			ok = v <= w
		case "gt":
			ok = v > w
		case "gte":
			ok = v >= w
		}
		if !ok {
			return false
		}
	}
	return true
}

func matchText(c args, v string) bool {
	low := strings.ToLower(v)
	for op, raw := range c {
		w, ok := raw.(string)
		lw := strings.ToLower(w)
		switch op {
		case "eq", "neq", "in", "nin":
			ok = matchOrdered(args{op: raw}, v, asText)
		case "eqIgnoreCase":
			ok = ok && low == lw
		case "neqIgnoreCase":
			ok = ok && low != lw
		case "contains":
			ok = ok && strings.Contains(v, w)
		case "containsIgnoreCase", "containsIgnoreCaseAndAccent":
			ok = ok && strings.Contains(low, lw)
		case "notContains":
			ok = ok && !strings.Contains(v, w)
		case "notContainsIgnoreCase":
			ok = ok && !strings.Contains(low, lw)
		case "startsWith":
			ok = ok && strings.HasPrefix(v, w)
		case "startsWithIgnoreCase":
			ok = ok && strings.HasPrefix(low, lw)
		case "notStartsWith":
			ok = ok && !strings.HasPrefix(v, w)
		case "endsWith":
			ok = ok && strings.HasSuffix(v, w)
		case "notEndsWith":
			ok = ok && !strings.HasSuffix(v, w)
		default:
			continue
		}
		if raw != nil && !ok {
			return false
		}
	}
	return true
}

// instant reads a date, or an ISO 8601 duration counted from now.
func instant(s string, now time.Time) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	rest, negative := strings.CutPrefix(s, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok || rest == "" {
		return time.Time{}, false
	}
	sign := 1
	if negative {
		sign = -1
	}
	clock := false
	for rest != "" {
		if rest[0] == 'T' && !clock {
			clock, rest = true, rest[1:]
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i < 1 {
			return time.Time{}, false
		}
		n, err := strconv.Atoi(rest[:i])
		if err != nil {
			return time.Time{}, false
		}
		n *= sign
		switch unit := rest[i]; {
		case unit == 'Y' && !clock:
			now = now.AddDate(n, 0, 0)
		case unit == 'M' && !clock:
			now = now.AddDate(0, n, 0)
		case unit == 'W' && !clock:
			now = now.AddDate(0, 0, 7*n)
		case unit == 'D' && !clock:
			now = now.AddDate(0, 0, n)
		case unit == 'H' && clock:
			now = now.Add(time.Duration(n) * time.Hour)
		case unit == 'M' && clock:
			now = now.Add(time.Duration(n) * time.Minute)
		case unit == 'S' && clock:
			now = now.Add(time.Duration(n) * time.Second)
		default:
			return time.Time{}, false
		}
		rest = rest[i+1:]
	}
	return now, true
}
