package serve

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/missed"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/state"
)

const (
	// catchUpGrace is how long a webhook may take: what is younger is not missed
	// yet.
	catchUpGrace = time.Minute
	// catchUpOverlap is how far each look reaches behind the one before, for clocks
	// that differ and comments that Linear shows late.
	catchUpOverlap = 2 * time.Minute
	// catchUpHorizon is how far back it looks at most. Deduplication remembers
	// deliveries for 24 hours; what is older could be handled twice.
	catchUpHorizon = 20 * time.Hour
	// catchUpMost is the most comments and sessions that are asked for at once, and
	// catchUpParts how often one look asks.
	catchUpMost  = 250
	catchUpParts = 8
	// catchUpTimeout bounds one look at a workspace.
	catchUpTimeout = time.Minute
)

// catchUp takes in messages whose webhooks did not arrive: because the server was
// down for longer than Linear tries, or because the webhook was disabled. All
// instances do it, and the first one in each interval looks.
type catchUp struct {
	bot   *bot.Bot
	from  adapter.Refetcher
	book  notes.Book
	every time.Duration
	log   zerolog.Logger
	// workspaces lists where the bot is installed. Nil for one workspace.
	workspaces func(ctx context.Context) ([]string, error)
	identity   func(ctx context.Context, workspace string) (*adapter.Identity, error)
}

// look is the stored form of how far a workspace was looked through.
type look struct {
	// Until is up to when everything has been seen: by Linear's clock if the look
	// was cut short, and else by this machine's. catchUpOverlap covers the
	// difference.
	Until time.Time `json:"until"`
	// At is when that was found out.
	At time.Time `json:"at"`
}

// newCatchUp returns what looks for missed messages, or nil if it is off or the
// platform cannot be asked.
func (a *assembly) newCatchUp(b *bot.Bot, in *installs) *catchUp {
	from, ok := a.cfg.Bot.Adapter.(adapter.Refetcher)
	if !ok || a.values.CatchUp < 0 || b == nil {
		return nil
	}
	c := &catchUp{
		bot: b, from: from, book: notes.New(a.cfg.Bot.Store), every: a.values.CatchUp, log: a.log,
		identity: a.cfg.Bot.Adapter.Identity,
	}
	if in != nil {
		c.workspaces = in.active
	}
	return c
}

// Run looks at the start and in intervals until ctx ends.
func (c *catchUp) Run(ctx context.Context) error {
	if c == nil {
		<-ctx.Done()
		return nil
	}
	for c.all(ctx); pause.For(ctx, c.every) == nil; {
		c.all(ctx)
	}
	return nil
}

// all looks at all workspaces, one after the other.
func (c *catchUp) all(ctx context.Context) {
	workspaces := []string{""}
	if c.workspaces != nil {
		var err error
		if workspaces, err = c.workspaces(ctx); err != nil {
			c.log.Warn().Err(err).Msg("missed webhooks cannot be looked for now")
			return
		}
	}
	for _, w := range workspaces {
		if ctx.Err() != nil {
			return
		}
		one, cancel := context.WithTimeout(ctx, catchUpTimeout)
		err := c.one(one, w)
		cancel()
		if err != nil && ctx.Err() == nil {
			level := zerolog.WarnLevel
			if code := adapter.CodeOf(err); code == adapter.CodeUnauthenticated || code == adapter.CodeForbidden || code == adapter.CodeRateLimited {
				level = zerolog.DebugLevel // others say so, or it is normal
			}
			c.log.WithLevel(level).Err(err).Str("workspace", w).Msg("missed webhooks cannot be looked for now")
		}
	}
}

// one looks at a workspace, unless another instance has just done so. The first
// look ever only notes the time: what was written before the bot came is not for
// it.
func (c *catchUp) one(ctx context.Context, workspace string) error {
	self, err := c.identity(ctx, workspace)
	if err != nil {
		return err
	}
	workspace = self.Workspace
	v := c.book.Value(notes.Seen, workspace)
	old, err := v.Get(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	var before look
	if old == nil || json.Unmarshal(old, &before) != nil {
		return c.keep(ctx, v, old, look{Until: now, At: now})
	}
	if now.Sub(before.At) < c.every/2 {
		return nil
	}
	after := before.Until.Add(-catchUpOverlap)
	if oldest := now.Add(-catchUpHorizon); after.Before(oldest) {
		c.log.Warn().Str("workspace", workspace).Time("from", before.Until).Time("to", oldest).
			Msg("the bot was away for longer than it can catch up with: messages of that time are not handled")
		after = oldest
	}
	until, missed, since := now.Add(-catchUpGrace), 0, after
	for part := 1; ; part++ {
		found, next, err := c.from.Missed(ctx, workspace, after, catchUpMost)
		if err != nil {
			return err
		}
		n, err := c.accept(ctx, found, now)
		if missed += n; err != nil {
			return err
		}
		if len(found) < catchUpMost || !next.After(after) {
			break
		}
		if after = next; part == catchUpParts {
			until = next // the next look continues there
			c.log.Warn().Str("workspace", workspace).Time("until", next).
				Msg("more messages were written since the last look than are looked at once: the next look continues")
			break
		}
	}
	if missed > 0 {
		c.log.Warn().Str("workspace", workspace).Int("messages", missed).Time("since", since).
			Msg("webhooks did not arrive: the messages were found by asking Linear, and are handled now. See in Linear whether the webhook is enabled")
	}
	return c.keep(ctx, v, old, look{Until: until, At: now})
}

// accept takes in what was found, and returns how many were missed.
func (c *catchUp) accept(ctx context.Context, found []*adapter.Delivery, now time.Time) (int, error) {
	n := 0
	for _, d := range found {
		if written(d.Body).After(now.Add(-catchUpGrace)) {
			continue // its webhook may still be on its way
		}
		var f missed.Find
		if err := c.bot.Accept(missed.With(ctx, &f), d); err != nil {
			return n, err
		}
		if f.New {
			n++
		}
	}
	return n, nil
}

// written is when what a delivery reports was created.
func written(body []byte) time.Time {
	var b struct {
		CreatedAt time.Time `json:"createdAt"`
	}
	if json.Unmarshal(body, &b) != nil {
		return time.Time{}
	}
	return b.CreatedAt
}

// keep stores how far it has looked. If another instance was faster, its word
// stands.
func (*catchUp) keep(ctx context.Context, v notes.Value, old []byte, l look) error {
	next, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := v.Swap(ctx, old, next); !errors.Is(err, state.ErrConflict) {
		return err
	}
	return nil
}
