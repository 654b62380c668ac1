package bot

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// minSecret is the shortest secret that can be configured, in bytes.
const minSecret = 16

// writeSecret returns the secret under which the ids of writes are computed: made
// of the configured one, or a random one that is kept in the store. All instances
// get the same. It blocks for one read of the store, the first time for a write.
func (b *Bot) writeSecret(ctx context.Context) ([]byte, error) {
	if b.cfg.Secret != "" {
		mac := hmac.New(sha256.New, []byte(b.cfg.Secret))
		mac.Write([]byte("linearbot/bot secret of write ids, 1"))
		return mac.Sum(nil), nil
	}
	v := b.notes.Value(notes.Secret, "")
	held, err := v.Get(ctx)
	if err == nil && held == nil {
		mine := make([]byte, sha256.Size)
		if _, err := rand.Read(mine); err != nil {
			return nil, err
		}
		held, err = v.Claim(ctx, mine)
	}
	if err != nil {
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	return held, nil
}
