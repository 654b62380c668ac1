package writes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/linearbot/linearbot/internal/notes"
)

const (
	// short is how long a text may be that is kept, in bytes.
	short = 1 << 10
	// most is the most writes of a turn of which a hash is kept.
	most = 64
)

// Sent is what a turn has sent, by key. It is safe for concurrent use. The zero value
// is ready to use.
type Sent struct {
	mu sync.Mutex
	// before are the hashes of what the runs before sent, valid once read is set.
	read   bool
	before map[string]string
	now    []text
}

// text is a text, or its hash. Most turns run once, so short texts are hashed only when
// the turn is to run again.
type text struct{ key, said, hash string }

// Note remembers what the turn of an event sends under a key, in place of an earlier
// text, and returns the hash of what was sent before, if that is known. page has the
// notes of the turn.
func (s *Sent) Note(ctx context.Context, page *notes.Thread, event, key, said string) (before string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read {
		stored, err := page.Get(ctx, notes.Sent, event)
		if err != nil {
			return "", fmt.Errorf("bot: writes of %s: %w", event, err)
		}
		if stored != nil && json.Unmarshal(stored, &s.before) != nil {
			s.before = nil // written by another version
		}
		s.read = true
	}
	s.note(key, said)
	return s.before[key], nil
}

func (s *Sent) note(key, said string) {
	one := text{key: key, said: said}
	if len(said) > short {
		one = text{key: key, hash: Hash(said)}
	}
	for i := range s.now {
		if s.now[i].key == key {
			s.now[i] = one
			return
		}
	}
	if len(s.now) < most {
		s.now = append(s.now, one)
	}
}

// Keep stages what the turn of an event has sent, because it is to run again.
func (s *Sent) Keep(page *notes.Thread, event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) == 0 {
		return
	}
	hashes := make(map[string]string, len(s.now))
	for _, one := range s.now {
		hashes[one.key] = one.hash
		if one.hash == "" {
			hashes[one.key] = Hash(one.said)
		}
	}
	for key, hash := range s.before {
		if _, again := hashes[key]; !again && len(hashes) < most {
			hashes[key] = hash
		}
	}
	if data, err := json.Marshal(hashes); err == nil {
		page.Stage(notes.Sent, event, data)
	}
}

// Forget forgets what the turn of an event has sent, because it is over. It is a no-op
// if nothing was kept.
func Forget(page *notes.Thread, event string) { page.Stage(notes.Sent, event, nil) }

// Differs reports whether a message that was there before may say something else than
// what is sent now. before is what [Sent.Note] has returned for it, said what it was
// given. again says that the turn may have run before; otherwise the message is there
// because the request itself was repeated. there and body are all of the text that is
// there and that is sent, for turns whose process ended before it could remember.
func Differs(before, said string, again bool, there, body string) bool {
	if before != "" {
		return before != Hash(said)
	}
	return again && strings.TrimSpace(there) != strings.TrimSpace(body)
}

// Hash returns a short hash of a text, without the space around it.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(text)))
	return hex.EncodeToString(sum[:12])
}
