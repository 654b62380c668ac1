package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/doctor"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/webhook"
)

// connection looks up the bot's identity. The server accepts deliveries meanwhile
// and stores them until the identity is known.
type connection struct {
	adapter adapter.Adapter
	log     zerolog.Logger
	// look names what to check if the credentials are rejected, and at the address
	// that is connected to.
	look, at string
	// scopes are the scopes that the token is requested with. Nil if none is
	// requested.
	scopes []string

	mu sync.Mutex
	// reason is why the bot's identity is unknown. Empty before the first answer and
	// after a successful one.
	reason string
	known  bool
}

// Run retries until there is an answer and then waits for the end of ctx. It logs
// a cause when it is new, not on every attempt.
func (c *connection) Run(ctx context.Context) error {
	wait := &backoff.ExponentialBackOff{
		InitialInterval: time.Second, Multiplier: 2, RandomizationFactor: 0.3, MaxInterval: time.Minute,
	}
	wait.Reset()
	for ctx.Err() == nil {
		least, known := c.ask(ctx)
		if known {
			break
		}
		_ = pause.For(ctx, max(least, wait.NextBackOff())) // ends early with ctx
	}
	<-ctx.Done()
	return nil
}

// ask makes one attempt. It returns how long the platform wants the next one
// delayed.
func (c *connection) ask(ctx context.Context) (pause time.Duration, known bool) {
	self, err := c.adapter.Identity(ctx, "")
	switch {
	case err == nil:
		c.connected(self)
		return 0, true
	case ctx.Err() != nil: // shutting down; nothing to log
		return 0, false
	}
	c.failed(err)
	if api, ok := errors.AsType[*adapter.Error](err); ok {
		pause = api.RetryAfter
	}
	return pause, false
}

func (c *connection) connected(self *adapter.Identity) {
	c.mu.Lock()
	c.known, c.reason = true, ""
	c.mu.Unlock()
	workspace := self.WorkspaceName
	if workspace == "" {
		workspace = self.Workspace
	}
	line := c.log.Info().Str("workspace", self.Workspace)
	if c.scopes != nil {
		line = line.Strs("scopes", c.scopes)
	}
	line.Msg("connected to " + workspace + " as @" + self.Name)
	if !self.App {
		c.log.Warn().Msg(fmt.Sprintf(
			"%s belongs to a person: the bot acts as %s (@%s), with that person's rights. Use the client id and secret of an OAuth app for a bot of its own",
			c.look, self.FullName, self.Name,
		))
	}
}

func (c *connection) failed(err error) {
	reason := c.explain(err)
	c.mu.Lock()
	before := c.reason
	c.reason = reason
	c.mu.Unlock()
	if reason != before {
		c.log.Error().Err(err).Msg(reason + ". Deliveries are stored, and handled once this works")
	}
}

// explain says what to check. Its text contains no secrets and may be public.
func (c *connection) explain(err error) string { return doctor.Explain(err, c.look, c.at).Line() }

// Ready returns nil once the bot's identity is known.
func (c *connection) Ready(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.known:
		return nil
	case c.reason == "":
		return &webhook.UnreadyError{Reason: "connecting"}
	default:
		return &webhook.UnreadyError{Reason: c.reason} // the cause is in the log
	}
}

// Detail returns "".
func (c *connection) Detail() string { return "" }
