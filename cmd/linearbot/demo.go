package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/webhook"
)

// demoCmd plays the main job on this machine: a Linear in this process, the
// real server, a file store in a temporary directory.
type demoCmd struct {
	JSON     bool          `name:"json" help:"Print a report instead of the conversation."`
	LogLevel string        `help:"trace, debug, info, warn or error." env:"LINEARBOT_LOG_LEVEL" default:"error"`
	Timeout  time.Duration `help:"How long to wait for the answers." default:"30s"`
}

// Run plays the conversation and fails unless all is right.
func (c *demoCmd) Run(ctx context.Context, s streams) error {
	log, err := newLogger(s.err, c.LogLevel)
	if err != nil {
		return &usageError{err}
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()

	d, err := startDemo() //nolint:contextcheck // the stage outlives the play, and close ends it
	if err != nil {
		return err
	}
	defer d.close()
	playErr := d.play(ctx, bot.Config{Logger: log})
	report := d.report()
	if c.JSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else {
		d.print(s.out, report)
	}
	return errors.Join(playErr, report.problem())
}

// demo is one play: the stage and the actors.
type demo struct {
	dir    string
	linear *linearsim.Server
	issue  *linearsim.Issue
	ada    *linearsim.User
	app    *linearsim.Installation
	root   *linearsim.Comment
	left   int // entries that the store still held at the end
	took   time.Duration
}

// startDemo sets the stage: a workspace with a person, a team, an issue and an
// installed app.
func startDemo() (*demo, error) {
	dir, err := os.MkdirTemp("", "linearbot-demo-")
	if err != nil {
		return nil, err
	}
	srv, err := linearsim.Start(linearsim.Config{RetryAfter: []time.Duration{200 * time.Millisecond, time.Second}})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	ws := srv.Workspace("Acme", "acme")
	d := &demo{dir: dir, linear: srv, ada: ws.AddUser("Ada Byron", "ada")}
	d.issue = ws.AddTeam("ENG", "Engineering").AddIssue(d.ada, "Checkout fails on retry", "Payment retries return 409 after the second attempt.")
	d.app = ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	return d, nil
}

func (d *demo) close() {
	d.linear.Close()
	_ = os.RemoveAll(d.dir) // a temporary directory; the system clears what is left
}

// play runs the bot and has the conversation with it.
func (d *demo) play(ctx context.Context, cfg bot.Config) (err error) {
	store, err := filestate.Open(d.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	lin, err := linear.New(linear.Config{
		ClientID: d.app.ClientID, ClientSecret: d.app.ClientSecret, APIURL: d.linear.GraphQLURL(),
	})
	if err != nil {
		return err
	}
	cfg.Adapter, cfg.Store = lin, store
	b, err := bot.New(cfg)
	if err != nil {
		return err
	}
	registerStock(b)

	secret := uuid.NewString()
	listening := make(chan net.Addr, 1)
	srv, err := webhook.NewServer(webhook.Config{
		Secrets: []string{secret}, Acceptor: b, Addr: "127.0.0.1:0", Logger: cfg.Logger,
		OnListen: func(a net.Addr) { listening <- a },
	})
	if err != nil {
		return err
	}
	serve, stop := context.WithCancel(ctx)
	var (
		wg       sync.WaitGroup
		serveErr error
	)
	wg.Go(func() {
		serveErr = srv.Run(serve, b)
		close(listening)
	})
	defer func() {
		stop()
		wg.Wait()
		err = errors.Join(err, serveErr)
		if stats, statsErr := store.Stats(context.WithoutCancel(ctx)); statsErr == nil {
			d.left = stats.Entries + stats.Delayed + stats.Dead
		}
	}()
	addr, ok := <-listening
	if !ok {
		return errors.New("the server did not start")
	}
	d.app.SetWebhook(linearsim.Webhook{URL: "http://" + addr.String() + "/api/webhooks/linear", Secret: secret})
	if err := d.talk(ctx); err != nil {
		return err
	}
	return quiet(ctx, store)
}

// quiet waits until the store holds no work.
func quiet(ctx context.Context, store state.Inspector) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		stats, err := store.Stats(ctx)
		if err != nil {
			return err
		}
		if stats.Entries+stats.Delayed == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("work is left over: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// talk is the conversation: a mention, its answer, a message in the thread
// that is now subscribed, its answer; and in between Linear repeats itself.
func (d *demo) talk(ctx context.Context) error {
	start := time.Now()
	d.root = d.ada.Comment(d.issue, "@helper-bot hello, what can you do?")
	if err := d.answered(ctx, 1); err != nil {
		return err
	}
	// Linear sends the first delivery once more, as it does when an answer is
	// lost on the way.
	for _, delivery := range d.linear.Deliveries() {
		if delivery.Type == "Comment" {
			if err := d.linear.Redeliver(ctx, delivery.ID); err != nil {
				return err
			}
			break
		}
	}
	d.ada.Reply(d.root, "Good to know. Are you still there?")
	if err := d.answered(ctx, 2); err != nil {
		return err
	}
	d.took = time.Since(start)
	return d.linear.Flush(ctx)
}

// answered waits until the bot has written n replies.
func (d *demo) answered(ctx context.Context, n int) error {
	err := d.linear.Wait(ctx, func() bool { return len(d.replies()) >= n })
	if err != nil {
		return fmt.Errorf("answer %d did not come: %w", n, err)
	}
	return nil
}

// replies returns what the bot wrote in the thread.
func (d *demo) replies() []*linearsim.Comment {
	var own []*linearsim.Comment
	if d.root == nil {
		return nil
	}
	for _, c := range d.root.Replies() {
		if c.Author.ID == d.app.User.ID {
			own = append(own, c)
		}
	}
	return own
}

// demoReport is what a play comes to.
type demoReport struct {
	// Deliveries is the number of webhook requests that Linear sent.
	Deliveries int `json:"deliveries"`
	// Redelivered is how many of them Linear sent again on purpose.
	Redelivered int `json:"redelivered"`
	// Replies is the number of messages that the bot wrote.
	Replies int `json:"replies"`
	// Duplicates is how many of those were one too many.
	Duplicates int `json:"duplicates"`
	// Lost is the number of messages that got no answer, of deliveries that
	// were not accepted and of entries that were left over.
	Lost int `json:"lost"`
	// Milliseconds is how long the conversation took.
	Milliseconds int64      `json:"milliseconds"`
	Thread       string     `json:"thread"`
	Conversation []demoLine `json:"conversation"`
}

type demoLine struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Author string    `json:"author"`
	Text   string    `json:"text"`
}

// report counts what stands in Linear now.
func (d *demo) report() demoReport {
	r := demoReport{Milliseconds: d.took.Milliseconds(), Lost: d.left}
	for _, delivery := range d.linear.Deliveries() {
		for _, a := range delivery.Attempts {
			r.Deliveries++
			if a.Redelivered {
				r.Redelivered++
			}
		}
		if delivery.Done && !delivery.OK {
			r.Lost++
		}
	}
	const asked = 2
	r.Replies = len(d.replies())
	r.Lost += max(0, asked-r.Replies)
	r.Duplicates = max(0, r.Replies-asked)
	if d.root == nil {
		return r
	}
	r.Thread = string(linear.Thread{IssueID: d.issue.ID, CommentID: d.root.ID}.ID())
	for _, c := range append([]*linearsim.Comment{d.root}, d.root.Replies()...) {
		r.Conversation = append(r.Conversation, demoLine{ID: c.ID, At: c.CreatedAt, Author: c.Author.Name, Text: c.Body()})
	}
	return r
}

// problem returns what is not right, or nil.
func (r demoReport) problem() error {
	if r.Replies == 2 && r.Duplicates == 0 && r.Lost == 0 && r.Redelivered == 1 {
		return nil
	}
	return fmt.Errorf("the demo went wrong: %d replies, %d duplicates, %d lost, %d redelivered", r.Replies, r.Duplicates, r.Lost, r.Redelivered)
}

// print shows the conversation as a person would read it.
func (d *demo) print(w io.Writer, r demoReport) {
	fmt.Fprintf(w, "%s  %s\nthread %s\n", d.issue.Identifier, d.issue.Title(), r.Thread)
	for i, line := range r.Conversation {
		fmt.Fprintf(w, "\n  %s  %s", line.At.Format("15:04:05.000"), line.Author)
		if i > 0 {
			fmt.Fprintf(w, "  (%d ms later)", line.At.Sub(r.Conversation[i-1].At).Milliseconds())
		}
		fmt.Fprintf(w, "\n%s\n", indent(line.Text))
	}
	fmt.Fprintf(w, "\n%d deliveries, %d of them sent twice by Linear; %d replies, %d duplicates, %d lost.\n",
		r.Deliveries, r.Redelivered, r.Replies, r.Duplicates, r.Lost)
}
