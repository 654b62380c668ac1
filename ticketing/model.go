package ticketing

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Ref names something that a ticket belongs to.
type Ref struct {
	ID   string  `json:"id"`
	Name *string `json:"name"`
}

// TeamRef is the team of a ticket.
type TeamRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Key  string `json:"key"`
}

// CollectionRef is a collection that a ticket is in.
type CollectionRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type" enum:"project,iteration,milestone"`
}

// TagRef is a tag of a ticket.
type TagRef struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Color *string `json:"color"`
}

// ParentRef is the ticket that a ticket is a part of.
type ParentRef struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Name   string `json:"name"`
}

// TypedURL is an address of something.
type TypedURL struct {
	URL  string `json:"url"`
	Type string `json:"type"`
}

// Ticket is an issue of Linear.
type Ticket struct {
	ID              string            `json:"id"`
	Number          string            `json:"number" doc:"The short name, for example ENG-12."`
	Identifier      string            `json:"identifier"`
	Sequence        int               `json:"sequence"`
	Name            string            `json:"name"`
	Description     *string           `json:"description" doc:"Markdown."`
	HTMLDescription *string           `json:"html_description" doc:"With expand[]=html."`
	Status          *Status           `json:"status"`
	Priority        Priority          `json:"priority"`
	Assignees       []Person          `json:"assignees"`
	Delegate        *Person           `json:"delegate"`
	CreatedBy       *Person           `json:"created_by"`
	Team            *TeamRef          `json:"team"`
	Workspace       *Ref              `json:"workspace"`
	Collections     []CollectionRef   `json:"collections"`
	Tags            []TagRef          `json:"tags"`
	TicketType      *Ref              `json:"ticket_type"`
	ParentTicket    *ParentRef        `json:"parent_ticket"`
	Contact         *Person           `json:"contact" doc:"Who wrote it from outside the workspace."`
	Account         *Ref              `json:"account" doc:"With expand[]=needs: the customer of the oldest request."`
	OtherContacts   []Person          `json:"additional_contacts"`
	Attachments     []Attachment      `json:"attachments" doc:"With expand[]=attachments."`
	Conversations   []ConversationRef `json:"conversations" doc:"With expand[]=conversations."`
	Comments        []Comment         `json:"comments,omitempty" doc:"With expand[]=comments."`
	Relations       []Relation        `json:"relations,omitempty" doc:"With expand[]=relations."`
	Children        []ParentRef       `json:"children,omitempty" doc:"With expand[]=children."`
	HasChildren     *bool             `json:"has_children" doc:"With expand[]=children."`
	ChildrenCount   *int              `json:"children_count" doc:"With expand[]=children."`
	History         []HistoryEntry    `json:"history,omitempty" doc:"With expand[]=history."`
	Needs           []Need            `json:"needs,omitempty" doc:"With expand[]=needs: requests of customers."`
	DueDate         *string           `json:"due_date"`
	Estimate        *float64          `json:"estimate"`
	Subscribers     []Person          `json:"subscribers" doc:"Of single tickets."`
	URL             string            `json:"url"`
	URLs            []TypedURL        `json:"urls"`
	BranchName      *string           `json:"branch_name"`
	PreviousNumbers []string          `json:"previous_numbers"`
	IsArchived      bool              `json:"is_archived"`
	IsDeleted       bool              `json:"is_deleted"`
	CustomFields    map[string]any    `json:"custom_fields"`
	SLA             *SLA              `json:"sla"`
	Source          *Source           `json:"source" doc:"The service that the ticket came from; null if it was made in Linear."`
	CustomerCount   int               `json:"customer_count" doc:"How many requests of customers it has."`
	CreatedAt       *time.Time        `json:"created_at"`
	UpdatedAt       *time.Time        `json:"updated_at"`
	StartedAt       *time.Time        `json:"started_at"`
	CompletedAt     *time.Time        `json:"completed_at"`
	CanceledAt      *time.Time        `json:"canceled_at"`
	ClosedAt        *time.Time        `json:"closed_at"`
	TriagedAt       *time.Time        `json:"triaged_at"`
	SnoozedUntil    *time.Time        `json:"snoozed_until"`
	ArchivedAt      *time.Time        `json:"archived_at"`
	Etag            string            `json:"etag"`
	RemoteData      json.RawMessage   `json:"remote_data,omitempty"`

	Partly
}

// SLA is by when a ticket must be resolved.
type SLA struct {
	Type         string     `json:"type" enum:"all,onlyBusinessDays" doc:"Which days count."`
	StartedAt    *time.Time `json:"started_at"`
	MediumRiskAt *time.Time `json:"medium_risk_at"`
	HighRiskAt   *time.Time `json:"high_risk_at"`
	BreachesAt   *time.Time `json:"breaches_at"`
}

// Source is where a ticket came from.
type Source struct {
	Type     *string       `json:"type"`
	External []ExternalRef `json:"external" doc:"What it is kept in step with. Of single tickets."`
}

// ExternalRef is the same thing in another service.
type ExternalRef struct {
	ID      string `json:"id"`
	Service string `json:"service"`
}

// slaOf is the SLA of an issue; nil if it has none.
func slaOf(i *linearapi.Issue) *SLA {
	if i.SLAStartedAt.IsZero() && i.SLABreachesAt.IsZero() {
		return nil
	}
	return &SLA{i.SLAType, at(i.SLAStartedAt), at(i.SLAMediumRiskAt), at(i.SLAHighRiskAt), at(i.SLABreachesAt)}
}

// sourceOf is where an issue came from; nil if it was made in Linear.
func sourceOf(i *linearapi.Issue) *Source {
	if i.Source == "" && len(i.SyncedWith) == 0 {
		return nil
	}
	out := &Source{Type: text(i.Source), External: []ExternalRef{}}
	for _, e := range i.SyncedWith {
		out.External = append(out.External, ExternalRef{e.ID, e.Service})
	}
	return out
}

// ConversationRef is a conversation that is linked to a ticket.
type ConversationRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// ticket maps an issue. tags gives the labels that the issue only names by id.
func ticket(n *linearapi.Node[linearapi.Issue], org *linearapi.Organization, tags func(id string) *TagRef) *Ticket {
	i := &n.Value
	t := &Ticket{
		ID: i.ID, Number: i.Identifier, Identifier: i.Identifier, Sequence: int(i.Number), Name: i.Title,
		Description: inPlace(&i.Description), Priority: priority(int(i.Priority)), URL: i.URL, BranchName: inPlace(&i.BranchName),
		Assignees: []Person{}, Collections: []CollectionRef{}, Tags: []TagRef{}, Attachments: []Attachment{},
		Conversations: []ConversationRef{}, Subscribers: []Person{}, URLs: []TypedURL{}, PreviousNumbers: []string{},
		CustomFields: map[string]any{}, DueDate: inPlace(&i.DueDate), Estimate: i.Estimate,
		CreatedAt: timeIn(&i.CreatedAt), UpdatedAt: timeIn(&i.UpdatedAt), StartedAt: timeIn(&i.StartedAt), CompletedAt: timeIn(&i.CompletedAt),
		CanceledAt: timeIn(&i.CanceledAt), ArchivedAt: timeIn(&i.ArchivedAt), IsDeleted: i.Trashed,
		IsArchived: !i.ArchivedAt.IsZero() && !i.Trashed, OtherContacts: []Person{},
		SLA: slaOf(i), Source: sourceOf(i), CustomerCount: int(i.CustomerCount), TriagedAt: timeIn(&i.TriagedAt), SnoozedUntil: timeIn(&i.SnoozedUntilAt),
	}
	t.ClosedAt = t.CompletedAt
	if t.ClosedAt == nil {
		t.ClosedAt = t.CanceledAt
	}
	t.PreviousNumbers = append(t.PreviousNumbers, i.PreviousIdentifiers...)
	if i.URL != "" {
		t.URLs = append(t.URLs, TypedURL{i.URL, "web"})
	}
	if i.State != nil {
		t.Status = status(i.State)
		switch {
		case i.Trashed:
			t.Status.Name = "deleted"
		case t.IsArchived && t.Status.Category != "CLOSED":
			t.Status.Name = "archived"
		}
	}
	if i.Assignee != nil {
		t.Assignees = append(t.Assignees, *person(i.Assignee))
	}
	t.Delegate = person(i.Delegate)
	t.CreatedBy = author(i.Creator, i.ExternalUserCreator, i.BotActor)
	if i.ExternalUserCreator != nil {
		t.Contact = author(nil, i.ExternalUserCreator, nil)
	}
	if i.Team != nil {
		t.Team = &TeamRef{i.Team.ID, i.Team.Name, i.Team.Key}
	}
	if org != nil && org.ID != "" {
		t.Workspace = &Ref{org.ID, text(org.Name)}
	}
	if i.Project != nil {
		t.Collections = append(t.Collections, CollectionRef{i.Project.ID, i.Project.Name, "project"})
	}
	if i.Cycle != nil {
		t.Collections = append(t.Collections, CollectionRef{i.Cycle.ID, cycleName(i.Cycle), "iteration"})
	}
	if i.Milestone != nil {
		t.Collections = append(t.Collections, CollectionRef{i.Milestone.ID, i.Milestone.Name, "milestone"})
	}
	if i.Parent != nil {
		t.ParentTicket = &ParentRef{i.Parent.ID, i.Parent.Identifier, i.Parent.Title}
	}
	for k := range i.Subscribers.Nodes {
		t.Subscribers = append(t.Subscribers, *person(&i.Subscribers.Nodes[k]))
	}
	for k := range i.Labels.Nodes {
		l := &i.Labels.Nodes[k]
		t.Tags = append(t.Tags, TagRef{l.ID, l.Name, inPlace(&l.Color)})
	}
	for _, id := range i.LabelIDs {
		if tags == nil || slices.ContainsFunc(t.Tags, func(v TagRef) bool { return v.ID == id }) {
			continue
		}
		if tag := tags(id); tag != nil {
			t.Tags = append(t.Tags, *tag)
		}
	}
	t.Etag = etag(i.ID, i.UpdatedAt)
	return t
}

func etag(id string, updated time.Time) string {
	return shortHash(id, updated.UTC().Format(time.RFC3339Nano))
}

func cycleName(c *linearapi.Cycle) string {
	if c.Name != "" {
		return c.Name
	}
	return "Cycle " + number(c.Number)
}

// text returns nil for an empty text: null in JSON.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// inPlace is text without a copy, for what is not changed.
func inPlace(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}

// timeIn is at without a copy, for what is not changed.
func timeIn(t *time.Time) *time.Time {
	if t.IsZero() || t.Location() != time.UTC {
		return at(*t)
	}
	return t
}

// at returns nil for a time that is not set.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
