package adaptertest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

var (
	_ adapter.Agent        = (*Platform)(nil)
	_ adapter.SessionOwner = (*Platform)(nil)
	_ adapter.PlanCanceler = (*Platform)(nil)
	_ adapter.Typist       = (*Platform)(nil)
)

// session is what a thread shows in addition to messages.
type session struct {
	activities []adapter.Activity
	plan       []adapter.PlanStep
	statuses   []string
	links      []adapter.SessionLink
	taken      adapter.TakeIssue
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
// responses and failures) also become messages of the thread, unless their comment is
// deleted.
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
	switch {
	case a.Key == "" || strings.TrimSpace(text) == "":
		return fakeError(op, adapter.CodeInvalid, "the key, or what it says, is missing")
	case a.Auth != nil && (len(a.Options) > 0 || a.Auth.URL == ""):
		return fakeError(op, adapter.CodeInvalid, "an account link has an address and no options")
	}
	switch a.Kind {
	case adapter.ActivityThought, adapter.ActivityAction, adapter.ActivityElicitation, adapter.ActivityResponse, adapter.ActivityFailure:
	default:
		return fakeError(op, adapter.CodeInvalid, "there is no kind "+string(a.Kind))
	}
	a.Existed = !p.session(a.Workspace, a.Thread).add(a)
	if !a.Existed && a.Kind.Ends() && !a.WithoutComment {
		// Its activity exists already, so the post does not add one.
		p.keep(&adapter.Post{Workspace: a.Workspace, Thread: a.Thread, Body: a.Body, Key: a.Key})
	}
	return nil
}

// Post implements adapter.Adapter. In a session a post of which more is to come is a
// thought.
func (p *Platform) Post(ctx context.Context, post *adapter.Post) (*adapter.Message, error) {
	if !post.Progress || !p.IsSession(post.Thread) {
		return p.Fake.Post(ctx, post)
	}
	a := &adapter.Activity{Workspace: post.Workspace, Thread: post.Thread, Key: post.Key, Kind: adapter.ActivityThought, Body: post.Body}
	if err := p.Activity(ctx, a); err != nil {
		return nil, err
	}
	return &adapter.Message{ID: post.Key, Thread: post.Thread, Body: post.Body, CreatedAt: time.Now()}, nil
}

// Links returns the links of a session.
func (p *Platform) Links(workspace string, thread adapter.ThreadID) []adapter.SessionLink {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.session(workspace, thread).links)
}

// Taken returns what the bot has taken over of the issue of a session.
func (p *Platform) Taken(workspace string, thread adapter.ThreadID) adapter.TakeIssue {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.session(workspace, thread).taken
}

// SetSessionLinks implements adapter.SessionOwner.
func (p *Platform) SetSessionLinks(ctx context.Context, workspace string, thread adapter.ThreadID, add []adapter.SessionLink, remove []string) error {
	return p.inSession(ctx, "links", workspace, thread, func(s *session) {
		s.links = slices.DeleteFunc(s.links, func(l adapter.SessionLink) bool {
			return slices.Contains(remove, l.URL) || slices.ContainsFunc(add, func(n adapter.SessionLink) bool { return n.URL == l.URL })
		})
		s.links = append(s.links, add...)
	})
}

// StartSession implements adapter.SessionOwner. The session is in the channel of
// the issue, or of the thread of the comment.
func (p *Platform) StartSession(ctx context.Context, workspace string, r adapter.SessionStart) (adapter.ThreadID, error) {
	const op = "start session"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return "", err
	}
	channel := adapter.ThreadID("fake:" + r.Issue)
	if r.Comment != "" {
		found := p.find(p.workspace(workspace), r.Comment)
		if found == nil {
			return "", fakeError(op, adapter.CodeNotFound, "there is no message "+r.Comment)
		}
		var err error
		if channel, err = p.Channel(found.Thread); err != nil {
			return "", err
		}
	}
	thread := channel + ":" + adapter.ThreadID(p.nextID("session-own"))
	if !p.IsSession(thread) {
		return "", fakeError(op, adapter.CodeInvalid, "name an issue or a comment")
	}
	s := p.session(p.workspace(workspace), thread)
	s.links = slices.Clone(r.Links)
	return thread, nil
}

// SuggestRepositories implements adapter.SessionOwner: all of them, each less likely
// than the one before.
func (p *Platform) SuggestRepositories(ctx context.Context, _ string, thread adapter.ThreadID, candidates []adapter.Repository) ([]adapter.RepositorySuggestion, error) {
	const op = "repositories"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failReads); err != nil {
		return nil, err
	}
	if err := p.needSession(op, thread); err != nil {
		return nil, err
	}
	out := make([]adapter.RepositorySuggestion, len(candidates))
	for i, c := range candidates {
		out[i] = adapter.RepositorySuggestion{Repository: c, Confidence: 1 / float64(i+1)}
	}
	return out, nil
}

// TakeIssue implements adapter.SessionOwner.
func (p *Platform) TakeIssue(ctx context.Context, workspace string, thread adapter.ThreadID, t adapter.TakeIssue) error {
	return p.inSession(ctx, "take issue", workspace, thread, func(s *session) {
		s.taken.Delegate = s.taken.Delegate || t.Delegate
		s.taken.Start = s.taken.Start || t.Start
	})
}

// SetPlan implements adapter.Agent.
func (p *Platform) SetPlan(ctx context.Context, workspace string, thread adapter.ThreadID, plan []adapter.PlanStep) error {
	return p.inSession(ctx, "plan", workspace, thread, func(s *session) { s.plan = slices.Clone(plan) })
}

// CancelPlan implements adapter.PlanCanceler.
func (p *Platform) CancelPlan(ctx context.Context, workspace string, thread adapter.ThreadID) error {
	return p.inSession(ctx, "plan", workspace, thread, func(s *session) {
		for i := range s.plan {
			if s.plan[i].Unfinished() {
				s.plan[i].Status = "canceled"
			}
		}
	})
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

// inSession makes a change of a session.
func (p *Platform) inSession(ctx context.Context, op, workspace string, thread adapter.ThreadID, change func(s *session)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	if err := p.needSession(op, thread); err != nil {
		return err
	}
	change(p.session(workspace, thread))
	return nil
}

func (p *Platform) needSession(op string, thread adapter.ThreadID) error {
	if _, err := p.Channel(thread); err != nil {
		return err
	}
	if !p.IsSession(thread) {
		return fakeError(op, adapter.CodeUnsupported, "the thread is not an agent session")
	}
	return nil
}
