package ai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// Attachment is a file of a message.
type Attachment struct {
	// Kind defaults to AttachmentFile.
	Kind AttachmentKind
	// Name is the file's name. May be empty.
	Name string
	// MediaType is what the file is said to be, for example "text/plain;
	// charset=utf-8". Empty if unknown.
	MediaType string
	// URL is where the file is. Empty if it cannot be read.
	URL string
}

// AttachmentKind says what sort of file an attachment is.
type AttachmentKind uint8

// The kinds of attachment.
const (
	AttachmentFile AttachmentKind = iota
	AttachmentImage
	AttachmentAudio
	AttachmentVideo
)

// AttachmentsOf returns the files of a message that the platform itself holds.
// Their types follow from their names.
func AttachmentsOf(m *adapter.Message) []Attachment {
	var out []Attachment
	for _, a := range m.Attachments {
		if !a.Own {
			continue
		}
		mediaType := mediaTypeOf(a.Name)
		kind := kindOf(mediaType)
		if a.Image {
			if kind != AttachmentImage {
				mediaType = "" // the holder of the file knows better
			}
			kind = AttachmentImage
		}
		out = append(out, Attachment{Kind: kind, Name: a.Name, MediaType: mediaType, URL: a.URL})
	}
	return out
}

// kindOf returns the kind of file that a media type stands for.
func kindOf(mediaType string) AttachmentKind {
	class, _, _ := strings.Cut(strings.ToLower(mediaType), "/")
	switch class {
	case "image":
		return AttachmentImage
	case "audio":
		return AttachmentAudio
	case "video":
		return AttachmentVideo
	default:
		return AttachmentFile
	}
}

// isText reports whether a model can read files of a media type as text.
func isText(mediaType string) bool {
	switch class, rest, _ := strings.Cut(mediaType, "/"); class {
	case "text":
		return true
	case "application":
		for _, t := range [...]string{"json", "xml", "javascript", "typescript", "yaml", "x-yaml", "toml"} {
			if strings.HasPrefix(rest, t) {
				return true
			}
		}
	}
	return false
}

// mediaTypeOf returns the media type of files with such a name, for the sorts
// of file that matter here. The tables of the system are not asked: they differ
// from one machine to the next.
func mediaTypeOf(name string) string {
	switch ext := strings.TrimPrefix(strings.ToLower(path.Ext(name)), "."); ext {
	case "png", "gif", "webp", "bmp", "avif", "heic", "tiff":
		return "image/" + ext
	case "jpg", "jpeg":
		return "image/jpeg"
	case "svg":
		return "image/svg+xml"
	case "mp4", "mpeg", "webm", "ogv":
		return "video/" + ext
	case "mov":
		return "video/quicktime"
	case "mp3", "wav", "ogg", "flac", "aac", "m4a", "opus":
		return "audio/" + ext
	case "txt", "log", "diff", "patch", "go", "py", "rb", "rs", "java", "c", "h", "cpp", "sh", "sql", "ini", "conf", "env":
		return "text/plain"
	case "md", "markdown":
		return "text/markdown"
	case "csv", "html", "css":
		return "text/" + ext
	case "htm":
		return "text/html"
	case "js", "mjs", "jsx":
		return "application/javascript"
	case "ts", "tsx":
		return "application/typescript"
	case "json", "xml", "yaml", "toml":
		return "application/" + ext
	case "yml":
		return "application/yaml"
	case "pdf", "zip", "gzip":
		return "application/" + ext
	default:
		return ""
	}
}

// reader reads files until the budget is spent.
type reader struct {
	opts MessageOptions
	left int64
}

// files returns the files of a message that the model gets. The only error is
// that of ctx.
func (r *reader) files(ctx context.Context, m *adapter.Message) (parts []Part, skipped []skip, err error) {
	for _, a := range r.opts.Attachments(m) {
		p, why := r.file(ctx, a)
		if why == nil {
			parts = append(parts, p)
			continue
		}
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		skipped = append(skipped, skip{a, why})
	}
	return parts, skipped, nil
}

// skip is a file that was not taken.
type skip struct {
	file Attachment
	why  error
}

// file reads a file, or says why not.
func (r *reader) file(ctx context.Context, a Attachment) (FilePart, error) {
	if a.MediaType != "" || a.Kind != AttachmentFile {
		if err := usable(a.Kind, a.MediaType); err != nil {
			return FilePart{}, err
		}
	}
	limit := min(r.opts.MaxFileBytes, r.left)
	switch {
	case r.opts.Open == nil || a.URL == "":
		return FilePart{}, ErrNoOpen
	case limit <= 0:
		return FilePart{}, ErrTooLarge
	}
	f, err := r.opts.Open(ctx, a.URL, limit)
	if err != nil {
		return FilePart{}, err
	}
	part, err := take(f, a, limit)
	if err = errors.Join(err, f.Close()); err != nil {
		return FilePart{}, err
	}
	r.left -= int64(len(part.Data))
	return part, nil
}

// take reads an open file of at most limit bytes.
func take(f io.Reader, a Attachment, limit int64) (FilePart, error) {
	p := FilePart{Name: a.Name, MediaType: a.MediaType}
	if told, ok := f.(*adapter.File); ok {
		if p.MediaType == "" {
			p.MediaType = told.Type
		}
		if p.Name == "" {
			p.Name = told.Name
		}
		if told.Size > limit {
			return FilePart{}, fmt.Errorf("%w: it has %d bytes, at most %d fit", ErrTooLarge, told.Size, limit)
		}
	}
	kind := a.Kind
	if kind == AttachmentFile {
		kind = kindOf(p.MediaType)
	}
	if kind == AttachmentImage && a.MediaType == "" && kindOf(p.MediaType) != AttachmentImage {
		p.MediaType = "image/png"
	}
	if err := usable(kind, p.MediaType); err != nil {
		return FilePart{}, err
	}
	var err error
	if p.Data, err = io.ReadAll(io.LimitReader(f, limit+1)); err != nil {
		return FilePart{}, err
	}
	if int64(len(p.Data)) > limit {
		return FilePart{}, fmt.Errorf("%w: at most %d bytes fit", ErrTooLarge, limit)
	}
	return p, nil
}

// usable says why a model cannot use files of a kind and a type.
func usable(kind AttachmentKind, mediaType string) error {
	switch kind {
	case AttachmentImage:
		return nil
	case AttachmentAudio, AttachmentVideo:
		return ErrKind
	case AttachmentFile:
	}
	if !isText(mediaType) {
		return ErrType
	}
	return nil
}
