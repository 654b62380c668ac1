package bot

import "strings"

// markdown returns the card as Markdown.
func (c Card) markdown() string {
	var lines []string
	if c.Title != "" {
		lines = append(lines, "**"+escapeMarkdown(inLine(c.Title))+"**")
	}
	if c.Subtitle != "" {
		lines = append(lines, escapeMarkdown(c.Subtitle))
	}
	if len(lines) > 0 && len(c.Children) > 0 {
		lines = append(lines, "")
	}
	if c.ImageURL != "" {
		lines = append(lines, imageOf("", c.ImageURL), "")
	}
	for i, child := range c.Children {
		part := linesOf(child)
		lines = append(lines, part...)
		if len(part) > 0 && i < len(c.Children)-1 {
			lines = append(lines, "")
		}
	}
	return strings.Join(lines, "\n")
}

// fallback returns the card as short text, without pictures and actions, for
// places that show no Markdown. Emoji placeholders stay.
func (c Card) fallback() string {
	var parts []string
	if c.Title != "" {
		parts = append(parts, "**"+c.Title+"**")
	}
	if c.Subtitle != "" {
		parts = append(parts, c.Subtitle)
	}
	return joinPlain(parts, c.Children)
}

func joinPlain(parts []string, elements []Element) string {
	for _, e := range elements {
		if e == nil {
			continue
		}
		if s := e.plain(); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "\n")
}

func linesOf(e Element) []string {
	if e == nil {
		return nil
	}
	return e.lines()
}

func (e CardText) lines() []string {
	s := replaceEmoji(e.Content)
	switch e.Style {
	case BoldStyle:
		s = "**" + s + "**"
	case MutedStyle:
		s = "_" + s + "_"
	case PlainStyle:
	}
	return []string{s}
}

func (e CardText) plain() string { return e.Content }

func (e CardImage) lines() []string { return []string{imageOf(e.Alt, e.URL)} }

func (CardImage) plain() string { return "" }

func (CardDivider) lines() []string { return []string{"---"} }

func (CardDivider) plain() string { return "" }

func (e CardSection) lines() []string {
	var lines []string
	for _, child := range e.Children {
		lines = append(lines, linesOf(child)...)
	}
	return lines
}

func (e CardSection) plain() string { return joinPlain(nil, e.Children) }

func (e CardFields) lines() []string {
	var lines []string
	for _, f := range e {
		lines = append(lines, "**"+escapeMarkdown(inLine(f.Label))+":** "+escapeMarkdown(f.Value))
	}
	return lines
}

func (e CardFields) plain() string {
	var lines []string
	for _, f := range e {
		lines = append(lines, f.Label+": "+f.Value)
	}
	return strings.Join(lines, "\n")
}

func (e CardLink) lines() []string { return []string{linkTo(e.Label, e.URL)} }

func (e CardLink) plain() string { return e.Label + " (" + e.URL + ")" }

func (e CardActions) lines() []string {
	var labels []string
	for _, a := range e {
		if a != nil {
			labels = append(labels, a.action())
		}
	}
	return []string{strings.Join(labels, " • ")}
}

func (CardActions) plain() string { return "" }

func (a Button) action() string { return choice(a.Label) }

func (a LinkButton) action() string { return linkTo(a.Label, a.URL) }

func (a Select) action() string { return choice(a.Label) }

func (a RadioSelect) action() string { return choice(a.Label) }

func choice(label string) string { return "**[" + escapeLabel(label) + "]**" }

func linkTo(label, url string) string {
	return "[" + escapeLabel(label) + "](" + escapeURL(replaceEmoji(url)) + ")"
}

func imageOf(alt, url string) string { return "!" + linkTo(alt, url) }
