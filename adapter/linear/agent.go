package linear

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var (
	_ adapter.Agent        = (*Adapter)(nil)
	_ adapter.PlanCanceler = (*Adapter)(nil)
)

// IsSession reports whether a thread is an agent session.
func (a *Adapter) IsSession(id adapter.ThreadID) bool {
	thread, err := ParseThreadID(id)
	return err == nil && thread.SessionID != ""
}

// Activity writes an activity into an agent session, with one request. With a
// key that was used before it is a no-op, after a second request that checks
// that the existing activity is the bot's; an ephemeral one, which may be gone by
// then, is not looked up. Options of an elicitation are shown as a choice, Auth as a
// button to link an account. Ephemeral applies to thoughts and actions only.
// WithoutComment takes two more requests: one reads the comment, which is deleted only if
// it is a reply by the bot. If Linear has not attached the comment yet, it looks for it
// again, for up to about 8 s.
//
// Errors have code adapter.CodeInvalid for a blank body, an action without a
// name, an account link without an address, a missing key, an unknown kind or a bad
// thread id, Unsupported outside sessions, Conflict if the id is already taken by
// something else, and otherwise those of package linearapi.
func (a *Adapter) Activity(ctx context.Context, act *adapter.Activity) error {
	thread, err := sessionThread("activity", act.Thread)
	if err != nil {
		return err
	}
	in, err := activityInput(act)
	if err != nil {
		return err
	}
	b, err := a.bot(ctx, act.Workspace)
	if err != nil {
		return err
	}
	in.AgentSessionID = thread.SessionID
	made, existed, err := b.activity(ctx, act.Key, in)
	act.Existed = existed
	if err != nil || !act.WithoutComment {
		return err
	}
	return b.dropComment(ctx, thread.SessionID, made, existed)
}

// dropComment deletes the comment that Linear writes for an activity of the bot. Linear
// may attach it some seconds after the activity. If there is none by then, it returns nil.
func (b *bot) dropComment(ctx context.Context, session string, of *linearapi.Activity, existed bool) error {
	if of.SourceComment == nil {
		found, err := seen(ctx, func() (*linearapi.Activity, error) {
			found, err := b.findActivity(ctx, session, of.ID)
			if err != nil || found == nil || found.SourceComment == nil {
				return nil, err
			}
			return found, nil
		})
		if err != nil || found == nil {
			return err
		}
		of = found
	}
	look := func() (*linearapi.Comment, error) { return b.api.Comment(ctx, of.SourceComment.ID) }
	var c *linearapi.Comment
	var err error
	if existed { // an earlier call may have deleted it
		c, err = look()
		err = unless(adapter.CodeNotFound, err)
	} else {
		c, err = seen(ctx, look)
	}
	if err != nil || c == nil || !b.isAuthor(c, false) || c.Root() == c.ID {
		return err
	}
	return unless(adapter.CodeNotFound, b.api.CommentDelete(ctx, c.ID))
}

func activityInput(act *adapter.Activity) (in linearapi.AgentActivityCreateInput, err error) {
	if act.Key == "" {
		return in, opError("activity", adapter.CodeInvalid, "the key is missing")
	}
	in.Content.Type = string(act.Kind) // the words are the same
	switch act.Kind {
	case adapter.ActivityAction:
		if strings.TrimSpace(act.Name) == "" {
			return in, opError("activity", adapter.CodeInvalid, "the action has no name")
		}
		in.Content.Action, in.Content.Parameter, in.Content.Result = act.Name, act.Parameter, act.Result
		in.Ephemeral = act.Ephemeral
		return in, nil
	case adapter.ActivityThought:
		in.Ephemeral = act.Ephemeral
	case adapter.ActivityElicitation:
		if err := signal(&in, act); err != nil {
			return in, err
		}
	case adapter.ActivityResponse, adapter.ActivityFailure:
	default:
		return in, opError("activity", adapter.CodeInvalid, "there is no kind "+string(act.Kind))
	}
	if strings.TrimSpace(act.Body) == "" {
		return in, opError("activity", adapter.CodeInvalid, "the body is empty")
	}
	in.Content.Body = act.Body
	return in, nil
}

// signal adds to an elicitation what people can press.
func signal(in *linearapi.AgentActivityCreateInput, act *adapter.Activity) error {
	link := act.Auth
	switch {
	case link == nil && len(act.Options) > 0:
		in.Signal, in.SignalMetadata = "select", map[string]any{"options": selectOptions(act.Options)}
	case link == nil:
	case len(act.Options) > 0:
		return opError("activity", adapter.CodeInvalid, "a question has either options or an account link")
	case !isWebAddress(link.URL):
		return opError("activity", adapter.CodeInvalid, "the account link must look like https://example.com/link")
	default:
		in.Signal, in.SignalMetadata = "auth", map[string]any{"url": link.URL}
		if link.UserID != "" {
			in.SignalMetadata["userId"] = link.UserID
		}
		if link.Provider != "" {
			in.SignalMetadata["providerName"] = link.Provider
		}
	}
	return nil
}

// isWebAddress reports whether s is an absolute http or https address.
func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

func selectOptions(options []adapter.Choice) []map[string]string {
	out := make([]map[string]string, len(options))
	for i, o := range options {
		out[i] = map[string]string{"value": o.Value, "label": cmp.Or(o.Label, o.Value)}
	}
	return out
}

// SetPlan replaces the plan of an agent session, with one request. The error has
// code adapter.CodeUnsupported outside sessions.
func (a *Adapter) SetPlan(ctx context.Context, workspace string, id adapter.ThreadID, plan []adapter.PlanStep) error {
	thread, err := sessionThread("plan", id)
	if err != nil {
		return err
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return err
	}
	steps := make([]linearapi.PlanStep, len(plan))
	for i, s := range plan {
		steps[i] = linearapi.PlanStep{Content: s.Content, Status: s.Status}
	}
	_, err = b.api.AgentSessionUpdate(ctx, thread.SessionID, linearapi.SessionUpdateInput{Plan: linearapi.Set(steps)})
	return err
}

// CancelPlan cancels the unfinished steps of a session's plan, with one request and, if
// there are any, a second one. The error has code adapter.CodeUnsupported outside
// sessions.
func (a *Adapter) CancelPlan(ctx context.Context, workspace string, id adapter.ThreadID) error {
	thread, err := sessionThread("plan", id)
	if err != nil {
		return err
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return err
	}
	session, err := b.api.AgentSession(ctx, thread.SessionID)
	if err != nil {
		return err
	}
	steps, open := planSteps(session.Plan), false
	for i := range steps {
		if (adapter.PlanStep{Status: steps[i].Status}).Unfinished() {
			steps[i].Status, open = "canceled", true
		}
	}
	if !open {
		return nil
	}
	_, err = b.api.AgentSessionUpdate(ctx, thread.SessionID, linearapi.SessionUpdateInput{Plan: linearapi.Set(steps)})
	return err
}

// planSteps reads the plan of a session: the list that was set, or an object around it,
// which is what the schema promises. It returns none for anything else.
func planSteps(plan json.RawMessage) []linearapi.PlanStep {
	var steps []linearapi.PlanStep
	if json.Unmarshal(plan, &steps) == nil {
		return steps
	}
	var around struct {
		Steps []linearapi.PlanStep `json:"steps"`
	}
	if json.Unmarshal(plan, &around) != nil {
		return nil
	}
	return around.Steps
}

// sessionThread parses the id of an agent session.
func sessionThread(op string, id adapter.ThreadID) (Thread, error) {
	thread, err := ParseThreadID(id)
	if err == nil && thread.SessionID == "" {
		err = opError(op, adapter.CodeUnsupported, "the thread is not an agent session")
	}
	return thread, err
}
