package attend

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// The last words of turns whose handlers had none.
const (
	Done    = "Done."
	Stopped = "Stopped."
	Deleted = "The message was deleted, so I've stopped."
	Refused = "I'm not allowed to help with this."
	Unknown = "I don't know how to help with this."
)

// LastWord returns the last word of a turn whose handler had none: of one that confirms a
// stop, of one that a person ended by deleting the message, or of one that no handler took
// for the reason left. That is empty if one did.
func LastWord(stop bool, ended, left string) string {
	switch {
	case stop:
		return Stopped
	case ended == reason.Deleted:
		return Deleted
	case left == reason.Access:
		return Refused
	case left != "":
		return Unknown
	default:
		return Done
	}
}

// elsewhere is the last word in a session whose message is answered in the comments of
// an issue, at an address that may be unknown.
func elsewhere(url string) string {
	where := "comments"
	if url != "" {
		where = "[comments](" + url + ")"
	}
	return "My answer is in the " + where + "."
}

// End is the stored form of the end of a turn in a session.
type End struct {
	Thread adapter.ThreadID     `json:"thread"`
	Key    string               `json:"key"`
	Kind   adapter.ActivityKind `json:"kind"`
	Body   string               `json:"body"`
	// WithoutComment says that no comment shows it beside the session.
	WithoutComment bool `json:"without_comment,omitempty"`
}

// Write writes an end.
func (s *Sessions) Write(ctx context.Context, workspace string, e *End) error {
	return s.Agent.Activity(ctx, &adapter.Activity{
		Workspace: workspace, Thread: e.Thread, Key: e.Key, Kind: e.Kind, Body: e.Body,
		WithoutComment: e.WithoutComment,
	})
}

// End writes an end under ctx, or stores it under storing for later, in a lane. If
// waiting does not help either, it is logged.
func (s *Sessions) End(ctx, storing context.Context, workspace string, lane state.Key, e *End) error {
	err := s.Write(ctx, workspace, e)
	code := adapter.CodeOf(err)
	switch {
	case err == nil:
		return nil
	case !code.Retryable() && code != adapter.CodeCanceled:
		s.Log.Warn().Err(err).Str(keyThread, string(e.Thread)).Msg("a session could not be ended")
		return nil
	case context.Cause(storing) != nil:
		return context.Cause(storing)
	}
	if err := s.Later(storing, &Later{Key: e.Key, Lane: lane, In: time.Second, End: e}); err != nil {
		return fmt.Errorf("bot: end of session %s: %w", e.Thread, err)
	}
	s.Log.Warn().Err(err).Str(keyThread, string(e.Thread)).Msg("a session could not be ended yet: trying again")
	return nil
}
