package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/webhook"
)

// demoCmd plays a conversation on this machine: a simulated Linear in this
// process, the real server, the program's own handlers and a file store in a
// temporary directory.
type demoCmd struct {
	JSON     bool          `name:"json" help:"Print a report instead of the conversation."`
	Say      []string      `help:"What a person writes, once for each comment of the thread. The first one must mention @helper-bot." placeholder:"TEXT" sep:"none"`
	Scenario string        `name:"scenario" enum:"comments,agent" default:"comments" help:"What to play: a thread of comments, or the agent sessions of a mention, a delegation with its questions, and a stop."`
	Timeout  time.Duration `help:"How long to wait for the answers." default:"30s"`
	LogLevel string        `help:"${help_log_level}" placeholder:"error"`
}

// Run plays the conversation and fails if anything is lost or duplicated.
func (c *demoCmd) Run(ctx context.Context, p *program) error {
	values, problems := settings.Read(p.environ(), map[string]string{"log-level": c.LogLevel})
	for _, problem := range problems {
		if problem.Name == values.Source("LINEARBOT_LOG_LEVEL") {
			return &settings.Error{Problems: []settings.Problem{problem}}
		}
	}
	level := zerolog.ErrorLevel
	if values.IsSet("LINEARBOT_LOG_LEVEL") {
		level = values.Level
	}
	log := serve.NewLogger(p.err, level, p.environ())
	lines := c.Say
	if len(lines) == 0 && c.Scenario == scenarioAgent {
		lines = []string{"@helper-bot can you look into this?"}
	}
	if len(lines) == 0 {
		lines = []string{"@helper-bot hello, what can you do?", "Good to know. Are you still there?"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()

	d, err := newDemo(c.Scenario) //nolint:contextcheck // the stage outlives the play, and close ends it
	if err != nil {
		return err
	}
	defer d.close()
	cfg := p.cfg
	cfg.Logger = &log
	d.agent = c.Scenario == scenarioAgent
	playErr := d.play(ctx, cfg, lines)
	report := d.report()
	if c.JSON {
		enc := json.NewEncoder(p.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else {
		report.print(p.out, d.issue.Identifier+"  "+d.issue.Title())
	}
	return errors.Join(playErr, report.problem())
}

// demo is one run of the demo: the stage and the actors.
type demo struct {
	dir        string
	linear     *linearsim.Server
	ws         *linearsim.Workspace
	issue      *linearsim.Issue
	ada        *linearsim.User
	app        *linearsim.Installation
	store      *filestate.Store
	root       *linearsim.Comment
	duplicates int // posts that a repeated delivery caused
	agent      bool
	left       int // entries that the store still held at the end
	took       time.Duration
}

// newDemo sets the stage: a workspace with a person, a team, an issue and an
// installed app.
func newDemo(scenario string) (*demo, error) {
	dir, err := os.MkdirTemp("", "linearbot-demo-")
	if err != nil {
		return nil, err
	}
	store, err := filestate.Open(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	cfg := linearsim.Config{RetryAfter: []time.Duration{200 * time.Millisecond, time.Second}}
	if scenario == scenarioAgent { // so that it is not the comment that is answered
		cfg.EventOrder, cfg.Parallel = agentTypes(), 1
	}
	srv, err := linearsim.Start(cfg)
	if err != nil {
		return nil, errors.Join(err, store.Close(), os.RemoveAll(dir))
	}
	ws := srv.AddWorkspace("Acme", "acme")
	d := &demo{dir: dir, linear: srv, store: store, ws: ws, ada: ws.AddUser("Ada Byron", "ada")}
	d.issue = ws.AddTeam("ENG", "Engineering").AddIssue(d.ada, "Checkout fails on retry", "Payment retries return 409 after the second attempt.")
	d.app = ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	return d, nil
}

func (d *demo) close() {
	d.linear.Close()
	_ = d.store.Close()     // its content is disposable
	_ = os.RemoveAll(d.dir) // a temporary directory; the system clears what is left
}

// play runs the bot and holds the conversation with it.
func (d *demo) play(ctx context.Context, cfg serve.Config, lines []string) (err error) {
	secret := uuid.NewString()
	cfg.Environ = []string{
		"LINEAR_CLIENT_ID=" + d.app.ClientID, "LINEAR_CLIENT_SECRET=" + d.app.ClientSecret,
		"LINEAR_API_URL=" + d.linear.GraphQLURL(), "LINEAR_OAUTH_URL=" + d.linear.URL(), "LINEAR_UPLOADS_URL=" + d.linear.URL(),
		"LINEAR_WEBHOOK_SECRET=" + secret, "LINEARBOT_ADDR=127.0.0.1:0",
	}
	cfg.Bot.Adapter, cfg.Bot.Store, cfg.Bot.Links = nil, d.store, bot.LinkConfig{}
	listening := make(chan net.Addr, 1)
	cfg.Webhook = webhook.Config{OnListen: func(a net.Addr) { listening <- a }, Path: "/api/webhooks/linear"}

	serving, stop := context.WithCancel(ctx)
	var (
		wg       sync.WaitGroup
		serveErr error
	)
	wg.Go(func() {
		serveErr = serve.Run(serving, cfg)
		close(listening)
	})
	defer func() {
		stop()
		wg.Wait()
		if serveErr != nil {
			err = serveErr // this is why the conversation failed
		}
		if stats, statsErr := d.store.Stats(context.WithoutCancel(ctx)); statsErr == nil {
			d.left = stats.Entries + stats.Dead
		}
	}()
	addr, ok := <-listening
	if !ok {
		return errors.New("the server did not start")
	}
	hook := linearsim.Webhook{URL: "http://" + addr.String() + cfg.Webhook.Path, Secret: secret}
	if d.agent {
		hook.ResourceTypes = agentTypes()
		d.app.SetWebhook(hook)
		return d.work(ctx, lines)
	}
	d.app.SetWebhook(hook)
	return d.talk(ctx, lines)
}

// talk is the conversation. After the first answer Linear redelivers, as it does
// when a response is lost.
func (d *demo) talk(ctx context.Context, lines []string) error {
	start := time.Now()
	for i, line := range lines {
		if i > 0 {
			d.ada.Reply(d.root, line)
		} else {
			d.root = d.ada.Comment(d.issue, line)
		}
		if err := d.quiet(ctx); err != nil {
			return err
		}
		if i > 0 {
			continue
		}
		before := len(d.replies())
		if err := d.repeat(ctx); err != nil {
			return err
		}
		d.duplicates = len(d.replies()) - before
	}
	d.took = time.Since(start)
	return nil
}

// repeat sends the first delivery of a comment once more.
func (d *demo) repeat(ctx context.Context) error {
	for _, delivery := range d.linear.Deliveries() {
		if delivery.Type == "Comment" {
			if err := d.linear.Redeliver(ctx, delivery.ID); err != nil {
				return err
			}
			return d.quiet(ctx)
		}
	}
	return errors.New("no comment was delivered")
}

// quiet waits until every event has been delivered, those of the bot's own writes
// included, and the store holds no work.
func (d *demo) quiet(ctx context.Context) error {
	for sent := -1; sent != len(d.linear.Deliveries()); {
		sent = len(d.linear.Deliveries())
		if err := d.linear.Flush(ctx); err != nil {
			return fmt.Errorf("not everything was delivered: %w", err)
		}
		if err := idle(ctx, d.store); err != nil {
			return fmt.Errorf("the bot is still at work: %w", err)
		}
	}
	return nil
}

// idle waits until a store holds no work. Turns that wait for an answer and
// scheduled posts do not count as work.
func idle(ctx context.Context, store state.Store) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		stats, err := store.Stats(ctx)
		if err != nil {
			return err
		}
		retries := 0
		for d, err := range store.Delayed(ctx) {
			if err != nil {
				return err
			}
			if d.Cause != (state.Cause{}) {
				retries++
			}
		}
		if stats.Entries+stats.Leased+retries == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// replies returns what the bot wrote in the thread.
func (d *demo) replies() []*linearsim.Comment {
	var own []*linearsim.Comment
	if d.root == nil {
		return nil
	}
	for _, c := range d.root.Replies() {
		if c.Author != nil && c.Author.ID == d.app.User.ID {
			own = append(own, c)
		}
	}
	return own
}
