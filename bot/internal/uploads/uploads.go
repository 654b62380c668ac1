// Package uploads stores the files of a post with the platform, once for all runs of its
// turn, and links them.
//
// The content of a file is read once. What a run has uploaded is kept at once, so a run
// that follows finds it by name, type and size, and links it where it is.
package uploads

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
)

// Uploader stores a file with a platform and returns its address.
type Uploader interface {
	Upload(ctx context.Context, f adapter.Upload) (url string, err error)
}

// Post is the post that files belong to.
type Post struct {
	To Uploader
	// Kept is what the post's uploads are kept in. Nil outside a turn, where nothing is
	// kept.
	Kept *notes.Value
	// Alive returns why nothing more may be kept, because another process runs the turn
	// by now.
	Alive func(ctx context.Context) error
}

// Link uploads files one after the other, except for those that an earlier run has
// uploaded, and returns the Markdown that links them in their order. A file without a
// type gets the one that its name stands for.
func (p *Post) Link(ctx context.Context, files []adapter.Upload) (string, error) {
	s, err := p.recall(ctx)
	if err != nil {
		return "", err
	}
	var links []string
	for _, f := range files {
		f.Type = typeOf(f)
		url, ok := s.take(f)
		if !ok {
			if url, err = p.To.Upload(ctx, f); err != nil {
				return "", err
			}
			if err := p.keep(ctx, s, f, url); err != nil {
				return "", err
			}
		}
		links = append(links, link(f, url))
	}
	return strings.Join(links, "\n\n"), nil
}

// stored are the files of a post that are uploaded.
type stored struct {
	// all are the files in the order in which they were uploaded, before are those of
	// an earlier run that no file of this one was.
	all, before []file
}

// file is a file that was uploaded.
type file struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	Size int64  `json:"size"`
	URL  string `json:"url"`
}

// recall returns what earlier runs have uploaded.
func (p *Post) recall(ctx context.Context) (*stored, error) {
	s := &stored{}
	if p.Kept == nil {
		return s, nil
	}
	data, err := p.Kept.Get(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("bot: files: %w", err)
	case data == nil:
		return s, nil
	}
	if err := json.Unmarshal(data, &s.all); err != nil {
		return nil, fmt.Errorf("bot: files were kept in another form: %w", err)
	}
	s.before = slices.Clone(s.all)
	return s, nil
}

// take returns the address of a file that an earlier run has uploaded.
func (s *stored) take(f adapter.Upload) (url string, ok bool) {
	for i, k := range s.before {
		if k.Name == f.Name && k.Type == f.Type && k.Size == f.Size {
			s.before = slices.Delete(s.before, i, i+1)
			return k.URL, true
		}
	}
	return "", false
}

// keep keeps the address of a file that was uploaded.
func (p *Post) keep(ctx context.Context, s *stored, f adapter.Upload, url string) error {
	if p.Kept == nil {
		return nil
	}
	if err := p.Alive(ctx); err != nil {
		return err
	}
	s.all = append(s.all, file{Name: f.Name, Type: f.Type, Size: f.Size, URL: url})
	data, err := json.Marshal(s.all)
	if err != nil {
		return fmt.Errorf("bot: files: %w", err)
	}
	if err := p.Kept.Set(ctx, data); err != nil {
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

// link returns the Markdown of a file.
func link(f adapter.Upload, url string) string {
	name := path.Base(strings.ReplaceAll(strings.Join(strings.Fields(f.Name), " "), `\`, "/"))
	text := markdown.Name(name, url)
	if strings.HasPrefix(strings.ToLower(f.Type), "image/") {
		return "!" + text
	}
	return text
}
