package questions

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/markdown"
)

// The values of the options of an approval.
const (
	Approve = "approve"
	Deny    = "deny"
)

// Valued returns options of which each has a value.
func Valued(options []adapter.Choice) []adapter.Choice {
	out := slices.Clone(options)
	for i := range out {
		out[i].Value = cmp.Or(out[i].Value, out[i].Label)
	}
	return out
}

// Offer returns what stands below the text of a question with these options: a
// numbered list, and how to answer. link returns the address that answers with an
// option; nil if there are none. It is empty without options.
func Offer(options []adapter.Choice, link func(value, label string) (url string, err error)) (string, error) {
	if len(options) == 0 {
		return "", nil
	}
	var text strings.Builder
	text.WriteString("\n")
	for i, o := range options {
		label := cmp.Or(o.Label, o.Value)
		if link == nil {
			label = markdown.Escape(emoji.Replace(label))
		} else {
			url, err := link(o.Value, label)
			if err != nil {
				return "", err
			}
			label = markdown.Link(emoji.Replace(label), url)
		}
		fmt.Fprintf(&text, "\n%d. %s", i+1, label)
	}
	how := "Answer with one of these, or its number."
	if len(options) == 2 && options[0].Value == Approve && options[1].Value == Deny {
		how = "Answer with one of these, or react with 👍 or 👎."
	}
	text.WriteString("\n\n" + how)
	return text.String(), nil
}

// Outcome says as Markdown what became of a question with these options. It is empty
// if that is plain to see.
func Outcome(options []adapter.Choice, a *Answer) string {
	if a.TimedOut {
		return "Timed out."
	}
	by := ""
	if name := cmp.Or(a.By.FullName, a.By.Name); name != "" {
		by = " by " + markdown.Escape(name)
	}
	i := slices.IndexFunc(options, func(o adapter.Choice) bool { return o.Value == a.Value })
	switch {
	case a.Value == Approve && i >= 0:
		return "Approved" + by + "."
	case a.Value == Deny && i >= 0:
		return "Denied" + by + "."
	case i >= 0:
		return "Answered" + by + ": " + markdown.Escape(cmp.Or(options[i].Label, a.Value))
	default:
		return "" // the text below the question says it
	}
}
