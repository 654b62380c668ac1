// Helpdesk is a small support inbox in the browser: conversations on the left,
// and beside each one the Linear issues that it is linked to. Agents create
// issues, link and unlink them, and follow the engineers' progress.
//
//	go run ./examples/helpdesk
//
// Everything runs on this machine: Linear is simulated, and Ada is the engineer
// there. --addr, or HELPDESK_ADDR, is where to listen; it defaults to
// 127.0.0.1:4000. --conversations is how many the inbox has. --help says so, too.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// defaultAddr is where the inbox is, unless told otherwise.
const defaultAddr = "127.0.0.1:4000"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := start(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the command line says.
type options struct {
	addr          string
	conversations int
}

// maxConversations keeps the page quick.
const maxConversations = 1000

// parse reads the command line. What it prints goes to out.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("helpdesk", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.addr, "addr", cmp.Or(os.Getenv("HELPDESK_ADDR"), defaultAddr), "where to listen; HELPDESK_ADDR is the same")
	f.IntVar(&o.conversations, "conversations", 3, "how many conversations the inbox has")
	f.Usage = func() {
		fmt.Fprint(out, "A small support inbox in the browser, over a simulated Linear.\n\nUsage: helpdesk [flags]\n\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	problem := ""
	switch {
	case f.NArg() > 0:
		problem = fmt.Sprintf("unexpected argument %q: helpdesk takes flags only", f.Arg(0))
	case o.conversations < 1 || o.conversations > maxConversations:
		problem = fmt.Sprintf("--conversations must be from 1 to %d", maxConversations)
	}
	if problem != "" {
		fmt.Fprintln(out, problem)
		return o, errors.New(problem)
	}
	return o, nil
}

// start runs the command and returns its exit code: 0 also after --help, 1 if it
// failed, 2 if the command line is wrong.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var said bytes.Buffer
	o, err := parse(args, &said)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = said.WriteTo(stdout)
		return 0
	case err != nil:
		_, _ = said.WriteTo(stderr)
		return 2
	}
	err = run(ctx, o, func(a net.Addr) {
		fmt.Fprintf(stdout, "The inbox is at http://%s/ and its API at http://%s/desk/docs. Press Ctrl-C to stop.\n", a, a)
	})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// run serves the inbox until ctx ends. It calls listening with the address.
func run(ctx context.Context, o options, listening func(net.Addr)) (err error) {
	srv, err := linearsim.Start(linearsim.Config{Parallel: 1}) //nolint:contextcheck // it is closed below
	if err != nil {
		return err
	}
	defer srv.Close()
	town := settle(srv)
	client, err := linearapi.New(linearapi.Config{
		URL: srv.GraphQLURL(), UploadsURL: srv.URL(), Tokens: linearapi.AccessToken(town.app.Token()),
	})
	if err != nil {
		return err
	}
	store := memstate.New(memstate.Options{})
	defer func() { err = errors.Join(err, store.Close()) }()

	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err
	}
	base := "http://" + ln.Addr().String()
	secret := uuid.NewString()
	in := newInbox(o.conversations)
	settings := ticketing.DefaultSettings()
	settings.MirrorComments, settings.AutomateReopenOnCompletion = "to_conversation", true
	api, err := ticketing.New(ticketing.Config{
		Connections: ticketing.Static{{ID: town.ws.ID, Client: client, AppActor: true}},
		Store:       store,
		Settings:    &settings,
		Prefix:      "/desk",
		Helpdesk:    ticketing.Helpdesk{ConversationURL: base + "/#/{account}/{conversation}", Sink: in},
		// Linear's webhooks arrive here, and outgoing ones may target this machine.
		WebhookSecrets: []string{secret}, PrivateTargets: true,
		Logger: zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr}).Level(zerolog.WarnLevel).With().Timestamp().Logger(),
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	_, token, err := api.Tokens().Create(ctx, ticketing.Token{Name: "Support", Role: ticketing.RoleAdmin})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	town.app.SetWebhook(linearsim.Webhook{URL: base + "/desk/webhooks/linear", Secret: secret})

	pages := &web{in: in, api: api, token: token, town: town}
	server := &http.Server{Handler: pages.routes(), ReadHeaderTimeout: 5 * time.Second}
	var wg sync.WaitGroup
	var serveErr, workErr error
	wg.Go(func() { serveErr = server.Serve(ln) })
	wg.Go(func() { workErr = api.Run(ctx) })
	if listening != nil {
		listening(ln.Addr())
	}
	<-ctx.Done()
	_ = server.Close() // event streams never end by themselves
	wg.Wait()
	if errors.Is(serveErr, http.ErrServerClosed) {
		serveErr = nil
	}
	return errors.Join(serveErr, workErr)
}

// linearTown is the workspace in the simulated Linear.
type linearTown struct {
	srv *linearsim.Server
	ws  *linearsim.Workspace
	ada *linearsim.User
	app *linearsim.Installation
}

func settle(srv *linearsim.Server) *linearTown {
	ws := srv.AddWorkspace("Acme", "acme")
	t := &linearTown{srv: srv, ws: ws, ada: ws.AddUser("Ada Byron", "ada")}
	ws.AddUser("Lin Chen", "lin")
	eng, mob := ws.AddTeam("ENG", "Engineering"), ws.AddTeam("MOB", "Mobile")
	ws.AddLabel("Bug", "#eb5757")
	ws.AddLabel("Customer", "#5e6ad2")
	ws.AddProject("Checkout 2.0")
	eng.AddIssue(t.ada, "Payment fails when the card needs a second factor", "Seen with three banks.")
	eng.AddIssue(t.ada, "Invoices show the wrong time zone", "")
	mob.AddIssue(t.ada, "App crashes on start after the update", "Only on older phones.")
	t.app = ws.InstallApp(linearsim.App{Name: "Desk", DisplayName: "desk"})
	return t
}
