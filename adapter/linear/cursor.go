package linear

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// The stages of reading a thread.
const (
	// stageStart is the first page.
	stageStart = ""
	// stageReplies: the root was read, or comes later.
	stageReplies = "replies"
	// stageRoot: only the root is left.
	stageRoot = "root"
	// stageActivities: the session has no root; its activities are read.
	stageActivities = "activities"
)

// cursor is the position at which reading continues. Its text is opaque to
// callers.
type cursor struct {
	// For is the fingerprint of the request, so that a cursor cannot be used
	// with another thread or order.
	For   string `json:"f"`
	Stage string `json:"s,omitempty"`
	// Root is the root comment of a session.
	Root string `json:"r,omitempty"`
	// At is Linear's cursor.
	At string `json:"c,omitempty"`
}

// cursorVersion begins the text of every cursor.
const cursorVersion = "1."

// readCursor reads the cursor of a request. op says what is read.
func readCursor(op string, r adapter.PageRequest) (cursor, error) {
	order := "newest"
	if r.OldestFirst {
		order = "oldest"
	}
	sum := keyedHash(nil, "linearbot/linear cursor, 1", op, string(r.Thread), order)
	c := cursor{For: hex.EncodeToString(sum[:6])}
	if r.Cursor == "" {
		return c, nil
	}
	bad := opError(op, adapter.CodeInvalid, "the cursor is not one of this thread and order")
	text, ok := strings.CutPrefix(r.Cursor, cursorVersion)
	if !ok {
		return c, bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return c, bad
	}
	var got cursor
	if json.Unmarshal(raw, &got) != nil || got.For != c.For {
		return c, bad
	}
	switch got.Stage {
	case stageStart, stageReplies, stageRoot, stageActivities:
		return got, nil
	default:
		return c, bad
	}
}

// String is the text of the cursor.
func (c cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // cannot happen: only texts
	}
	return cursorVersion + base64.RawURLEncoding.EncodeToString(raw)
}

// to returns the cursor for another stage.
func (c cursor) to(stage, at string) cursor {
	c.Stage, c.At = stage, at
	return c
}

// advance checks Linear's next cursor: it has to differ from the last one, or
// reading would never end.
func (c cursor) advance(op, next string) (cursor, error) {
	if next == "" || next == c.At {
		return c, opError(op, adapter.CodeUnavailable, "Linear's list does not go on: the next page is the same again")
	}
	c.At = next
	return c, nil
}
