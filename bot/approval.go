package bot

import (
	"cmp"
	"context"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/questions"
)

// ApprovalRequest is what [RequestApproval] asks for.
type ApprovalRequest struct {
	// Title says in one line of Markdown what is to be approved. Text of other
	// people in it goes through [Escape]. Required.
	Title string
	// Details is Markdown below the title.
	Details string
	// Fields are shown below the details.
	Fields []card.Field
	// ApproveLabel and DenyLabel are what the choices are called. Default to
	// "Approve" and "Deny"; these words always count as answers.
	ApproveLabel, DenyLabel string
	// Approvers are the ids of the users who may decide. They are mentioned.
	// Defaults to every person.
	Approvers []string
	// Timeout is how long to wait. Defaults to 7 days.
	Timeout time.Duration
}

// Approval is the outcome of [RequestApproval].
type Approval struct {
	Approved bool
	TimedOut bool
	By       adapter.User
}

// RequestApproval asks people to approve something, by a word ("approve",
// "deny"), a reaction (👍, 👎) or a choice in a session. It parks the turn like
// [Ask].
func RequestApproval(ctx context.Context, t *Thread, r ApprovalRequest) (*Approval, error) {
	q := Question{
		Text: "**" + r.Title + "**", From: r.Approvers, Timeout: r.Timeout,
		Options: []adapter.Choice{
			{Value: questions.Approve, Label: cmp.Or(r.ApproveLabel, "Approve")},
			{Value: questions.Deny, Label: cmp.Or(r.DenyLabel, "Deny")},
		},
	}
	if r.Details != "" {
		q.Text += "\n\n" + r.Details
	}
	if len(r.Fields) > 0 {
		fields, err := card.Card{Children: []card.Element{card.Fields(r.Fields)}}.Render(content.Form{})
		if err != nil {
			return nil, Permanent(err)
		}
		q.Text += "\n\n" + fields
	}
	a, err := Ask(ctx, t, q)
	if err != nil {
		return nil, err
	}
	return &Approval{Approved: a.Value == questions.Approve, TimedOut: a.TimedOut, By: a.By}, nil
}
