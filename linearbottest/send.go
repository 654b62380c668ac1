package linearbottest

import (
	"context"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/fixture"
)

// Send sends the recorded delivery in a file to the bot, as one of this workspace,
// and returns the first comment of the thread that it belongs to, nil for none.
// "linearbot record" writes such files.
//
// What the delivery refers to (the issue, comments, people, the agent session) is
// created first, unless an earlier one of the recording has. Times are the present
// ones. A mention of the recorded bot is a mention of this one. The bot
// recognizes a delivery that it has had: send each once.
func (s *Stage) Send(file string) *linearsim.Comment {
	s.tb.Helper()
	f, err := fixture.Read(file)
	if err != nil {
		s.tb.Fatalf("linearbottest: %v", err)
		return nil
	}
	from := f.Origin()
	if from.Bot == "" {
		from.Bot = fixture.BotHandle
	}
	a, err := s.App.Adopt(f.Body, linearsim.Recipient{UserID: from.BotID, DisplayName: from.Bot})
	if err != nil {
		s.tb.Fatalf("linearbottest: %s: %v", file, err)
		return nil
	}
	ctx, cancel := context.WithTimeout(s.tb.Context(), patience)
	defer cancel()
	if _, err := s.App.Send(ctx, a.Body, true); err != nil {
		s.tb.Fatalf("linearbottest: %s: %v", file, err)
		return nil
	}
	return a.Root
}
