// Package links makes the buttons of a message links, for platforms whose messages
// have no buttons, and reads them again.
//
// A link is signed and says itself what pressing the button means, so nothing is
// stored for a message that is never used. What is remembered of it is in two notes:
// the message that the links of a set stand in, once it was posted, and that a link
// was used. A link can be used until it expires, and says nothing about who uses it.
package links

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// Config says how links are made.
type Config struct {
	// BaseURL is where people reach the server. Links begin with it and
	// [adapter.ButtonPath]. Empty means no links.
	BaseURL string
	// Secrets sign the links: the first signs, all are accepted.
	Secrets []string
	// TTL is how long a link can be used. Defaults to 7 days.
	TTL time.Duration
}

// Check reports what is wrong with c, in the words of bot.Config.Links.
func (c Config) Check() error {
	if c.BaseURL == "" && len(c.Secrets) == 0 {
		return nil
	}
	if c.BaseURL == "" {
		return errors.New("bot: Config.Links has secrets but no BaseURL: set the address under which people reach the server")
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("bot: Config.Links.BaseURL (LINEARBOT_PUBLIC_URL) must look like https://bot.example.com")
	}
	if len(c.Secrets) == 0 {
		return errors.New("bot: Config.Links.Secrets is missing: links must be signed, for example with LINEAR_WEBHOOK_SECRET")
	}
	if slices.Contains(c.Secrets, "") {
		return errors.New("bot: Config.Links.Secrets has an empty secret")
	}
	if c.TTL < 0 {
		return errors.New("bot: Config.Links.TTL must not be negative")
	}
	return nil
}

// Links makes and reads links. Its zero value makes none. It is safe for concurrent
// use.
type Links struct {
	base  string
	keys  [][]byte
	ttl   time.Duration
	notes notes.Book
}

// New returns the links of c, which remember in book what was used.
func New(c Config, book notes.Book) Links {
	if c.BaseURL == "" {
		return Links{}
	}
	l := Links{
		base: strings.TrimRight(c.BaseURL, "/") + adapter.ButtonPath, ttl: cmp.Or(c.TTL, 7*24*time.Hour),
		notes: book,
	}
	for _, s := range c.Secrets {
		// The secret may sign deliveries too; a signature of one kind must
		// never do for the other.
		mac := hmac.New(sha256.New, []byte(s))
		mac.Write([]byte("linearbot button links, version 1"))
		l.keys = append(l.keys, mac.Sum(nil))
	}
	return l
}

// On reports whether there are links.
func (l Links) On() bool { return l.base != "" }

// Used reports whether the link with a name was used.
func (l Links) Used(ctx context.Context, workspace, name string) (bool, error) {
	mark, err := l.notes.Value(notes.Link, workspace, name).Get(ctx)
	if err != nil {
		return false, unavailable(err)
	}
	return mark != nil, nil
}

// MarkUsed remembers that a link was used, for as long as it could be used again.
func (l Links) MarkUsed(ctx context.Context, workspace, name string) error {
	v := l.notes.Value(notes.Link, workspace, name).For(l.ttl + notes.Link.Life())
	if err := v.Set(ctx, []byte("used")); err != nil {
		return fmt.Errorf("bot: link: %w", err)
	}
	return nil
}

// Message is what is remembered of a message with links.
type Message struct {
	ID     string           `json:"id"`
	URL    string           `json:"url,omitempty"`
	Thread adapter.ThreadID `json:"thread,omitempty"`
}

// MessageOf returns the message that the link with a name stands in, as far as it is
// known.
func (l Links) MessageOf(ctx context.Context, workspace, name string) (in Message, err error) {
	set, _, _ := strings.Cut(name, "-")
	data, err := l.notes.Value(notes.Link, workspace, set).Get(ctx)
	switch {
	case err != nil:
		return in, unavailable(err)
	case data == nil:
		return in, nil
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return Message{}, nil //nolint:nilerr // written by another version: the press counts without it
	}
	return in, nil
}

func unavailable(err error) error {
	return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
}
