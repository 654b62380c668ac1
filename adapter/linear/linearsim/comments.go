package linearsim

import (
	"slices"
	"strings"
	"time"
)

// Comment is a comment on an issue.
type Comment struct {
	ID        string
	Issue     *Issue        // nil on documents, projects and updates
	Parent    *Comment      // nil for the root of a thread
	Author    *User         // nil when External is set
	External  *ExternalUser // nil when Author is set
	AsUser    string        // createAsUser, set if an app wrote it on behalf of a person
	CreatedAt time.Time

	record
	ws               *Workspace
	on               *thing // what the comment is on, unless that is an issue
	typed            bool   // by a person, so that @name is a mention
	quiet            bool   // doNotSubscribeToIssue
	body             string
	quoted           string
	iconURL          string
	editedAt         time.Time
	resolvedAt       time.Time
	resolvedBy       *User
	resolvingComment *Comment
	deleted          bool
	artificial       bool // written by Linear for a session without a comment
	children         []*Comment
	reactions        []*Reaction
}

// Comment starts a thread on the issue.
func (u *User) Comment(issue *Issue, body string) *Comment {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if issue == nil || issue.Team.ws != u.ws || issue.trashed {
		return nil
	}
	c := s.addComment(&Comment{ID: s.newID(), Issue: issue, Author: u, typed: true, body: body}, u.actor())
	s.involveAgents(c)
	return c
}

// Comment starts a thread on the issue from the connected system.
func (e *ExternalUser) Comment(issue *Issue, body string) *Comment {
	s := e.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if issue == nil || issue.Team.ws != e.ws || issue.trashed {
		return nil
	}
	actor := e.child()
	actor["type"] = "externalUser"
	return s.addComment(&Comment{ID: s.newID(), Issue: issue, External: e, typed: true, body: body}, actor)
}

// Reply answers in the thread of the comment. Replying to a reply continues
// the same thread, as threads are one level deep.
func (u *User) Reply(to *Comment, body string) *Comment {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if !u.reaches(to) {
		return nil
	}
	c := s.addComment(&Comment{
		ID: s.newID(), Issue: to.Issue, Parent: to.root(), Author: u, typed: true, body: body,
	}, u.actor())
	s.involveAgents(c)
	return c
}

// Edit replaces the text of a comment.
func (u *User) Edit(c *Comment, body string) *Comment {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if !u.reaches(c) {
		return nil
	}
	s.change(c, u, func() {
		c.body, c.typed, c.editedAt = s.stored(body), true, s.now()
	})
	return c
}

// Delete removes a comment. Removing the root removes its replies with it,
// each with a webhook of its own, replies first.
func (u *User) Delete(c *Comment) *Comment {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if !u.reaches(c) {
		return nil
	}
	s.removeComment(c, u)
	return c
}

// Resolve marks the thread of the comment as resolved.
func (u *User) Resolve(c *Comment) *Comment {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if !u.reaches(c) {
		return nil
	}
	s.resolve(c.root(), u, nil)
	return c
}

// Unresolve opens the thread of the comment again.
func (u *User) Unresolve(c *Comment) *Comment {
	s := u.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if !u.reaches(c) {
		return nil
	}
	s.unresolve(c.root(), u)
	return c
}

// reaches reports whether the user can act on the comment.
func (u *User) reaches(c *Comment) bool {
	return c != nil && c.ws == u.ws && c.stands()
}

// stands reports whether the comment can be seen: neither it nor its issue was
// deleted.
func (c *Comment) stands() bool { return !c.deleted && (c.Issue == nil || !c.Issue.trashed) }

func (c *Comment) root() *Comment {
	if c.Parent != nil {
		return c.Parent
	}
	return c
}

// Body returns the text as it was written last.
func (c *Comment) Body() string { return read(c.srv(), func() string { return c.body }) }

// UpdatedAt returns the time of the last change of any kind, reactions
// included.
func (c *Comment) UpdatedAt() time.Time {
	return read(c.srv(), func() time.Time { return c.updatedAt })
}

// EditedAt returns the time of the last edit of the text, zero if it was never
// edited.
func (c *Comment) EditedAt() time.Time { return read(c.srv(), func() time.Time { return c.editedAt }) }

// ResolvedAt returns when the thread was resolved, zero while it is open.
func (c *Comment) ResolvedAt() time.Time {
	return read(c.srv(), func() time.Time { return c.resolvedAt })
}

// Deleted reports whether the comment was removed.
func (c *Comment) Deleted() bool { return read(c.srv(), func() bool { return c.deleted }) }

// URL returns the address of the comment.
func (c *Comment) URL() string { return read(c.srv(), c.url) }

// Replies returns the current replies, oldest first.
func (c *Comment) Replies() []*Comment {
	return read(c.srv(), func() []*Comment { return chronological(c.children) })
}

// Reactions returns the current reactions, oldest first.
func (c *Comment) Reactions() []*Reaction {
	return read(c.srv(), func() []*Reaction { return slices.Clone(c.reactions) })
}

func (c *Comment) srv() *Server { return c.ws.srv }

func (c *Comment) url() string {
	base := ""
	if c.Issue != nil {
		base = c.Issue.url()
	} else {
		base = c.on.text("url")
	}
	return base + "#comment-" + c.ID[:8]
}

// read runs f under the lock of the server.
func read[T any](s *Server, f func() T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

func chronological(in []*Comment) []*Comment {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b *Comment) int { return compare(a, b, false) })
	return out
}

// addComment stores a new comment and queues its events.
func (s *Server) addComment(c *Comment, actor map[string]any) *Comment {
	if c.Issue != nil {
		c.ws = c.Issue.Team.ws
		c.Issue.comments = append(c.Issue.comments, c)
	}
	ws := c.ws
	c.body = s.stored(c.body)
	at := c.CreatedAt
	c.record = s.newRecord()
	if !at.IsZero() {
		c.createdAt = at
	}
	c.CreatedAt = c.createdAt
	s.comments[c.ID] = c
	s.take("Comment", c.ID)
	ws.comments = append(ws.comments, c)
	if c.Author != nil && !c.quiet && c.Issue != nil {
		c.Issue.subscribe(c.Author)
	}
	if c.Parent != nil {
		c.Parent.children = append(c.Parent.children, c)
	}
	if ws.listens("Comment") {
		s.emit(ws, event{action: "create", typ: "Comment", url: c.url(), actor: actor, data: c.data(), at: c.updatedAt})
	}
	s.notifyOfComment(c)
	return c
}

// change applies f to a comment and sends what differs.
func (s *Server) change(c *Comment, by *User, f func()) {
	before := c.data()
	f()
	c.updatedAt = s.now()
	after := c.data()
	s.emit(c.ws, event{
		action: "update", typ: "Comment", url: c.url(), actor: by.actor(), data: after,
		from: differences(before, after), at: c.updatedAt,
	})
}

func (s *Server) removeComment(c *Comment, by *User) {
	for _, reply := range slices.Clone(c.children) {
		s.removeComment(reply, by)
	}
	c.detach()
	s.emit(c.ws, event{action: "remove", typ: "Comment", actor: by.actor(), data: c.data(), at: s.now()})
}

// detach removes the comment and its replies, without any events.
func (c *Comment) detach() {
	for _, reply := range slices.Clone(c.children) {
		reply.detach()
	}
	c.deleted = true
	drop := func(v *Comment) bool { return v == c }
	c.ws.comments = slices.DeleteFunc(c.ws.comments, drop)
	if c.Issue != nil {
		c.Issue.comments = slices.DeleteFunc(c.Issue.comments, drop)
	}
	if c.Parent != nil {
		c.Parent.children = slices.DeleteFunc(c.Parent.children, drop)
	}
}

func (s *Server) resolve(c *Comment, by *User, with *Comment) {
	s.change(c, by, func() { c.resolvedAt, c.resolvedBy, c.resolvingComment = s.now(), by, with })
}

func (s *Server) unresolve(c *Comment, by *User) {
	s.change(c, by, func() { c.resolvedAt, c.resolvedBy, c.resolvingComment = time.Time{}, nil, nil })
}

// findComment resolves an id of the workspace.
func (w *Workspace) findComment(id string) (*Comment, error) {
	if c := w.srv.comments[strings.ToLower(id)]; c != nil && c.ws == w && c.stands() {
		return c, nil
	}
	return nil, notFound("Comment")
}

// findHash resolves the short id in a comment's address.
func (w *Workspace) findHash(hash string) (*Comment, error) {
	hash = strings.ToLower(strings.TrimPrefix(hash, "comment-"))
	for _, c := range w.comments {
		if len(hash) >= 8 && strings.HasPrefix(c.ID, hash) && c.stands() {
			return c, nil
		}
	}
	return nil, notFound("Comment")
}
