package linearsim

import (
	"net"
	"net/http"
	"slices"
	"time"
)

// TokenEndpoint is the [Fault.Operation] of the OAuth token endpoint.
const TokenEndpoint = "oauth/token" //nolint:gosec // a path, no credential

// Fault makes requests fail. The first requests that match use faults up, in the order
// in which they were added. Delay combines with every other field; of the others, the
// first one that is set, in the order of the fields, applies.
type Fault struct {
	// Operation is what the fault hits: a root field such as "commentCreate",
	// the name of an operation, or [TokenEndpoint]. Empty fits every GraphQL
	// request.
	Operation string
	// Times is how many requests the fault hits. Defaults to 1.
	Times int
	// Delay is how long the request waits first.
	Delay time.Duration
	// Status and Body answer the request without doing its work. With only a
	// body the status is 200.
	Status int
	Body   string
	// Reset closes the connection without an answer and without doing the
	// work.
	Reset bool
	// RateLimited answers the request as if the caller's budget was spent.
	RateLimited bool
	// RetryAfter is the Retry-After of a RateLimited fault, in whole seconds,
	// at least one. Defaults to 1 s.
	RetryAfter time.Duration
	// ResetAfter does the work and then closes the connection: a lost answer.
	ResetAfter bool
}

// Fault adds a fault behind those that are left.
func (s *Server) Fault(f Fault) {
	s.mu.Lock()
	defer s.unlock()
	if f.Times <= 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults removes the faults that are left.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.unlock()
	s.faults = nil
}

// Faults returns what is left of the faults, in the order in which they hit.
func (s *Server) Faults() []Fault {
	return read(s, func() []Fault {
		out := make([]Fault, len(s.faults))
		for i, f := range s.faults {
			out[i] = *f
		}
		return out
	})
}

// takeFault uses up one fault for a request with these names. The zero Fault is a
// no-op.
func (s *Server) takeFault(graphql bool, names ...string) Fault {
	s.mu.Lock()
	defer s.unlock()
	for i, f := range s.faults {
		if f.Operation == "" && !graphql || f.Operation != "" && !slices.Contains(names, f.Operation) {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return *f
	}
	return Fault{}
}

// wait delays the request. False means that the caller disconnected or the server
// closes.
func (f Fault) wait(r *http.Request) bool {
	if f.Delay <= 0 {
		return true
	}
	t := time.NewTimer(f.Delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// answer writes the fixed answer of the fault, if it has one.
func (f Fault) answer(w http.ResponseWriter) (status int, ok bool) {
	if f.Status == 0 && f.Body == "" {
		return 0, false
	}
	status = f.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(f.Body))
	return status, true
}

// cut closes the connection of a request without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, not an orderly end
	}
	_ = conn.Close()
}
