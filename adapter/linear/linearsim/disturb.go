package linearsim

import "slices"

// Disturbance makes webhook deliveries arrive twice, out of order or not at all. The
// next deliveries use up the counts; another [Server.Disturb] replaces what is left.
type Disturbance struct {
	// Duplicates is how many deliveries arrive twice: the same bytes with the
	// same headers, after the first was answered 200.
	Duplicates int
	// Reverse is how many deliveries are held back until as many are waiting,
	// and then sent in reverse order.
	Reverse int
	// Lost is how many attempts are lost in transit: the receiver sees nothing,
	// and Linear counts a failure and retries.
	Lost int
}

// Disturb applies a disturbance to the next deliveries. Deliveries that an earlier one
// holds back are released. The zero value ends all disturbances.
func (s *Server) Disturb(d Disturbance) {
	s.mu.Lock()
	defer s.unlock()
	s.disturbed = d
	s.release()
}

// Disturbed returns what is left of the disturbance.
func (s *Server) Disturbed() Disturbance {
	return read(s, func() Disturbance { return s.disturbed })
}

// release sends what is held back, newest first.
func (s *Server) release() {
	for _, d := range slices.Backward(s.held) {
		d.reg.queue = append(d.reg.queue, d)
	}
	s.held = nil
}

// enqueue puts a delivery into the queue of its webhook, in the order that
// Config.EventOrder wants for the events of one act.
func (s *Server) enqueue(d *delivery) {
	if s.disturbed.Reverse > 0 {
		s.held = append(s.held, d)
		if len(s.held) >= s.disturbed.Reverse {
			s.disturbed.Reverse = 0
			s.release()
		}
		return
	}
	at := len(d.reg.queue)
	for at > 0 && d.reg.queue[at-1].act == d.act && s.rank(d) < s.rank(d.reg.queue[at-1]) {
		at--
	}
	d.reg.queue = slices.Insert(d.reg.queue, at, d)
}

// rank is the place of an event's type in Config.EventOrder. Other types come
// last.
func (s *Server) rank(d *delivery) int {
	if i := slices.Index(s.cfg.EventOrder, d.event.typ); i >= 0 {
		return i
	}
	return len(s.cfg.EventOrder)
}
