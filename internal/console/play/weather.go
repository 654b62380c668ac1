package play

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/wording"
)

// day is something that goes wrong between Linear and the bot.
type day struct{ Verb, Label, Help string }

// days are the bad days that the page offers.
func days() []day {
	return []day{
		{"down", "Linear is down", "The next 4 calls are answered 503."},
		{"limited", "Rate limited", "The next 3 calls are answered RATELIMITED for two seconds."},
		{"slow", "Slow answers", "The next 5 calls take two seconds longer."},
		{"cut", "Lost answers", "The next 2 calls are done, but their answers get lost."},
		{"revoked", "Token revoked", "The bot has to authenticate again."},
		{"twice", "Webhooks arrive twice", "The next 3 deliveries are sent twice."},
		{"reverse", "Wrong order", "The next 3 deliveries are held back and then sent newest first."},
		{"lost", "Webhooks get lost", "The next 2 attempts do not arrive. Linear tries again in a minute."},
	}
}

// trouble is a bad day that is not over.
type trouble struct{ Label, Left string }

// troubles returns the bad days that are not over.
func (p *Playground) troubles() []trouble {
	var out []trouble
	for _, f := range p.cfg.World.Faults() {
		label := "Linear is down"
		switch {
		case f.RateLimited:
			label = "Rate limited"
		case f.ResetAfter:
			label = "Lost answers"
		case f.Delay > 0:
			label = "Slow answers"
		}
		out = append(out, trouble{label, wording.Count(f.Times, "call", "calls")})
	}
	d := p.cfg.World.Disturbed()
	for _, t := range []struct {
		n         int
		text      string
		one, many string
	}{
		{d.Duplicates, "Webhooks arrive twice", "delivery", "deliveries"},
		{d.Reverse, "Wrong order", "delivery", "deliveries"},
		{d.Lost, "Webhooks get lost", "attempt", "attempts"},
	} {
		if t.n > 0 {
			out = append(out, trouble{t.text, wording.Count(t.n, t.one, t.many)})
		}
	}
	return out
}

// change is what a page asks of the world.
type change struct {
	Advance string `json:"advance"`
}

// maxSkip is how far one request moves the clock.
const maxSkip = 30 * 24 * time.Hour

// weather changes the world or the program of the bot.
func (p *Playground) weather(w http.ResponseWriter, r *http.Request) {
	in, err := decode[change](w, r)
	if err == nil {
		err = p.turn(r.Context(), r.PathValue("verb"), in)
	}
	p.hub.tell()
	answer(w, map[string]string{}, err)
}

func (p *Playground) turn(ctx context.Context, verb string, in change) error {
	world := p.cfg.World
	d := world.Disturbed()
	switch verb {
	case "down":
		world.Fault(linearsim.Fault{Status: http.StatusServiceUnavailable, Body: "upstream unavailable", Times: 4})
	case "limited":
		world.Fault(linearsim.Fault{RateLimited: true, RetryAfter: 2 * time.Second, Times: 3})
	case "slow":
		world.Fault(linearsim.Fault{Delay: 2 * time.Second, Times: 5})
	case "cut":
		world.Fault(linearsim.Fault{ResetAfter: true, Times: 2})
	case "revoked":
		p.cfg.App.RevokeTokens()
	case "twice":
		d.Duplicates = 3
		world.Disturb(d)
	case "reverse":
		d.Reverse = 3
		world.Disturb(d)
	case "lost":
		d.Lost = 2
		world.Disturb(d)
	case "heal":
		world.ClearFaults()
		world.Disturb(linearsim.Disturbance{})
	case "skip":
		by, err := time.ParseDuration(in.Advance)
		if err != nil || by <= 0 || by > maxSkip {
			return refuse(http.StatusBadRequest, "time moves by up to 30 days, forward")
		}
		return p.skip(ctx, by)
	case "restart":
		p.cfg.Bot.Restart()
	case "stop":
		p.cfg.Bot.Stop()
	case "start":
		p.cfg.Bot.Start()
	default:
		return refuse(http.StatusNotFound, "the world cannot %q", verb)
	}
	return nil
}

// How long a program that starts may take to have a clock that can be set, and how
// often it is asked.
const (
	clockPatience = 3 * time.Second
	clockEvery    = 50 * time.Millisecond
	buildPatience = 20 * time.Second
)

// skip moves the clocks of Linear and of the bot, the bot's first: what its retries
// then find is the Linear of that time.
func (p *Playground) skip(ctx context.Context, by time.Duration) error {
	clock := p.cfg.World.Clock()
	if clock == nil {
		return linearsim.ErrRealClock
	}
	err := p.setClock(ctx, clock.Ahead()+by)
	if err := p.cfg.World.Advance(by); err != nil {
		return err
	}
	p.mu.Lock()
	p.alone = err != nil
	p.mu.Unlock()
	return nil
}

// setClock sets the clock of the bot's program. One that does not run gets the time
// when it starts.
func (p *Playground) setClock(ctx context.Context, ahead time.Duration) error {
	if p.cfg.Clock == nil {
		return errors.ErrUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, buildPatience)
	defer cancel()
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	for {
		status := p.cfg.Bot.Status()
		if status.State.Down() {
			return nil
		}
		err := p.cfg.Clock(ctx, ahead)
		if err == nil || status.State == Running && time.Since(status.Since) > clockPatience {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
