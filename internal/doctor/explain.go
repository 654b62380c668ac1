package doctor

import (
	"errors"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// Explain says what is wrong if the bot cannot learn who it is. credentials names
// what it authenticates with, at is who is asked: "Linear". The text may be public.
func Explain(err error, credentials, at string) Finding {
	f := Finding{Check: "token", Level: Error}
	switch code := adapter.CodeOf(err); code {
	case adapter.CodeUnauthenticated, adapter.CodeForbidden:
		f.Text, f.Fix = at+" refuses "+credentials, "copy the value again from Linear, and check that it was not revoked"
	case adapter.CodeRateLimited:
		f.Text, f.Fix = at+"'s rate limit is reached", "the bot continues by itself within an hour"
	case adapter.CodeUnavailable, adapter.CodeCanceled, adapter.CodeUnknown:
		f.Text, f.Fix = at+" cannot be reached", "check the network of this machine, and LINEAR_API_URL if it is set"
	case adapter.CodeNotFound, adapter.CodeInvalid, adapter.CodeUnsupported, adapter.CodeConflict, adapter.CodeAppendOnly:
		f.Text, f.Fix = at+" does not say who the bot is", "check LINEAR_API_URL, LINEAR_OAUTH_URL and "+credentials
	default:
		f.Text = at + " does not say who the bot is: " + code.String()
	}
	return f
}

// Line returns text and fix as one clause, for a log or for /readyz.
func (f Finding) Line() string {
	if f.Fix == "" {
		return f.Text
	}
	return f.Text + ": " + f.Fix
}

// ExplainStore says what is wrong if the store cannot be written. The text may be
// public.
func ExplainStore(err error) Finding {
	f := Finding{Check: "store", Level: Error}
	switch {
	case errors.Is(err, state.ErrFull):
		f.Text = "the store is full"
		f.Fix = "free space on the disk or in Redis, or raise LINEARBOT_MAX_BACKLOG; until then deliveries are answered 503, and Linear retries them"
	case errors.Is(err, state.ErrLocked):
		f.Text = "another process has the store open"
		f.Fix = "if that is not the running bot, stop it; several bots can share a Redis"
	default:
		f.Text = "the store cannot be reached"
		f.Fix = "check LINEARBOT_STATE, and the Redis server or the disk; until then deliveries are answered 503, and Linear retries them"
	}
	return f
}
