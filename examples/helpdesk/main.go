// Helpdesk is a small support inbox in the browser: conversations on the left,
// and beside each one the Linear issues that it is linked to. Agents create
// issues, link and unlink them, and follow the engineers' progress.
//
//	go run ./examples/helpdesk
//
// Everything runs on this machine: Linear is simulated, and Ada is the engineer
// there. HELPDESK_ADDR is where to listen; it defaults to 127.0.0.1:4000.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, cmp.Or(os.Getenv("HELPDESK_ADDR"), "127.0.0.1:4000"), func(a net.Addr) {
		fmt.Printf("The inbox is at http://%s/ and its API at http://%s/desk/docs. Press Ctrl-C to stop.\n", a, a)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // stop only releases the signal handler
	}
}

// run serves the inbox until ctx ends. It calls listening with the address.
func run(ctx context.Context, addr string, listening func(net.Addr)) (err error) {
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
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	base := "http://" + ln.Addr().String()
	secret := uuid.NewString()
	in := newInbox()
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
		Logger: zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr}).Level(zerolog.WarnLevel),
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	_, token, err := api.Tokens().Create(ctx, ticketing.Token{Name: "Support", Role: ticketing.RoleAdmin})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	town.app.SetWebhook(linearsim.Webhook{URL: base + "/desk/webhooks/linear", Secret: secret})

	web := &http.Server{Handler: in.routes(api, token, town), ReadHeaderTimeout: 5 * time.Second}
	var wg sync.WaitGroup
	var serveErr, workErr error
	wg.Go(func() { serveErr = web.Serve(ln) })
	wg.Go(func() { workErr = api.Run(ctx) })
	if listening != nil {
		listening(ln.Addr())
	}
	<-ctx.Done()
	_ = web.Close() // event streams never end by themselves
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
	ws := srv.Workspace("Acme", "acme")
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
