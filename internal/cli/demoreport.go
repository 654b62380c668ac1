package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/wording"
)

// demoReport is the outcome of a demo.
type demoReport struct {
	// Deliveries is the number of webhook requests that Linear sent.
	Deliveries int `json:"deliveries"`
	// Redelivered is how many of them Linear sent again on purpose.
	Redelivered int `json:"redelivered"`
	// Replies is the number of messages that the bot wrote.
	Replies int `json:"replies"`
	// Duplicates is how many of them were caused by a repeated delivery.
	Duplicates int `json:"duplicates"`
	// Lost is the number of deliveries that were not accepted plus entries that were
	// left over or became dead letters.
	Lost int `json:"lost"`
	// Milliseconds is how long the conversation took.
	Milliseconds int64      `json:"milliseconds"`
	Thread       string     `json:"thread"`
	Conversation []demoLine `json:"conversation"`
	// Sessions are the agent sessions, oldest first.
	Sessions []demoSession `json:"sessions,omitempty"`
	// Open is the number of sessions that were not brought to an end.
	Open int `json:"open,omitempty"`
}

type demoLine struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Author string    `json:"author"`
	Text   string    `json:"text"`
}

// report counts what is in Linear now.
func (d *demo) report() demoReport {
	r := demoReport{Milliseconds: d.took.Milliseconds(), Replies: len(d.replies()), Duplicates: d.duplicates, Lost: d.left}
	for _, delivery := range d.linear.Deliveries() {
		for _, a := range delivery.Attempts {
			r.Deliveries++
			if a.Redelivered {
				r.Redelivered++
			}
		}
		if delivery.Done && !delivery.OK {
			r.Lost++
		}
	}
	d.reportSessions(&r)
	if d.root == nil || d.agent {
		return r
	}
	r.Thread = string(linear.Thread{IssueID: d.issue.ID, CommentID: d.root.ID}.ID())
	for _, c := range append([]*linearsim.Comment{d.root}, d.root.Replies()...) {
		author := ""
		if c.Author != nil {
			author = c.Author.Name
		}
		r.Conversation = append(r.Conversation, demoLine{ID: c.ID, At: c.CreatedAt, Author: author, Text: c.Body()})
	}
	return r
}

// problem returns what is wrong, or nil.
func (r demoReport) problem() error {
	if r.Open > 0 {
		return fmt.Errorf("the demo failed: without an end: %s", wording.Count(r.Open, "agent session", "agent sessions"))
	}
	if r.Duplicates == 0 && r.Lost == 0 {
		return nil
	}
	return fmt.Errorf("the demo failed: %s, %d lost", wording.Count(r.Duplicates, "duplicate", "duplicates"), r.Lost)
}

// print shows the conversation as a reader would see it.
func (r demoReport) print(w io.Writer, title string) {
	if len(r.Sessions) > 0 {
		r.printSessions(w, title)
	}
	if len(r.Conversation) == 0 {
		return // it never started; the error says why
	}
	fmt.Fprintf(w, "%s\nthread %s\n", title, r.Thread)
	for i, line := range r.Conversation {
		fmt.Fprintf(w, "\n  %s  %s", line.At.Format("15:04:05.000"), line.Author)
		if i > 0 {
			fmt.Fprintf(w, "  (%d ms later)", line.At.Sub(r.Conversation[i-1].At).Milliseconds())
		}
		fmt.Fprintf(w, "\n%s\n", indent(line.Text))
	}
	fmt.Fprintf(w, "\n%s, %d of them sent twice by Linear; %s, %s, %d lost.\n", wording.Count(r.Deliveries, "delivery", "deliveries"),
		r.Redelivered, wording.Count(r.Replies, "reply", "replies"), wording.Count(r.Duplicates, "duplicate", "duplicates"), r.Lost)
	if r.Replies == 0 {
		fmt.Fprintln(w, "The bot was not addressed: begin what you say with @helper-bot.")
	}
}

// indent indents text below the line that names its author.
func indent(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "      " + l
		}
	}
	return strings.Join(lines, "\n")
}
