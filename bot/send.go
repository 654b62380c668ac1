package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/tally"
)

// A write has a key, so that a turn that runs again writes nothing twice. It may
// write something else, though: a model rarely says the same again. Then what
// stands there has to follow. So a turn that is to run again leaves behind, with
// its verdict, a hash of what it sent under each key.
//
// Keys name writes by handler, step and order. Posts of one handler that run at the
// same time take their keys in the order in which they come, which may be another
// one in the next run: give each a [Step] of its own.

// sent is what a turn has sent, by key. It is safe for concurrent use. The zero
// value is ready to use.
type sent struct {
	mu sync.Mutex
	// before are the hashes of what the runs before sent, valid once read is set.
	read   bool
	before map[string]string
	now    []sentText
}

// sentText is a text, or its hash. Most turns run once, so short texts are hashed
// only when the turn is to run again.
type sentText struct{ key, said, hash string }

// shortSent is how long a text may be that is kept, in bytes.
const shortSent = 1 << 10

// note remembers a text under a key, in place of an earlier one.
func (s *sent) note(key, said string) {
	one := sentText{key: key, said: said}
	if len(said) > shortSent {
		one = sentText{key: key, hash: hashOf(said)}
	}
	for i := range s.now {
		if s.now[i].key == key {
			s.now[i] = one
			return
		}
	}
	if len(s.now) < maxSent {
		s.now = append(s.now, one)
	}
}

// maxSent is the most writes of a turn of which a hash is kept.
const maxSent = 64

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(text)))
	return hex.EncodeToString(sum[:12])
}

// noteSent remembers what is sent under a key, and returns the hash of what was sent
// before, if that is known.
func (t *Turn) noteSent(ctx context.Context, key, said string) (before string, err error) {
	s := &t.sent
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read {
		stored, err := t.notes.Get(ctx, notes.Sent, t.head().Key)
		if err != nil {
			return "", fmt.Errorf("bot: writes of %s: %w", t.head().Key, err)
		}
		if stored != nil && json.Unmarshal(stored, &s.before) != nil {
			s.before = nil // written by another version
		}
		s.read = true
	}
	s.note(key, said)
	return s.before[key], nil
}

// keepSent stages what was sent if the turn is to run again, and forgets it if it
// is over.
func (t *Turn) keepSent(over bool) {
	s := &t.sent
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case over:
		t.notes.Stage(notes.Sent, t.head().Key, nil) // a no-op without such a note
		t.notes.Stage(notes.Root, t.head().Key, nil)
	case len(s.now) == 0:
	default:
		hashes := make(map[string]string, len(s.now))
		for _, one := range s.now {
			hashes[one.key] = one.hash
			if one.hash == "" {
				hashes[one.key] = hashOf(one.said)
			}
		}
		for key, hash := range s.before {
			if _, again := hashes[key]; !again && len(hashes) < maxSent {
				hashes[key] = hash
			}
		}
		if data, err := json.Marshal(hashes); err == nil {
			t.notes.Stage(notes.Sent, t.head().Key, data)
		}
	}
}

// send posts a text under a key. said is the part of it that is the same whenever
// the same is said; links of buttons differ each time. If an earlier run of the turn
// posted something else under the key, the message is edited; where it cannot be,
// that is logged and counted, and the message that stands there is returned.
func (t *Thread) send(ctx context.Context, p *adapter.Post, said string) (*adapter.Message, error) {
	turn := t.turnOf(ctx)
	before := ""
	if turn != nil {
		var err error
		if before, err = turn.noteSent(ctx, p.Key, said); err != nil {
			return nil, err
		}
	}
	m, err := t.put(ctx, p)
	if err != nil {
		return nil, err
	}
	t.bot.counts.Add(tally.Replies, "")
	t.bot.steps.Reply(ctx, m)
	if err := t.roots(ctx, m); err != nil {
		return m, err
	}
	if !m.Existed || !differs(turn, before, m, p.Body, said) {
		return m, nil
	}
	return t.follow(ctx, m, p.Body)
}

// put posts a text. In a session it is written in turn with the keeper.
func (t *Thread) put(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	if !t.inSession() {
		return t.bot.cfg.Adapter.Post(ctx, p)
	}
	kind := adapter.ActivityResponse
	if p.Progress {
		kind = adapter.ActivityThought
	}
	var m *adapter.Message
	err := t.written(ctx, kind, func(ctx context.Context) (err error) {
		m, err = t.bot.cfg.Adapter.Post(ctx, p)
		return err
	})
	return m, err
}

// differs reports whether a message that was there before may say something else
// than what was posted now.
func differs(turn *Turn, before string, m *adapter.Message, body, said string) bool {
	switch {
	case before != "":
		return before != hashOf(said)
	case turn == nil, turn.Attempt() == 1 && !isResumed(&turn.entry):
		return false // the request itself was repeated
	default: // the process ended before it could remember
		return strings.TrimSpace(m.Body) != strings.TrimSpace(body)
	}
}

// follow makes a message say body.
func (t *Thread) follow(ctx context.Context, m *adapter.Message, body string) (*adapter.Message, error) {
	err := error(nil)
	if t.bot.can.editor == nil {
		err = t.bot.cannot("edit")
	} else {
		ref := t.ref(m.ID)
		if m.Thread != "" {
			ref.Thread = m.Thread
		}
		var edited *adapter.Message
		if edited, err = t.bot.can.editor.Edit(ctx, ref, body); err == nil {
			return edited, nil
		}
	}
	switch adapter.CodeOf(err) {
	case adapter.CodeAppendOnly, adapter.CodeUnsupported:
		t.bot.counts.Add(tally.Differs, "")
		t.bot.log.Warn().Str(keyThread, string(t.id)).
			Msg("the turn ran again and said something else: what it said first stays. Keep the text with bot.Step")
		return m, nil
	default:
		return nil, err
	}
}
