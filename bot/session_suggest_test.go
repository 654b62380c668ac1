package bot

import (
	"context"
	"errors"
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

// TestSuggestsOnlyInSessions: where there is no session, or its turn is over, the
// platform is not asked.
func TestSuggestsOnlyInSessions(t *testing.T) {
	t.Parallel()
	b := &Bot{}
	b.can.owner, b.can.agent = struct{ adapter.SessionOwner }{}, sessionsOnly{} // the owner panics when it is asked
	comments, session := &Thread{bot: b, id: "fake:1"}, &Thread{bot: b, id: "fake:s"}
	if got, err := comments.Session().SuggestRepositories(t.Context()); got != nil || err != nil {
		t.Errorf("in a thread of comments: %v, %v, want none", got, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrStopped)
	if _, err := session.Session().SuggestRepositories(ctx); !errors.Is(err, ErrStopped) {
		t.Errorf("in a turn that was stopped: %v, want ErrStopped", err)
	}
}

// sessionsOnly knows which thread is a session.
type sessionsOnly struct{ adapter.Agent }

func (sessionsOnly) IsSession(id adapter.ThreadID) bool { return id == "fake:s" }
