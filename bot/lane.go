package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// Where messages may be taken together, the entries of a lease are looked at
// before anything runs, and one turn of them is chosen. Everything is handled
// in its place:
//
//   - A message that a newer one stands for waits until that one is handled.
//   - What stands between the two is handled first, in its order.
//   - A message whose handler depends on what comes before it, because that may
//     subscribe the thread, ends the row: what follows it is not taken together
//     with what it follows.
//   - A row whose time has not come holds the lane.
//
// One turn is run under a lease, as for all other lanes, so that what is done is
// settled at once. Looking decodes an entry and reads a few values at most, and a
// lane is looked at only as far as the choice depends on it: of messages that
// are handled one by one that is the first.

const (
	// narrow is how many entries of a lane are leased where messages may be
	// taken together. It is more than wait in nearly all threads, and little
	// to read again and again where a lane is long and nothing in it is
	// taken together.
	narrow = 8
	// coalesced is the most entries that are taken together. That many are
	// leased when narrow has turned out to be too few, and for wideFor
	// afterwards, which is long enough to meet the lane again.
	coalesced = 200
	wideFor   = 10 * time.Second
)

// leaseSize returns how many entries of a lane are leased at once.
func (b *Bot) leaseSize() int {
	switch {
	case !b.coalesces():
		return 1
	case time.Now().UnixNano() < b.wide.Load():
		return coalesced
	default:
		return narrow
	}
}

// lane is the front of a lane, as far as it was leased.
type lane struct {
	bot     *Bot
	key     state.Key
	entries []state.Queued
	// cut says that a larger lease would show more.
	cut   bool
	seats []*seat

	begun      *begun
	asking     map[adapter.ThreadID]asking
	stopped    map[adapter.ThreadID]stop
	subscribed map[adapter.ThreadID]bool
}

// seat is what is known of an entry before it runs.
type seat struct {
	// turn is nil if nothing but its own turn needs it.
	turn *Turn
	// err is why the entry cannot be looked at now.
	err error
	// row names what is taken together. It is empty for what is handled by
	// itself.
	row  string
	rule rule
	// fixed says that the same handlers get the entry whatever is handled
	// before it.
	fixed bool
	// begun is the row if it was tried before. Otherwise it is nil.
	begun *row
}

// pick is what to do with a lease.
type pick struct {
	// at is the entry to handle, and older the ones that it stands for.
	at    int
	older []int
	// wait is how long the lane is to wait before anything is handled.
	wait time.Duration
	// more says that the choice needs a larger lease.
	more bool
}

func (b *Bot) newLane(l *state.Lease, size int) *lane {
	return &lane{
		bot: b, key: l.Lane, entries: l.Entries, seats: make([]*seat, len(l.Entries)),
		cut:        size < coalesced && l.Behind > 0,
		asking:     make(map[adapter.ThreadID]asking),
		stopped:    make(map[adapter.ThreadID]stop),
		subscribed: make(map[adapter.ThreadID]bool),
	}
}

// choose says what to do with the lane.
func (l *lane) choose(ctx context.Context) pick {
	for i := range l.entries {
		s := l.look(ctx, i)
		if s.row == "" {
			return pick{at: i}
		}
		newer, sure := l.newer(ctx, i)
		if newer {
			continue
		}
		c, first := pick{at: i}, i
		for j := range slices.Backward(l.seats[:i]) {
			if l.seats[j].row == s.row {
				c.older, first = append(c.older, j), j
			}
		}
		slices.Reverse(c.older)
		c.wait = time.Until(s.rule.policy.due(l.entries[first].EnqueuedAt, l.entries[i].EnqueuedAt))
		c.more = c.wait <= 0 && !sure && l.cut
		return c
	}
	return pick{more: true} // the newest of a row that was begun is further behind
}

// newer reports whether something newer stands for the entry i. sure is false
// if that may be further behind.
func (l *lane) newer(ctx context.Context, i int) (newer, sure bool) {
	s := l.seats[i]
	for j := i + 1; j < len(l.entries); j++ {
		o := l.look(ctx, j)
		switch {
		case o.row == s.row:
			return true, true
		case !o.fixed && s.begun == nil:
			return false, true
		}
	}
	return s.begun != nil && l.entries[i].ID != s.begun.Newest, s.begun != nil
}

// passed returns the messages before the entry i that wait for newer ones, if
// the subscription of the thread decides whose they are.
func (l *lane) passed(i int) []*Turn {
	var out []*Turn
	for _, s := range l.seats[:i] {
		if !s.fixed {
			out = append(out, s.turn)
		}
	}
	return out
}

// look finds out what would become of the entry i. Nothing runs and nothing is
// changed.
func (l *lane) look(ctx context.Context, i int) *seat {
	if l.seats[i] == nil {
		s := &seat{}
		l.seats[i] = s
		if s.err = l.place(ctx, s, l.entries[i]); s.err != nil {
			s.row, s.fixed = "", false
		}
	}
	return l.seats[i]
}

// place finds the row of an entry. What is no message is not read further.
func (l *lane) place(ctx context.Context, s *seat, e state.Queued) error {
	b := l.bot
	s.fixed = true
	d, err := unpackDelivery(e.Body)
	if err != nil || isResumed(&e) {
		return nil //nolint:nilerr // its own turn fails with it
	}
	if to, err := b.cfg.Adapter.Route(d); err != nil || !to.Message {
		return nil //nolint:nilerr // as above
	}
	if s.turn, err = b.open(ctx, e); err != nil {
		return err
	}
	t := s.turn
	ev, ok := t.event.(*adapter.MessageEvent)
	if !ok || t.thread == nil || ev.Message.Author.IsSelf() {
		return nil
	}
	t.message = b.newMessage(ev.Message, t.self, ev.Late, t.attempt)
	if b.refuses(t.message) != "" {
		return nil
	}
	to := b.routeOf(t)
	usual, subscribed := to.takers(false), to.takers(true)
	s.fixed = slices.EqualFunc(usual, subscribed, func(x, y *handler) bool { return x.name == y.name })
	s.rule = b.ruleFor(usual)
	other := b.ruleFor(subscribed)
	if !s.rule.policy.coalesces() && !other.policy.coalesces() {
		return nil
	}
	if !s.fixed {
		if t.subscribed, err = l.isSubscribed(ctx, t); err != nil {
			return err
		}
		if t.subscribed {
			s.rule = other
		}
	}
	if ok, err := l.wasBegun(ctx, s, e.ID); err != nil || ok {
		return err
	}
	if ok, err := l.apart(ctx, t); err != nil || ok {
		s.fixed = true
		return err
	}
	if s.rule.policy.coalesces() {
		s.row = strings.Join(append([]string{string(t.thread.id)}, s.rule.by...), "\x00")
	}
	return nil
}

// wasBegun reports whether an entry is part of a row that was tried before and
// whose newest is still there, and puts it there.
func (l *lane) wasBegun(ctx context.Context, s *seat, id string) (bool, error) {
	if l.begun == nil {
		var err error
		if l.begun, err = l.bot.loadBegun(ctx, l.key); err != nil {
			return false, err
		}
	}
	r := l.begun.with(id)
	if r == nil || !l.cut && !l.holds(r.Newest) {
		return false, nil
	}
	s.row, s.rule.by, s.begun = "\x00"+r.Newest, r.By, r
	return true, nil
}

// holds reports whether an entry is in the lease.
func (l *lane) holds(id string) bool {
	return slices.ContainsFunc(l.entries, func(e state.Queued) bool { return e.ID == id })
}

// apart reports whether a message is handled by itself whatever its handler
// says: because it answers a question, or because a person asked to stop after
// it.
func (l *lane) apart(ctx context.Context, t *Turn) (bool, error) {
	b, id := l.bot, t.thread.id
	here, known := l.asking[id]
	if !known {
		var err error
		if here, err = b.asking(t.thread.workspace, id).Get(ctx); err != nil {
			return false, err
		}
		l.asking[id] = here
	}
	if slices.Contains(here.Answers, t.event.Head().Key) {
		return true, nil
	}
	if r, _, err := b.reply(ctx, t, here); err != nil || r != nil {
		return r != nil, err
	}
	stopped, known := l.stopped[id]
	if !known {
		var err error
		if stopped, err = t.thread.lastStop(ctx); err != nil {
			return false, err
		}
		l.stopped[id] = stopped
	}
	return stopped.ends(t), nil
}

// isSubscribed reports whether the message of a turn counts as one in a
// subscribed thread. One that was tried before counts as it did then.
func (l *lane) isSubscribed(ctx context.Context, t *Turn) (bool, error) {
	if subscribed, ok, err := t.pinned(ctx, l.bot); err != nil || ok {
		return subscribed, err
	}
	subscribed, known := l.subscribed[t.thread.id]
	if !known {
		var err error
		if subscribed, err = t.thread.Subscribed(ctx); err != nil {
			return false, err
		}
		l.subscribed[t.thread.id] = subscribed
	}
	return subscribed, nil
}
