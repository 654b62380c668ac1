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

// Request is one request as it was seen. It never holds a token.
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

// Count is the number that [Server.Counts] has for one root field.
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
	s.requests = append(s.requests, r)
}
