package bot

import (
	"context"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/acts"
	"github.com/linearbot/linearbot/state"
)

// One turn speaks for an act of which several events tell; package acts decides which.

// actOrder returns what decides which event of an act has the turn.
func (b *Bot) actOrder() acts.Order {
	return acts.Order{
		Book: b.notes, Sessions: b.sessions, Store: b.cfg.Store, Lane: b.laneOf, Thread: laneKey,
		HasSessions: b.can.agent != nil, Apart: b.cfg.Lanes == LanePerThread,
	}
}

// act returns the event of a run, as package acts sees it.
func (r *run) act() acts.Event {
	b := r.bot
	e := acts.Event{
		Meta: r.head(), Entry: &r.entry, Page: r.notes, NoSessions: r.self.Sessions == adapter.TernaryNo,
		Rivals: len(b.on.notified)+len(b.on.event) > 0,
	}
	if ev, ok := r.event.(*adapter.MessageEvent); ok {
		e.Message, e.Mentioned = ev.Message, r.message.Mentioned
	}
	for _, s := range r.older {
		if act := s.head().Act; act != "" {
			e.Others = append(e.Others, act)
		}
	}
	return e
}

// claim reports whether a turn speaks for its act, and sees to it that no other
// does. Otherwise the key of the event that does may be known: it is the rival. The error
// is a *verdict.YieldError as long as an event of another kind goes first.
func (b *Bot) claim(ctx context.Context, r *run) (speaks bool, rival string, err error) {
	if r.claimed || isResumed(&r.entry) {
		return true, "", nil // a turn that is resumed spoke for its act when it parked
	}
	e := r.act()
	if err := b.order.YieldToSession(ctx, &e); err != nil {
		return false, "", err
	}
	speaks, rival, err = b.order.Claim(ctx, &e)
	r.claimed = speaks && err == nil
	return r.claimed, rival, err
}

// noteSession remembers that a workspace has sessions, and where this one shows.
func (b *Bot) noteSession(ctx context.Context, r *run) error {
	e := r.act()
	first, err := b.order.Note(ctx, &e)
	if first {
		b.halts.Signal(ctx, state.Key{Workspace: e.Workspace, Kind: "thread", ID: sessionsSignal})
	}
	return err
}

// sessionsSignal stands for the thread in a signal that says that a workspace has
// begun to send sessions. Ids of threads begin with the name of a platform.
const sessionsSignal = "sessions"

// learnSessions takes a signal that says that a workspace has begun to send sessions,
// and reports whether it was one.
func (b *Bot) learnSessions(k state.Key) bool {
	if k.ID != sessionsSignal {
		return false
	}
	b.sessions.Learn(k.Workspace, true)
	return true
}
