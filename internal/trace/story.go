package trace

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
)

// Story is a trace in plain words.
type Story struct {
	// Title says what arrived and when.
	Title string `json:"title"`
	// What says what happened, and why.
	What string `json:"what"`
	// Do says what to do about it. May be empty.
	Do string `json:"do,omitempty"`
	// Lines are the steps.
	Lines []Line `json:"lines"`
}

// Line is a step in plain words.
type Line struct {
	At   time.Time `json:"at"`
	Code string    `json:"code"`
	Text string    `json:"text"`
}

// Story tells the trace. now is the time for "3 minutes ago".
func (t *Trace) Story(now time.Time) Story {
	row := reason.Of(t.Reason)
	s := Story{What: t.what(row), Do: row.Do}
	s.Title = cmp.Or(t.Type, "A request")
	if t.Subject != "" {
		s.Title += " in " + t.Subject
	}
	s.Title += ", " + t.At.UTC().Format("2006-01-02 15:04:05 UTC") + " (" + wording.Ago(now.Sub(t.At)) + "), " + string(t.Status) + ", "
	if strings.HasPrefix(t.ID, notes.ResumePrefix) {
		s.Title += "continued after a question, id " + wording.ID(t.ID)
	} else {
		s.Title += "delivery " + wording.ID(short(cmp.Or(t.Delivery, t.ID)))
	}
	switch {
	case t.Status == StatusWaiting && row.Kind == reason.Failed:
		s.Do, _, _ = strings.Cut(s.Do, " Then requeue it")
		s.What += " The bot will try again."
	case t.Status == StatusRunning && t.Reason == reason.Handler:
		s.What = fmt.Sprintf("The handler %s is running, for %s so far.", t.Detail, round(now.Sub(t.At)))
		s.Do = "Nothing, unless it takes too long: later messages of the thread wait for it. bot.Config.TurnTimeout limits it."
	}
	if t.Status == StatusFailed {
		id := t.ID // of the dead letter, or what people can tell it by
		if shown := wording.ID(id); shown != id {
			id = shown
		} else {
			id = short(id)
		}
		s.Do = strings.NewReplacer("dead requeue ID", "dead requeue "+id, "dead show ID", "dead show "+id).Replace(s.Do)
	}
	if late := t.late(); late > 0 && (t.Status == StatusHandled || t.Status == StatusIgnored) {
		s.What += " It was late: Linear sent it " + round(late) + " before it arrived, so it is most likely a retry."
	}
	for i := range t.Steps {
		s.Lines = append(s.Lines, Line{At: t.Steps[i].At, Code: t.Steps[i].Code, Text: t.Steps[i].Text()})
	}
	for _, text := range []*string{&s.Title, &s.What, &s.Do} {
		*text = readable(*text)
	}
	for i := range s.Lines {
		s.Lines[i].Text = readable(s.Lines[i].Text)
	}
	return s
}

// readable shows the ids in a text as [wording.ID] does.
func readable(text string) string { return strings.ReplaceAll(text, "\x00", ":") }

// Shown returns the trace with its ids as they are shown.
func (t *Trace) Shown() Trace {
	shown := *t
	shown.ID, shown.Delivery, shown.Event, shown.Detail = wording.ID(t.ID), wording.ID(t.Delivery), wording.ID(t.Event), readable(t.Detail)
	shown.Steps = slices.Clone(t.Steps)
	for i := range shown.Steps {
		shown.Steps[i].Detail = readable(shown.Steps[i].Detail)
	}
	return shown
}

// late is how late the delivery was. Zero if it was not.
func (t *Trace) late() time.Duration {
	for _, s := range t.Steps {
		if s.Code == reason.Late {
			return s.Took
		}
	}
	return 0
}

// what says what happened.
func (t *Trace) what(row reason.Info) string {
	says := row.Says
	switch {
	case t.Status == StatusHandled && t.Reason == reason.Handled:
		return t.handled()
	case t.Status == StatusRunning && t.Reason == reason.APIFailed:
		return sentence("The handler is running, and a request to Linear failed: " + t.Detail)
	}
	if t.Detail != "" {
		says = strings.TrimSuffix(says, ".") + " (" + t.Detail + ")."
	}
	return says + " [" + row.Code + "]"
}

// handled says who handled it and what was posted.
func (t *Trace) handled() string {
	var by, replies []string
	for _, s := range t.Steps {
		switch s.Code {
		case reason.Handler:
			by = append(by, s.Detail)
		case reason.Reply, reason.ReplyKept:
			replies = append(replies, s.Detail)
		case reason.Answered:
			return "It answers a question of the bot, and the turn that asked continues. [handled]"
		}
	}
	if len(by) == 0 {
		return "The bot handled it without a handler of the program. [handled]"
	}
	text := "Handled by " + strings.Join(unique(by), ", ")
	switch len(unique(replies)) {
	case 0:
		text += ", which posted no message"
	case 1:
		text += ", which posted message " + replies[0]
	default:
		text += fmt.Sprintf(", which posted %d messages", len(unique(replies)))
	}
	text += "."
	if slices.ContainsFunc(t.Steps, func(s TimedStep) bool { return s.Code == reason.Missed }) {
		text += " Linear's webhook for it did not arrive; the bot found it by asking Linear."
	}
	return text + " [handled]"
}

// Text is the step in plain words.
func (s *TimedStep) Text() string {
	row := reason.Of(s.Code)
	says := strings.TrimSuffix(row.Says, ".")
	switch s.Code {
	case reason.Verified:
		says = "The signature is valid, checked by " + s.Detail
	case reason.Late:
		says = "Linear sent it " + round(s.Took) + " before it arrived, so it is most likely a retry"
	case reason.Stored:
		says = fmt.Sprintf("Stored in the queue of thread %s, at position %d", s.Detail, max(s.N, 1))
	case reason.Duplicate:
		says += " (" + s.Detail + ")"
	case reason.Attempt:
		says = fmt.Sprintf("Attempt %d began, %s after it was stored", s.N, round(s.Took))
	case reason.AttemptLost:
		says = fmt.Sprintf("Attempt %d began and never ended: the process died during it, or another process took over the thread", s.N)
	case reason.Author:
		says = "Written by " + s.Detail
	case reason.Text:
		says = "It says: " + s.Detail
	case reason.Mention:
		says = "It mentions the bot (rule: " + s.Detail + ")"
	case reason.Policy:
		says = fmt.Sprintf("It is answered together with %d earlier messages of the thread (policy %s)", s.N, s.Detail)
	case reason.Handler:
		says = "The handler " + s.Detail + " began"
	case reason.HandlerEnded:
		says = "The handler " + s.Detail + " ended after " + round(s.Took)
	case reason.StepRan:
		says = "Step " + s.Detail + " ran for " + round(s.Took) + ", and its result was saved"
	case reason.StepKept:
		says = "Step " + s.Detail + " was skipped: an earlier attempt saved its result"
	case reason.APICall:
		says = fmt.Sprintf("Linear answered %s after %s", s.Detail, round(s.Took))
		if s.N > 0 {
			says += fmt.Sprintf(", cost %d", s.N)
		}
	case reason.APIFailed:
		says = fmt.Sprintf("A request to Linear failed after %s: %s", round(s.Took), s.Detail)
	case reason.Reply:
		says = "The bot posted message " + s.Detail
	case reason.ReplyKept:
		says = "An earlier attempt had already posted message " + s.Detail + ", so it was not posted again"
	case reason.Retried:
		says = "The bot tries again in " + round(s.Took)
		if s.Detail != "" {
			says += ", " + s.Detail
		}
	case reason.Returned:
		says = "It continues in " + round(s.Took) + ". This does not count as an attempt"
	case reason.More:
		says = fmt.Sprintf("%d further steps were left out", s.N)
	case reason.Received:
		if s.Detail != "" {
			says = "The request arrived, of kind " + s.Detail
		}
	default:
		if s.Detail != "" {
			says += " (" + s.Detail + ")"
		}
	}
	return sentence(says)
}

// sentence ends a text with a full stop, unless what it quotes has ended it.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "…") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// Write writes the story: what arrived, what happened and what to do in its
// first three lines, and then the steps.
func (s Story) Write(w io.Writer) {
	fmt.Fprintln(w, wording.Printable(s.Title))
	fmt.Fprintln(w, "  "+wording.Printable(s.What))
	if s.Do != "" {
		fmt.Fprintln(w, "  To do: "+s.Do)
	}
	for _, l := range s.Lines {
		fmt.Fprintf(w, "    %s  %s\n", l.At.UTC().Format("15:04:05.000"), wording.Printable(l.Text))
	}
}

func unique(all []string) []string {
	var out []string
	seen := make(map[string]bool)
	for _, s := range all {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// short shortens an id that is a hash.
func short(id string) string {
	const most = 40
	if len(id) > most {
		return id[:12]
	}
	return id
}

func round(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
