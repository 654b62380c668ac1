package linearsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/linearbot/linearbot/internal/loopback"
)

// controlTimeout bounds how long a request to the control API may wait.
const controlTimeout = 30 * time.Second

// controlError is an error of the control API.
type controlError struct {
	status int
	text   string
}

func (e *controlError) Error() string { return e.text }

func refused(status int, format string, args ...any) error {
	return &controlError{status, fmt.Sprintf(format, args...)}
}

// controlRoutes are the control API: what the Go API does, for programs in
// other languages. Bodies and answers are JSON. A body must say so in its
// Content-Type, and the Host must be this machine, so that web pages cannot use
// it.
func (s *Server) controlRoutes(mux *http.ServeMux) {
	for pattern, f := range map[string]func(r *http.Request, in args) (any, error){
		"GET /sim":                           func(*http.Request, args) (any, error) { return s.overview(), nil },
		"GET /sim/requests":                  func(*http.Request, args) (any, error) { return s.Requests(), nil },
		"GET /sim/deliveries":                func(*http.Request, args) (any, error) { return s.deliveryLog(), nil },
		"POST /sim/deliveries/{id}":          s.controlRedeliver,
		"POST /sim/flush":                    s.controlFlush,
		"POST /sim/clock":                    s.controlClock,
		"POST /sim/faults":                   s.controlFault,
		"DELETE /sim/faults":                 func(*http.Request, args) (any, error) { s.ClearFaults(); return done(), nil },
		"POST /sim/disturbance":              s.controlDisturb,
		"GET /sim/state":                     func(*http.Request, args) (any, error) { return s.Dump(), nil },
		"PUT /sim/state":                     s.controlRestore,
		"GET /sim/{ws}/issues/{issue}":       s.controlIssue,
		"POST /sim/{ws}/people/{who}/{verb}": s.controlPerson,
		"POST /sim/{ws}/apps/{who}/{verb}":   s.controlApp,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.control(w, r, f) })
	}
}

func done() any { return map[string]any{"ok": true} }

func (s *Server) control(w http.ResponseWriter, r *http.Request, f func(r *http.Request, in args) (any, error)) {
	out, err := s.controlled(w, r, f)
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		if e, ok := errors.AsType[*controlError](err); ok {
			status = e.status
		}
		out = map[string]any{"error": err.Error()}
	}
	body, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

func (s *Server) controlled(w http.ResponseWriter, r *http.Request, f func(r *http.Request, in args) (any, error)) (any, error) {
	if !near(r.Host) {
		return nil, refused(http.StatusForbidden, "the control API answers on this machine only, not as %q", r.Host)
	}
	in := args{}
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if media != "application/json" {
			return nil, refused(http.StatusUnsupportedMediaType, "send application/json")
		}
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<20))
		if err != nil {
			return nil, err
		}
		if len(raw) > 0 && r.URL.Path != "/sim/state" {
			if err := json.Unmarshal(raw, &in); err != nil {
				return nil, refused(http.StatusBadRequest, "the body is not a JSON object: %v", err)
			}
		}
		in["\x00raw"] = raw
	}
	return f(r, in)
}

// near reports whether a Host header names this machine, or an address of its own
// network, such as that of a container.
func near(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	if loopback.Host(name) {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && (ip.Unmap().IsPrivate() || ip.IsUnspecified())
}

// overview lists what can be addressed.
func (s *Server) overview() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []any{}
	for _, w := range s.workspaces {
		var people, teams, issues, apps []any
		for _, u := range w.users {
			if !u.App {
				people = append(people, map[string]any{"id": u.ID, "displayName": u.DisplayName, "name": u.Name, "admin": u.Admin})
			}
		}
		for _, t := range w.teams {
			teams = append(teams, map[string]any{"id": t.ID, "key": t.Key, "name": t.Name})
		}
		for _, i := range w.issues {
			issues = append(issues, map[string]any{"id": i.ID, "identifier": i.Identifier, "title": i.title})
		}
		for _, in := range w.apps {
			apps = append(apps, map[string]any{"displayName": in.User.DisplayName, "clientId": in.ClientID, "userId": in.User.ID})
		}
		out = append(out, map[string]any{
			"id": w.ID, "name": w.Name, "urlKey": w.URLKey, "people": people, "teams": teams, "issues": issues, "apps": apps,
		})
	}
	return map[string]any{"now": stamp(s.now()), "graphql": s.GraphQLURL(), "workspaces": out}
}

// deliveryLog is Deliveries with bodies that can be read.
func (s *Server) deliveryLog() any {
	out := []any{}
	for _, d := range s.Deliveries() {
		out = append(out, map[string]any{
			"id": d.ID, "type": d.Type, "action": d.Action, "url": d.URL, "body": json.RawMessage(orNull(d.Body)),
			"attempts": d.Attempts, "done": d.Done, "ok": d.OK,
		})
	}
	return out
}

func orNull(b []byte) []byte {
	if len(b) == 0 {
		return []byte("null")
	}
	return b
}

func (s *Server) controlRedeliver(r *http.Request, _ args) (any, error) {
	return done(), s.Redeliver(r.Context(), r.PathValue("id"))
}

func (s *Server) controlFlush(r *http.Request, _ args) (any, error) {
	ctx, cancel := context.WithTimeout(r.Context(), controlTimeout)
	defer cancel()
	return done(), s.Flush(ctx)
}

func (s *Server) controlClock(_ *http.Request, in args) (any, error) {
	d, err := time.ParseDuration(in.text("advance"))
	if err != nil || d < 0 {
		return nil, refused(http.StatusBadRequest, `give "advance" as a duration, such as "90s" or "6h"`)
	}
	if err := s.Advance(d); err != nil {
		return nil, err
	}
	return map[string]any{"now": stamp(s.cfg.Now())}, nil
}

func (s *Server) controlFault(_ *http.Request, in args) (any, error) {
	f := Fault{
		Operation: in.text("operation"), Body: in.text("body"), Reset: in.flag("reset"), RateLimited: in.flag("rateLimited"),
		ResetAfter: in.flag("resetAfter"),
	}
	for name, to := range map[string]*time.Duration{"delay": &f.Delay, "retryAfter": &f.RetryAfter} {
		if text := in.text(name); text != "" {
			d, err := time.ParseDuration(text)
			if err != nil {
				return nil, refused(http.StatusBadRequest, `give %q as a duration, such as "2s"`, name)
			}
			*to = d
		}
	}
	for name, to := range map[string]*int{"times": &f.Times, "status": &f.Status} {
		if n, ok := in.number(name); ok {
			*to = int(n)
		}
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return nil, refused(http.StatusBadRequest, "the status must be between 200 and 599")
	}
	s.Fault(f)
	return done(), nil
}

func (s *Server) controlDisturb(_ *http.Request, in args) (any, error) {
	var d Disturbance
	for name, to := range map[string]*int{"duplicates": &d.Duplicates, "reverse": &d.Reverse, "lost": &d.Lost} {
		if n, ok := in.number(name); ok {
			*to = int(n)
		}
	}
	s.Disturb(d)
	return done(), nil
}

func (s *Server) controlRestore(_ *http.Request, in args) (any, error) {
	raw, _ := in["\x00raw"].([]byte)
	var st Snapshot
	if err := json.Unmarshal(raw, &st); err != nil {
		return nil, refused(http.StatusBadRequest, "the body is not a state: %v", err)
	}
	return done(), s.Restore(st)
}

func (s *Server) workspace(r *http.Request) (*Workspace, error) {
	for _, w := range read(s, func() []*Workspace { return slices.Clone(s.workspaces) }) {
		if w.URLKey == r.PathValue("ws") {
			return w, nil
		}
	}
	return nil, refused(http.StatusNotFound, "no workspace %q", r.PathValue("ws"))
}

func (s *Server) controlIssue(r *http.Request, _ args) (any, error) {
	w, err := s.workspace(r)
	if err != nil {
		return nil, err
	}
	i, err := locked(s, func() (*Issue, error) { return w.findIssue(r.PathValue("issue")) })
	if err != nil {
		return nil, refused(http.StatusNotFound, "%v", err)
	}
	comments := []any{}
	for _, c := range i.Comments() {
		comments = append(comments, view(c))
	}
	out := map[string]any{
		"id": i.ID, "identifier": i.Identifier, "title": i.Title(), "description": i.Description(), "state": i.State().Name, "comments": comments,
	}
	sessions := []any{}
	for _, x := range w.Sessions() {
		if x.Issue == i {
			sessions = append(sessions, map[string]any{"id": x.ID, "status": x.Status(), "app": x.App.DisplayName, "activities": x.ActivityTexts()})
		}
	}
	out["sessions"] = sessions
	return out, nil
}

func view(c *Comment) any {
	by := ""
	switch {
	case c.Author != nil:
		by = c.Author.DisplayName
	case c.External != nil:
		by = c.External.Name
	}
	reactions := []any{}
	for _, r := range c.Reactions() {
		reactions = append(reactions, map[string]any{"emoji": r.Emoji, "by": r.User.DisplayName})
	}
	out := map[string]any{
		"id": c.ID, "by": by, "body": c.Body(), "url": c.URL(), "reactions": reactions, "resolved": !c.ResolvedAt().IsZero(), "parent": nil,
	}
	if c.Parent != nil {
		out["parent"] = c.Parent.ID
	}
	return out
}

func locked[T any](s *Server, f func() (T, error)) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}
