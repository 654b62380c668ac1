package bot

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
)

// abilities are what the adapter can do beyond the contract, found out once.
// Nil means that it cannot.
type abilities struct {
	completer  adapter.Completer
	admitter   adapter.Admitter
	editor     adapter.Editor
	reactor    adapter.Reactor
	resolver   adapter.ThreadResolver
	rooter     adapter.Rooter
	typist     adapter.Typist
	historian  adapter.Historian
	subjecter  adapter.Subjecter
	directory  adapter.Directory
	people     adapter.BulkDirectory
	uploader   adapter.Uploader
	downloader adapter.Downloader
	agent      adapter.Agent
	owner      adapter.SessionOwner
	planner    adapter.PlanCanceler
	tracker    adapter.Tracker
}

func abilitiesOf(a adapter.Adapter) abilities {
	var can abilities
	can.completer, _ = a.(adapter.Completer)
	can.admitter, _ = a.(adapter.Admitter)
	can.editor, _ = a.(adapter.Editor)
	can.reactor, _ = a.(adapter.Reactor)
	can.resolver, _ = a.(adapter.ThreadResolver)
	can.rooter, _ = a.(adapter.Rooter)
	can.typist, _ = a.(adapter.Typist)
	can.historian, _ = a.(adapter.Historian)
	can.subjecter, _ = a.(adapter.Subjecter)
	can.directory, _ = a.(adapter.Directory)
	can.people, _ = a.(adapter.BulkDirectory)
	can.uploader, _ = a.(adapter.Uploader)
	can.downloader, _ = a.(adapter.Downloader)
	can.agent, _ = a.(adapter.Agent)
	can.owner, _ = a.(adapter.SessionOwner)
	can.planner, _ = a.(adapter.PlanCanceler)
	can.tracker, _ = a.(adapter.Tracker)
	return can
}

// cannot is the error for an ability that is missing. It wraps
// errors.ErrUnsupported.
func (b *Bot) cannot(op string) error {
	return &adapter.Error{Code: adapter.CodeUnsupported, Op: op, Message: "adapter " + b.cfg.Adapter.Name() + " cannot do that", Err: errors.ErrUnsupported}
}

// alive returns the cause if ctx has ended. Writes ask it first, so that a turn
// that was told to stop, or has lost its thread, changes nothing more.
// So does one whose handler has detached the context with which it writes.
func alive(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if t := turnFrom(ctx); t != nil && t.ended != nil {
		return t.ended()
	}
	return nil
}

// Edit replaces the text of a message that the bot wrote and returns the updated
// message. Buttons of a card become new links; the old ones keep working. In
// agent sessions the error has code adapter.CodeAppendOnly.
func (t *Thread) Edit(ctx context.Context, messageID string, c Content) (*adapter.Message, error) {
	t = t.here()
	c, x := detach(c)
	if _, ok := c.(streamContent); ok {
		return nil, errors.New("bot: a stream can be posted only")
	}
	if x.as != nil {
		return nil, &adapter.Error{Code: adapter.CodeUnsupported, Op: "edit", Message: "a message keeps the name that it was posted under: leave out As", Err: errors.ErrUnsupported}
	}
	if t.bot.can.editor == nil {
		return nil, t.bot.cannot("edit")
	}
	if err := alive(ctx); err != nil {
		return nil, err
	}
	files, err := t.attach(ctx, c, x)
	if err != nil {
		return nil, err
	}
	body, buttons, err := t.compose(ctx, c, files, "edit/"+uuid.NewString(), time.Now(), x.silent)
	if err != nil {
		return nil, err
	}
	m, err := t.bot.can.editor.Edit(ctx, t.ref(messageID), body)
	if err != nil {
		return nil, err
	}
	return m, buttons.Keep(ctx, m)
}

// Delete removes a message that the bot wrote. Removing an absent message is a
// no-op.
func (t *Thread) Delete(ctx context.Context, messageID string) error {
	if t.bot.can.editor == nil {
		return t.bot.cannot("delete")
	}
	if err := alive(ctx); err != nil {
		return err
	}
	return t.bot.can.editor.Delete(ctx, t.here().ref(messageID))
}

// React adds the bot's reaction to a message, or to the issue if messageID is
// empty. emoji is a name ("thumbs_up"), another common spelling ("+1") or
// Unicode. Repeating a reaction is a no-op.
func (t *Thread) React(ctx context.Context, messageID, emoji string) error {
	if t.bot.can.reactor == nil {
		return t.bot.cannot("react")
	}
	if err := alive(ctx); err != nil {
		return err
	}
	if err := t.bot.can.reactor.React(ctx, t.ref(messageID), reactionEmoji(emoji)); err != nil {
		return err
	}
	t.keepTyping(ctx, messageID, emoji)
	return nil
}

// Unreact removes the bot's reaction. Removing an absent reaction is a no-op.
func (t *Thread) Unreact(ctx context.Context, messageID, emoji string) error {
	if t.bot.can.reactor == nil {
		return t.bot.cannot("unreact")
	}
	if err := alive(ctx); err != nil {
		return err
	}
	return t.bot.can.reactor.Unreact(ctx, t.ref(messageID), reactionEmoji(emoji))
}

// Resolve marks the thread as resolved.
func (t *Thread) Resolve(ctx context.Context) error { return t.setResolved(ctx, true) }

// Unresolve opens the thread again.
func (t *Thread) Unresolve(ctx context.Context) error { return t.setResolved(ctx, false) }

func (t *Thread) setResolved(ctx context.Context, resolved bool) error {
	if t.bot.can.resolver == nil {
		return t.bot.cannot("resolve")
	}
	if err := alive(ctx); err != nil {
		return err
	}
	return t.bot.can.resolver.SetResolved(ctx, t.workspace, t.ID(), resolved)
}

// Subject returns the issue that the thread belongs to. Within a turn of the
// thread the platform is asked once.
func (t *Thread) Subject(ctx context.Context) (*adapter.Issue, error) {
	if t.bot.can.subjecter == nil {
		return nil, t.bot.cannot("subject")
	}
	turn := t.turnOf(ctx)
	if turn == nil || turn.thread == nil || turn.thread.key() != t.key() {
		return t.bot.can.subjecter.Subject(ctx, t.workspace, t.id)
	}
	turn.subject.Lock()
	defer turn.subject.Unlock()
	if turn.subject.issue == nil {
		issue, err := t.bot.can.subjecter.Subject(ctx, t.workspace, t.id)
		if err != nil || issue == nil {
			return issue, err
		}
		turn.subject.issue = issue
	}
	issue := *turn.subject.issue
	return &issue, nil
}

// forgetSubject has the next Subject of a turn ask again.
func (t *Thread) forgetSubject(ctx context.Context) {
	if turn := t.turnOf(ctx); turn != nil {
		turn.subject.Lock()
		defer turn.subject.Unlock()
		turn.subject.issue = nil
	}
}

// Upload stores a file with the platform and returns its address, to be linked
// in a message. [WithFiles] does both, and once in a turn that runs again.
func (t *Thread) Upload(ctx context.Context, f adapter.Upload) (string, error) {
	if t.bot.can.uploader == nil {
		return "", t.bot.cannot("upload")
	}
	if err := alive(ctx); err != nil {
		return "", err
	}
	return t.bot.can.uploader.Upload(ctx, t.workspace, f)
}

// maxDownload bounds what Open reads if the caller does not say.
const maxDownload = 32 << 20

// Open opens a file that a message of the thread refers to. The caller closes
// it. Reading more than limit bytes fails; zero means 32 MiB.
func (t *Thread) Open(ctx context.Context, url string, limit int64) (*adapter.File, error) {
	if t.bot.can.downloader == nil {
		return nil, t.bot.cannot("open")
	}
	if limit <= 0 {
		limit = maxDownload
	}
	return t.bot.can.downloader.Open(ctx, t.workspace, url, limit)
}

func (t *Thread) ref(messageID string) adapter.Ref {
	return adapter.Ref{Workspace: t.workspace, Thread: t.id, MessageID: messageID}
}
