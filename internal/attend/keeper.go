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

// Session is the session of a turn, as its keeper sees it.
type Session interface {
	// Say writes an ephemeral thought under a key. existed says that it was written
	// before, ok that it stands.
	Say(ctx context.Context, key, text string) (existed, ok bool)
	// Announced reports whether the intake has said the first word of a turn that now
	// begins.
	Announced(ctx context.Context) bool
	// Settle sees to it that the intake says nothing more.
	Settle(ctx context.Context)
	// Take takes the issue over.
	Take(ctx context.Context)
}

// Keeper looks after the session of a turn. The first activity costs the handler no
// time: only the first thing that the handler writes waits until it is sent. It stores
// nothing.
type Keeper struct {
	session Session
	// entry names what the keeper writes: the same in each run of the turn.
	entry string
	of    *Sessions
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

// Keeper returns a keeper of a session for the turn of an entry. It keeps count, and
// shows nothing before [Keeper.Begin].
func (s *Sessions) Keeper(session Session, entry string) *Keeper {
	return &Keeper{session: session, entry: entry, of: s, at: time.Now()}
}

// Begin sends the first activity, takes the issue and shows signs of life until
// [Keeper.Release]. What the turn writes waits for the first activity.
func (k *Keeper) Begin(ctx context.Context) {
	ctx, k.cancel = context.WithCancel(ctx)
	k.ready = make(chan struct{})
	k.gate.Lock() // until the first activity is sent
	k.wg.Go(func() { k.run(ctx) })
}

// AwaitReady waits until the first activity is sent and the issue taken, or ctx ends.
func (k *Keeper) AwaitReady(ctx context.Context) {
	if k.ready == nil {
		return
	}
	select {
	case <-k.ready:
	case <-ctx.Done():
	}
}

// Release ends what Begin began and waits for it.
func (k *Keeper) Release() {
	if k.cancel != nil {
		k.cancel()
	}
	k.wg.Wait()
}

func (k *Keeper) run(ctx context.Context) {
	k.sayFirst(ctx)
	k.gate.Unlock()
	k.session.Take(ctx)
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
func (k *Keeper) sayFirst(ctx context.Context) {
	text := k.of.First
	existed, ok := k.session.Say(ctx, Key(k.entry, nameFirst), text)
	fresh := ok && !existed
	if existed && k.session.Announced(ctx) {
		existed, ok := k.session.Say(ctx, Key(k.entry, "begun"), text)
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
		k.session.Settle(ctx)
	}
}

// showAlive shows that the turn is at work if it was silent for long, and returns
// when to look again.
func (k *Keeper) showAlive(ctx context.Context, every time.Duration) time.Duration {
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
	if _, ok := k.session.Say(ctx, Key(k.entry, "alive\x00"+uuid.NewString()), "Still working…"); !ok {
		return min(every, time.Minute)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = time.Now()
	return every
}

// Write calls write, which writes something of a kind, in turn with the keeper.
// again is called the first time that a turn answers after its answer.
func (k *Keeper) Write(ctx context.Context, kind adapter.ActivityKind, again func(), write func(context.Context) error) error {
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

func (k *Keeper) admits(kind adapter.ActivityKind, again func()) error {
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

// Alone calls write while the keeper writes nothing.
func (k *Keeper) Alone(write func() error) error {
	k.gate.RLock()
	defer k.gate.RUnlock()
	return write()
}

// Leave says that the work continues after the turn, so that it needs no end.
func (k *Keeper) Leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = true
}

// Open reports whether a person would wait in vain if nothing more was written.
func (k *Keeper) Open() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.left && !k.last.Ends()
}

// Failed reports whether the handler has said that it could not do it.
func (k *Keeper) Failed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last == adapter.ActivityFailure
}

// HasSpoken reports whether the first activity stands. A nil keeper has said nothing.
func (k *Keeper) HasSpoken() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.spoken
}
