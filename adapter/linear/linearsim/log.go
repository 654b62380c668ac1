package linearsim

import (
	"maps"
	"slices"
	"time"
)

// logSize is how many requests and how many finished deliveries are kept.
const logSize = 10_000

// Authorization kinds of a [Request].
const (
	AuthNone   = "none"
	AuthAPIKey = "apiKey"
	AuthBearer = "bearer"
)

// Request is a request in the log. It never holds a token.
type Request struct {
	At            time.Time
	Fields        []string // root fields, such as commentCreate; the path for OAuth
	OperationName string
	Variables     map[string]any // as they were sent; do not change
	Authorization string         // AuthNone, AuthAPIKey or AuthBearer
	UserID        string         // empty without a valid token
	Status        int            // 0 when the connection was cut
	Codes         []string       // extensions.code of each error
	Complexity    int

	// The following are set with [Config.Transcript]. Query is the text of the
	// operation and Answer that of the answer, both of the newest requests only
	// and cut if they are long.
	Query    string
	Answer   string
	Duration time.Duration
	// Number counts the requests since the start, from 1.
	Number int
}

// Requests returns the last 10,000 requests to GraphQL and OAuth, oldest
// first.
func (s *Server) Requests() []Request {
	return read(s, func() []Request { return slices.Clone(s.requests) })
}

// Counts returns how often each root field was asked for since the start,
// refused requests included. OAuth requests count under "oauth/token" and
// "oauth/revoke".
func (s *Server) Counts() map[string]int {
	return read(s, func() map[string]int { return maps.Clone(s.counts) })
}

// Count returns how often one root field was asked for; see [Server.Counts].
func (s *Server) Count(field string) int {
	return read(s, func() int { return s.counts[field] })
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.unlock()
	for _, f := range r.Fields {
		s.counts[f]++
	}
	if len(s.requests) >= logSize {
		s.requests = slices.Delete(s.requests, 0, logSize/10)
	}
	if s.cfg.Transcript {
		s.requested++
		r.Number = s.requested
	}
	s.requests = append(s.requests, r)
	if old := len(s.requests) - 1 - transcriptSize; s.cfg.Transcript && old >= 0 {
		s.requests[old].Query, s.requests[old].Answer = "", ""
	}
}

// Transcripts keep the texts of this many requests, each up to this many bytes.
const (
	transcriptSize = 500
	transcriptText = 64 << 10
)

// timed notes how long a request took.
func (s *Server) timed(r *Request, began time.Time) {
	if s.cfg.Transcript {
		r.Duration = time.Since(began)
	}
}

// transcribe notes a text of a request, if [Config.Transcript] asks for it.
func (s *Server) transcribe(to *string, text []byte) {
	if s.cfg.Transcript {
		*to = string(text[:min(len(text), transcriptText)])
	}
}
