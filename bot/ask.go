package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/links"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Question is what [Ask] asks.
type Question struct {
	// Text is the question, as Markdown. Required.
	Text string
	// Options are the answers to choose from. Without a Value a Label is the value,
	// without a Label the Value is shown. With no options, any text is an answer.
	Options []adapter.Choice
	// From are the ids of the users who may answer. Defaults to every person.
	From []string
	// Timeout is how long to wait for an answer, at most a year. Defaults to 7
	// days.
	Timeout time.Duration
}

// maxTimeout is the longest time that a question can wait.
const maxTimeout = 365 * 24 * time.Hour

func (q Question) timeout() time.Duration { return cmp.Or(q.Timeout, 7*24*time.Hour) }

// Answer is the answer to a question.
type Answer struct {
	// Value is the value of the chosen option, or the text.
	Value string `json:"value,omitempty"`
	// By is who answered.
	By adapter.User `json:"by,omitzero"`
	At time.Time    `json:"at,omitzero"`
	// TimedOut says that the time passed without an answer; then the rest is empty.
	TimedOut bool `json:"timed_out,omitempty"`
}

// parkedError ends a turn that waits for an answer.
type parkedError struct{ id string }

func (e *parkedError) Error() string { return "bot: turn waits for an answer" }

// IsParked reports whether err says that a turn waits for the answer to a
// question. A handler returns such an error as it is.
func IsParked(err error) bool {
	_, ok := errors.AsType[*parkedError](err)
	return ok
}

// Ask asks a question in a thread and returns its answer. Until there is one it
// returns an error for which [IsParked] is true, and which the handler must
// return: the turn then ends without holding a worker, survives restarts and
// deploys, and runs again from the start when the answer is there. Ask then
// returns it at once. Put what must not be repeated into [Step].
//
// People answer by a message in the thread: the text or number of an option, or
// any text if there are none. If one option says yes and one says no, such as
// "approve" and "deny", the usual words for that count too, and so does a reaction
// to the question: "sure", "lgtm", 👍, "nope". Text that a message quotes is not part
// of the answer; and where [Config.Links] makes links, the options of a question that
// anyone may answer are links. A message that is not an answer is handled like any
// other. After Question.Timeout the turn runs with an Answer that says so.
//
// The questions of one turn are identified by their order, so ask them in the same
// order each time.
func Ask(ctx context.Context, t *Thread, q Question) (*Answer, error) {
	turn := turnFrom(ctx)
	if turn == nil {
		return nil, Permanent(errors.New("bot: Ask needs a turn: call it from a handler, with the handler's context"))
	}
	if strings.TrimSpace(q.Text) == "" {
		return nil, Permanent(ErrEmpty)
	}
	if q.Timeout > maxTimeout {
		return nil, Permanent(fmt.Errorf("bot: Question.Timeout is %s: a question can wait for %s at most", q.Timeout, maxTimeout))
	}
	t = t.here()
	b := t.bot
	q.Options = valued(q.Options)
	n := strconv.Itoa(turn.writes.count("ask"))
	id := turn.head().Key + "\x00" + turn.Handler() + "\x00" + n
	a := &ask{ID: id, Thread: t.id, Options: q.Options, From: q.From, Handler: turn.Handler(), About: turn.aboutMessage(), Lane: turn.entry.Lane, Delivery: turn.entry.Body, Asked: turn.entry.EnqueuedAt, Seq: turn.entry.Seq}
	switch kept, err := b.recall(ctx, a); {
	case err != nil:
		return nil, err
	case !kept:
		if err := b.keep(ctx, a); err != nil {
			return nil, err
		}
	}
	if a.Root != "" {
		turn.continueIn(a.Root)
		t = t.here()
	}
	if a.Answer == nil && turn.entry.ID == a.entryID(whyTimeout) {
		a.Answer = &Answer{TimedOut: true}
	}
	if a.Answer != nil && !a.Taken && turn.entry.ID == a.entryID(a.Answer.why()) {
		a.Taken = true
		if err := b.keep(ctx, a); err != nil {
			return nil, err
		}
		t.showOutcome(ctx, q, a)
	}
	switch {
	case a.Taken && a.Answer.TimedOut:
		return a.Answer, b.unlist(ctx, a, "")
	case a.Taken:
		return a.Answer, nil
	case a.Answer != nil:
		// The run that is to have the answer is still to come. If this one, a
		// run that is retried after a crash, continued as well, the handler
		// would get to its end twice.
		if err := b.keepSkipped(ctx, turn, 0); err != nil {
			return nil, err
		}
		return nil, &parkedError{id}
	}
	if !a.posed() {
		// The question is a step: a run that finds the answer does not pose
		// it, and the posts after it must have the same names all the same.
		posing := context.WithValue(ctx, stepKey{}, askStep+n)
		if err := t.poseOnce(posing, q, a); err != nil {
			return nil, err
		}
	}
	return nil, b.park(ctx, turn, a)
}

// askStep begins the names of the steps in which questions are posed.
const askStep = "ask#"

// valued returns options of which each has a value.
func valued(options []adapter.Choice) []adapter.Choice {
	out := slices.Clone(options)
	for i := range out {
		out[i].Value = cmp.Or(out[i].Value, out[i].Label)
	}
	return out
}

// poseOnce poses a question and keeps that it was posed. It is listed before, so
// that a reaction, or a reply in the thread that it begins, waits from then on until
// it is known what it is to.
func (t *Thread) poseOnce(ctx context.Context, q Question, a *ask) (err error) {
	if a.Root, err = t.expectedRoot(ctx); err != nil {
		return err
	}
	if err := t.bot.list(ctx, a); err != nil {
		return err
	}
	if a.MessageID, err = t.pose(ctx, a.ID, q); err != nil {
		return err
	}
	if in := t.ID(); in != a.Thread && in != a.Root {
		a.Root = in
		if err := t.bot.list(ctx, a); err != nil {
			return err
		}
	}
	now, err := turnFrom(ctx).now(ctx)
	if err != nil {
		return err
	}
	a.Deadline = now.Add(q.timeout())
	return t.bot.keep(ctx, a)
}

// pose writes the question and returns the id of its message.
func (t *Thread) pose(ctx context.Context, id string, q Question) (string, error) {
	if t.inSession() {
		key := t.writeKey(ctx)
		body, err := t.mention(ctx, emoji.Replace(q.Text))
		if err != nil {
			return "", err
		}
		return "", t.activity(ctx, &adapter.Activity{
			Key: key, Kind: adapter.ActivityElicitation, Body: body, Options: q.Options,
		})
	}
	var text strings.Builder
	text.WriteString(q.Text)
	if who := mentionAll(q.From); who != "" {
		text.WriteString("\n\n" + who)
	}
	var set *links.Set
	if t.linksAnswer(ctx, q) {
		set = t.bot.links.Set(t.workspace, t.id, "ask/"+id, PlainText(q.Text), time.Now())
		set.Lasting(q.timeout())
	}
	if len(q.Options) > 0 {
		text.WriteString("\n")
		for i, o := range q.Options {
			label := cmp.Or(o.Label, o.Value)
			if set == nil {
				label = markdown.Escape(emoji.Replace(label))
			} else {
				url, err := pressing(set)(askAction+id, o.Value, label)
				if err != nil {
					return "", err
				}
				label = markdown.Link(emoji.Replace(label), url)
			}
			fmt.Fprintf(&text, "\n%d. %s", i+1, label)
		}
		text.WriteString("\n\n" + howToAnswer(q))
	}
	m, err := t.Post(ctx, Markdown(text.String()))
	if err != nil {
		return "", err
	}
	return m.ID, set.Keep(ctx, m)
}

// linksAnswer reports whether links can answer a question. They do not tell who
// uses them, so only questions that anyone may answer have them.
func (t *Thread) linksAnswer(ctx context.Context, q Question) bool {
	if !t.bot.links.On() || len(q.From) > 0 || t.bot.cfg.Access != nil {
		return false
	}
	turn := turnFrom(ctx)
	return turn == nil || t.bot.registry.accessOf(turn.Handler()) == nil
}

// mentionAll mentions users by id, so that the platform tells them.
func mentionAll(ids []string) string {
	var all []string
	for _, id := range ids {
		if id != "" {
			all = append(all, MentionUser(adapter.User{ID: id}))
		}
	}
	return strings.Join(all, " ")
}

// howToAnswer tells people what counts as an answer.
func howToAnswer(q Question) string {
	if len(q.Options) == 2 && q.Options[0].Value == approve && q.Options[1].Value == deny {
		return "Answer with one of these, or react with 👍 or 👎."
	}
	return "Answer with one of these, or its number."
}

// showOutcome puts the answer below the question, in place of what could be
// answered. If that fails, the answer counts all the same.
func (t *Thread) showOutcome(ctx context.Context, q Question, a *ask) {
	outcome := outcomeOf(q, a.Answer)
	if a.MessageID == "" || t.bot.can.editor == nil || outcome == "" {
		return
	}
	body, err := t.mention(ctx, q.Text+"\n\n_"+outcome+"_")
	if err == nil {
		_, err = t.bot.can.editor.Edit(ctx, t.ref(a.MessageID), body)
	}
	if err != nil {
		t.bot.log.Warn().Err(err).Str(keyThread, string(t.id)).Msg("the outcome of a question could not be shown")
	}
}

// outcomeOf says what became of a question. It is empty if that is plain to see.
func outcomeOf(q Question, a *Answer) string {
	if a.TimedOut {
		return "Timed out."
	}
	by := ""
	if name := cmp.Or(a.By.FullName, a.By.Name); name != "" {
		by = " by " + Escape(name)
	}
	i := slices.IndexFunc(q.Options, func(o adapter.Choice) bool { return o.Value == a.Value })
	switch {
	case a.Value == approve && i >= 0:
		return "Approved" + by + "."
	case a.Value == deny && i >= 0:
		return "Denied" + by + "."
	case i >= 0:
		return "Answered" + by + ": " + Escape(cmp.Or(q.Options[i].Label, a.Value))
	default:
		return "" // the text below the question says it
	}
}

// park makes sure that the turn of a question runs again when its time is over,
// with what it skips, which may be done already.
func (b *Bot) park(ctx context.Context, turn *Turn, a *ask) error {
	if err := alive(ctx); err != nil {
		return err
	}
	now, err := turn.now(ctx)
	if err != nil {
		return err
	}
	left := max(a.Deadline.Sub(now), 0)
	if err := b.keepSkipped(ctx, turn, left); err != nil {
		return err
	}
	if err := b.resume(ctx, a, whyTimeout, left+time.Second); err != nil {
		return err
	}
	return &parkedError{a.ID}
}

// The reasons to run a parked turn again.
const (
	whyAnswer  = "answer"
	whyTimeout = "timeout"
)

// why is the reason to run the turn again with the answer.
func (a *Answer) why() string {
	if a.TimedOut {
		return whyTimeout
	}
	return whyAnswer
}

// entryID names the entry that runs the turn of a question again.
func (a *ask) entryID(why string) string { return notes.ResumePrefix + a.ID + "\x00" + why }

// isResumed reports whether an entry runs a turn that had parked.
func isResumed(e *state.Queued) bool { return strings.HasPrefix(e.ID, notes.ResumePrefix) }

// overdue reports whether an entry would run a turn because the time of its
// question is over although it was answered, or is long forgotten.
func (b *Bot) overdue(ctx context.Context, e state.Queued) (bool, error) {
	rest, resumes := strings.CutPrefix(e.ID, notes.ResumePrefix)
	id, timeout := strings.CutSuffix(rest, "\x00"+whyTimeout)
	if !resumes || !timeout {
		return false, nil
	}
	a := ask{ID: id, Lane: e.Lane}
	kept, err := b.recall(ctx, &a)
	return err == nil && (!kept || a.Answer != nil && !a.Answer.TimedOut), err
}

// resume has the turn of a question run again after d.
func (b *Bot) resume(ctx context.Context, a *ask, why string, d time.Duration) error {
	_, err := b.cfg.Store.Enqueue(ctx, state.Entry{ID: a.entryID(why), Lane: a.Lane, Body: a.Delivery, Delay: d})
	if err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	return nil
}

// A turn that parks is done as far as its lane is concerned, and so are the
// messages that it stands for. They are kept for when it continues.

// keepSkipped keeps what a turn that parks stands for, for d and then some.
func (b *Bot) keepSkipped(ctx context.Context, t *Turn, d time.Duration) error {
	if len(t.olderBodies) == 0 {
		return nil
	}
	data, err := json.Marshal(t.olderBodies)
	if err != nil {
		return Permanent(err)
	}
	v := b.notes.Value(notes.Skipped, t.head().Workspace, t.head().Key).For(d + notes.Skipped.Life())
	if err := v.Set(ctx, data); err != nil {
		return fmt.Errorf("bot: skipped messages: %w", err)
	}
	return nil
}

// skippedBy returns the messages that a turn stood for when it parked.
func (b *Bot) skippedBy(ctx context.Context, page *notes.Thread, t *Turn) ([]*Turn, error) {
	stored, err := b.notes.Value(notes.Skipped, t.head().Workspace, t.head().Key).Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("bot: skipped messages: %w", err)
	}
	var bodies [][]byte
	if stored != nil && json.Unmarshal(stored, &bodies) != nil {
		bodies = nil // kept by another version: the turn continues without them
	}
	var older []*Turn
	for _, body := range bodies {
		old := t.entry
		old.ID, old.Body = "", body
		s, err := b.open(ctx, page, old)
		if _, damaged := errors.AsType[*permanentError](err); damaged {
			continue
		}
		if err != nil {
			return nil, err
		}
		older = append(older, s)
	}
	return older, nil
}
