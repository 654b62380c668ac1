// Package running is the turns that run in this process and that may have to end
// before they are done: because their thread was stopped, their message deleted, or a
// newer message takes over.
//
// The word may reach another instance than the one that runs the turn. The instance
// that has it writes a note and sends a signal; the one that runs the turn reads the
// notes when the signal arrives. Where a store has no signals, the notes of turns
// that run for long are read every second. The note is written first: a turn that
// begins later ends by it, and only one that runs depends on the signal.
package running

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Set is the turns of this process, by thread. The zero value is ready to use. It is
// safe for concurrent use.
type Set[T comparable] struct {
	mu    sync.Mutex
	turns map[state.Key][]live[T] // most threads have one
	// told is when signals of threads arrived of late, and toldAll when it was
	// last possible that some were missed.
	told    map[state.Key]time.Time
	toldAll time.Time
}

// live is a turn that runs, and how it is ended.
type live[T comparable] struct {
	turn    T
	since   time.Time
	cancel  context.CancelCauseFunc
	subject string
}

const (
	// toldFor is how long a signal is remembered: longer than from the moment
	// in which a lease reads the notes until its turn is registered.
	toldFor = 30 * time.Second
	// toldMost is how many threads signals are remembered of.
	toldMost = 4096
)

// Add registers a turn, and what it is about, for [Set.Names]. It reports whether the notes of its thread, which were read
// at a time, are to be read again, because there was a signal since.
func (s *Set[T]) Add(k state.Key, t T, subject string, read time.Time, cancel context.CancelCauseFunc) (told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns == nil {
		s.turns = make(map[state.Key][]live[T])
	}
	now := time.Now()
	s.turns[k] = append(s.without(k, t), live[T]{turn: t, since: now, cancel: cancel, subject: subject})
	at, told := s.told[k]
	if told && now.Sub(at) > toldFor {
		delete(s.told, k)
	}
	later := func(at time.Time) bool { return !at.IsZero() && !read.After(at) && now.Sub(at) <= toldFor }
	return later(at) || later(s.toldAll)
}

// Remove takes a turn out that has ended.
func (s *Set[T]) Remove(k state.Key, t T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.without(k, t)
	if len(left) == 0 {
		delete(s.turns, k)
		return
	}
	s.turns[k] = left
}

// without returns the turns of a thread but one. Called with mu.
func (s *Set[T]) without(k state.Key, t T) []live[T] {
	return slices.DeleteFunc(s.turns[k], func(one live[T]) bool { return one.turn == t })
}

// Tell remembers that there was a signal of a thread, or of any if k is zero.
func (s *Set[T]) Tell(k state.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if k.IsZero() || len(s.told) >= toldMost {
		s.told, s.toldAll = nil, now
		return
	}
	if s.told == nil {
		s.told = make(map[state.Key]time.Time)
	}
	s.told[k] = now
}

// End ends those turns of a thread that which picks, with a cause.
func (s *Set[T]) End(k state.Key, cause error, which func(T) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.turns[k] {
		if which(one.turn) {
			one.cancel(cause)
		}
	}
}

// Names says which turns run, the oldest first: what it is about, the thread, and for
// how long. At most the given number.
func (s *Set[T]) Names(most int) []string {
	type named struct {
		name  string
		since time.Time
	}
	s.mu.Lock()
	var all []named
	for k, turns := range s.turns {
		for _, one := range turns {
			all = append(all, named{strings.TrimSpace(one.subject + " " + k.ID), one.since})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b named) int { return cmp.Or(a.since.Compare(b.since), strings.Compare(a.name, b.name)) })
	names := make([]string, 0, min(len(all), most))
	for _, n := range all[:min(len(all), most)] {
		names = append(names, fmt.Sprintf("%s for %s", n.name, time.Since(n.since).Round(time.Millisecond)))
	}
	return names
}

// threads returns the threads in which a turn has run for at least d.
func (s *Set[T]) threads(d time.Duration) []state.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []state.Key
	for k, turns := range s.turns {
		for _, one := range turns {
			if time.Since(one.since) >= d {
				keys = append(keys, k)
				break
			}
		}
	}
	return keys
}

// has reports whether a turn runs in a thread.
func (s *Set[T]) has(k state.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.turns[k]) > 0
}
