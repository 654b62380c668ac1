package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
)

// ledger remembers what was taken over.
type ledger struct{ book notes.Book }

// mark is what the ledger remembers of one thing.
type mark struct {
	// Digest is that of the source's value.
	Digest string `json:"d,omitempty"`
	// From is how the source spells its thread.
	From string `json:"f,omitempty"`
	// Newest is when the newest entry of a transcript was written.
	Newest time.Time `json:"at,omitzero"`
}

func (l ledger) value(workspace string, kind Kind, id string) notes.Value {
	return l.book.Value(notes.Migrated, workspace, string(kind), id)
}

// get returns what is remembered, nil if that is nothing.
func (l ledger) get(ctx context.Context, workspace string, kind Kind, id string) (*mark, error) {
	raw, err := l.value(workspace, kind, id).Get(ctx)
	if err != nil || raw == nil {
		return nil, err
	}
	m := &mark{}
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("migrate: what an earlier run noted of %s cannot be read: %w", id, err)
	}
	return m, nil
}

func (l ledger) set(ctx context.Context, workspace string, kind Kind, id string, m mark) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return l.value(workspace, kind, id).Set(ctx, raw)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:12])
}
