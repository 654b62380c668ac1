package linearsim

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// record is what every stored entity has.
type record struct {
	seq       int // total order of creation, server-wide
	createdAt time.Time
	updatedAt time.Time
}

func (s *Server) newRecord() record {
	s.seq++
	now := s.now()
	return record{seq: s.seq, createdAt: now, updatedAt: now}
}

func (r *record) order(byUpdate bool) (time.Time, int) {
	if byUpdate {
		return r.updatedAt, r.seq
	}
	return r.createdAt, r.seq
}

// stamp is the wire form of a time: UTC with milliseconds, null when unset.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// opt is null for the zero value of a field that may be unset.
func opt(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// when is null for a time that was never set.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// claim checks a client-chosen id, or makes one. Ids of one entity are unique
// over all workspaces and stay taken after a deletion.
func (s *Server) claim(entity string, a args) (string, error) {
	if !a.set("id") {
		return s.newID(), nil
	}
	given := a.text("id")
	if !isUUIDv4(given) {
		return "", invalidField("id", "isUuid", "id must be a UUID")
	}
	id := strings.ToLower(given)
	if _, taken := s.ids[entity+id]; taken {
		return "", conflict(entity, id)
	}
	return id, nil
}

// take marks an id as used.
func (s *Server) take(entity, id string) { s.ids[entity+id] = struct{}{} }

func isUUIDv4(s string) bool {
	if len(s) != 36 {
		return false
	}
	id, err := uuid.Parse(s)
	return err == nil && id.Version() == 4 && id.Variant() == uuid.RFC4122
}

// slug is the readable end of an issue's address.
func slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(title) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		} else {
			gap = true
		}
	}
	return b.String()
}

// Workspace is a Linear organization.
type Workspace struct {
	ID     string
	Name   string
	URLKey string

	record
	srv           *Server
	users         []*User
	teams         []*Team
	issues        []*Issue
	comments      []*Comment // in order of creation, without deleted ones
	labels        []*Label
	apps          []*Installation
	registrations []*Registration
	external      []*ExternalUser
	sessions      []*Session
	notifications []*notification
	things        map[string][]*thing // by type
	membersOnly   bool                // see RestrictAgents
	uploadTypes   []string            // see SetUploadTypes
}

// AddWorkspace adds a workspace. The URL key is the part of addresses after
// linear.app/; it also names the mail domain of the workspace's people,
// <urlKey>.test.
func (s *Server) AddWorkspace(name, urlKey string) *Workspace {
	s.mu.Lock()
	defer s.unlock()
	ws := &Workspace{ID: s.newID(), Name: name, URLKey: urlKey, record: s.newRecord(), srv: s, things: map[string][]*thing{}}
	s.workspaces = append(s.workspaces, ws)
	return ws
}

func (w *Workspace) address(path string) string { return "https://linear.app/" + w.URLKey + path }

func (w *Workspace) typename() string { return "Organization" }

func (w *Workspace) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return w.ID, nil
	case "name":
		return w.Name, nil
	case "urlKey":
		return w.URLKey, nil
	case "createdAt":
		return w.createdAt, nil
	case "updatedAt":
		return w.updatedAt, nil
	case restrictAgents:
		return w.membersOnly, nil
	case "allowedFileUploadContentTypes":
		if len(w.uploadTypes) == 0 {
			return nil, nil
		}
		return w.uploadTypes, nil
	case "userCount":
		return len(w.users), nil
	case "users":
		return page(r, "User", a, w.users, nil)
	case "teams":
		return page(r, "Team", a, w.teams, r.srv.filters.team)
	case "labels":
		return page(r, "IssueLabel", a, w.labels, r.srv.filters.label)
	}
	return nil, noField("Organization", name)
}

// byID finds an entity by the id that key reads.
func byID[T any](in []T, id string, key func(T) string) (T, bool) {
	for _, v := range in {
		if key(v) == id {
			return v, true
		}
	}
	var zero T
	return zero, false
}

func identifier(t *Team, n int) string { return fmt.Sprintf("%s-%d", t.Key, n) }
