package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/bot/internal/links"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/notes"
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
	// By is who answered. The zero User if a link was pressed, which names no one.
	By adapter.User `json:"by,omitzero"`
	// At is when they did, by the platform's clock.
	At time.Time `json:"at,omitzero"`
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
	q.Options = questions.Valued(q.Options)
	n := strconv.Itoa(turn.writes.Count("ask"))
	id := turn.head().Key + "\x00" + turn.Handler() + "\x00" + n
	a := &questions.Question{ID: id, Thread: t.id, Options: q.Options, From: q.From, Handler: turn.Handler(), About: turn.aboutMessage(), Lane: turn.entry.Lane, Delivery: turn.entry.Body, Asked: turn.entry.EnqueuedAt, Seq: turn.entry.Seq}
	taken, err := b.questions.Begin(ctx, a, turn.entry.ID)
	if err != nil {
		return nil, readForm(err)
	}
	if a.Root != "" {
		turn.continueIn(a.Root)
		t = t.here()
	}
	if taken {
		t.showOutcome(ctx, q, a)
	}
	switch {
	case a.Taken && a.Answer.TimedOut:
		return (*Answer)(a.Answer), b.questions.Unlist(ctx, a, "")
	case a.Taken:
		return (*Answer)(a.Answer), nil
	case a.Answer != nil:
		// The run that is to have the answer is still to come. If this one, a
		// run that is retried after a crash, continued as well, the handler
		// would get to its end twice.
		if err := b.keepSkipped(ctx, turn, 0); err != nil {
			return nil, err
		}
		return nil, &parkedError{id}
	}
	if !a.Posed() {
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

// poseOnce poses a question and keeps that it was posed. It is listed before, so
// that a reaction, or a reply in the thread that it begins, waits from then on until
// it is known what it is to.
func (t *Thread) poseOnce(ctx context.Context, q Question, a *questions.Question) (err error) {
	if a.Root, err = t.expectedRoot(ctx); err != nil {
		return err
	}
	if err := t.bot.questions.List(ctx, a); err != nil {
		return err
	}
	if a.MessageID, err = t.pose(ctx, a.ID, q); err != nil {
		return err
	}
	if in := t.ID(); in != a.Thread && in != a.Root {
		a.Root = in
		if err := t.bot.questions.List(ctx, a); err != nil {
			return err
		}
	}
	now, err := turnFrom(ctx).now(ctx)
	if err != nil {
		return err
	}
	a.Deadline = now.Add(q.timeout())
	return t.bot.questions.Keep(ctx, a)
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
	var link func(value, label string) (string, error)
	if t.linksAnswer(ctx, q) {
		set = t.bot.links.Set(t.workspace, t.id, "ask/"+id, PlainText(q.Text), time.Now())
		set.Lasting(q.timeout())
		link = func(value, label string) (string, error) {
			return pressing(set)(questions.ActionPrefix+id, value, label)
		}
	}
	offer, err := questions.Offer(q.Options, link)
	if err != nil {
		return "", err
	}
	text.WriteString(offer)
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

// showOutcome puts the answer below the question, in place of what could be
// answered. If that fails, the answer counts all the same.
func (t *Thread) showOutcome(ctx context.Context, q Question, a *questions.Question) {
	outcome := questions.Outcome(q.Options, a.Answer)
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

// park makes sure that the turn of a question runs again when its time is over,
// with what it skips, which may be done already.
func (b *Bot) park(ctx context.Context, turn *Turn, a *questions.Question) error {
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
	if err := b.questions.Resume(ctx, a, questions.WhyTimeout, left+time.Second); err != nil {
		return err
	}
	return &parkedError{a.ID}
}

// readForm makes the error of a question that this version cannot read final.
func readForm(err error) error {
	if errors.Is(err, questions.ErrForm) {
		return Permanent(err)
	}
	return err
}

// keepSkipped keeps what a turn that parks stands for, for d and then some.
func (b *Bot) keepSkipped(ctx context.Context, t *Turn, d time.Duration) error {
	return b.questions.KeepSkipped(ctx, t.head().Workspace, t.head().Key, t.olderBodies, d)
}

// skippedBy returns the messages that a turn stood for when it parked.
func (b *Bot) skippedBy(ctx context.Context, page *notes.Thread, t *Turn) ([]*Turn, error) {
	bodies, err := b.questions.Skipped(ctx, t.head().Workspace, t.head().Key)
	if err != nil {
		return nil, err
	}
	var older []*Turn
	for _, body := range bodies {
		old := t.entry
		old.ID, old.Body = "", body
		s, err := b.open(ctx, page, old)
		if _, damaged := errors.AsType[*verdict.PermanentError](err); damaged {
			continue
		}
		if err != nil {
			return nil, err
		}
		older = append(older, s)
	}
	return older, nil
}

// ApprovalRequest is what [RequestApproval] asks for.
type ApprovalRequest struct {
	// Title says in one line of Markdown what is to be approved. Text of other
	// people in it goes through [Escape]. Required.
	Title string
	// Details is Markdown below the title.
	Details string
	// Fields are shown below the details.
	Fields []card.Field
	// ApproveLabel and DenyLabel are what the choices are called. Default to
	// "Approve" and "Deny"; these words always count as answers.
	ApproveLabel, DenyLabel string
	// Approvers are the ids of the users who may decide. They are mentioned.
	// Defaults to every person.
	Approvers []string
	// Timeout is how long to wait, at most a year. Defaults to 7 days.
	Timeout time.Duration
}

// Approval is the outcome of [RequestApproval].
type Approval struct {
	// Approved says that someone has approved it.
	Approved bool
	// TimedOut says that the time passed without a decision.
	TimedOut bool
	// By is who decided. The zero User if a link was pressed, which names no one.
	By adapter.User
}

// RequestApproval asks people to approve something, by a word ("approve",
// "deny"), a reaction (👍, 👎) or a choice in a session. It parks the turn like
// [Ask].
func RequestApproval(ctx context.Context, t *Thread, r ApprovalRequest) (*Approval, error) {
	q := Question{
		Text: "**" + r.Title + "**", From: r.Approvers, Timeout: r.Timeout,
		Options: []adapter.Choice{
			{Value: questions.Approve, Label: cmp.Or(r.ApproveLabel, "Approve")},
			{Value: questions.Deny, Label: cmp.Or(r.DenyLabel, "Deny")},
		},
	}
	if r.Details != "" {
		q.Text += "\n\n" + r.Details
	}
	if len(r.Fields) > 0 {
		fields, err := card.Card{Children: []card.Element{card.Fields(r.Fields)}}.Render(content.Form{})
		if err != nil {
			return nil, Permanent(err)
		}
		q.Text += "\n\n" + fields
	}
	a, err := Ask(ctx, t, q)
	if err != nil {
		return nil, err
	}
	return &Approval{Approved: a.Value == questions.Approve, TimedOut: a.TimedOut, By: a.By}, nil
}
