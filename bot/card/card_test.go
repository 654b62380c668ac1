package card

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/content"
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
	Segments                        []Point
	Series                          []struct {
		Name string
		Data []Point
	}
	Children []cardNode
	Chart    *cardNode
}

func (n cardNode) element(t *testing.T) Element {
	t.Helper()
	switch n.Type {
	case "text":
		styles := map[string]Style{"bold": StyleBold, "muted": StyleMuted}
		return Text{n.Content, styles[n.Style]}
	case "image":
		return Image{URL: n.URL, Alt: n.Alt}
	case "divider":
		return Divider{}
	case "section":
		return Section{n.elements(t)}
	case "link":
		return Link{n.Label, n.URL}
	case "fields":
		var fields Fields
		for _, f := range n.Children {
			fields = append(fields, Field{f.Label, f.Value})
		}
		return fields
	case "actions":
		var actions Actions
		for _, a := range n.Children {
			actions = append(actions, a.action(t))
		}
		return actions
	case "table":
		aligns := map[string]Alignment{"left": AlignLeft, "center": AlignCenter, "right": AlignRight}
		table := Table{Headers: n.Headers, Rows: n.Rows}
		for _, a := range n.Align {
			table.Align = append(table.Align, aligns[a])
		}
		return table
	case "chart":
		if n.Chart.Type == "pie" {
			return Pie{n.Title, n.Chart.Segments}
		}
		chart := Chart{Title: n.Title, XLabel: n.Chart.XLabel, Categories: n.Chart.Categories}
		for _, s := range n.Chart.Series {
			chart.Series = append(chart.Series, Series{s.Name, s.Data})
		}
		return chart
	}
	t.Fatalf("no element for %q", n.Type)
	return nil
}

func (n cardNode) action(t *testing.T) Action {
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

// render returns a card as Markdown, without links for its buttons.
func render(t interface{ Fatal(args ...any) }, c Card) string {
	body, err := c.Render(content.Form{})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// carried returns Markdown of the vectors without marks that show as marks: those
// around nothing, and those with a space inside.
func carried(body string) string {
	body = strings.NewReplacer("****", "", "\n\n__", "").Replace(body)
	return regexp.MustCompile(`(?m)^\*\* +(.*?) +\*\*$`).ReplaceAllString(body, "**$1**")
}

func TestVectorsCards(t *testing.T) {
	t.Parallel()
	for _, c := range testfiles.Cases[struct {
		Name  string
		Input struct {
			Card cardNode
		}
		Upstream struct{ Body *string }
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
			got := strings.TrimSpace(render(t, card))
			if want == nil { // refused because there is nothing to send
				if got != "" {
					t.Errorf("body = %q, want none", got)
				}
				return
			}
			trimmed := strings.TrimSpace(carried(*want))
			testfiles.Equal(t, "body", got, &trimmed)
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
		{"nil parts", Card{Title: "T", Children: []Element{nil, Actions{nil, Button{Label: "B"}}}}, "**T**\n\n**[B]**"},
		{"fence in a chart", Card{Children: []Element{Pie{Slices: []Point{{"```", 1}}}}}, "````\nLabel | Value\n------|------\n```   | 1\n````"},
		{"emoji keep a chart aligned", Card{Children: []Element{Pie{Slices: []Point{{"{{emoji:fire}}", 2.5}}}}}, "```\nLabel | Value\n------|------\n🔥    | 2.5\n```"},
		{"nothing to show", Card{Title: " ", Subtitle: "\n", ImageURL: " ", Children: []Element{Text{"", StyleBold}, Text{" ", StyleMuted}, Image{Alt: "gone"}, Divider{}}}, "---"},
		{"styles", Card{Title: "T ", Children: []Element{Text{"a \n\n- b", StyleBold}, Text{"c\\", StyleMuted}}}, "**T**\n\n**a** \n\n- **b**\n\n_c\\\\_"},
		{"no mention in plain text", Card{Title: "<@u1>", Children: []Element{Fields{{"By", "<@u1> https://linear.app/a/profiles/b"}}, Text{"<@u1>", StylePlain}}}, "**\\<@u1>**\n\n**By:** \\<@u1> https\\://linear.app/a/profiles/b\n\n<@u1>"},
		{"a backtick alone is no code", Card{Title: "a ` b", Subtitle: "c ` d `` e"}, "**a \\` b**\nc \\` d \\`\\` e"},
		{"nothing is escaped in code", Card{Title: "run `make_all *`", Subtitle: "see https://x.io/a_b_c"}, "**run `make_all *`**\nsee https://x.io/a_b_c"},
		{"character references", Card{Title: "a &amp; b & c"}, "**a \\&amp; b & c**"},
		{"line ends in a title", Card{Title: "a\n\nb", Children: []Element{Fields{{"c\n\nd", "e"}}}}, "**a  b**\n\n**c  d:** e"},
		{"odd addresses", Card{Children: []Element{Link{"l", "a b(c"}, Image{URL: "x?(a)\n<b>"}}}, "[l](a%20b%28c)\n\n![](x?(a)%0A%3Cb%3E)"},
		{"code in a cell", Card{Children: []Element{Table{Headers: []string{"`a\\b|c`"}}}}, "| `a\\b\\|c` |\n| --- |"},
		{"line ends in a cell", Card{Children: []Element{Table{Headers: []string{"a\r\nb"}, Rows: [][]string{{`c|d\`}}}}}, "| a b |\n| --- |\n| c\\|d\\\\ |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := render(t, c.card); got != c.want {
				t.Errorf("markdown = %q, want %q", got, c.want)
			}
		})
	}
}

// TestPress checks what stands for buttons where they can be pressed.
func TestPress(t *testing.T) {
	t.Parallel()
	c := Card{Children: []Element{
		Actions{Button{ID: "go", Label: "Go", Value: "1"}, Button{Label: "No id"}, LinkButton{"Log", "https://x.io"}},
		Section{[]Element{Actions{
			Select{ID: "pick", Label: "Pick", Options: []Option{{"A", "a"}, {Value: "b"}}},
			RadioSelect{Label: "Only a label", Options: []Option{{"C", "c"}}},
		}}},
	}}
	n := 0
	got, err := c.Render(content.Form{Press: func(id, value, label string) (string, error) {
		n++
		return "u/" + id + "/" + value + "/" + label, nil
	}})
	want := "[Go](u/go/1/Go) • **[No id]** • [Log](https://x.io)\n\n**[Pick]** • [A](u/pick/a/A) • [b](u/pick/b/b) • **[Only a label]**"
	if got != want || err != nil || n != 3 {
		t.Errorf("%d links, %v:\n%s\nwant\n%s", n, err, got, want)
	}
	failed := errors.New("too long")
	if _, err := c.Render(content.Form{Press: func(string, string, string) (string, error) { return "", failed }}); !errors.Is(err, failed) {
		t.Errorf("error %v, want %v", err, failed)
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
		Text{Content: "2 of 3 suites passed."},
		Fields{{"Duration", "4m 12s"}, {"Runner", "linux_amd64"}},
		Table{Headers: []string{"Suite", "Result"}, Rows: [][]string{{"unit", "ok"}, {"e2e", "failed"}}},
		Actions{LinkButton{"Log", "https://ci.example.com/1"}, Button{Label: "Retry"}},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := card.Render(content.Form{}); err != nil {
			b.Fatal(err)
		}
	}
}
