package trace

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Query is what people ask about.
type Query struct {
	// Text is an id, or its beginning.
	Text string
	// Subject is the short name of an issue, if only that is known.
	Subject string
	// Thread looks among threads, too.
	Thread bool
	// URLKey is the workspace's part of the address, if an address was given.
	URLKey string
}

// shortest is how long the beginning of an id has to be.
const shortest = 6

// ParseQuery reads what a person has copied: the address of a comment or an
// issue in Linear, an issue's short name, the id of a comment, a session, a
// delivery or an event, or the beginning of one.
func ParseQuery(text string) (Query, error) {
	text = strings.TrimSpace(text)
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		q, err := queryOf(u)
		q.URLKey, _, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		return q, err
	}
	switch {
	case issueName(text):
		return Query{Text: text, Subject: text}, nil
	case len(text) < shortest:
		return Query{}, fmt.Errorf("%q is too short: give the address of a comment, or at least %d characters of an id", text, shortest)
	}
	return Query{Text: text, Thread: true}, nil
}

// queryOf reads an address. Linear's lead to a comment by the first eight digits
// of its id: https://linear.app/acme/issue/ENG-1/title#comment-5f3a1b2c.
func queryOf(u *url.URL) (Query, error) {
	for _, kind := range []string{"comment-", "agent-session-", "session-"} {
		if id, ok := strings.CutPrefix(u.Fragment, kind); ok && len(id) >= shortest {
			return Query{Text: id}, nil
		}
	}
	parts := strings.Split(u.Path, "/")
	for i, part := range parts[:len(parts)-1] {
		switch next := parts[i+1]; {
		case part == "issue" && issueName(next):
			return Query{Text: next, Subject: next}, nil
		case (part == "agent-session" || part == "session" || part == "comment") && len(next) >= shortest:
			return Query{Text: next}, nil
		}
	}
	return Query{}, fmt.Errorf("%s does not lead to a comment or an issue: copy the link of the comment in Linear", u.Redacted())
}

func issueName(s string) bool {
	ok, err := regexp.MatchString(`^[A-Za-z][A-Za-z0-9]{0,9}-[0-9]{1,9}$`, s)
	return err == nil && ok
}

// wholeKey reports whether a text is a transport key, the hash of a signed body:
// at most one delivery has it.
func wholeKey(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}
