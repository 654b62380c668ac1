package redisstate

import (
	"context"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// signalPrefix begins the messages on the wake-up channel that are signals; the
// key of the thread follows.
const signalPrefix = "signal "

// Signal implements [state.Signaler]. It publishes one message on the wake-up
// channel.
func (s *Store) Signal(ctx context.Context, thread state.Key) error {
	if err := s.client.Publish(ctx, s.channel, signalPrefix+thread.Thread().String()).Err(); err != nil {
		return s.fail(ctx, "signal", err)
	}
	return nil
}

// OnSignal implements [state.Signaler]. A zero key is sent whenever a connection
// begins to listen, as what was published before is unknown.
func (s *Store) OnSignal(f func(thread state.Key)) (stop func()) {
	stop = s.signals.Listen(f)
	s.spawn(s.listenSoon)
	return stop
}

// listenSoon begins to listen as soon as the server answers, unless a call of
// Lease was faster.
func (s *Store) listenSoon() {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), quiet)
		err := s.begin(ctx)
		cancel()
		if err == nil {
			s.listen.Do(func() { s.spawn(s.listener) })
			return
		}
		timer := time.NewTimer(relisten)
		select {
		case <-s.done:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// signal takes in a message of the wake-up channel and reports whether it was a
// signal.
func (s *Store) signal(payload string) bool {
	key, ok := strings.CutPrefix(payload, signalPrefix)
	if !ok {
		return false
	}
	if k, ok := state.ParseKey(key); ok {
		s.signals.Send(k)
	}
	return true
}
