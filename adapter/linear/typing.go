package linear

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.Typist = (*Adapter)(nil)

// thinking is what Typing shows if the caller gives no text.
const thinking = "Thinking…"

// Typing shows a thought in an agent session, which disappears with the bot's
// next activity. A session that was waiting for an answer to a question stops
// waiting. In comment threads, which have no such indicator, it is a no-op.
func (a *Adapter) Typing(ctx context.Context, workspace string, id adapter.ThreadID, status string) error {
	thread, err := ParseThreadID(id)
	if err != nil || thread.SessionID == "" {
		return err
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return err
	}
	if strings.TrimSpace(status) == "" {
		status = thinking
	}
	_, err = b.api.AgentActivityCreate(ctx, linearapi.AgentActivityCreateInput{
		ID:             b.writeID("typing|" + uuid.NewString()), // so that the request can be retried
		AgentSessionID: thread.SessionID,
		Content:        linearapi.ActivityContent{Type: linearapi.ActivityThought, Body: status},
		Ephemeral:      true,
	})
	return unless(adapter.CodeConflict, err)
}
