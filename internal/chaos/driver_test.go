package chaos

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/webhook"
)

const (
	secret = "MARKER-webhook-secret"
	path   = "/api/webhooks/linear"
	// depth is the number of messages of a thread, the mention included.
	depth = 6
	// linearWaits is how long Linear waits for an answer.
	linearWaits = 5 * time.Second
)

// message is one delivery that must be accepted and answered.
type message struct {
	due      time.Duration // since the start of the storm
	body     []byte
	answered time.Time // with 200 for the first time
}

// thread is a conversation that the driver conducts.
type thread struct {
	n        int
	root     *linearsim.Comment
	rng      *rand.Rand
	messages []*message
}

// driver plays Linear's part: it delivers, and retries what was not accepted.
type driver struct {
	linear *linearsim.Server
	ws     *linearsim.Workspace
	app    *linearsim.Installation
	ada    *linearsim.User
	issue  *linearsim.Issue

	addrs   []string
	client  *http.Client
	threads []*thread
	places  chan struct{}
	tasks   sync.WaitGroup

	mu      sync.Mutex
	counts  Counts
	slowest time.Duration
}

// Counts counts what the driver sent and received.
type Counts struct {
	Deliveries int `json:"deliveries"` // different ones
	Sent       int `json:"sent"`       // requests, repeats included
	Status200  int `json:"answered_200"`
	Status503  int `json:"answered_503"`
	Other      int `json:"answered_other"`
	Failed     int `json:"failed"`     // no answer
	Repeats    int `json:"duplicates"` // accepted more than once
	Twins      int `json:"twins"`      // sent to two instances at once
	Late       int `json:"late"`       // stamped ten minutes ago
}

// prepare creates the threads. A third of them start in one burst, the others are
// spread over the storm.
func (d *driver) prepare(seed uint64, messages int, storm time.Duration) {
	for n := range max(messages/depth, 1) {
		th := &thread{n: n, rng: random(seed, "thread "+strconv.Itoa(n))}
		start := between(th.rng, 0, storm*8/10)
		burst := th.rng.IntN(3) == 0
		for range depth {
			m := &message{due: start}
			if !burst {
				m.due = between(th.rng, 0, storm*9/10)
			}
			th.messages = append(th.messages, m)
		}
		slices.SortFunc(th.messages, func(a, b *message) int { return int(a.due - b.due) })
		d.threads = append(d.threads, th)
	}
	d.counts.Deliveries = len(d.threads) * depth
}

// run conducts all threads until everything is accepted or ctx ends.
func (d *driver) run(ctx context.Context, start time.Time, storm time.Duration) {
	for _, th := range d.threads {
		d.tasks.Go(func() {
			for n, m := range th.messages {
				if pause.For(ctx, time.Until(start.Add(m.due))) != nil || !d.first(ctx, th, n, start, storm) {
					return
				}
			}
		})
	}
	d.tasks.Wait()
}

// first delivers message n of a thread until it is accepted.
func (d *driver) first(ctx context.Context, th *thread, n int, start time.Time, storm time.Duration) bool {
	m, sent, body := th.messages[n], time.Now(), text(th.n, n)
	if th.rng.IntN(20) == 0 {
		sent = sent.Add(-10 * time.Minute)
		d.count(func(c *Counts) { c.Late++ })
	}
	if n == 0 {
		th.root = d.ada.Comment(d.issue, "@"+d.app.User.DisplayName+" "+body)
		body = th.root.Body()
	}
	var err error
	if m.body, err = delivery(d.ws, th.root, n, body, sent); err != nil {
		return false
	}
	to, twin := th.rng.IntN(len(d.addrs)), th.rng.IntN(20) == 0
	again, when := th.rng.IntN(6) == 0, between(th.rng, 0, storm/2)
	if twin {
		d.count(func(c *Counts) { c.Twins++ })
		d.tasks.Go(func() { d.post(ctx, to+1, m.body) })
	}
	for d.post(ctx, to, m.body) != http.StatusOK {
		if pause.For(ctx, between(th.rng, 50*time.Millisecond, 400*time.Millisecond)) != nil {
			return false
		}
		to = th.rng.IntN(len(d.addrs))
	}
	m.answered = time.Now()
	if again {
		when = min(when, max(storm-time.Since(start), 0))
		to := th.rng.IntN(len(d.addrs))
		d.tasks.Go(func() {
			if pause.For(ctx, when) == nil {
				d.repeat(ctx, to, m)
			}
		})
	}
	return true
}

// repeat delivers a message that was accepted before until it is accepted again.
func (d *driver) repeat(ctx context.Context, to int, m *message) {
	for d.post(ctx, to, m.body) != http.StatusOK {
		if pause.For(ctx, 300*time.Millisecond) != nil {
			return
		}
		to++
	}
	d.count(func(c *Counts) { c.Repeats++ })
}

// post sends a delivery once and returns the status, 0 if there is no answer.
func (d *driver) post(ctx context.Context, to int, body []byte) int {
	select {
	case d.places <- struct{}{}:
		defer func() { <-d.places }()
	case <-ctx.Done():
		return 0
	}
	start := time.Now()
	status, err := d.send(ctx, d.addrs[to%len(d.addrs)], body)
	took := time.Since(start)
	d.count(func(c *Counts) {
		c.Sent++
		switch {
		case err != nil:
			c.Failed++
		case status == http.StatusOK:
			c.Status200++
			d.slowest = max(d.slowest, took)
		case status == http.StatusServiceUnavailable:
			c.Status503++
		default:
			c.Other++
		}
	})
	return status
}

func (d *driver) send(ctx context.Context, addr string, body []byte) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, linearWaits)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Linear-Signature", webhook.Sign(secret, body))
	req.Header.Set("Linear-Event", "Comment")
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := d.client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}

func (d *driver) count(f func(c *Counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.counts)
}

// replies are what the bot wrote in a thread, oldest first.
func (d *driver) replies(th *thread) []*linearsim.Comment {
	if th.root == nil {
		return nil
	}
	var out []*linearsim.Comment
	for _, c := range th.root.Replies() {
		if c.Author != nil && c.Author.ID == d.app.User.ID {
			out = append(out, c)
		}
	}
	return out
}

// texts are what they say.
func (d *driver) texts(th *thread) []string {
	var out []string
	for _, c := range d.replies(th) {
		out = append(out, c.Body())
	}
	return out
}
