package adminui

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/wording"
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
		"capital": wording.Capital,
		"level":   level,
		"entry":   func(page, name, path, label string) entry { return entry{path, label, page == name} },
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
	return wording.Ago(now.Sub(t))
}

// until says how long it is until a time.
func until(now, t time.Time) string {
	if d := t.Sub(now); d > 0 {
		return wording.In(d)
	}
	return "due"
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
