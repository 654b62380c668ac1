package linear

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.Typist = (*Adapter)(nil)

// thinking is what Typing shows if the caller has no words for it.
const thinking = "Thinking…"

// Typing shows a thought in an agent session, which disappears with the bot's
// next activity. A session that waits for an answer to a question does so no
// more. Threads of comments have no such thing; there it does nothing.
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
		ID:             b.writeID("typing|" + uuid.NewString()), // so that the request can be repeated
		AgentSessionID: thread.SessionID,
		Content:        linearapi.ActivityContent{Type: linearapi.TypeThought, Body: status},
		Ephemeral:      true,
	})
	return unless(adapter.CodeConflict, err)
}
