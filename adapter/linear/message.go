package linear

import (
	"cmp"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/emoji"
)

// scribe turns what the API returns for one conversation into messages.
type scribe struct {
	people *people
	// thread is the conversation that was asked for: a channel, a thread of
	// comments or a session.
	thread Thread
	// root is the root comment of a session. Empty if there is none.
	root        string
	issue       *adapter.Issue
	attachments func(body string) []adapter.Attachment
}

func (a *Adapter) scribe(b *bot, thread Thread) *scribe {
	s := &scribe{people: b.people, thread: thread, attachments: a.attachments}
	if thread.Kind == ParentIssue && thread.IssueID != "" {
		s.issue = &adapter.Issue{ID: thread.IssueID}
	}
	return s
}

// on records the issue that the conversation is attached to.
func (s *scribe) on(i *linearapi.IssueRef) {
	if i != nil && i.ID != "" {
		s.issue = &adapter.Issue{ID: i.ID, Identifier: i.Identifier, Title: i.Title, URL: i.URL}
	}
}

// visible reports whether people can see a comment as one that a user wrote.
func visible(c *linearapi.Comment) bool {
	return c.ID != "" && c.ArchivedAt.IsZero() && !c.HideInLinear && !c.SessionRoot
}

// comment turns a comment into a message.
func (s *scribe) comment(c *linearapi.Comment) *adapter.Message {
	m := &adapter.Message{
		ID: c.ID, Author: s.people.commentAuthor(c), Body: c.Body,
		CreatedAt: c.CreatedAt, EditedAt: c.EditedAt, URL: c.URL, Issue: s.issue,
		Attachments: s.attachments(c.Body), SyncedWith: syncedWith(c),
	}
	root := cmp.Or(c.Root(), s.thread.CommentID)
	if root != c.ID {
		m.ParentID = root
	}
	if s.thread.SessionID != "" {
		m.Thread = s.thread.ID()
		m.Session = &adapter.Session{ID: s.thread.SessionID, CommentID: cmp.Or(s.root, s.thread.CommentID)}
	} else {
		thread := threadOf(c, s.thread)
		thread.CommentID = root
		m.Thread = thread.ID()
	}
	for i := range c.Reactions {
		m.Reactions = append(m.Reactions, s.reaction(&c.Reactions[i]))
	}
	return m
}

// syncedWith returns the places that a comment and its thread are synced with.
func syncedWith(c *linearapi.Comment) []adapter.Sync {
	var syncs []adapter.Sync
	if x := c.ExternalThread; x != nil && x.Connected {
		syncs = append(syncs, adapter.Sync{Service: strings.ToLower(cmp.Or(x.SubType, x.Type)), ID: x.ID})
	}
	for _, e := range c.SyncedWith[:min(len(c.SyncedWith), maxSyncs)] {
		if !slices.ContainsFunc(syncs, func(have adapter.Sync) bool { return strings.EqualFold(have.Service, e.Service) }) {
			syncs = append(syncs, adapter.Sync{Service: strings.ToLower(e.Service), ID: e.ID})
		}
	}
	if len(syncs) == 0 && c.ExternalUser != nil {
		service := ""
		if c.BotActor != nil {
			service = strings.ToLower(c.BotActor.Type)
		}
		syncs = append(syncs, adapter.Sync{Service: service})
	}
	return syncs
}

func (s *scribe) reaction(r *linearapi.Reaction) adapter.Reaction {
	user, _ := s.people.anyAccount(r.User, r.ExternalUser, nil)
	if s.people.wrote(r.ID) && user.ID == s.people.self.UserID {
		user.Kind = adapter.UserSelf
	}
	return adapter.Reaction{ID: r.ID, Emoji: emoji.Name(r.Emoji), User: user}
}

// saidTypes are the types of activity that address a reader. The others show
// the bot's progress.
func saidTypes() linearapi.Filter {
	return linearapi.OfTypes(linearapi.ActivityPrompt, linearapi.ActivityResponse, linearapi.ActivityElicitation, linearapi.ActivityError)
}

// activity turns an activity into a message: nil if it says nothing.
func (s *scribe) activity(x *linearapi.Activity) *adapter.Message {
	switch x.Content.Type {
	case linearapi.ActivityPrompt, linearapi.ActivityResponse, linearapi.ActivityElicitation, linearapi.ActivityError:
	default:
		return nil
	}
	if x.Ephemeral || x.ID == "" {
		return nil
	}
	m := &adapter.Message{
		ID: x.ID, Thread: s.thread.ID(), Body: x.Content.Body, CreatedAt: x.CreatedAt, Issue: s.issue,
		Session:     &adapter.Session{ID: s.thread.SessionID, ActivityID: x.ID},
		Attachments: s.attachments(x.Content.Body),
	}
	if x.SourceComment != nil {
		m.ID, m.URL = cmp.Or(x.SourceComment.ID, x.ID), x.SourceComment.URL
	}
	switch user, ok := s.people.anyAccount(x.User, nil, nil); {
	case ok:
		m.Author = user
	case x.Content.Type == linearapi.ActivityPrompt:
		m.Author = automation()
	default:
		m.Author = s.people.me()
	}
	if s.people.wrote(x.ID) && m.Author.ID == s.people.self.UserID {
		m.Author.Kind = adapter.UserSelf
	}
	return m
}

// full converts an issue to the adapter's type.
func (p *people) full(i *linearapi.Issue) *adapter.Issue {
	out := &adapter.Issue{
		ID: i.ID, Identifier: i.Identifier, Title: i.Title, Description: i.Description, URL: i.URL,
		Priority: int(i.Priority), DueDate: i.DueDate, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
		Assignee: p.accountRef(i.Assignee), Delegate: p.accountRef(i.Delegate),
	}
	if creator, ok := p.anyAccount(i.Creator, i.ExternalUserCreator, i.BotActor); ok {
		out.Creator = &creator
	}
	if i.Team != nil {
		out.Team = adapter.Team{ID: i.Team.ID, Key: i.Team.Key, Name: i.Team.Name}
	}
	if i.State != nil {
		out.State = adapter.IssueState{ID: i.State.ID, Name: i.State.Name, Type: i.State.Type}
	}
	for _, l := range i.Labels.Nodes {
		out.Labels = append(out.Labels, adapter.Label{ID: l.ID, Name: l.Name})
	}
	if i.Project != nil {
		out.ProjectID, out.Project = i.Project.ID, i.Project.Name
	}
	if i.Cycle != nil {
		out.CycleID = i.Cycle.ID
	}
	return out
}
