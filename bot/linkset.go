package bot

import (
	"crypto/sha256"
	"time"

	"github.com/linearbot/linearbot/internal/emoji"
)

// linkSet makes the links of one message.
type linkSet struct {
	thread  *Thread
	name    [8]byte
	n       uint16
	title   string
	expires time.Time
}

// newLinkSet begins the links of a message that the thread gets at a time. Equal keys
// make equal names, so that the repeat of a post knows the message of the first.
func (t *Thread) newLinkSet(key, title string, at time.Time) *linkSet {
	s := &linkSet{thread: t, title: clipLabel(title), expires: at.Add(t.bot.links.ttl)}
	sum := sha256.Sum256([]byte(t.workspace + "\x00" + string(t.id) + "\x00" + key))
	copy(s.name[:], sum[:])
	return s
}

// link returns the address of the next button.
func (s *linkSet) link(id, value, label string) (string, error) {
	k := &link{
		set: s.name, n: s.n, expires: s.expires,
		workspace: s.thread.workspace, thread: s.thread.id,
		id: id, value: value, label: clipLabel(label), title: s.title,
	}
	s.n++
	url, err := s.thread.bot.links.url(k)
	if err != nil {
		return "", Permanent(err)
	}
	return url, nil
}

// clipLabel shortens what is only shown.
func clipLabel(s string) string {
	const most = 80
	s = emoji.Replace(s)
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
