package attend

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
)

// resumedSilence is how long a resumed turn may be silent.
const resumedSilence = time.Minute

// ErrAsked says that a turn has asked a person something, and writes more than an end.
var ErrAsked = errors.New("bot: the session waits for an answer to a question: only an answer can follow it")

// keeper looks after the session of a turn that runs, and counts what it writes. The first activity costs the handler no
// time: only the first thing that the handler writes waits until it is sent. It stores
// nothing.
type keeper struct {
	turn *Turn
	of   *Sessions
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
	// answeredTwice says that a second answer was noticed.
	answeredTwice bool
}

// newKeeper returns a keeper for a turn. It counts, and shows nothing before begin.
func newKeeper(t *Turn) *keeper { return &keeper{turn: t, of: t.sessions, at: time.Now()} }

// begin sends the first activity, takes the issue and shows signs of life until
// release. What the turn writes waits for the first activity.
func (k *keeper) begin(ctx context.Context) {
	ctx, k.cancel = context.WithCancel(ctx)
	k.ready = make(chan struct{})
	k.gate.Lock() // until the first activity is sent
	k.wg.Go(func() { k.run(ctx) })
}

// awaitReady waits until the first activity is sent and the issue taken, or ctx ends.
func (k *keeper) awaitReady(ctx context.Context) {
	if k.ready == nil {
		return
	}
	select {
	case <-k.ready:
	case <-ctx.Done():
	}
}

// release ends what Begin began and waits for it.
func (k *keeper) release() {
	if k.cancel != nil {
		k.cancel()
	}
	k.wg.Wait()
}

func (k *keeper) run(ctx context.Context) {
	k.sayFirst(ctx)
	k.gate.Unlock()
	k.takeIssue(ctx)
	close(k.ready)
	every := k.of.KeepAlive
	if every == 0 {
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
	text := k.of.First
	existed, ok := k.say(ctx, Key(k.turn.Name, nameFirst), text)
	fresh := ok && !existed
	if existed && k.announced(ctx) {
		existed, ok := k.say(ctx, Key(k.turn.Name, "begun"), text)
		fresh = ok && !existed
	}
	k.mu.Lock()
	k.spoken = ok
	if every := k.of.KeepAlive; !fresh && every > 0 {
		// Nothing new is shown, and the session may have been silent for long.
		k.at = time.Now().Add(min(every, resumedSilence) - every)
	}
	k.mu.Unlock()
	if !ok {
		k.turn.Settle(ctx)
	}
}

func (k *keeper) say(ctx context.Context, key, text string) (existed, ok bool) {
	return k.of.Say(ctx, k.turn.Thread, key, text)
}

// announced reports whether the intake has said the first word of a turn that now begins.
func (k *keeper) announced(ctx context.Context) bool {
	t := k.turn
	return t.Entry.Attempt == 1 && (t.greeted || k.of.Announced(ctx, t.Thread, t.Name))
}

func (k *keeper) takeIssue(ctx context.Context) {
	if ev, isMessage := k.turn.message(); isMessage {
		k.of.TakeIssue(ctx, k.turn.Thread, ev.Message.Session)
	}
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
	if _, ok := k.say(ctx, Key(k.turn.Name, "alive\x00"+uuid.NewString()), "Still working…"); !ok {
		return min(every, time.Minute)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = time.Now()
	return every
}

// write calls write, which writes something of a kind, in turn with the keeper.
// again is called the first time that a turn answers after its answer.
func (k *keeper) write(ctx context.Context, kind adapter.ActivityKind, again func(), write func(context.Context) error) error {
	k.gate.RLock()
	defer k.gate.RUnlock()
	if err := k.of.Alive(ctx); err != nil {
		return err
	}
	if err := k.admits(kind, again); err != nil {
		return err
	}
	err := write(ctx)
	if err == nil {
		k.mu.Lock()
		k.last, k.at = kind, time.Now()
		k.mu.Unlock()
	}
	return err
}

func (k *keeper) admits(kind adapter.ActivityKind, again func()) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == adapter.ActivityElicitation && !kind.Ends() {
		return ErrAsked
	}
	if k.last == adapter.ActivityResponse && kind == adapter.ActivityResponse && !k.answeredTwice {
		k.answeredTwice = true
		again()
	}
	return nil
}

// alone calls write while the keeper writes nothing.
func (k *keeper) alone(write func() error) error {
	k.gate.RLock()
	defer k.gate.RUnlock()
	return write()
}

// leave says that the work continues after the turn, so that it needs no end.
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

// hasSpoken reports whether the first activity stands. A nil keeper has said nothing.
func (k *keeper) hasSpoken() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.spoken
}
