package links

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/wording"
)

// Set makes the links of one message.
type Set struct {
	links     Links
	name      [8]byte
	n         uint16
	workspace string
	thread    adapter.ThreadID
	title     string
	expires   time.Time
}

// Set begins the links of a message that a thread gets at a time. Equal keys make
// equal names, so that the repeat of a post knows the message of the first.
func (l Links) Set(workspace string, thread adapter.ThreadID, key, title string, at time.Time) *Set {
	s := &Set{links: l, workspace: workspace, thread: thread, title: clip(title), expires: at.Add(l.ttl)}
	sum := sha256.Sum256([]byte(workspace + "\x00" + string(thread) + "\x00" + key))
	copy(s.name[:], sum[:])
	return s
}

// Named returns the set with a name, that of [Set.Name], of a message that a thread
// gets at a time. It is there to be kept.
func (l Links) Named(name []byte, workspace string, at time.Time) *Set {
	s := &Set{links: l, workspace: workspace, expires: at.Add(l.ttl)}
	copy(s.name[:], name)
	return s
}

// Lasting makes the links last for d if that is longer.
func (s *Set) Lasting(d time.Duration) { s.expires = s.expires.Add(max(d-s.links.ttl, 0)) }

// Name names the set.
func (s *Set) Name() []byte { return s.name[:] }

// Empty reports whether the message has no links.
func (s *Set) Empty() bool { return s.n == 0 }

// Link returns the address of the next button.
func (s *Set) Link(id, value, label string) (string, error) {
	k := &Link{
		Set: s.name, N: s.n, Expires: s.expires,
		Workspace: s.workspace, Thread: s.thread,
		ID: id, Value: value, Label: clip(label), Title: s.title,
	}
	s.n++
	token, err := s.links.sign(k)
	if err != nil {
		return "", err
	}
	return s.links.base + token, nil
}

// Keep remembers which message the links stand in. Without links it is a no-op.
func (s *Set) Keep(ctx context.Context, m *adapter.Message) error {
	if s == nil {
		return nil
	}
	data, err := json.Marshal(Message{ID: m.ID, URL: m.URL, Thread: m.Thread})
	if err != nil {
		return fmt.Errorf("bot: link: %w", err)
	}
	v := s.links.notes.Value(notes.Link, s.workspace, hex.EncodeToString(s.name[:])).For(max(time.Until(s.expires), 0) + notes.Link.Life())
	if err := v.Set(ctx, data); err != nil {
		return fmt.Errorf("bot: link: %w", err)
	}
	return nil
}

// clip shortens what is only shown.
func clip(s string) string {
	return wording.Clip(emoji.Replace(s), 80)
}
