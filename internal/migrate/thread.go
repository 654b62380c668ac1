package migrate

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
)

// threadOf reads a thread id of the predecessor and returns it as deliveries name
// the thread here. older says that the predecessor spells it otherwise now: up to
// version 4.38 it added the comment to the ids of sessions. Ids whose parts are
// percent-encoded, as in URLs, are decoded.
func threadOf(id string) (t linear.Thread, older bool, reason Reason) {
	if !strings.HasPrefix(id, "linear:") {
		if plain, err := url.PathUnescape(id); err != nil || !strings.HasPrefix(plain, "linear:") {
			return t, false, ReasonPlatform
		}
	}
	plain, err := url.PathUnescape(id)
	if err != nil {
		return t, false, ReasonThread
	}
	t, err = linear.ParseThreadID(adapter.ThreadID(plain))
	if err != nil || t.Kind != linear.ParentIssue {
		return t, false, ReasonThread
	}
	for _, part := range []*string{&t.IssueID, &t.CommentID, &t.SessionID} {
		if *part == "" {
			continue
		}
		// Only the common form: uuid.Parse reads others too, which Linear never sends.
		if parsed, err := uuid.Parse(*part); err != nil || len(*part) != len(parsed.String()) {
			return t, false, ReasonThread
		}
		*part = strings.ToLower(*part)
	}
	if t.SessionID != "" && t.CommentID != "" {
		t.CommentID, older = "", true
	}
	return t, older || plain != id || string(t.ID()) != plain, ""
}

// names is the adapter of a bot that only builds keys.
type names struct{}

var _ adapter.Adapter = names{}

var errNames = errors.New("migrate: this bot only builds keys and cannot run")

func (names) Name() string { return "linear" }

func (names) Route(*adapter.Delivery) (adapter.Route, error) { return adapter.Route{}, errNames }

func (names) Decode(*adapter.Delivery, *adapter.Identity) (adapter.Event, error) {
	return nil, errNames
}

func (names) Identity(context.Context, string) (*adapter.Identity, error) { return nil, errNames }

func (names) Post(context.Context, *adapter.Post) (*adapter.Message, error) { return nil, errNames }

func (names) Channel(id adapter.ThreadID) (adapter.ThreadID, error) {
	t, err := linear.ParseThreadID(id)
	if err != nil {
		return "", err
	}
	return t.Channel(), nil
}
