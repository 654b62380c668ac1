package questions

import (
	"context"
	"encoding/json"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// Leave leaves a question in a session, with the settle of its turn: the session waits
// for an answer, and between options a person may choose. There may be none.
func Leave(page *notes.Thread, options []adapter.Choice) {
	if data, err := json.Marshal(options); err == nil {
		page.Stage(notes.Offered, "", data)
	}
}

// Choose returns which of the options that were left in a session a message chooses. They
// are offered once.
func Choose(ctx context.Context, page *notes.Thread, text func() string) (*adapter.Choice, error) {
	offered, err := page.Get(ctx, notes.Offered, "")
	if err != nil || offered == nil {
		return nil, err
	}
	var options []adapter.Choice
	if json.Unmarshal(offered, &options) != nil {
		return nil, nil //nolint:nilerr // written by another version
	}
	page.Stage(notes.Offered, "", nil)
	return Chosen(options, text()), nil
}

// WaitIn reports whether a question in a session waits for an answer.
func WaitIn(ctx context.Context, page *notes.Thread) (bool, error) {
	open, err := OpenIn(ctx, page)
	if err != nil || len(open.Waiting) > 0 {
		return err == nil, err
	}
	offered, err := page.Get(ctx, notes.Offered, "")
	return offered != nil, err
}
