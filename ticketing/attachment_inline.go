package ticketing

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// inlinePrefix begins the ids of files that stand in a text.
const inlinePrefix = "inline_"

// attachInline uploads a file and adds it to a comment or, without one, to the
// description of a ticket.
func (c *call) attachInline(ref, comment string, a *attaching) (*Attachment, error) {
	if !a.has {
		return nil, invalidField("data", "required", "is required with mode inline")
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if comment != "" {
		return c.attachToComment(client, ref, comment, a)
	}
	issue, err := client.IssueNode(c.ctx, ref)
	if err != nil {
		return nil, err
	}
	markdown, err := c.inline(a, 0)
	if err != nil {
		return nil, err
	}
	done := c.api.intend(c.ctx, c.conn.ID, issue.Value.ID)
	changed, err := client.IssueUpdateNode(c.ctx, issue.Value.ID, linearapi.Input{
		"description": strings.TrimSpace(issue.Value.Description + "\n\n" + markdown),
	})
	if err != nil {
		return nil, err
	}
	done(changed.Value.UpdatedAt)
	return c.inlined(client, issue.Value.ID, markdown, a)
}

// attachToComment adds a file to the text of a comment. A ticket that is named, too,
// has to be the one of the comment.
func (c *call) attachToComment(client *linearapi.Client, ref, comment string, a *attaching) (*Attachment, error) {
	now, err := client.CommentNode(c.ctx, comment)
	if err != nil {
		return nil, missing(err, "comment", comment)
	}
	issue := now.Value.Issue
	if issue == nil {
		return nil, invalidField("comment", "value", "is not a comment on a ticket")
	}
	if ref != "" && ref != issue.ID && !strings.EqualFold(ref, issue.Identifier) {
		return nil, invalidField("comment", "value", "is a comment on %s, another ticket", issue.Identifier)
	}
	markdown, err := c.inline(a, 0)
	if err != nil {
		return nil, err
	}
	done := c.api.intend(c.ctx, c.conn.ID, comment)
	changed, err := client.CommentUpdateNode(c.ctx, comment, linearapi.Input{"body": strings.TrimSpace(now.Value.Body + "\n\n" + markdown)})
	if err != nil {
		return nil, missing(err, "comment", comment)
	}
	done(changed.Value.UpdatedAt)
	out, err := c.inlined(client, issue.ID, markdown, a)
	if err == nil {
		out.CommentID = &comment
	}
	return out, err
}

// inlined is the file that a piece of Markdown shows.
func (c *call) inlined(client *linearapi.Client, issue, markdown string, a *attaching) (*Attachment, error) {
	files := filesIn(issue, markdown, client.OwnsFile)
	if len(files) == 0 {
		return nil, errors.New("ticketing: the storage of the file is not Linear's")
	}
	files[0].FileName = a.name
	return inlineAttachment(issue, files[0]), nil
}

// inline uploads a file and returns the Markdown that shows it.
func (c *call) inline(a *attaching, i int) (string, error) {
	name, address := a.name, a.address
	if name == "" {
		name = "file " + strconv.Itoa(i+1)
	}
	if a.has {
		client, err := c.client()
		if err != nil {
			return "", err
		}
		if address, err = c.upload(client, name, a.kind, a.content); err != nil {
			return "", err
		}
	}
	mark := ""
	if strings.HasPrefix(a.kind, "image/") {
		mark = "!"
	}
	return fmt.Sprintf("%s[%s](%s)", mark, escapeMarkdown(name), address), nil
}
