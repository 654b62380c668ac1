package adaptertest

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

var (
	_ adapter.Agent  = (*Platform)(nil)
	_ adapter.Typist = (*Platform)(nil)
)

// session is what a thread shows in addition to messages.
type session struct {
	activities []adapter.Activity
	plan       []adapter.PlanStep
	statuses   []string
}

// add adds an activity, and reports whether its key is new.
func (s *session) add(a *adapter.Activity) bool {
	if slices.ContainsFunc(s.activities, func(b adapter.Activity) bool { return b.Key == a.Key }) {
		return false
	}
	c := *a
	c.Options = slices.Clone(a.Options)
	s.activities = append(s.activities, c)
	return true
}

// session returns what a thread shows. It is called with the lock held.
func (p *Platform) session(workspace string, thread adapter.ThreadID) *session {
	at := p.at(workspace, thread)
	if p.sessions[at] == nil {
		p.sessions[at] = &session{}
	}
	return p.sessions[at]
}

// Activities returns what the bot wrote into a session, in order: posts, which
// appear there as responses, and other activities. Ephemeral ones stay in the
// list.
func (p *Platform) Activities(workspace string, thread adapter.ThreadID) []adapter.Activity {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.session(workspace, thread).activities)
}

// Plan returns the current plan of a session.
func (p *Platform) Plan(workspace string, thread adapter.ThreadID) []adapter.PlanStep {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.session(workspace, thread).plan)
}

// Statuses returns what Typing has shown in a thread, in order.
func (p *Platform) Statuses(workspace string, thread adapter.ThreadID) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.session(workspace, thread).statuses)
}

// IsSession implements adapter.Agent.
func (p *Platform) IsSession(thread adapter.ThreadID) bool {
	return isThread(thread) && strings.HasPrefix(lastPart(thread), "session")
}

// Activity implements adapter.Agent. Activities meant for people (elicitations,
// responses and failures) also become messages of the thread.
func (p *Platform) Activity(ctx context.Context, a *adapter.Activity) error {
	const op = "activity"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	if err := p.needSession(op, a.Thread); err != nil {
		return err
	}
	text := a.Body
	if a.Kind == adapter.ActivityAction {
		text = a.Name
	}
	if a.Key == "" || strings.TrimSpace(text) == "" {
		return fakeError(op, adapter.CodeInvalid, "the key, or what it says, is missing")
	}
	switch a.Kind {
	case adapter.ActivityThought, adapter.ActivityAction:
		p.session(a.Workspace, a.Thread).add(a)
	case adapter.ActivityElicitation, adapter.ActivityResponse, adapter.ActivityFailure:
		if p.session(a.Workspace, a.Thread).add(a) {
			// Its activity exists already, so the post does not add one.
			p.keep(&adapter.Post{Workspace: a.Workspace, Thread: a.Thread, Body: a.Body, Key: a.Key})
		}
	default:
		return fakeError(op, adapter.CodeInvalid, "there is no kind "+string(a.Kind))
	}
	return nil
}

// SetPlan implements adapter.Agent.
func (p *Platform) SetPlan(ctx context.Context, workspace string, thread adapter.ThreadID, plan []adapter.PlanStep) error {
	const op = "plan"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	if err := p.needSession(op, thread); err != nil {
		return err
	}
	p.session(workspace, thread).plan = slices.Clone(plan)
	return nil
}

// Typing implements adapter.Typist in threads of all kinds.
func (p *Platform) Typing(ctx context.Context, workspace string, thread adapter.ThreadID, status string) error {
	const op = "typing"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	if _, err := p.Channel(thread); err != nil {
		return err
	}
	s := p.session(workspace, thread)
	s.statuses = append(s.statuses, cmp.Or(strings.TrimSpace(status), "Thinking…"))
	return nil
}

func (p *Platform) needSession(op string, thread adapter.ThreadID) error {
	if _, err := p.Channel(thread); err != nil {
		return err
	}
	if !p.IsSession(thread) {
		return fakeError(op, adapter.CodeUnsupported, "the thread is no agent session")
	}
	return nil
}
