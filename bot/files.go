package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/stream"
)

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
	uploads, err := t.uploads(ctx)
	if err != nil {
		return "", err
	}
	var links []string
	for _, f := range x.files {
		f.Type = typeOf(f)
		url, ok := uploads.take(f)
		if !ok {
			if url, err = t.Upload(ctx, f); err != nil {
				return "", err
			}
			if err := uploads.put(ctx, f, url); err != nil {
				return "", err
			}
		}
		links = append(links, fileLink(f, url))
	}
	return strings.Join(links, "\n\n"), nil
}

// inSession reports whether the thread is an agent session.
func (t *Thread) inSession() bool { return t.bot.can.agent != nil && t.bot.can.agent.IsSession(t.id) }

// uploads are the files of a post that are uploaded, so that another run of the
// turn does not upload them again.
type uploads struct {
	value *notes.Value // nil outside a turn
	// kept are the files in the order in which they were uploaded, before are
	// those of an earlier run that no file of this one was.
	kept, before []keptFile
}

// keptFile is a file that was uploaded.
type keptFile struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	Size int64  `json:"size"`
	URL  string `json:"url"`
}

// uploads returns those of the next post or edit with files. Outside a turn it
// keeps nothing.
func (t *Thread) uploads(ctx context.Context) (*uploads, error) {
	turn := t.turnOf(ctx)
	if turn == nil {
		return &uploads{}, nil
	}
	v := t.bot.notes.Value(notes.Files, turn.head().Workspace, turn.nextFiles(stepFrom(ctx)))
	s := &uploads{value: &v}
	data, err := v.Get(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("bot: files: %w", err)
	case data == nil:
		return s, nil
	}
	if err := json.Unmarshal(data, &s.kept); err != nil {
		return nil, fmt.Errorf("bot: files were kept in another form: %w", err)
	}
	s.before = slices.Clone(s.kept)
	return s, nil
}

// take returns the address of a file that an earlier run has uploaded.
func (s *uploads) take(f adapter.Upload) (url string, ok bool) {
	for i, k := range s.before {
		if k.Name == f.Name && k.Type == f.Type && k.Size == f.Size {
			s.before = slices.Delete(s.before, i, i+1)
			return k.URL, true
		}
	}
	return "", false
}

// put keeps the address of a file that was uploaded.
func (s *uploads) put(ctx context.Context, f adapter.Upload, url string) error {
	if s.value == nil {
		return nil
	}
	if err := alive(ctx); err != nil {
		return err // another process runs the turn by now
	}
	s.kept = append(s.kept, keptFile{Name: f.Name, Type: f.Type, Size: f.Size, URL: url})
	data, err := json.Marshal(s.kept)
	if err != nil {
		return fmt.Errorf("bot: files: %w", err)
	}
	if err := s.value.Set(ctx, data); err != nil {
		return fmt.Errorf("bot: files: %w", err)
	}
	return nil
}

// typeOf returns the media type of a file, "" if it is unknown.
func typeOf(f adapter.Upload) string {
	if f.Type != "" {
		return f.Type
	}
	kind, _, err := mime.ParseMediaType(mime.TypeByExtension(path.Ext(f.Name)))
	if err != nil {
		return ""
	}
	return kind
}

// fileLink returns the Markdown of a file.
func fileLink(f adapter.Upload, url string) string {
	name := path.Base(strings.ReplaceAll(oneLine(f.Name), `\`, "/"))
	link := markdown.Name(name, url)
	if strings.HasPrefix(strings.ToLower(f.Type), "image/") {
		return "!" + link
	}
	return link
}

// withLinks returns a text with links to files below it.
func withLinks(text, links string) string {
	switch {
	case links == "":
		return text
	case stream.Blank(text):
		return links
	default:
		return stream.Below(text, links)
	}
}
