package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/links"
	"github.com/linearbot/linearbot/state"
)

// Config says what a bot consists of. Adapter and Store are required. In numbers
// and times, zero means the default; where a negative value means "off", the
// field says so, and elsewhere [New] refuses it.
type Config struct {
	// Name is a handle that counts as a mention, in addition to the name of the bot on
	// the platform. Defaults to that name alone.
	Name string
	// Aliases are further handles that count as a mention. Defaults to none.
	Aliases []string
	// Adapter connects the platform.
	Adapter adapter.Adapter
	// Store keeps deliveries and all that the bot remembers. Every store of
	// package stateurl is one.
	Store Store
	// Secret makes the ids of what the bot writes impossible to guess, so that
	// no one can take them first. At least 16 bytes; all instances have the same.
	// Defaults to a random one that is kept in the store.
	Secret string
	// Bots says which messages of other programs are handled. Defaults to
	// BotsOnMention.
	Bots OtherBots
	// BotTurns is how many messages of programs the bot handles in one thread
	// before it says so once and stops, until ten minutes without one have
	// passed or a person mentions the bot. Defaults to 8; negative means any
	// number.
	BotTurns int
	// Access says who may use the bot. It is asked before every handler,
	// for every event, except for those of OnStop, OnInstalled and
	// OnUninstalled. Defaults to everyone.
	Access Access
	// Commands says how commands are treated. The zero value allows slashes and
	// has a command "help".
	Commands CommandConfig
	// Links says how the buttons of cards become links. The zero value leaves
	// them labels.
	Links LinkConfig
	// TypingEmoji is the reaction with which Thread.Typing marks the message
	// that it works on, in threads of comments, where a platform has nothing
	// else for that: a name ("eyes") or Unicode. It goes when the turn ends.
	// Defaults to none.
	TypingEmoji string
	// NoApology keeps the bot from saying that something went wrong, with a
	// reference, when a turn in which a person waits for an answer goes to the
	// dead letters. A handler of OnFailed replaces the apology. An agent session
	// gets an end all the same, if the handler of OnFailed writes none, unless
	// Sessions.Unattended is set.
	NoApology bool
	// Sessions says what the bot does in agent sessions by itself. The zero value is
	// ready to use.
	Sessions SessionConfig
	// Policy says what happens to messages that arrive in a busy thread. Defaults
	// to Serial().
	Policy LanePolicy
	// Lanes says what is handled one at a time. Defaults to LanePerThread.
	Lanes LaneScope
	// Workers is the most turns that run at once in this process. Defaults
	// to 256.
	Workers int
	// WorkersPerWorkspace is the most turns of one workspace that run at once in this
	// process, so that a busy workspace leaves workers to the others. Lanes
	// beyond it wait a second or two at a time. Defaults to Workers: no limit.
	WorkersPerWorkspace int
	// MaxAttempts is how often a turn is tried before it goes to the dead
	// letters. Defaults to 10. Handlers can have a number of their own.
	MaxAttempts int
	// TurnTimeout is how long the handlers of a turn may run, all together.
	// Then their context ends. Handlers can have a time of their own; see
	// HandlerOptions. Defaults to 10 minutes; negative means no limit.
	TurnTimeout time.Duration
	// LeaseTTL is how long a thread stays reserved for a process that died.
	// Leases are renewed at a third of it. At least 100 ms. Defaults to 15 s.
	LeaseTTL time.Duration
	// DrainTimeout is how long running turns may continue after Run's context
	// ended. Then their contexts end too, and what is unfinished is handed
	// back. Defaults to 25 s, a little less than what Kubernetes grants; negative
	// means that the contexts end at once.
	DrainTimeout time.Duration
	// HoldFor is how long a thread waits for a failing turn, all waits taken
	// together. Defaults to 30 s; negative means that a failing turn steps
	// aside at once.
	HoldFor time.Duration
	// Backoff returns the wait after the given attempt, from 1 on. Defaults
	// to 1 s, doubling up to 10 minutes, give or take a fifth. Handlers can
	// have one of their own.
	Backoff func(attempt int) time.Duration
	// Tracer records each decision about each event. Defaults to none.
	Tracer adapter.Tracer
	// Logger gets a line for every decision. Defaults to none.
	Logger zerolog.Logger
	// Holder names this process in views of the store. Defaults to host name
	// and process id.
	Holder string
}

// Store is what a bot uses of a store, a part of [state.Store], where the methods
// are described.
type Store interface { //nolint:interfacebloat // what a bot uses, and no more
	state.Notes
	state.Values
	// Enqueue, Lease, Extend and Settle are those of [state.Queue].
	Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error)
	Lease(ctx context.Context, req state.LeaseRequest) ([]*state.Lease, error)
	Extend(ctx context.Context, l *state.Lease, ttl time.Duration) error
	Settle(ctx context.Context, l *state.Lease, s state.Settlement) error
	// Subscribe and Unsubscribe are those of [state.Subscriptions].
	Subscribe(ctx context.Context, thread state.Key) error
	Unsubscribe(ctx context.Context, thread state.Key) error
	// Ping and Durable are those of [state.Lifecycle].
	Ping(ctx context.Context) error
	Durable() bool
}

// OtherBots says which messages of other programs a bot handles. Its own are
// never handled.
type OtherBots uint8

// The policies.
const (
	// BotsOnMention handles a program's message if it mentions the bot.
	BotsOnMention OtherBots = iota
	// BotsNever handles no program's message.
	BotsNever
	// BotsAlways handles programs' messages like people's. Two bots that do
	// this in one thread can talk without end.
	BotsAlways
)

// withDefaults returns a checked copy of c with all defaults filled in.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	if c.Adapter == nil {
		errs = append(errs, errors.New("bot: Config.Adapter is missing"))
	}
	if c.Store == nil {
		errs = append(errs, errors.New("bot: Config.Store is missing"))
	}
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"Workers", int64(c.Workers)},
		{"WorkersPerWorkspace", int64(c.WorkersPerWorkspace)},
		{"MaxAttempts", int64(c.MaxAttempts)},
		{"LeaseTTL", int64(c.LeaseTTL)},
	} {
		if f.n < 0 {
			errs = append(errs, fmt.Errorf("bot: Config.%s must not be negative", f.name))
		}
	}
	if c.Secret != "" && len(c.Secret) < minSecret {
		errs = append(errs, errors.New("bot: Config.Secret must have at least 16 bytes"))
	}
	if c.LeaseTTL > 0 && c.LeaseTTL < 100*time.Millisecond {
		errs = append(errs, errors.New("bot: Config.LeaseTTL must be at least 100 ms"))
	}
	if !c.Policy.p.Valid() {
		errs = append(errs, errors.New("bot: Config.Policy needs a time or a number above zero"))
	}
	if c.Lanes > LanePerChannel {
		errs = append(errs, errors.New("bot: Config.Lanes is not one of the scopes"))
	}
	if c.Bots > BotsAlways {
		errs = append(errs, errors.New("bot: Config.Bots is not one of the policies"))
	}
	if err := links.Config(c.Links).Check(); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return c, err
	}
	c.Policy = cmp.Or(c.Policy, Serial())
	c.BotTurns = orOff(c.BotTurns, 8, math.MaxInt)
	c.Workers = cmp.Or(c.Workers, 256)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 10)
	c.TurnTimeout = orOff(c.TurnTimeout, 10*time.Minute, unlimited)
	c.LeaseTTL = cmp.Or(c.LeaseTTL, 15*time.Second)
	c.DrainTimeout = orOff(c.DrainTimeout, 25*time.Second, 0)
	c.Sessions.FirstActivity = cmp.Or(c.Sessions.FirstActivity, defaultFirst)
	c.Sessions.KeepAlive = orOff(c.Sessions.KeepAlive, defaultKeepAlive, 0)
	c.HoldFor = orOff(c.HoldFor, 30*time.Second, 0)
	if c.Backoff == nil {
		c.Backoff = defaultBackoff
	}
	if c.Holder == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		c.Holder = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	return c, nil
}

// unlimited stands for no limit of time: long enough for every turn, and short
// enough to be added to a time.
const unlimited = 100 * 365 * 24 * time.Hour

// orOff returns v, or def if v is zero, or off if v is negative.
func orOff[T int | time.Duration](v, def, off T) T {
	if v < 0 {
		return off
	}
	return cmp.Or(v, def)
}

// defaultBackoff doubles from one second to ten minutes, with a jitter of a
// fifth so that turns that failed together do not come back together.
func defaultBackoff(attempt int) time.Duration {
	d := 10 * time.Minute
	if attempt < 11 {
		d = min(d, time.Second<<max(attempt-1, 0))
	}
	return d + time.Duration((rand.Float64()*0.4-0.2)*float64(d)) //nolint:gosec // spreading load needs no secret
}
