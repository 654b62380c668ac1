package ticketing

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Comment is a comment on a ticket.
type Comment struct {
	ID            string          `json:"id"`
	Ticket        *CommentTicket  `json:"ticket"`
	Body          string          `json:"body" doc:"Markdown."`
	HTMLBody      *string         `json:"html_body" doc:"The body, rendered."`
	Author        *Person         `json:"author"`
	Receiver      *Person         `json:"receiver"`
	ParentComment *IDRef          `json:"parent_comment"`
	Attachments   []FileRef       `json:"attachments" doc:"Files in the text."`
	IsInternal    bool            `json:"is_internal" doc:"Whether it stays in Linear: it came from there, and its thread is not synced with another service."`
	IsPrivate     bool            `json:"is_private"`
	Channel       *Ref            `json:"channel"`
	QuotedText    *string         `json:"quoted_text" doc:"The part of the description that it is about."`
	URL           string          `json:"url"`
	Reactions     []ReactionRef   `json:"reactions"`
	IsResolved    bool            `json:"is_resolved"`
	ResolvedAt    *time.Time      `json:"resolved_at"`
	ResolvedBy    *Person         `json:"resolved_by"`
	EditedAt      *time.Time      `json:"edited_at"`
	CreatedAt     *time.Time      `json:"created_at"`
	UpdatedAt     *time.Time      `json:"updated_at"`
	Etag          string          `json:"etag"`
	RemoteData    json.RawMessage `json:"remote_data,omitempty"`

	Partly
}

// CommentTicket is the ticket of a comment.
type CommentTicket struct {
	ID     string  `json:"id"`
	Number *string `json:"number"`
}

// IDRef names something by its id.
type IDRef struct {
	ID string `json:"id"`
}

// FileRef is a file in a text.
type FileRef struct {
	ID       string `json:"id"`
	FileName string `json:"file_name"`
	FileURL  string `json:"file_url"`
}

// ReactionRef is a reaction to a comment.
type ReactionRef struct {
	ID    string  `json:"id"`
	Emoji string  `json:"emoji"`
	User  *Person `json:"user"`
}

// comment maps a comment.
func (c *call) comment(n *linearapi.Node[linearapi.Comment]) *Comment {
	v := &n.Value
	out := &Comment{
		ID: v.ID, Body: v.Body, Author: author(v.User, v.ExternalUser, v.BotActor), IsInternal: v.ExternalUser == nil,
		URL: v.URL, IsResolved: !v.ResolvedAt.IsZero(), ResolvedAt: at(v.ResolvedAt), EditedAt: at(v.EditedAt),
		CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt), Etag: etag(v.ID, v.UpdatedAt),
		Attachments: filesIn(v.IssueID, v.Body, c.conn.Client.OwnsFile), Reactions: []ReactionRef{},
		QuotedText: text(v.QuotedText), ResolvedBy: person(v.ResolvingUser),
	}
	out.HTMLBody = htmlOf(&v.Body)
	switch {
	case v.Issue != nil:
		out.Ticket = &CommentTicket{v.Issue.ID, text(v.Issue.Identifier)}
	case v.IssueID != "":
		out.Ticket = &CommentTicket{v.IssueID, nil}
	}
	if parent := v.ParentID; parent != "" {
		out.ParentComment = &IDRef{parent}
	} else if v.Parent != nil {
		out.ParentComment = &IDRef{v.Parent.ID}
	}
	if e := v.ExternalThread; e != nil && e.ID != "" {
		out.Channel, out.IsInternal = &Ref{e.ID, text(cmp.Or(e.SubType, e.Type))}, out.IsInternal && !e.Connected
	}
	for _, r := range v.Reactions {
		out.Reactions = append(out.Reactions, ReactionRef{r.ID, r.Emoji, author(r.User, r.ExternalUser, nil)})
	}
	return out
}

func commentListing() *listing {
	return &listing{
		resource: "comments", price: priceComment, orders: true, single: true,
		filters: []*filter{
			{name: "ticket[id]", make: filterIssue, doc: "Id or short name of a ticket."},
			{name: "id", kind: ofID, path: "id"},
			{name: "parent_comment[id]", kind: ofID, path: "parent.id", nullable: true},
			{name: "author[id]", kind: ofID, path: "user.id"},
			{name: "body", kind: ofText, path: "body"},
			{name: "collections", also: []string{"collection[id]"}, kind: ofID, path: "project.id"},
			{name: "is_internal", make: ignoreFlag("is_internal", true)},
			{name: "is_private", make: ignoreFlag("is_private", false)},
			{name: "created_at", kind: ofTime, path: "createdAt"},
			{name: "updated_at", kind: ofTime, path: "updatedAt"},
		},
		sorts: []string{"created_at", "updated_at"},
		fetch: func(c *call, r request) (*part, error) {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			got, err := client.CommentNodes(c.ctx, linearapi.CommentQuery{
				Filter:   and(append(slices.Clone(r.conditions), linearapi.Filter{"issue": linearapi.Filter{"null": false}})),
				ByUpdate: r.byUpdate || len(r.sort) == 1 && r.sort[0].name == "updated_at", PageArgs: turned(r),
			})
			out, err := partOf(got, err, func(n *linearapi.Node[linearapi.Comment]) item {
				return item{id: n.Value.ID, value: c.comment(n), remote: n.JSON}
			})
			if err != nil {
				return nil, err
			}
			turn(r, out)
			return out, nil
		},
	}
}

// turned walks a list that Linear sorts the newest first from its other end,
// if the oldest first is asked for.
func turned(r request) linearapi.PageArgs {
	if !ascending(r) {
		return r.page
	}
	return linearapi.PageArgs{First: r.page.Last, After: r.page.Before, Last: r.page.First, Before: r.page.After}
}

func turn(r request, p *part) {
	if !ascending(r) {
		return
	}
	slices.Reverse(p.items)
	i := &p.info
	i.HasNextPage, i.HasPreviousPage = i.HasPreviousPage, i.HasNextPage
	i.StartCursor, i.EndCursor = i.EndCursor, i.StartCursor
}

func ascending(r request) bool { return len(r.sort) == 1 && !r.sort[0].desc }

func filterIssue(_ *call, op string, values []string) (linearapi.Filter, error) {
	if op != "eq" && op != "in" {
		return nil, badRequest(codeInvalidRequest, "ticket has no operator %q", op)
	}
	refs := make([]string, len(values))
	for i, v := range values {
		refs[i], _ = issueRef(v)
	}
	return nest("issue.id", linearapi.Filter{"in": refs}), nil
}

// ignoreFlag is the filter of a flag that has one value everywhere.
func ignoreFlag(name string, value bool) func(*call, string, []string) (linearapi.Filter, error) {
	digit := "0"
	if value {
		digit = "1"
	}
	return func(_ *call, _ string, values []string) (linearapi.Filter, error) {
		if values[0] == strconv.FormatBool(value) || values[0] == digit {
			return nil, nil //nolint:nilnil // nothing to filter
		}
		return nil, badRequest(codeInvalidRequest, "%s can only be %t: Linear has no others", name, value)
	}
}

func getComment(c *call) (*reply, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	c.inPart()
	n, err := client.CommentNode(c.ctx, c.path["id"])
	if err != nil {
		return nil, missing(err, "comment", c.path["id"])
	}
	return c.oneComment(http.StatusOK, n)
}

func (c *call) oneComment(status int, n *linearapi.Node[linearapi.Comment]) (*reply, error) {
	v := c.comment(n)
	return c.one(status, item{id: v.ID, value: v, remote: n.JSON}, v.Etag)
}
