package card

import (
	"cmp"
	"strings"

	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/markdown"
)

// Render returns the card as Markdown. It makes a card content that the bot can
// post.
func (c Card) Render(f content.Form) (string, error) {
	w := &writer{press: f.Press}
	if title := strings.TrimSpace(markdown.Line(c.Title)); title != "" {
		w.add("**" + text(title) + "**")
	}
	if !blank(c.Subtitle) {
		w.add(text(c.Subtitle))
	}
	if len(w.lines) > 0 && len(c.Children) > 0 {
		w.add("")
	}
	if !blank(c.ImageURL) {
		w.add(picture("", c.ImageURL), "")
	}
	for i, child := range c.Children {
		before := len(w.lines)
		if w.element(child); len(w.lines) > before && i < len(c.Children)-1 {
			w.add("")
		}
	}
	return strings.Join(w.lines, "\n"), w.err
}

// writer takes the lines of a card.
type writer struct {
	lines []string
	press func(id, value, label string) (url string, err error)
	// err is the first error of press.
	err error
}

func (w *writer) add(lines ...string) { w.lines = append(w.lines, lines...) }

func (w *writer) element(e Element) {
	if e != nil {
		e.write(w)
	}
}

func (e Text) write(w *writer) {
	s := emoji.Replace(e.Content)
	if blank(s) && e.Style != StylePlain {
		return
	}
	switch e.Style {
	case StyleBold:
		s = markdown.Bold(s)
	case StyleMuted:
		s = markdown.Italic(s)
	case StylePlain:
	}
	w.add(s)
}

func (e Image) write(w *writer) {
	if !blank(e.URL) {
		w.add(picture(e.Alt, e.URL))
	}
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

func (Divider) write(w *writer) { w.add("---") }

func (e Section) write(w *writer) {
	for _, child := range e.Children {
		w.element(child)
	}
}

func (e Fields) write(w *writer) {
	for _, f := range e {
		w.add("**" + text(strings.TrimSpace(markdown.Line(f.Label))) + ":** " + text(f.Value))
	}
}

func (e Link) write(w *writer) { w.add(link(e.Label, e.URL)) }

func (e Actions) write(w *writer) {
	var shown []string
	for _, a := range e {
		if a != nil {
			shown = append(shown, a.show(w)...)
		}
	}
	w.add(strings.Join(shown, " • "))
}

func (a Button) show(w *writer) []string {
	if w.press == nil || a.ID == "" {
		return []string{choice(a.Label)}
	}
	url, err := w.press(a.ID, a.Value, a.Label)
	w.err = cmp.Or(w.err, err)
	return []string{link(a.Label, url)}
}

func (a LinkButton) show(*writer) []string { return []string{link(a.Label, a.URL)} }

func (a Select) show(w *writer) []string { return w.list(a.ID, a.Label, a.Options) }

func (a RadioSelect) show(w *writer) []string { return w.list(a.ID, a.Label, a.Options) }

// list returns the label of a list and, where they can be pressed, its options.
func (w *writer) list(id, label string, options []Option) []string {
	shown := []string{choice(label)}
	if w.press == nil || id == "" {
		return shown
	}
	return append(shown, w.links(id, options)...)
}

// links returns a link for each option of an action with an id.
func (w *writer) links(id string, options []Option) []string {
	var shown []string
	for _, o := range options {
		label, value := cmp.Or(o.Label, o.Value), cmp.Or(o.Value, o.Label)
		url, err := w.press(id, value, label)
		w.err = cmp.Or(w.err, err)
		shown = append(shown, link(label, url))
	}
	return shown
}

// text makes plain text Markdown. Placeholders are replaced first, as their names
// have underscores.
func text(s string) string { return markdown.EscapeLoose(emoji.Replace(s)) }

func choice(label string) string { return "**" + markdown.Label(emoji.Replace(label)) + "**" }

func link(label, url string) string {
	return markdown.Link(emoji.Replace(label), emoji.Replace(url))
}

func picture(alt, url string) string { return "!" + link(alt, url) }
