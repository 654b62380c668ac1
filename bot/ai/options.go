package ai

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// MessageOptions say how messages become messages for a model. The zero value takes
// the text alone.
type MessageOptions struct {
	// Names puts "[name]: " in front of what people wrote, so that the
	// model can tell them apart. Defaults to no.
	Names bool
	// Name is what people are called, also in Message.Name. Defaults to the handle,
	// for people without one to their full name, and for those without that to what
	// is before the "@" of their address, or to "unknown".
	Name func(u adapter.User) string
	// Links returns what is known of the pages that a message links. It is
	// added to the text. Defaults to nothing.
	Links func(m *adapter.Message) []Link
	// Attachments returns the files of a message. Defaults to
	// [AttachmentsOf].
	Attachments func(m *adapter.Message) []Attachment
	// Open opens a file, to be read up to limit bytes. [bot.Thread.Open]
	// fits. It is called only for pictures, text files and files of which
	// their type is unknown. If it returns an *adapter.File, the file's
	// Type counts where the attachment has none. Defaults to opening nothing.
	Open func(ctx context.Context, url string, limit int64) (io.ReadCloser, error)
	// MaxFileBytes is the size of the largest file to read. Defaults to 4 MiB.
	MaxFileBytes int64
	// MaxTotalBytes is the size of all files together. Those of the newest messages are
	// read first. Defaults to 16 MiB.
	MaxTotalBytes int64
	// Skipped is called for every file of a person that the model does not get,
	// with the reason: [ErrKind], [ErrType], [ErrTooLarge], [ErrNoOpen] or the error
	// of Open. Defaults to none.
	Skipped func(m *adapter.Message, a Attachment, why error)
	// Transform changes a message or, if it returns false, leaves it out. from is the
	// message that it was made from. Defaults to changing nothing.
	Transform func(m Message, from *adapter.Message) (Message, bool)
}

// Reasons why a model does not get a file.
var (
	// ErrKind says that it is audio or video.
	ErrKind = errors.New("ai: audio and video are not supported")
	// ErrType says that it is neither a picture nor text, as far as is
	// known.
	ErrType = errors.New("ai: the file is neither a picture nor text")
	// ErrTooLarge says that the file exceeds MaxFileBytes or what is left of
	// MaxTotalBytes.
	ErrTooLarge = errors.New("ai: the file is too large")
	// ErrNoOpen says that MessageOptions.Open is nil or the attachment has no URL.
	ErrNoOpen = errors.New("ai: the file cannot be opened")
)

// Link is what is known of a page that a message links. All of it may come from
// the page's author.
type Link struct {
	URL string
	// Title, Description and Site are left out if empty. At most 300, 1000
	// and 100 UTF-16 code units of them are shown, and 2048 of URL.
	Title, Description, Site string
	// Message says that the link leads to a message.
	Message bool
}

const (
	defaultMaxFile  = 4 << 20
	defaultMaxFiles = 16 << 20
)

func (o MessageOptions) withDefaults() MessageOptions {
	if o.Name == nil {
		o.Name = nameOf
	}
	if o.Attachments == nil {
		o.Attachments = AttachmentsOf
	}
	if o.MaxFileBytes <= 0 {
		o.MaxFileBytes = defaultMaxFile
	}
	if o.MaxTotalBytes <= 0 {
		o.MaxTotalBytes = defaultMaxFiles
	}
	if o.Skipped == nil {
		o.Skipped = func(*adapter.Message, Attachment, error) {}
	}
	return o
}

// nameOf is what a user is called.
func nameOf(u adapter.User) string {
	local, _, _ := strings.Cut(u.Email, "@")
	for _, name := range []string{u.Name, u.FullName, local} {
		if !blank(name) {
			return name
		}
	}
	return "unknown"
}
