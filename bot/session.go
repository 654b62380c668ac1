package bot

import (
	"cmp"
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/profiles"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/stream"
	"github.com/linearbot/linearbot/bot/internal/writes"
	"github.com/linearbot/linearbot/internal/emoji"
)

// Session is a handle on the agent session of a thread: what people watch there in
// addition to answers. In a thread of comments, which has none of that, thoughts,
// actions and links are no-ops, and what ends a turn is a comment, so that one
// handler serves both. It holds only names, so it is cheap and safe for concurrent
// use.
//
// What is written in a session stays. A turn that runs again writes nothing twice:
// a thought or an action with the same text, at the same place, is the same one, and
// one with another text is a further one.
//
// Everything returns the cause of the context, such as [ErrStopped], once the turn
// is over, and [ErrAsked] if the turn has asked something and writes more than an
// answer. Other errors are *adapter.Error.
type Session struct{ thread *Thread }

// Session returns the session of the thread.
func (t *Thread) Session() *Session { return &Session{t} }

// ErrAsked says that a turn has asked a person something in an agent session. Until
// they answer, only an answer, an error or another question may follow: anything
// else would take the buttons of the question away.
var ErrAsked = attend.ErrAsked

// Exists reports whether the thread is an agent session.
func (s *Session) Exists() bool { return s.thread.inSession() }

// Think writes a thought: progress that stays. [Thread.Typing] shows one that
// disappears with the next activity. Markdown.
func (s *Session) Think(ctx context.Context, text string) error {
	return s.progress(ctx, &adapter.Activity{Kind: adapter.ActivityThought, Body: text})
}

// Action is something that the bot does or has done.
type Action struct {
	// Name says what, for example "Searched". Required.
	Name string
	// Parameter is what it is done with, for example the words of a search.
	Parameter string
	// Result is the result, as Markdown. Empty while the action runs.
	Result string
	// Ephemeral makes it disappear with the next activity: for actions that run, of
	// which the result is to follow.
	Ephemeral bool
}

// Act writes an action.
func (s *Session) Act(ctx context.Context, a Action) error {
	return s.progress(ctx, &adapter.Activity{
		Kind: adapter.ActivityAction, Name: a.Name, Parameter: a.Parameter, Result: a.Result, Ephemeral: a.Ephemeral,
	})
}

// progress writes an activity that does not end the turn.
func (s *Session) progress(ctx context.Context, a *adapter.Activity) error {
	t := s.thread
	if err := alive(ctx); err != nil {
		return err
	}
	key := t.writeKey(ctx)
	if !s.Exists() {
		return nil
	}
	t.wording(ctx, a, key)
	for _, text := range []*string{&a.Body, &a.Parameter, &a.Result} {
		*text = emoji.Replace(*text)
	}
	people := t.mentions(false)
	return t.activityWith(ctx, a, &people)
}

// wording gives an activity a key of its own, so that a turn that runs again may write
// it besides another wording under the same key.
func (t *Thread) wording(ctx context.Context, a *adapter.Activity, key string) {
	a.Key = key
	if t.turnOf(ctx) != nil {
		a.Key = writes.Variant(key, string(a.Kind), a.Body, a.Name, a.Parameter, a.Result)
	}
}

// Elicitation is what [Session.Ask] asks.
type Elicitation struct {
	// Text is the question, as Markdown. Required.
	Text string
	// Options are buttons, as in [Question]. What a person chooses arrives as an
	// ordinary message, of which [Message.Choice] says the option; they may also
	// write something else.
	Options []adapter.Choice
	// Auth is a button to link an account with another service. The platform does
	// not tell when the account was linked. It excludes Options.
	Auth *adapter.AuthLink
}

// Ask asks a person something and leaves the answer to a later message. The turn is
// to end with it. [Ask], the function, waits for the answer instead, and the turn
// continues with it.
func (s *Session) Ask(ctx context.Context, e Elicitation) error {
	t := s.thread
	if stream.Blank(e.Text) {
		return ErrEmpty
	}
	if e.Auth != nil && len(e.Options) > 0 {
		return &adapter.Error{Code: adapter.CodeInvalid, Op: "ask", Message: "a question has either options or an account link"}
	}
	if !s.Exists() {
		lines := []string{e.Text, ""}
		if e.Auth != nil {
			lines = append(lines, e.Auth.URL)
		}
		for _, o := range e.Options {
			lines = append(lines, "- "+Escape(cmp.Or(o.Label, o.Value)))
		}
		_, err := t.Post(ctx, Markdown(strings.Join(lines, "\n")))
		return err
	}
	key := t.writeKey(ctx)
	body, err := t.mention(ctx, emoji.Replace(e.Text))
	if err != nil {
		return err
	}
	options := questions.Valued(e.Options)
	if err := t.activity(ctx, &adapter.Activity{
		Key: key, Kind: adapter.ActivityElicitation, Body: body, Options: options, Auth: e.Auth,
	}); err != nil {
		return err
	}
	if turn := t.turnIn(ctx); turn != nil {
		questions.Leave(turn.notes, options)
	}
	return nil
}

// Finish answers: the session is complete until a person writes again. In a thread
// of comments it is [Thread.Post].
func (s *Session) Finish(ctx context.Context, c Content) (*adapter.Message, error) {
	return s.thread.Post(ctx, Final(c))
}

// Fail says that the bot could not do it, which ends the turn in the session. The
// handler returns nil then: with an error the turn would run again. Markdown.
func (s *Session) Fail(ctx context.Context, text string) error {
	t := s.thread
	if !s.Exists() {
		_, err := t.Post(ctx, Markdown(text))
		return err
	}
	if stream.Blank(text) {
		return ErrEmpty
	}
	key := t.writeKey(ctx)
	body, err := t.mention(ctx, emoji.Replace(text))
	if err != nil {
		return err
	}
	return t.activity(ctx, &adapter.Activity{Key: key, Kind: adapter.ActivityFailure, Body: body})
}

// Leave says that the work continues after the handler, for example in a separate job
// that writes through a handle of [Bot.Workspace]. The keeper then writes no
// end to this turn.
func (s *Session) Leave(ctx context.Context) {
	if turn := s.thread.turnIn(ctx); turn != nil {
		turn.session.Leave()
	}
}

// AddLinks adds links to pages that show the work: a pull request, a log, a
// dashboard. A link with the address of another one replaces it.
func (s *Session) AddLinks(ctx context.Context, links ...adapter.SessionLink) error {
	return s.setLinks(ctx, links, nil)
}

// RemoveLinks removes the links with some addresses.
func (s *Session) RemoveLinks(ctx context.Context, urls ...string) error {
	return s.setLinks(ctx, nil, urls)
}

func (s *Session) setLinks(ctx context.Context, add []adapter.SessionLink, remove []string) error {
	if err := alive(ctx); err != nil || !s.Exists() || len(add)+len(remove) == 0 {
		return err
	}
	owner := s.thread.bot.can.owner
	if owner == nil {
		return s.thread.bot.cannot("links of a session")
	}
	return owner.SetSessionLinks(ctx, s.thread.workspace, s.thread.id, add, remove)
}

// SuggestRepositories says which of the repositories that the bot can reach the
// issue of the session may be about, the most likely first. In a thread of comments it
// suggests none.
func (s *Session) SuggestRepositories(ctx context.Context, candidates ...adapter.Repository) ([]adapter.RepositorySuggestion, error) {
	if err := alive(ctx); err != nil || !s.Exists() {
		return nil, err
	}
	owner := s.thread.bot.can.owner
	if owner == nil {
		return nil, s.thread.bot.cannot("suggest repositories")
	}
	return owner.SuggestRepositories(ctx, s.thread.workspace, s.thread.id, candidates)
}

// TakeIssue makes the bot the delegate of the issue, or moves the issue to the first
// started state of its team. Config.Sessions does so for every new session.
func (s *Session) TakeIssue(ctx context.Context, t adapter.TakeIssue) error {
	if err := alive(ctx); err != nil || !s.Exists() {
		return err
	}
	owner := s.thread.bot.can.owner
	if owner == nil {
		return s.thread.bot.cannot("take issue")
	}
	return owner.TakeIssue(ctx, s.thread.workspace, s.thread.id, t)
}

// activityWith is activity, with mentions of people in the texts.
func (t *Thread) activityWith(ctx context.Context, a *adapter.Activity, people *profiles.Mentions) error {
	for _, text := range []*string{&a.Body, &a.Parameter, &a.Result} {
		var err error
		if *text, err = people.Replace(ctx, *text); err != nil {
			return err
		}
	}
	return t.activity(ctx, a)
}

// activity writes an activity of which Key, Kind and the texts are set, in turn with
// the keeper.
func (t *Thread) activity(ctx context.Context, a *adapter.Activity) error {
	a.Workspace, a.Thread = t.workspace, t.id
	return t.written(ctx, a.Kind, func(ctx context.Context) error { return t.bot.can.agent.Activity(ctx, a) })
}

// written writes something of a kind into a session, in turn with its keeper.
func (t *Thread) written(ctx context.Context, kind adapter.ActivityKind, write func(context.Context) error) error {
	if err := alive(ctx); err != nil {
		return err
	}
	turn := t.turnIn(ctx)
	if turn == nil {
		return write(ctx)
	}
	return turn.session.Write(ctx, kind, t.warnSecond, write)
}

// turnIn returns the turn that ctx or t belongs to, if it is one of this thread.
func (t *Thread) turnIn(ctx context.Context) *Turn {
	turn := t.turnOf(ctx)
	if turn == nil || turn.thread == nil || turn.thread.id != t.id {
		return nil
	}
	return turn
}

// warnSecond says that a turn answers again.
func (t *Thread) warnSecond() {
	t.bot.log.Warn().Str(keyThread, string(t.id)).
		Msg("the turn answers a second time in an agent session: post what is not the answer with bot.Progress")
}
