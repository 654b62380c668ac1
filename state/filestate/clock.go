package filestate

import "time"

// now is the store's clock.
func (s *Store) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// here is a time of the store's clock by that of this machine.
func (s *Store) here(at time.Time) time.Time { return at.Add(-time.Duration(s.ahead.Load())) }

// SetAhead implements [state.MovableClock]. What is due by then happens at once.
func (s *Store) SetAhead(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := d - time.Duration(s.ahead.Load())
	if by <= 0 {
		return
	}
	s.ahead.Store(int64(d))
	now := s.now()
	for _, l := range s.index.lanes {
		if l.lease != nil { // a turn that runs keeps its lease
			l.lease.expires = l.lease.expires.Add(by)
			s.index.place(l, now)
		}
	}
	s.queue.wake() // the writer looks what is due
}
