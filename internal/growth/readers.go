package main

import (
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/internal/answer"
	"github.com/linearbot/linearbot/internal/cmdline"
	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/fold"
	"github.com/linearbot/linearbot/internal/heal"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/internal/mention"
)

// reader is a function that reads text from outside.
type reader struct {
	name string
	read func(text string)
}

// alphabet returns the marks of Markdown and of what this module adds to it, and
// some letters.
func alphabet() []string {
	return []string{
		"`", "```", "~", "~~", "$", "$$", "*", "**", "_", "[", "]", "](", "](<", "(", ")", "<", ">", "<a ", "<!--", "-->", "<?", "</", "<@", "<@u1>", "!", "![",
		"&", "&#64;", ";", `\`, "\n", "\n\n", "\r", " ", "    ", "\t", "#", "- ", "+ ", "1. ", "> ", "+++ a\n", "+++", "---", "=", "[a]: b\n", "[a]", "[^a]", "[^a]: b\n",
		":", ".", "://", "http://a", "www.", "www.a", "a@b.c", "@", "@helper", "{{", "{{emoji:", "}}", ":a:", "|", "|-", "|a|b|\n|-|-|\n", "'", `"`, "%", "/", "--", "=\"",
		"a", "x\n", "é", "\u0301", "\u200b", "\x00", "\xff",
	}
}

// readers returns all functions that read text from outside.
func readers() []reader {
	names := mention.Names{UserID: "u1", ProfileURL: "https://linear.test/acme/profiles/helper", Handles: []string{"helper", "The Helper"}}
	return []reader{
		{"markdown.Parse and its views", func(s string) {
			d := markdown.Parse(s)
			d.Plain()
			d.Own(nil).Sources(markdown.Span{End: len(s)})
			for t := range d.Targets() {
				_ = t.URL
			}
			d.Texts(func(markdown.Span) {})
		}},
		{"markdown.OwnWords", func(s string) { markdown.OwnWords(s) }},
		{"markdown.Unwrapped", func(s string) { markdown.Unwrapped(s) }},
		{"fold", func(s string) { fold.Same(fold.Visible(s), "a"); fold.Prefix([]byte(s), s) }},
		{"answer.Match", func(s string) { answer.Match(s, []answer.Choice{{Value: "yes"}, {Value: "no"}}) }},
		{"markdown.Escape", func(s string) { markdown.Escape(s) }},
		{"markdown.EscapeLoose", func(s string) { markdown.EscapeLoose(s) }},
		{"markdown.EscapeCell", func(s string) { markdown.EscapeCell(s) }},
		{"markdown.Cell", func(s string) { markdown.Cell(s) }},
		{"markdown.Code", func(s string) { markdown.Code(s) }},
		{"markdown.Link", func(s string) { markdown.Link(s, s) }},
		{"markdown.Name", func(s string) { markdown.Name(s, s) }},
		{"markdown.Decode", func(s string) { markdown.Decode(s) }},
		{"heal.Glimpse", func(s string) { heal.Glimpse(s) }},
		{"heal.Settled", func(s string) { heal.Settled(s) }},
		{"heal.OpenBlocks", func(s string) { heal.OpenBlocks(s) }},
		{"mention.Find", func(s string) { mention.Find(s, names) }},
		{"mention.Strip", func(s string) { mention.Strip("@helper "+s, mention.Find("@helper "+s, names)) }},
		{"mention.Replace", func(s string) {
			s += " <@u1>"
			mention.Replace(s, mention.Places(s), func(string) string { return "https://linear.test/acme/profiles/ann" })
		}},
		{"mention.WithoutOpen", func(s string) { mention.WithoutOpen(s) }},
		{"mention.Quiet", func(s string) { mention.Quiet("<@u1> /profiles/ " + s) }},
		{"markdown.Bold", func(s string) { markdown.Bold(s) }},
		{"emoji.WithoutOpen", func(s string) { emoji.WithoutOpen(s) }},
		{"emoji.Replace", func(s string) { emoji.Replace(s) }},
		{"emoji.Name", func(s string) { emoji.Name(s) }},
		{"cmdline.Parse", func(s string) { cmdline.Syntax{}.Parse(s) }},
		{"cmdline.Words", func(s string) { cmdline.Words(s, len(s)) }},
		{"cmdline.Quote", func(s string) { cmdline.Quote(s) }},
		{"cmdline.Nearest", func(s string) { cmdline.Nearest(s, []string{"deploy"}) }},
		{"card.Card", func(s string) {
			c := card.Card{Title: s, Subtitle: s, ImageURL: s, Children: []card.Element{
				card.Text{Content: s, Style: card.StyleBold},
				card.Image{URL: s, Alt: s},
				card.Fields{{Label: s, Value: s}},
				card.Link{Label: s, URL: s},
				card.Actions{card.Button{Label: s}},
				card.Table{Headers: []string{s}, Rows: [][]string{{card.Cell(s)}}},
				card.Pie{Title: s, Slices: []card.Point{{Label: s}}},
			}}
			_, _ = c.Render(content.Form{})
		}},
	}
}
