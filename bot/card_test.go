package bot

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/testfiles"
)

// cardNode is any part of a card as the vectors have it.
type cardNode struct {
	Type, Title, Subtitle, ImageURL string
	Content, Style                  string
	URL, Alt, Label, Value, ID      string
	Headers                         []string
	Rows                            [][]string
	Align                           []string
	XLabel                          string
	Categories                      []string
	Segments                        []CardPoint
	Series                          []struct {
		Name string
		Data []CardPoint
	}
	Children []cardNode
	Chart    *cardNode
}

func (n cardNode) element(t *testing.T) Element {
	t.Helper()
	switch n.Type {
	case "text":
		styles := map[string]TextStyle{"bold": BoldStyle, "muted": MutedStyle}
		return CardText{n.Content, styles[n.Style]}
	case "image":
		return CardImage{URL: n.URL, Alt: n.Alt}
	case "divider":
		return CardDivider{}
	case "section":
		return CardSection{n.elements(t)}
	case "link":
		return CardLink{n.Label, n.URL}
	case "fields":
		var fields CardFields
		for _, f := range n.Children {
			fields = append(fields, CardField{f.Label, f.Value})
		}
		return fields
	case "actions":
		var actions CardActions
		for _, a := range n.Children {
			actions = append(actions, a.action(t))
		}
		return actions
	case "table":
		aligns := map[string]Alignment{"left": AlignLeft, "center": AlignCenter, "right": AlignRight}
		table := CardTable{Headers: n.Headers, Rows: n.Rows}
		for _, a := range n.Align {
			table.Align = append(table.Align, aligns[a])
		}
		return table
	case "chart":
		if n.Chart.Type == "pie" {
			return CardPie{n.Title, n.Chart.Segments}
		}
		chart := CardChart{Title: n.Title, XLabel: n.Chart.XLabel, Categories: n.Chart.Categories}
		for _, s := range n.Chart.Series {
			chart.Series = append(chart.Series, CardSeries{s.Name, s.Data})
		}
		return chart
	}
	t.Fatalf("no element for %q", n.Type)
	return nil
}

func (n cardNode) action(t *testing.T) CardAction {
	t.Helper()
	switch n.Type {
	case "button":
		return Button{n.ID, n.Label, n.Value}
	case "link-button":
		return LinkButton{n.Label, n.URL}
	case "select":
		return Select{ID: n.ID, Label: n.Label}
	case "radio_select":
		return RadioSelect{ID: n.ID, Label: n.Label}
	}
	t.Fatalf("no action for %q", n.Type)
	return nil
}

func (n cardNode) elements(t *testing.T) []Element {
	t.Helper()
	var out []Element
	for _, c := range n.Children {
		out = append(out, c.element(t))
	}
	return out
}

func TestVectorsCards(t *testing.T) {
	t.Parallel()
	for _, c := range testfiles.Cases[struct {
		Name  string
		Input struct {
			Card         cardNode
			FallbackText *string
		}
		Upstream struct{ Body, SentText *string }
		Want     map[string]json.RawMessage
	}](t, "cards.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			n := c.Input.Card
			card := Card{Title: n.Title, Subtitle: n.Subtitle, ImageURL: n.ImageURL, Children: n.elements(t)}
			want := c.Upstream.Body
			if w, ok := c.Want["body"]; ok {
				if err := json.Unmarshal(w, &want); err != nil {
					t.Fatal(err)
				}
			}
			got := strings.TrimSpace(card.markdown())
			if want == nil { // refused because there is nothing to send
				if got != "" {
					t.Errorf("body = %q, want none", got)
				}
				return
			}
			trimmed := strings.TrimSpace(*want)
			checkString(t, "body", got, &trimmed)
			if c.Input.FallbackText == nil {
				checkString(t, "fallback", card.fallback(), c.Upstream.SentText)
			}
		})
	}
}

func TestCard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		card Card
		want string
	}{
		{"nothing", Card{}, ""},
		{"nil parts", Card{Title: "T", Children: []Element{nil, CardActions{nil, Button{Label: "B"}}}}, "**T**\n\n**[B]**"},
		{"fence in a chart", Card{Children: []Element{CardPie{Slices: []CardPoint{{"```", 1}}}}}, "````\nLabel | Value\n------|------\n```   | 1\n````"},
		{"emoji keep a chart aligned", Card{Children: []Element{CardPie{Slices: []CardPoint{{"{{emoji:fire}}", 2.5}}}}}, "```\nLabel | Value\n------|------\n🔥    | 2.5\n```"},
		{"a backtick alone is no code", Card{Title: "a ` b", Subtitle: "c ` d `` e"}, "**a \\` b**\nc \\` d \\`\\` e"},
		{"nothing is escaped in code", Card{Title: "run `make_all *`", Subtitle: "see https://x.io/a_b_c"}, "**run `make_all *`**\nsee https://x.io/a_b_c"},
		{"character references", Card{Title: "a &amp; b & c"}, "**a \\&amp; b & c**"},
		{"line ends in a title", Card{Title: "a\n\nb", Children: []Element{CardFields{{"c\n\nd", "e"}}}}, "**a  b**\n\n**c  d:** e"},
		{"odd addresses", Card{Children: []Element{CardLink{"l", "a b(c"}, CardImage{URL: "x?(a)\n<b>"}}}, "[l](a%20b%28c)\n\n![](x?(a)%0A%3Cb%3E)"},
		{"code in a cell", Card{Children: []Element{CardTable{Headers: []string{"`a\\b|c`"}}}}, "| `a\\b\\|c` |\n| --- |"},
		{"line ends in a cell", Card{Children: []Element{CardTable{Headers: []string{"a\r\nb"}, Rows: [][]string{{`c|d\`}}}}}, "| a b |\n| --- |\n| c\\|d\\\\ |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.card.markdown(); got != c.want {
				t.Errorf("markdown = %q, want %q", got, c.want)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", -3: "-3", 0.1: "0.1", 1e6: "1000000", 1e20: "100000000000000000000",
		1e21: "1e+21", 1e-6: "0.000001", 1e-7: "1e-7", 1.5e300: "1.5e+300",
	} {
		if got := formatNumber(v); got != want {
			t.Errorf("formatNumber(%g) = %q, want %q", v, got, want)
		}
	}
}

func BenchmarkCard(b *testing.B) {
	card := Card{Title: "Nightly build", Subtitle: "main", Children: []Element{
		CardText{Content: "2 of 3 suites passed."},
		CardFields{{"Duration", "4m 12s"}, {"Runner", "linux_amd64"}},
		CardTable{Headers: []string{"Suite", "Result"}, Rows: [][]string{{"unit", "ok"}, {"e2e", "failed"}}},
		CardActions{LinkButton{"Log", "https://ci.example.com/1"}, Button{Label: "Retry"}},
	}}
	b.ReportAllocs()
	for b.Loop() {
		card.markdown()
	}
}
