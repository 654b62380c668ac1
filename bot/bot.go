package bot

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/acts"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/decisions"
	"github.com/linearbot/linearbot/bot/internal/greet"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/links"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/rows"
	"github.com/linearbot/linearbot/bot/internal/running"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/turns"
)

// Bot takes deliveries in and runs handlers for them. Make one with [New],
// register handlers, then call [Bot.Run]. Registration is not safe for
// concurrent use, and not possible while Run works; everything else is safe.
type Bot struct {
	cfg        Config
	can        abilities
	links      links.Links
	log        zerolog.Logger
	on         handlers
	registry   registry
	middleware []Middleware
	counts     tally.Counts
	traffic    tally.Traffic
	notes      notes.Book
	questions  questions.Book
	runner     *turns.Runner
	halts      *halt.Turns
	sessions   *acts.Workspaces
	order      acts.Order
	attends    *attend.Sessions
	greeter    greet.Greeter
	members    running.Workspaces[*Turn]
	// unknown is why the bot does not know who it is.
	unknown loggedCause
	// foreign is the last time that an event of another workspace was worth a
	// warning.
	foreign   loggedCause
	size      rows.Size
	decisions decisions.Recorder
}

// New checks cfg, fills in defaults and returns a Bot. It does no I/O.
func New(cfg Config) (*Bot, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	book := notes.New(cfg.Store)
	b := &Bot{
		cfg: cfg, can: abilitiesOf(cfg.Adapter), log: cfg.Logger, decisions: decisions.Recorder{Tracer: cfg.Tracer},
		notes: book, sessions: acts.NewWorkspaces(book), links: links.New(links.Config(cfg.Links), book),
	}
	b.attends, b.halts, b.order = b.attendance(), b.haltable(), b.actOrder()
	b.on.commands.NoHelp = cfg.Commands.NoHelp
	b.questions = questions.New(book, cfg.Store, b.notesOf)
	if holder, ok := cfg.Adapter.(adapter.SecretHolder); ok {
		holder.UseSecret(b.writeSecret)
	}
	b.runner = turns.New(turns.Config{
		Queue: cfg.Store, Work: b.work, Holder: cfg.Holder, Workers: cfg.Workers, PerWorkspace: cfg.WorkersPerWorkspace,
		LeaseTTL: cfg.LeaseTTL, DrainTimeout: cfg.DrainTimeout, Size: b.leaseSize, Log: cfg.Logger,
		Running: b.halts.Names,
	})
	return b, nil
}

// Durable reports whether accepted deliveries survive the process.
func (b *Bot) Durable() bool { return b.cfg.Store.Durable() }

// Lag returns how far handling is behind: for how long the turns that begin at
// present were ready to begin. It is zero while there are idle workers.
func (b *Bot) Lag() time.Duration { return b.runner.Lag() }

// Ready returns nil if deliveries can be stored and worked on.
func (b *Bot) Ready(ctx context.Context) error {
	if err := b.registry.err(); err != nil {
		return err
	}
	if err := b.cfg.Store.Ping(ctx); err != nil {
		return &adapter.Error{Code: adapter.CodeUnavailable, Op: "store", Err: err}
	}
	return nil
}

// Adapter returns the adapter of the configuration, for what only one platform
// offers: b.Adapter().(*linear.Adapter).
func (b *Bot) Adapter() adapter.Adapter { return b.cfg.Adapter }

// Run works on stored deliveries until ctx ends. Then it takes no new work,
// lets running turns finish for up to Config.DrainTimeout, ends their contexts
// with the cause [ErrDraining], hands back what is unfinished and returns nil.
//
// While the store cannot be reached, Run keeps trying. Errors: [ErrRunning];
// an [*OptionsError] for options of handlers that cannot be carried out, before
// anything is done; or one that says that handlers ignored the end of their
// contexts.
func (b *Bot) Run(ctx context.Context) error {
	if err := b.registry.err(); err != nil {
		return err
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() { b.halts.Watch(watch) })
	watching.Go(func() { b.greeter.Run(watch) })
	defer watching.Wait()
	defer stop()
	return b.runner.Run(ctx)
}

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
