package trace

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

const (
	// maxSteps is the most steps of a part. One more says how many were left
	// out.
	maxSteps = 64
	// maxDetail is the most bytes of a detail, and maxName of each name. Event
	// keys and threads of Linear are shorter.
	maxDetail, maxName = 400, 400
	// maxText is the most bytes of a message that are kept, if any are.
	maxText = 2000
)

// Part is one part of the way of a delivery.
type Part struct {
	adapter.TraceSubject

	// Kind is which part it is.
	Kind adapter.TracePart
	// Begun is when it began, by the clock of the process.
	Begun time.Time
	// Steps are in their order. Their times count from Begun.
	Steps []Step
	// Open says that it has not ended.
	Open bool
}

// Step is a step and when it was taken.
type Step struct {
	adapter.TraceStep

	// After is the time since the part began.
	After time.Duration
}

// live is a part that is being recorded.
type live struct {
	rec *Recorder

	mu    sync.Mutex
	part  Part
	form  *form // holds the steps; nil when it has ended
	left  int64 // steps that were left out
	ended bool
}

var _ adapter.Trace = (*live)(nil)

// About says what the part is about.
func (l *live) About(s adapter.TraceSubject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	p := &l.part.TraceSubject
	p.ID = cmp.Or(clip(s.ID, maxName), p.ID)
	p.Delivery = cmp.Or(clip(s.Delivery, maxName), p.Delivery)
	p.Event = cmp.Or(clip(s.Event, maxName), p.Event)
	p.Workspace = cmp.Or(clip(s.Workspace, maxName), p.Workspace)
	p.Thread = adapter.ThreadID(cmp.Or(clip(string(s.Thread), maxName), string(p.Thread)))
	p.Type = cmp.Or(clip(s.Type, maxName), p.Type)
	p.Subject = cmp.Or(clip(s.Subject, maxName), p.Subject)
}

// Step adds a step.
func (l *live) Step(s adapter.TraceStep) {
	most := maxDetail
	if s.Code == reason.Text {
		if !l.rec.cfg.Text {
			return
		}
		most = maxText
	}
	s.Detail = clip(s.Detail, most)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended:
	case len(l.part.Steps) >= maxSteps && !closes(s.Code):
		l.left++
	default:
		l.part.Steps = append(l.part.Steps, Step{s, l.rec.cfg.Now().Sub(l.part.Begun)})
	}
}

// closes reports whether a code says how a part ended, which is kept in any case.
func closes(code string) bool { return reason.Of(code).Kind != reason.Step }

// End ends the part.
func (l *live) End() {
	l.mu.Lock()
	defer l.mu.Unlock() // a part that is not open any more is one that will be written
	if l.ended {
		return
	}
	l.ended = true
	if l.left > 0 {
		last := len(l.part.Steps) - 1
		more := Step{adapter.TraceStep{Code: reason.More, N: l.left}, l.part.Steps[last].After}
		l.part.Steps = slices.Insert(l.part.Steps, last, more)
	}
	l.rec.ended(l)
}

// selfMade reports whether a part is about an entry that the bot made itself, such
// as a scheduled post: no request brought it. A replay has a record of its own
// beginning.
func (p *Part) selfMade() bool {
	return strings.Contains(p.ID, "\x00") && !strings.HasPrefix(p.ID, "replay\x00")
}

// leeway is how far the clocks of the processes, the store and Linear may differ
// without a part of a trace being overlooked.
const leeway = 5 * time.Second

// firstRetry is how soon Linear may retry a delivery.
const firstRetry = time.Minute

// since returns from when on there can be other parts of the same delivery: when
// the request arrived first, as far as this part knows.
func (p *Part) since() time.Time {
	since := p.Begun
	for i := range p.Steps {
		switch s := &p.Steps[i]; s.Code {
		case reason.Attempt:
			if s.N > 1 || !p.selfMade() {
				since = p.Begun.Add(-s.Took)
			}
		case reason.Late:
			since = p.Begun.Add(-s.Took)
		case reason.Duplicate:
			if since.Equal(p.Begun) {
				since = p.Begun.Add(-firstRetry)
			}
		}
	}
	return since.Add(-leeway)
}

// snapshot returns a copy of a part, unless it has ended.
func (l *live) snapshot() (p Part, open bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return Part{}, false
	}
	p = l.part
	p.Steps, p.Open = slices.Clone(p.Steps), true
	return p, true
}

// clip bounds a text. The result does not keep the rest of it alive.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
