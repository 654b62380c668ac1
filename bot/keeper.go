package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

// A keeper looks after the agent session of a turn, so that a person who watches it
// always sees what is going on, whatever the handler does:
//
//   - A first activity, an ephemeral thought, is sent before the handler begins. It
//     costs the handler no time: only the first thing that the handler writes waits
//     until it is sent. Where no worker is free, the intake sends it (greeter.go).
//   - While the handler says nothing for long, a thought keeps the session from
//     being called stale.
//   - A turn that ends without an answer, a question or an error gets an end.
//
// What the keeper writes has ids of its event, so a turn that continues in another
// process shows nothing twice. It stores nothing.

// SessionConfig says what the bot does in agent sessions by itself. The zero value
// is a good one.
type SessionConfig struct {
	// Unattended switches the keeper off: no first activity, no signs of life and no
	// end of what a handler leaves open.
	Unattended bool
	// First is the text of the first activity. Defaults to "On it…".
	First string
	// KeepAlive is how long a handler may write nothing before the keeper shows that
	// it is still at work. Linear calls a session stale after 30 minutes. Defaults to
	// 15 minutes; negative means never.
	KeepAlive time.Duration
	// PostsAreProgress makes [Thread.Post] progress unless the content is [Final].
	// By default it is the answer unless the content is [Progress].
	PostsAreProgress bool
	// BecomeDelegate makes the bot the delegate of the issue of a new session, unless
	// the issue has one.
	BecomeDelegate bool
	// StartIssue moves the issue of a new session to the first started state of its
	// team, unless it was started, completed or canceled.
	StartIssue bool
}

const (
	// defaultFirst is the default of SessionConfig.First.
	defaultFirst = "On it…"
	// defaultKeepAlive is the default of SessionConfig.KeepAlive.
	defaultKeepAlive = 15 * time.Minute
	// keeperPatience bounds each request of a keeper.
	keeperPatience = 10 * time.Second
	// resumedSilence is how long a turn that goes on may be silent.
	resumedSilence = time.Minute
	// shortWait is the longest wait for another attempt that is not worth a word.
	shortWait = 5 * time.Second
)

// nameFirst is the name of the first activity, for keeperKey.
const nameFirst = "first"

// keeperKey is the key of what a keeper writes for an entry, also if it is handled
// again.
func keeperKey(entry, name string) string { return "keeper\x00" + replayed(entry) + "\x00" + name }

// keeper is what looks after the session of a turn.
type keeper struct {
	thread *Thread
	// entry names what the keeper writes: the same in each run of the turn.
	entry string
	// gate is held by the keeper while it writes, and shared by the turn.
	gate sync.RWMutex
	// ready is closed when the first activity is sent and the issue taken. Nil without
	// a goroutine.
	ready  chan struct{}
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu sync.Mutex
	// last is the kind of what the turn wrote last. Empty if it wrote nothing.
	last adapter.ActivityKind
	at   time.Time
	left bool
	// spoken says that the first activity stands.
	spoken bool
	// warned says that a second answer was logged.
	warned bool
}

// keeperOf returns the keeper of the turn that ctx or t belongs to, if the turn is in
// this session. It may be nil.
func (t *Thread) keeperOf(ctx context.Context) *keeper {
	turn := t.turnOf(ctx)
	if turn == nil || turn.thread == nil || turn.thread.id != t.id {
		return nil
	}
	return turn.keeper
}

// enter waits until the turn may write something of a kind. exit must follow unless
// there is an error.
func (k *keeper) enter(ctx context.Context, kind adapter.ActivityKind) error {
	k.gate.RLock()
	if err := k.mayWrite(ctx, kind); err != nil {
		k.gate.RUnlock()
		return err
	}
	return nil
}

func (k *keeper) mayWrite(ctx context.Context, kind adapter.ActivityKind) error {
	if err := alive(ctx); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == adapter.ActivityElicitation && !kind.Ends() {
		return ErrAsked
	}
	if k.last == adapter.ActivityResponse && kind == adapter.ActivityResponse && !k.warned {
		k.warned = true
		k.thread.bot.log.Warn().Str(keyThread, string(k.thread.id)).
			Msg("the turn answers a second time in an agent session: post what is not the answer with bot.Progress")
	}
	return nil
}

// exit says that what enter allowed is over, and whether it was written.
func (k *keeper) exit(kind adapter.ActivityKind, wrote bool) {
	k.mu.Lock()
	if wrote {
		k.last, k.at = kind, time.Now()
	}
	k.mu.Unlock()
	k.gate.RUnlock()
}

func (k *keeper) leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = true
}

// open reports whether a person would wait in vain if nothing more was written.
func (k *keeper) open() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.left && !k.last.Ends()
}

// failed reports whether the handler has said that it could not do it.
func (k *keeper) failed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last == adapter.ActivityFailure
}

func newKeeper(r *run) *keeper {
	return &keeper{thread: r.thread, entry: r.entry.ID, at: time.Now()}
}

// attend begins to look after the session of a run, before its first handler. It is
// a no-op if that has begun, and for events that no person waits for.
func (b *Bot) attend(ctx context.Context, r *run) {
	if r.keeper != nil || !b.isSession(r.Turn) {
		return
	}
	k := newKeeper(r)
	switch r.event.(type) {
	case *adapter.MessageEvent:
		r.keeper = k
	case *adapter.StopEvent:
		r.keeper = k
		return // people see its confirmation at once
	default:
		return
	}
	if b.cfg.Sessions.Unattended {
		return
	}
	ctx, k.cancel = context.WithCancel(ctx)
	k.ready = make(chan struct{})
	k.gate.Lock() // until the first activity is sent
	k.wg.Go(func() { k.run(ctx, r.message.Session) })
}

// run sends the first activity, takes the issue and shows signs of life until ctx
// ends.
func (k *keeper) run(ctx context.Context, s *adapter.Session) {
	b := k.thread.bot
	k.sayFirst(ctx)
	k.gate.Unlock()
	k.take(ctx, s)
	close(k.ready)
	every := b.cfg.Sessions.KeepAlive
	if every >= unlimited {
		return
	}
	timer := time.NewTimer(min(every, resumedSilence))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(k.showAlive(ctx, every))
	}
}

// sayFirst sends the first activity. If the intake has sent it, because the turn had
// to wait, another one says that it has begun.
func (k *keeper) sayFirst(ctx context.Context) {
	t, text := k.thread, k.thread.bot.cfg.Sessions.First
	existed, ok := t.say(ctx, keeperKey(k.entry, nameFirst), text)
	fresh := ok && !existed
	if existed && t.turn.Attempt() == 1 && k.wasAnnounced(ctx) {
		existed, ok := t.say(ctx, keeperKey(k.entry, "begun"), text)
		fresh = ok && !existed
	}
	k.mu.Lock()
	k.spoken = ok
	if every := t.bot.cfg.Sessions.KeepAlive; !fresh {
		// Nothing new is shown, and the session may have been silent for long.
		k.at = time.Now().Add(min(every, resumedSilence) - every)
	}
	k.mu.Unlock()
	if !ok {
		t.turn.settleWord(ctx)
	}
}

// wasAnnounced reports whether the intake has said the first word, on any instance.
func (k *keeper) wasAnnounced(ctx context.Context) bool {
	if k.thread.turn.greeted {
		return true
	}
	held, err := k.thread.bot.firstWordOf(k.thread.workspace, k.entry).Get(ctx)
	return err == nil && string(held) == wordOfIntake
}

// hasSpoken reports whether the first activity stands. A nil keeper has said nothing.
func (k *keeper) hasSpoken() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.spoken
}

// showAlive shows that the turn is at work if it was silent for long, and returns
// when to look again.
func (k *keeper) showAlive(ctx context.Context, every time.Duration) time.Duration {
	if !k.gate.TryLock() {
		return every // the turn is writing
	}
	defer k.gate.Unlock()
	k.mu.Lock()
	silent, over := time.Since(k.at), k.last.Ends()
	k.mu.Unlock()
	if silent < every {
		return every - silent
	}
	if over {
		return every
	}
	if !k.tell(ctx, "alive\x00"+uuid.NewString(), "Still working…") {
		return min(every, time.Minute)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = time.Now()
	return every
}

// tell writes an ephemeral thought and reports whether it is written.
func (k *keeper) tell(ctx context.Context, name, text string) bool {
	return k.thread.tell(ctx, keeperKey(k.entry, name), text)
}

// tell writes an ephemeral thought under a key and reports whether it is written. A
// failure is not worth more than a line in the log.
func (t *Thread) tell(ctx context.Context, key, text string) bool {
	_, ok := t.say(ctx, key, text)
	return ok
}

// say is tell, and reports whether it was written before.
func (t *Thread) say(ctx context.Context, key, text string) (existed, ok bool) {
	if alive(ctx) != nil {
		return false, false
	}
	ctx, cancel := context.WithTimeout(adapter.WithPriority(ctx, adapter.PriorityAcknowledging), keeperPatience)
	defer cancel()
	a := &adapter.Activity{
		Workspace: t.workspace, Thread: t.id, Key: key, Kind: adapter.ActivityThought, Body: text, Ephemeral: true,
	}
	err := t.bot.can.agent.Activity(ctx, a)
	if err != nil && ctx.Err() == nil {
		t.bot.log.Warn().Err(err).Str(keyThread, string(t.id)).Msg("a session could not be told that the bot is at work")
	}
	return a.Existed, err == nil
}

// take takes over the issue of a new session, as the configuration says.
func (k *keeper) take(ctx context.Context, s *adapter.Session) {
	b := k.thread.bot
	what := adapter.TakeIssue{Delegate: b.cfg.Sessions.BecomeDelegate, Start: b.cfg.Sessions.StartIssue}
	if what == (adapter.TakeIssue{}) || s == nil || !s.New || b.can.owner == nil || alive(ctx) != nil {
		return
	}
	// A handler that is done does not take the issue back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keeperPatience)
	defer cancel()
	if err := b.can.owner.TakeIssue(ctx, k.thread.workspace, k.thread.id, what); err != nil && ctx.Err() == nil {
		b.log.Warn().Err(err).Str(keyThread, string(k.thread.id)).Msg("the issue of a session could not be taken over")
	}
}

// release ends the keeper of a run that ended with end or err. It writes an end to
// what the run left open, and returns the error that decides the turn.
func (b *Bot) release(ctx context.Context, r *run, end *outcome, err error) error {
	if b.cfg.Sessions.Unattended {
		return err
	}
	if b.leavesWaiting(ctx, r, end, err) {
		r.keeper = newKeeper(r)
	}
	k := r.keeper
	if k == nil {
		return err
	}
	defer k.wg.Wait()
	if k.cancel != nil {
		defer k.cancel()
		select {
		case <-k.ready:
		case <-ctx.Done():
		}
	}
	why := overFor(ctx)
	switch {
	case why == reason.Stopped:
		return err // the stop itself is confirmed
	case why == reason.Deleted:
		ctx = context.WithoutCancel(ctx)
	case err == nil && context.Cause(ctx) == nil:
	case errors.Is(err, ErrTurnTimeout) && context.Cause(ctx) == nil && !retriesTimeouts(err):
		// A person watches. They can ask again, and know better whether to.
		return &permanentError{err: err, code: reason.TimedOut}
	default:
		return err
	}
	if why == reason.Deleted || k.failed() {
		b.cancelPlan(ctx, r.thread)
	}
	if !k.open() {
		return err
	}
	return b.closeSession(ctx, r, closingText(r.event, why, end), adapter.ActivityResponse)
}

// retriesTimeouts reports whether the handler that failed wants to be tried again
// when its time is over.
func retriesTimeouts(err error) bool {
	failed, ok := errors.AsType[*failure](err)
	return ok && failed.handler.options.MaxAttempts > 0
}

// pointElsewhere ends a session whose message is answered in the comments: in a
// workspace that begins to send sessions, or when a session comes late, the comment may
// be faster. Without an end the session would be waiting for its agent for ever.
func (b *Bot) pointElsewhere(ctx context.Context, r *run) error {
	ev, ok := r.event.(*adapter.MessageEvent)
	if !ok || ev.Message.Session == nil || b.cfg.Sessions.Unattended {
		return nil
	}
	where := "comments"
	if ev.Message.Issue != nil && ev.Message.Issue.URL != "" {
		where = "[comments](" + ev.Message.Issue.URL + ")"
	}
	r.settleWord(ctx)
	return b.writeEnd(ctx, ctx, r.thread.workspace, r.entry.Lane, &sessionEnd{
		Thread: r.thread.id, Key: keeperKey(r.entry.ID, "end"), Kind: adapter.ActivityResponse, Body: "My answer is in the " + where + ".",
	})
}
