package ticketing

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"

	"github.com/linearbot/linearbot/state"
)

// cursor is a place in a list, as clients carry it around.
type cursor struct {
	Version  int    `json:"v"`
	Resource string `json:"r"`
	Conn     string `json:"c"`
	// Place is Linear's cursor, or the id of an item for lists that are
	// sorted here.
	Place string `json:"p,omitempty"`
	// Back is set in cursors towards the beginning.
	Back bool `json:"b,omitempty"`
	// Hash is that of filter and sort, which must be the same on every page.
	Hash string `json:"h"`
	// Stage is the part of a composite list.
	Stage int `json:"s,omitempty"`
}

const cursorVersion = 1

// signer signs cursors.
type signer struct {
	docs documents
	mu   sync.Mutex
	key  []byte
}

func (s *signer) secret(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	// All processes of a deployment share one key.
	k := state.Key{Kind: "ticketing.secret", ID: "cursors"}
	got, err := change(ctx, s.docs, k, 0, func(v *[]byte) (bool, error) {
		if len(*v) > 0 {
			return false, nil
		}
		*v = random(32)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	s.key = *got
	return s.key, nil
}

func (s *signer) mac(ctx context.Context, parts ...string) ([]byte, error) {
	key, err := s.secret(ctx)
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = m.Write([]byte(p))
		_, _ = m.Write([]byte{0})
	}
	return m.Sum(nil), nil
}

func (s *signer) sign(ctx context.Context, c cursor) (string, error) {
	c.Version = cursorVersion
	raw, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(raw)
	mac, err := s.mac(ctx, "cursor", body)
	if err != nil {
		return "", err
	}
	return body + "." + base64.RawURLEncoding.EncodeToString(mac[:16]), nil
}

func (s *signer) read(ctx context.Context, text string) (cursor, error) {
	bad := badRequest(codeInvalidCursor, "the cursor is not one of this API: send next_cursor or prev_cursor as you got it, or none for the first page")
	body, sum, ok := strings.Cut(text, ".")
	if !ok || len(text) > 4000 {
		return cursor{}, bad
	}
	mac, err := s.mac(ctx, "cursor", body)
	if err != nil {
		return cursor{}, err
	}
	if got, err := base64.RawURLEncoding.DecodeString(sum); err != nil || !hmac.Equal(got, mac[:16]) {
		return cursor{}, bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	var c cursor
	if err != nil || json.Unmarshal(raw, &c) != nil || c.Version != cursorVersion {
		return cursor{}, bad
	}
	return c, nil
}

func shortHash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
