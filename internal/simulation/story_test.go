package simulation

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// story is what happened, in the order in which it happened.
type story struct {
	began time.Time
	mu    sync.Mutex
	lines []line
}

type line struct {
	at   time.Duration
	who  string // the message that it is about, such as "m12", or "" for all
	text string
}

func (s *story) tell(who, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line{time.Since(s.began), who, fmt.Sprintf(format, args...)})
}

// of returns what is about some messages, and what is about all. With none it
// returns everything.
func (s *story) of(messages ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, l := range s.lines {
		wanted := l.who == "" || len(messages) == 0
		for _, m := range messages {
			wanted = wanted || l.who == m
		}
		if wanted {
			fmt.Fprintf(&b, "%12s  %-5s %s\n", l.at.Round(time.Millisecond), l.who, l.text)
		}
	}
	return b.String()
}
