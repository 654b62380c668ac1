package dev

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot/internal/console/play"
)

// Runner runs the program of a bot until ctx ends. It calls ready when the bot
// listens, writes what the program prints to out, and returns nil after a clean
// stop.
type Runner interface {
	Run(ctx context.Context, out io.Writer, ready func()) error
	// String says what is run.
	String() string
}

// Supervisor runs a bot's program, and starts it again when it is told to.
type Supervisor struct {
	world  *World
	runner Runner
	log    *output

	mu      sync.Mutex
	status  play.Status
	want    bool
	changed chan struct{} // closed at the next change
	orders  chan struct{} // there is a new wish
	restart bool
	changes []time.Time // restarts by changed files, the newest ones
	looping bool        // the program changes files itself, so that it restarts without end
}

// A program that is restarted by changed files more than maxChanges times within
// changeSpan changes them itself.
const (
	maxChanges = 8
	changeSpan = 20 * time.Second
)

// loopReason says what to do about that.
const loopReason = "It was restarted again and again, because files change in the directory that is watched, perhaps by the program itself.\n" +
	"Name the directory with its code with --watch, or have it write elsewhere. Then restart it."

// NewSupervisor returns a supervisor. What the program prints goes to terminal as
// well.
func NewSupervisor(world *World, runner Runner, terminal io.Writer) *Supervisor {
	s := &Supervisor{world: world, runner: runner, want: true, changed: make(chan struct{}), orders: make(chan struct{}, 1)}
	s.log = &output{terminal: terminal, told: s.tell}
	s.status = play.Status{State: play.Building, Since: time.Now(), What: runner.String(), URL: "http://" + world.Addr + world.Path}
	return s
}

// Run runs the program until ctx ends.
func (s *Supervisor) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.mu.Lock()
		want := s.want
		s.restart = false
		s.mu.Unlock()
		if want {
			s.once(ctx)
		} else {
			s.rest()
		}
		s.mu.Lock()
		again := s.restart || s.want != want
		s.mu.Unlock()
		if again {
			continue
		}
		select {
		case <-s.orders:
		case <-ctx.Done():
		}
	}
	return nil
}

// rest waits with a program that is not to run.
func (s *Supervisor) rest() {
	s.mu.Lock()
	looping := s.looping
	s.mu.Unlock()
	if looping {
		s.world.Hold(true)
		s.set(play.Failed, loopReason)
		return
	}
	s.world.Hold(false) // a stopped bot refuses connections
	s.set(play.Stopped, "")
}

// once runs the program until it ends or is to end.
func (s *Supervisor) once(ctx context.Context) {
	s.world.Hold(true)
	s.mu.Lock()
	s.status.Starts++
	s.mu.Unlock()
	s.set(play.Building, "")
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	var err error
	var listened atomic.Bool
	var wg sync.WaitGroup
	defer wg.Wait()
	mark := s.log.number()
	wg.Go(func() {
		defer close(ended)
		err = s.runner.Run(running, s.log, func() {
			listened.Store(true)
			s.set(play.Running, "")
			s.world.Hold(false)
		})
	})
	for {
		select {
		case <-ended:
			if ctx.Err() != nil {
				return
			}
			s.world.Hold(true) // until the next start
			s.set(s.why(err, mark, listened.Load()))
			return
		case <-s.orders:
			s.mu.Lock()
			end := s.restart || !s.want
			again := s.want
			s.mu.Unlock()
			if !end {
				continue
			}
			if again {
				s.world.Hold(true)
				s.set(play.Building, "")
			}
			cancel()
			<-ended
			return
		}
	}
}

// why says why the program has ended, which has printed the lines after mark: in the first
// of them if it could not be built, otherwise in the last ones.
func (s *Supervisor) why(err error, mark int, listened bool) (play.State, string) {
	reason := "The program ended."
	if err != nil {
		reason = err.Error()
	}
	state, said := play.Failed, s.log.tail(mark)
	if _, unbuilt := errors.AsType[*BuildError](err); unbuilt {
		state, said = play.Broken, s.log.head(mark)
	} else if first := s.log.broken(mark); first != "" && err != nil && !listened {
		state, said = play.Broken, first
	}
	if said != "" {
		reason = said + "\n" + reason
	}
	return state, reason
}

func (s *Supervisor) set(state play.State, reason string) {
	s.mu.Lock()
	s.status.State, s.status.Reason, s.status.Since = state, reason, time.Now()
	s.mu.Unlock()
	s.tell()
}

// tell wakes everyone who waits.
func (s *Supervisor) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Status returns how the program is.
func (s *Supervisor) Status() play.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Lines returns what the program has printed after a line.
func (s *Supervisor) Lines(after int) []play.Line { return s.log.lines(after) }

// Changed restarts the program because its files have changed. A program that has
// been stopped stays so, and one that changes its files itself is stopped.
func (s *Supervisor) Changed() {
	s.mu.Lock()
	now := time.Now()
	s.changes = append(s.changes, now)
	if len(s.changes) > maxChanges {
		s.changes = s.changes[1:]
		s.looping = s.looping || now.Sub(s.changes[0]) < changeSpan
	}
	want, looping := s.want, s.looping
	s.mu.Unlock()
	switch {
	case looping && want:
		s.order(false, false)
	case want:
		s.order(true, true)
	}
}

// begin forgets why the program was not to run.
func (s *Supervisor) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looping, s.changes = false, nil
}

// Start starts the program unless it runs.
func (s *Supervisor) Start() { s.begin(); s.order(true, false) }

// Stop stops the program.
func (s *Supervisor) Stop() { s.order(false, false) }

// Restart stops the program and starts it.
func (s *Supervisor) Restart() { s.begin(); s.order(true, true) }

func (s *Supervisor) order(want, restart bool) {
	s.mu.Lock()
	s.restart = s.restart || restart || want && s.status.State.Down()
	s.want = want
	s.mu.Unlock()
	select {
	case s.orders <- struct{}{}:
	default:
	}
}

// Wait blocks until the status or the lines change, or ctx ends.
func (s *Supervisor) Wait(ctx context.Context) error {
	s.mu.Lock()
	changed := s.changed
	s.mu.Unlock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
