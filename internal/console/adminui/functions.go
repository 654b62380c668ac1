package adminui

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"
)

// functions are those of the templates. now is the clock.
func functions(now func() time.Time) template.FuncMap {
	return template.FuncMap{
		"ago":     func(t time.Time) string { return ago(now(), t) },
		"left":    func(t time.Time) string { return until(now(), t) },
		"clock":   func(t time.Time) string { return t.UTC().Format("15:04:05.000") },
		"date":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"short":   short,
		"reason":  plainReason,
		"prefix":  func() string { return Prefix },
		"path":    url.PathEscape,
		"percent": percent,
		"capital": func(s string) string {
			if s == "" {
				return s
			}
			return strings.ToUpper(s[:1]) + s[1:]
		},
		"level": level,
		"entry": func(page, name, path, label string) entry { return entry{path, label, page == name} },
	}
}

// entry is an entry of the menu.
type entry struct {
	Path, Label string
	Current     bool
}

// ago says how long ago a time is.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < 2*time.Second:
		return "just now"
	default:
		return length(d) + " ago"
	}
}

// until says how long it is until a time.
func until(now, t time.Time) string {
	if d := t.Sub(now); d > 0 {
		return "in " + length(d)
	}
	return "due"
}

func length(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 10*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// short cuts an id in its middle.
func short(id any) string {
	s := fmt.Sprint(id)
	if len(s) > 20 {
		return s[:8] + "…" + s[len(s)-6:]
	}
	return s
}

// plainReason is a sentence about a trace without the code at its end.
func plainReason(s string) string {
	if i := strings.LastIndex(s, " ["); i > 0 && strings.HasSuffix(s, "]") {
		return s[:i]
	}
	return s
}

// level says how bad the status of a trace is.
func level(of any) string {
	switch fmt.Sprint(of) {
	case "handled":
		return "good"
	case "failed", "refused":
		return "bad"
	case "waiting", "running":
		return "odd"
	default:
		return "calm"
	}
}
