// Package scheduled decides what becomes of posts that are to be made at a later time. A
// post is made or canceled, by whichever comes first on any instance, and that is
// remembered for longer than it may be tried.
package scheduled

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
)

// Post names a scheduled post in a workspace.
type Post struct {
	Workspace, Name string
}

// Named returns the post with a write key.
func Named(workspace, key string) Post {
	sum := sha256.Sum256([]byte(key))
	return Post{workspace, hex.EncodeToString(sum[:16])}
}

// Of returns the post that an entry holds.
func Of(workspace, entry string) Post {
	return Post{workspace, strings.TrimPrefix(entry, notes.PostPrefix)}
}

// Entry returns the id of the entry that holds the post.
func (p Post) Entry() string { return notes.PostPrefix + p.Name }

// ID returns what people cancel the post by, which is to be made at a time.
func (p Post) ID(at time.Time) string { return p.Name + "-" + strconv.FormatInt(at.Unix(), 10) }

var errNoName = errors.New("no name before the time")

// ParseID reads what [Post.ID] returned.
func ParseID(workspace, id string) (Post, time.Time, error) {
	name, unix, _ := strings.Cut(id, "-")
	at, err := strconv.ParseInt(unix, 10, 64)
	if err == nil && name == "" {
		err = errNoName
	}
	return Post{workspace, name}, time.Unix(at, 0), err
}

// Begin reports whether the post is to be made, now that its time has come: unless it was
// canceled. From then on it cannot be canceled. It blocks for a durable write.
func (p Post) Begin(ctx context.Context, book notes.Book) (bool, error) {
	fate, err := p.decide(ctx, book, notes.PostPosted, notes.Scheduled.Life())
	return fate != notes.PostCanceled, err
}

// Cancel cancels a post that is to be made after some time, and reports whether it is
// canceled: posting may have begun. It blocks for a durable write.
func (p Post) Cancel(ctx context.Context, book notes.Book, left time.Duration) (bool, error) {
	fate, err := p.decide(ctx, book, notes.PostCanceled, max(left, 0)+notes.Scheduled.Life())
	return fate == notes.PostCanceled, err
}

// IsCanceled reports whether the post was canceled.
func (p Post) IsCanceled(ctx context.Context, book notes.Book) (bool, error) {
	fate, err := book.Value(notes.Scheduled, p.Workspace, p.Name).Get(ctx)
	return string(fate) == notes.PostCanceled, err
}

// decide decides what becomes of the post, unless that is decided, and returns what is.
func (p Post) decide(ctx context.Context, book notes.Book, fate string, keep time.Duration) (string, error) {
	decided, err := book.Value(notes.Scheduled, p.Workspace, p.Name).For(keep).Claim(ctx, []byte(fate))
	if err != nil {
		return "", fmt.Errorf("bot: scheduled post: %w", err)
	}
	return string(decided), nil
}
