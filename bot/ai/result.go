package ai

import (
	"time"
	"unicode/utf8"

	"github.com/linearbot/linearbot/adapter"
)

// The types of this file are what models see.

type person struct {
	ID       string `json:"id,omitempty"`
	Name     string `json:"name,omitempty"`
	FullName string `json:"full_name,omitempty"`
	Kind     string `json:"kind"`
	Guest    bool   `json:"guest,omitempty"`
	Email    string `json:"email,omitempty"`
	URL      string `json:"url,omitempty"`
}

// personOf leaves the address and the mail address out: a model that talks
// about a user needs neither.
func personOf(u *adapter.User) *person {
	if u == nil {
		return nil
	}
	return &person{ID: u.ID, Name: u.Name, FullName: u.FullName, Kind: u.Kind.String(), Guest: u.Guest}
}

type message struct {
	ID          string     `json:"id"`
	Author      *person    `json:"author"`
	Text        string     `json:"text"`
	Truncated   bool       `json:"truncated,omitempty"`
	CreatedAt   time.Time  `json:"created_at,omitzero"`
	EditedAt    time.Time  `json:"edited_at,omitzero"`
	ReplyTo     string     `json:"reply_to,omitempty"`
	URL         string     `json:"url,omitempty"`
	Attachments []file     `json:"attachments,omitempty"`
	Reactions   []reaction `json:"reactions,omitempty"`
}

type file struct {
	Name  string `json:"name,omitempty"`
	URL   string `json:"url"`
	Image bool   `json:"image,omitempty"`
}

type reaction struct {
	Emoji string `json:"emoji"`
	By    string `json:"by,omitempty"`
}

func (k *kit) message(m *adapter.Message) message {
	out := message{
		ID: m.ID, Author: personOf(&m.Author), CreatedAt: m.CreatedAt, EditedAt: m.EditedAt, ReplyTo: m.ParentID, URL: m.URL,
	}
	out.Text, out.Truncated = k.short(m.Body)
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, file{Name: a.Name, URL: a.URL, Image: a.Image})
	}
	for _, r := range m.Reactions {
		out.Reactions = append(out.Reactions, reaction{Emoji: r.Emoji, By: r.User.Name})
	}
	return out
}

// short cuts a text after MaxText characters.
func (k *kit) short(s string) (text string, truncated bool) {
	if utf8.RuneCountInString(s) <= k.opts.MaxText {
		return s, false
	}
	n := 0
	for i := range s {
		if n == k.opts.MaxText {
			return s[:i], true
		}
		n++
	}
	return s, false
}

type written struct {
	ID     string           `json:"message_id"`
	Thread adapter.ThreadID `json:"thread_id,omitempty"`
	URL    string           `json:"url,omitempty"`
}

type issue struct {
	ID          string    `json:"id"`
	Identifier  string    `json:"identifier,omitempty"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Truncated   bool      `json:"truncated,omitempty"`
	URL         string    `json:"url,omitempty"`
	Team        string    `json:"team,omitempty"`
	State       string    `json:"state,omitempty"`
	StateType   string    `json:"state_type,omitempty"`
	Priority    int       `json:"priority,omitempty"`
	Assignee    *person   `json:"assignee,omitempty"`
	Delegate    *person   `json:"delegate,omitempty"`
	Creator     *person   `json:"creator,omitempty"`
	Labels      []string  `json:"labels,omitempty"`
	Project     string    `json:"project,omitempty"`
	DueDate     string    `json:"due_date,omitempty"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
	UpdatedAt   time.Time `json:"updated_at,omitzero"`
}

func (k *kit) issue(i *adapter.Issue) issue {
	out := issue{
		ID: i.ID, Identifier: i.Identifier, Title: i.Title, URL: i.URL, Team: i.Team.Name,
		State: i.State.Name, StateType: i.State.Type, Priority: i.Priority,
		Assignee: personOf(i.Assignee), Delegate: personOf(i.Delegate), Creator: personOf(i.Creator),
		Project: i.Project, DueDate: i.DueDate, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
	out.Description, out.Truncated = k.short(i.Description)
	for _, l := range i.Labels {
		out.Labels = append(out.Labels, l.Name)
	}
	return out
}
