package bot

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/uploads"
	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/mention"
	"github.com/linearbot/linearbot/internal/notes"
)

// As returns c as a post under another name, for example of the customer whose
// mail a helpdesk forwards. The bot remains the author: Linear shows the name
// with a note that the app wrote it, messages under it never reach a handler,
// and the bot can edit and delete them. If personas are nested, the outermost
// counts.
//
// It combines with every other content, and with [Thread.PostAt]. Errors have
// code adapter.CodeInvalid for a persona without a name, with one longer than 100
// characters, or with an AvatarURL that is not an http or https address. They
// have code adapter.CodeUnsupported, and nothing is written, in agent sessions,
// for bots that act with a person's key, and in [Thread.Edit], because a message
// keeps its name.
func As(c Content, p adapter.Persona) Content { return extrasContent{c, extras{as: &p}} }

// Quiet returns c as a post that does not subscribe the bot to the issue, so that
// forwarded messages do not fill its inbox. It combines with every other content,
// and with [Thread.PostAt]. Edits never subscribe, and neither do answers in an
// agent session: there it is a no-op.
func Quiet(c Content) Content { return extrasContent{c, extras{quiet: true}} }

// NoMentions returns c as a post in which nothing mentions a user, whatever it says:
// "<@id>" and the addresses of profiles arrive as text. Use it for text that a model
// writes, or that holds text of other people as Markdown. It combines with every
// other content. A nil c stays nil.
func NoMentions(c Content) Content {
	if c == nil {
		return nil
	}
	return extrasContent{c, extras{silent: true}}
}

// Progress returns c as a post of which more is to come. In an agent session it is a
// thought, which does not end the turn; elsewhere it makes no difference. It combines
// with every other content. A nil c stays nil.
func Progress(c Content) Content { return inMode(c, modeProgress) }

// Final returns c as a post that is the answer, which ends the turn in an agent
// session. Posts are final unless SessionConfig.PostsAreProgress says otherwise. If
// Progress and Final are nested, the outermost counts.
func Final(c Content) Content { return inMode(c, modeFinal) }

func inMode(c Content, m postMode) Content {
	if c == nil {
		return nil
	}
	return extrasContent{c, extras{mode: m}}
}

// postMode says whether a post is the answer.
type postMode uint8

const (
	modeDefault postMode = iota
	modeProgress
	modeFinal
)

// extras are what goes with content besides its text.
type extras struct {
	mode  postMode
	files []adapter.Upload
	as    *adapter.Persona // nil is the bot's own name
	quiet bool
	// silent says that nothing in the text mentions a user.
	silent bool
}

// extrasContent is content with extras.
type extrasContent struct {
	content Content
	extras  extras
}

// Render makes it a Content: the text without the extras.
func (c extrasContent) Render(f content.Form) (string, error) {
	if c.content == nil {
		return "", nil
	}
	body, err := c.content.Render(f)
	if c.extras.silent {
		body = mention.Quiet(body)
	}
	return body, err
}

// detach returns c without its extras, and these.
func detach(c Content) (Content, extras) {
	var all extras
	for {
		x, ok := c.(extrasContent)
		if !ok {
			return c, all
		}
		c = x.content
		all.files = slices.Concat(x.extras.files, all.files)
		all.quiet = all.quiet || x.extras.quiet
		all.silent = all.silent || x.extras.silent
		if all.mode == modeDefault {
			all.mode = x.extras.mode
		}
		if all.as == nil {
			all.as = x.extras.as
		}
	}
}

// maxPersona is how many characters the name of a persona may have.
const maxPersona = 100

// allows checks that a post of the thread can have the extras.
func (t *Thread) allows(x extras) error {
	switch {
	case x.as == nil:
		return nil
	case t.inSession():
		return personaError(adapter.CodeUnsupported, "in an agent session the bot writes under its own name")
	case strings.TrimSpace(x.as.Name) == "":
		return personaError(adapter.CodeInvalid, "the persona has no name")
	case utf8.RuneCountInString(x.as.Name) > maxPersona || strings.ContainsAny(x.as.Name, "\r\n"):
		return personaError(adapter.CodeInvalid, "the name of the persona must be one line of at most 100 characters")
	case x.as.AvatarURL == "":
		return nil
	}
	u, err := url.Parse(x.as.AvatarURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return personaError(adapter.CodeInvalid, "the persona's AvatarURL must look like https://example.com/ada.png")
	}
	return nil
}

func personaError(code adapter.Code, message string) error {
	err := &adapter.Error{Code: code, Op: "post", Message: message}
	if code == adapter.CodeUnsupported {
		err.Err = errors.ErrUnsupported
	}
	return err
}

// isProgress reports whether more is to come after a post.
func (t *Thread) isProgress(x extras) bool {
	return x.mode == modeProgress || x.mode == modeDefault && t.bot.cfg.Sessions.PostsAreProgress
}

// newPost returns the post of a text under a key.
func (t *Thread) newPost(body, key string, x extras) *adapter.Post {
	p := &adapter.Post{Workspace: t.workspace, Thread: t.id, Body: body, Key: key, Quiet: x.quiet, Progress: t.isProgress(x)}
	if x.as != nil {
		p.As = *x.as
	}
	return p
}

// WithFiles returns c with files attached. [Thread.Post] and [Thread.Edit] upload
// them, one after the other, before anything is written, and link them below the
// text, pictures as pictures: those whose type begins with "image/". A file
// without a type gets the one that the ending of its name stands for. c may be
// nil or empty, as there is something to post all the same. Behind a [Stream] the
// links come with its end. A [Plan] keeps them, but cannot have any in an agent
// session. Where nothing can be uploaded the error wraps errors.ErrUnsupported;
// if an upload fails nothing is written.
//
// The content of a file is read once. A turn that runs again makes its readers
// anew, and a file of the same name, type and size that this post of the turn has
// uploaded before is not read but linked where it is. So close what needs it in
// the handler.
func WithFiles(c Content, files ...adapter.Upload) Content {
	return extrasContent{c, extras{files: slices.Clone(files)}}
}

// attach checks the extras of c, uploads the files among them and returns the
// Markdown that links these.
func (t *Thread) attach(ctx context.Context, c Content, x extras) (string, error) {
	if err := t.allows(x); err != nil || len(x.files) == 0 {
		return "", err
	}
	if _, ok := c.(*Plan); ok && t.inSession() {
		return "", &adapter.Error{Code: adapter.CodeUnsupported, Op: "upload", Message: "a plan in an agent session has no text for files to stand below"}
	}
	if err := alive(ctx); err != nil {
		return "", err
	}
	post := uploads.Post{To: t, Alive: alive}
	if turn := t.turnOf(ctx); turn != nil {
		kept := t.bot.notes.Value(notes.Files, turn.head().Workspace, turn.nextFiles(stepFrom(ctx)))
		post.Kept = &kept
	}
	return post.Link(ctx, x.files)
}

// inSession reports whether the thread is an agent session.
func (t *Thread) inSession() bool { return t.bot.can.agent != nil && t.bot.can.agent.IsSession(t.id) }
