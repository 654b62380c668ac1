// Package acts settles which of several events answers. A platform may tell of one act
// with several kinds of event: of a comment with the comment itself, a session and a
// notification. One turn speaks for the act.
//
//   - Where a workspace sends no sessions, as far as is known, a comment leaves word of
//     its act in the notes of its thread ([Words]), with the settle. It costs nothing.
//   - Otherwise the first kind to get as far as a handler claims the act with a durable
//     write ([Claim]); events of other kinds that tell of it are left out, in any order
//     and on any instance.
//   - [Workspaces] knows which workspaces send sessions.
//
// Events of the same kind are never left out: two of them are two acts that look alike.
package acts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// claimant is the stored form of a claim.
type claimant struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

// Claim claims acts for an event, and reports whether it speaks for the first of them:
// unless an event of another kind does, whose key is the rival. The others are those of
// messages that its turn stands for.
func Claim(ctx context.Context, book notes.Book, by *adapter.Meta, acts []string) (speaks bool, rival string, err error) {
	mine, err := json.Marshal(claimant{Type: by.Type, Key: by.Key})
	if err != nil {
		return false, "", err
	}
	for i, act := range acts {
		held, err := book.Value(notes.Act, by.Workspace, act).Claim(ctx, mine)
		if err != nil {
			return false, "", fmt.Errorf("bot: claim of %s: %w", act, err)
		}
		var holder claimant
		if i == 0 && held != nil && json.Unmarshal(held, &holder) == nil && holder.Type != by.Type {
			return false, holder.Key, nil
		}
	}
	return true, "", nil
}

// wordsKept is how many acts a thread keeps word of: more than are handled while
// a session is under way.
const wordsKept = 32

// Words are the acts that comments of a thread speak for, one a line, the oldest first.
type Words []byte

// Spoken returns the words of a thread.
func Spoken(ctx context.Context, page *notes.Thread) (Words, error) {
	stored, err := page.Get(ctx, notes.Acts, "")
	if err != nil {
		return nil, fmt.Errorf("bot: acts of %s: %w", page.Key().ID, err)
	}
	return stored, nil
}

// Has reports whether a comment speaks for an act.
func (w Words) Has(act string) bool {
	for rest := []byte(w); len(rest) > 0; {
		var one []byte
		one, rest, _ = bytes.Cut(rest, []byte{'\n'})
		if string(one) == act {
			return true
		}
	}
	return false
}

// Leave notes, with the settle, that a comment speaks for further acts.
func (w Words) Leave(page *notes.Thread, acts ...string) {
	all := w
	for _, act := range acts {
		if all.Has(act) {
			continue
		}
		all = slices.Grow(slices.Clip(all), 1+len(act)) // w stays as it is
		if len(all) > 0 {
			all = append(all, '\n')
		}
		all = append(all, act...)
	}
	if len(all) == len(w) {
		return
	}
	for over := 1 + bytes.Count(all, []byte{'\n'}) - wordsKept; over > 0; over-- {
		_, all, _ = bytes.Cut(all, []byte{'\n'})
	}
	page.Stage(notes.Acts, "", all)
}
