package trace

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
)

// Status says in one word what became of a delivery.
type Status string

// The statuses.
const (
	// StatusHandled: a handler had it, or the bot did itself what it asks for.
	StatusHandled Status = "handled"
	// StatusIgnored: no handler got it.
	StatusIgnored Status = "ignored"
	// StatusRefused: the request was not answered 200.
	StatusRefused Status = "refused"
	// StatusDuplicate: another delivery had reported the same event.
	StatusDuplicate Status = "duplicate"
	// StatusWaiting: it waits in its lane, for the next attempt, or for a person.
	StatusWaiting Status = "waiting"
	// StatusRunning: its turn runs.
	StatusRunning Status = "running"
	// StatusFailed: it is in the dead letters.
	StatusFailed Status = "failed"
)

// Statuses returns all statuses.
func Statuses() []Status {
	return []Status{StatusHandled, StatusIgnored, StatusRefused, StatusDuplicate, StatusWaiting, StatusRunning, StatusFailed}
}

// Trace is what became of one delivery: its parts put together.
type Trace struct {
	// ID is the transport key of the delivery; see [adapter.TraceSubject].
	ID        string           `json:"id"`
	Delivery  string           `json:"delivery,omitempty"`
	Event     string           `json:"event,omitempty"`
	Workspace string           `json:"workspace,omitempty"`
	Thread    adapter.ThreadID `json:"thread,omitempty"`
	Type      string           `json:"type,omitempty"`
	Subject   string           `json:"subject,omitempty"`
	// At is when the first part began, and Until when the last step was taken.
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
	// Status and Reason say how it stands. Reason is a code of package reason.
	Status Status `json:"status"`
	Reason string `json:"reason"`
	// Detail goes with the reason: an error, a name. May be empty.
	Detail string `json:"detail,omitempty"`
	// Steps are those of all parts, in their order.
	Steps []TimedStep `json:"steps"`
}

// TimedStep is a step of a trace.
type TimedStep struct {
	At     time.Time     `json:"at"`
	Code   string        `json:"code"`
	Detail string        `json:"detail,omitempty"`
	N      int64         `json:"n,omitempty"`
	Took   time.Duration `json:"took_ns,omitempty"`
}

// Merge puts the parts of deliveries together, newest delivery first. Unended
// parts that have ended elsewhere in parts are left out.
func Merge(parts []Part) []Trace {
	of := make(map[string][]*Part)
	var ids []string
	for i := range parts {
		p := &parts[i]
		if _, ok := of[p.ID]; !ok {
			ids = append(ids, p.ID)
		}
		of[p.ID] = append(of[p.ID], p)
	}
	m := merger{kinds: reason.Kinds()}
	traces := make([]Trace, 0, len(ids))
	for _, id := range ids {
		traces = append(traces, m.merge(of[id]))
	}
	slices.Reverse(traces) // of two at the same time, the one that was written last is the newer
	slices.SortStableFunc(traces, func(a, b Trace) int { return b.At.Compare(a.At) })
	return traces
}

// merger makes traces of parts.
type merger struct {
	kinds map[string]reason.Kind
}

// is reports whether a code is of a kind. One that is not in the table is a step.
func (m merger) is(code string, k reason.Kind) bool {
	kind, ok := m.kinds[code]
	return kind == k || !ok && k == reason.Step
}

// merge makes a trace of the parts of one delivery.
func (m merger) merge(parts []*Part) Trace {
	slices.SortStableFunc(parts, func(a, b *Part) int { return a.Begun.Compare(b.Begun) })
	t := Trace{ID: parts[0].ID, At: parts[0].Begun}
	attempts := int64(0)
	var last *Part
	for i, p := range parts {
		if i > 0 && p.Kind == parts[i-1].Kind && p.Begun.UnixMicro() == parts[i-1].Begun.UnixMicro() {
			continue // written twice, or it has ended since it was seen running
		}
		t.Delivery = cmp.Or(t.Delivery, p.Delivery)
		t.Event = cmp.Or(p.Event, t.Event)
		t.Workspace = cmp.Or(p.Workspace, t.Workspace)
		t.Thread = cmp.Or(p.Thread, t.Thread)
		t.Type = cmp.Or(p.Type, t.Type)
		t.Subject = cmp.Or(p.Subject, t.Subject)
		for _, s := range p.Steps {
			at := p.Begun.Add(s.After)
			if s.Code == reason.Attempt {
				for lost := attempts + 1; lost < s.N; lost++ {
					t.Steps = append(t.Steps, TimedStep{At: at, Code: reason.AttemptLost, N: lost})
				}
				attempts = max(attempts, s.N)
			}
			t.Steps = append(t.Steps, TimedStep{At: at, Code: s.Code, Detail: s.Detail, N: s.N, Took: s.Took})
			if at.After(t.Until) {
				t.Until = at
			}
		}
		// A repeat of a delivery says nothing about what became of the first.
		if last == nil || p.Kind == adapter.TraceTurn || last.Kind != adapter.TraceTurn && !m.repeats(p, last) {
			last = p
		}
	}
	m.conclude(&t, last)
	return t
}

// repeats reports whether p only says that a delivery was known, after a part
// that says more.
func (m merger) repeats(p, before *Part) bool {
	end, _ := m.ending(p)
	was, _ := m.ending(before)
	return end.Code == reason.Duplicate && was.Code != reason.Duplicate && !m.is(was.Code, reason.Refused)
}

// conclude says how the trace stands, by its deciding part.
func (m merger) conclude(t *Trace, p *Part) {
	end, ended := m.ending(p)
	t.Reason, t.Detail = end.Code, end.Detail
	switch {
	case p.Open:
		t.Status, t.Reason, t.Detail = StatusRunning, reason.Attempt, ""
		for _, s := range p.Steps {
			switch s.Code {
			case reason.Handler:
				t.Reason, t.Detail = reason.Handler, s.Detail
			case reason.APIFailed:
				t.Reason, t.Detail = s.Code, s.Detail
			}
		}
		return
	case !ended && p.Kind == adapter.TraceIntake:
		t.Status, t.Reason, t.Detail = StatusWaiting, reason.Waiting, ""
		return
	case !ended: // something ended it in the middle
		t.Status, t.Reason, t.Detail = StatusWaiting, reason.AttemptLost, ""
		return
	}
	retried := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Code == reason.Retried })
	switch m.kinds[end.Code] {
	case reason.Refused:
		t.Status = StatusRefused
	case reason.Ignored:
		t.Status = StatusIgnored
	case reason.Waits:
		t.Status = StatusWaiting
	case reason.Failed:
		t.Status = StatusFailed
		if retried {
			t.Status = StatusWaiting
		}
	case reason.Done, reason.Step:
		t.Status = StatusHandled
		if end.Code == reason.Duplicate {
			t.Status = StatusDuplicate
		}
	}
}

// refusal returns why a request was refused, or "" if it was not.
func (m merger) refusal(p *Part) string {
	if end, ended := m.ending(p); ended && m.kinds[end.Code] == reason.Refused {
		return end.Code
	}
	return ""
}

// ending returns the step that says how a part ended.
func (m merger) ending(p *Part) (Step, bool) {
	for _, s := range slices.Backward(p.Steps) {
		switch s.Code {
		case reason.Retried, reason.Returned, reason.IntakeFailed, reason.NoTurn:
			continue // a step before may say why
		}
		if !m.is(s.Code, reason.Step) {
			return s, true
		}
	}
	for _, s := range slices.Backward(p.Steps) {
		if !m.is(s.Code, reason.Step) {
			return s, true
		}
	}
	if len(p.Steps) == 0 {
		return Step{}, false
	}
	return p.Steps[len(p.Steps)-1], false
}

// About reports whether a trace is about something that people name: an id of a
// delivery, an event, a comment, a session or an issue, its beginning, or a
// short name such as ENG-123.
func (t *Trace) About(q Query) bool {
	switch {
	case q.Text == "":
		return false
	case q.Subject != "":
		return strings.EqualFold(t.Subject, q.Subject)
	case t.Names(q), q.Thread && hasPart(string(t.Thread), q.Text):
		return true
	}
	return slices.ContainsFunc(t.Steps, func(s TimedStep) bool { return q.posted(s.Code, s.Detail) })
}

// about reports whether a trace with a part is about a query.
func (p *Part) about(q Query) bool {
	t := Trace{ID: p.ID, Delivery: p.Delivery, Event: p.Event, Thread: p.Thread, Subject: p.Subject}
	return t.About(q) || q.Subject == "" && slices.ContainsFunc(p.Steps, func(s Step) bool { return q.posted(s.Code, s.Detail) })
}

// posted reports whether a step says that what the query names was posted.
func (q Query) posted(code, detail string) bool {
	return (code == reason.Reply || code == reason.ReplyKept || code == reason.Posted) && hasPart(detail, q.Text)
}

// Names reports whether a query names the delivery or its event, and not only
// something beside it, such as a reply.
func (t *Trace) Names(q Query) bool {
	return hasPart(t.ID, q.Text) || hasPart(wording.ID(t.ID), q.Text) || // as lists show it
		hasPart(t.Delivery, q.Text) || hasPart(t.Event, q.Text)
}

// hasPart reports whether one of the ids that a text consists of begins with an
// id.
func hasPart(text, id string) bool {
	for {
		if strings.HasPrefix(text, id) {
			return true
		}
		at := strings.IndexAny(text, "|:\x00 ")
		if at < 0 {
			return false
		}
		text = text[at+1:]
	}
}
