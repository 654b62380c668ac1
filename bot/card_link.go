package bot

import (
	"crypto/sha256"
	"slices"
	"time"
)

// choices returns what can be pressed in an action and what it answers to. What
// has no id is a label and nothing else.
func choices(a CardAction) (id string, options []Option) {
	switch a := a.(type) {
	case Button:
		return a.ID, []Option{{Label: a.Label, Value: a.Value}}
	case Select:
		return a.ID, a.Options
	case RadioSelect:
		return a.ID, a.Options
	default:
		return "", nil
	}
}

// pressable reports whether anything in the elements can be pressed.
func pressable(elements []Element) bool {
	return slices.ContainsFunc(elements, func(e Element) bool {
		switch e := e.(type) {
		case CardActions:
			return slices.ContainsFunc(e, func(a CardAction) bool { id, o := choices(a); return id != "" && len(o) > 0 })
		case CardSection:
			return pressable(e.Children)
		default:
			return false
		}
	})
}

// replace returns elements with links in place of what can be pressed: of a
// button its label is the link, of a list each option after its label.
func (s *linkSet) replace(elements []Element) ([]Element, error) {
	elements = slices.Clone(elements) // the caller keeps the card
	for i, e := range elements {
		switch e := e.(type) {
		case CardActions:
			row, err := s.row(e)
			if err != nil {
				return nil, err
			}
			elements[i] = row
		case CardSection:
			children, err := s.replace(e.Children)
			if err != nil {
				return nil, err
			}
			elements[i] = CardSection{Children: children}
		}
	}
	return elements, nil
}

func (s *linkSet) row(actions CardActions) (CardActions, error) {
	out := make(CardActions, 0, len(actions))
	for _, a := range actions {
		id, options := choices(a)
		if _, ok := a.(Button); !ok || id == "" {
			out = append(out, a)
		}
		if id == "" {
			continue
		}
		for _, o := range options {
			label := or(o.Label, o.Value)
			url, err := s.link(id, o.Value, label)
			if err != nil {
				return nil, err
			}
			out = append(out, LinkButton{Label: label, URL: url})
		}
	}
	return out, nil
}

// linkSet makes the links of one message.
type linkSet struct {
	thread  *Thread
	name    [8]byte
	n       uint16
	title   string
	expires time.Time
}

// newLinkSet begins the links of a message of the thread. Equal keys make equal
// names, so that the repeat of a post knows the message of the first.
func (t *Thread) newLinkSet(key, title string) *linkSet {
	s := &linkSet{thread: t, title: clipLabel(title), expires: time.Now().Add(t.bot.links.ttl)}
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
	s = replaceEmoji(s)
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
