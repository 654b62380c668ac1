package ticketing

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/state"
)

// attempt is what is kept about a request that must run once.
type attempt struct {
	// Make is the id that the request gives to what it creates. It is stored
	// before Linear is called, so that a second run creates nothing new.
	Make string `json:"make"`
	Body string `json:"body"`
	// Owner runs the request until Until.
	Owner  string          `json:"owner,omitempty"`
	Until  time.Time       `json:"until,omitzero"`
	Status int             `json:"status,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`
	// Sealed is an encrypted answer.
	Sealed []byte `json:"sealed,omitempty"`
}

// maxKeptAnswer is the largest answer that is kept for a repeat.
const maxKeptAnswer = 512 << 10

// once runs a write so that a repeat of it gets the first answer. A repeat is
// the same Idempotency-Key or, on routes that say so, the same request of the
// same token within the repeat window: clients repeat a create whose answer was
// lost.
func (c *call) once(run func() (*reply, error)) (*reply, error) {
	key, ttl := c.r.Header.Get("Idempotency-Key"), c.api.cfg.IdempotencyTTL
	explicit := key != ""
	if len(key) > 255 {
		return nil, badRequest(codeInvalidRequest, "Idempotency-Key must be at most 255 bytes")
	}
	// The work is finished although the client goes away: half a create is
	// worse than one without a client that waits.
	if explicit || c.r.Method == http.MethodPost {
		ctx, cancel := detach(c.ctx, c.patience())
		defer cancel()
		c.ctx = ctx
	}
	if !explicit {
		if !c.route.repeats || c.api.cfg.RepeatWindow < 0 {
			c.make = uuid.NewString()
			return run()
		}
		ttl = c.api.cfg.RepeatWindow
	}
	body := shortHash(string(canonical(c.raw)), c.r.URL.RawQuery, c.r.Header.Get("X-Integrated-Account-Id"))
	parts := []string{c.who.ID, c.r.Method, c.r.URL.EscapedPath(), key}
	if !explicit {
		parts = append(parts, body)
	}
	workspace := ""
	if c.conn != nil {
		workspace = c.conn.ID
	}
	slot := state.Key{Workspace: workspace, Kind: "ticketing.once", ID: shortHash(parts...)}

	rec, mine, err := c.claim(slot, ttl, body)
	if err == nil && !mine && !explicit && c.route.stands != nil {
		var there bool
		if there, err = c.route.stands(c, rec.Answer); err == nil && !there {
			if err = c.api.docs.values.Delete(c.ctx, slot); err == nil {
				rec, mine, err = c.claim(slot, ttl, body)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if !mine {
		return c.replay(rec)
	}
	c.make = rec.Make
	out, err := run()
	c.settle(slot, ttl, rec, explicit, out, err)
	return out, err
}

// replay answers what the first request was answered.
func (c *call) replay(rec *attempt) (*reply, error) {
	raw := rec.Answer
	if len(rec.Sealed) > 0 {
		var err error
		if raw, err = c.unseal(rec.Sealed); err != nil {
			return nil, err
		}
	}
	c.header.Set("Idempotent-Replayed", "true")
	if string(raw) == "null" { // an answer without a body
		return &reply{status: rec.Status}, nil
	}
	return &reply{status: rec.Status, body: raw}, nil
}

// sealer encrypts with the caller's token, which the store does not have: who
// reads the store cannot read the secrets in answers that are kept for repeats.
func (c *call) sealer() (cipher.AEAD, error) {
	key := sha256.Sum256([]byte("ticketing.once\x00" + c.bearer))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (c *call) seal(plain []byte) ([]byte, error) {
	a, err := c.sealer()
	if err != nil {
		return nil, err
	}
	nonce := random(a.NonceSize())
	return a.Seal(nonce, nonce, plain, []byte(c.who.ID)), nil
}

func (c *call) unseal(sealed []byte) ([]byte, error) {
	a, err := c.sealer()
	if err != nil {
		return nil, err
	}
	if len(sealed) < a.NonceSize() {
		return nil, errors.New("ticketing: a kept answer is damaged")
	}
	return a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], []byte(c.who.ID))
}

// patience is how long the work may take. A file needs longer; the rest does
// not, so that a repeat waits no longer than it must for a process that died.
func (c *call) patience() time.Duration {
	if c.route.upload && c.size > maxBody {
		return max(fileTime, c.api.cfg.Timeout)
	}
	return c.api.cfg.Timeout
}

// claim makes the request ours, or waits until the one who has it is done.
func (c *call) claim(slot state.Key, ttl time.Duration, body string) (rec *attempt, mine bool, err error) {
	me := uuid.NewString()
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		rec, err = change(c.ctx, c.api.docs, slot, ttl, func(a *attempt) (bool, error) {
			mine = false
			now := c.api.cfg.Now()
			switch {
			case a.Make == "":
				a.Make, a.Body = uuid.NewString(), body
			case a.Body != body:
				return false, &problem{
					status: http.StatusConflict, code: codeConflict,
					message: "this Idempotency-Key was used for another request: take a new one",
				}
			case a.Status != 0:
				return false, nil
			case a.Owner != "" && now.Before(a.Until):
				return false, nil
			}
			mine = true
			a.Owner, a.Until = me, now.Add(c.patience()+5*time.Second)
			return true, nil
		})
		if err != nil || mine || rec.Status != 0 {
			return rec, mine, err
		}
		if err := pause.For(c.ctx, wait); err != nil {
			return nil, false, err
		}
	}
}

// settle stores the answer, or releases the request if it may be retried.
func (c *call) settle(slot state.Key, ttl time.Duration, rec *attempt, explicit bool, out *reply, failed error) {
	next := *rec
	next.Owner, next.Until = "", time.Time{}
	switch {
	case failed == nil && out.write == nil:
		raw, err := json.Marshal(out.body)
		switch {
		case err != nil || len(raw) > maxKeptAnswer:
		case c.route.secret:
			if next.Sealed, err = c.seal(raw); err == nil {
				next.Status = out.status
			}
		default:
			next.Status, next.Answer = out.status, raw
		}
	case failed != nil:
		p := problemOf(failed)
		final := !p.retryable && p.status < http.StatusInternalServerError && p.status != http.StatusTooManyRequests && p.status != http.StatusUnauthorized
		if final && (explicit || p.status == http.StatusConflict) {
			if raw, err := json.Marshal(p.body(c.id)); err == nil {
				next.Status, next.Answer = p.status, raw
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), 5*time.Second)
	defer cancel()
	// If this fails, a repeat runs again, with the same ids.
	if err := c.api.docs.save(ctx, slot, next, ttl); err != nil {
		c.api.log.Warn().Err(err).Str("request_id", c.id).Msg("the answer could not be kept for a repeat")
	}
}
