package workspaces_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

// place is a workspace with a person and an issue.
type place struct {
	ws    *linearsim.Workspace
	ada   *linearsim.User
	issue *linearsim.Issue
}

// town is a Linear, and a bot that workspaces install.
type town struct {
	t     *testing.T
	sim   *linearsim.Server
	app   *linearsim.OAuthClient
	reg   *workspaces.Registry
	bot   *bot.Bot
	store state.Store
	mu    sync.Mutex
	at    time.Duration
	told  []string
	log   bytes.Buffer
}

func (o *town) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.at)
}

func (o *town) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at += d
}

func (o *town) tell(format string, a ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, fmt.Sprintf(format, a...))
}

func (o *town) heard(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.told, text)
}

// Write keeps a log line.
func (o *town) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.Write(p)
}

func newTown(t *testing.T, register func(o *town)) *town {
	t.Helper()
	o := &town{t: t}
	var server *webhook.Server
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.Handler().ServeHTTP(w, r) }))
	sim, err := linearsim.Start(linearsim.Config{Now: o.now})
	if err != nil {
		t.Fatal(err)
	}
	o.sim = sim
	o.app = sim.RegisterApp(linearsim.OAuthApp{
		Name: "Helper Bot", DisplayName: "helper-bot", RedirectURIs: []string{front.URL + workspaces.CallbackPath},
		Webhook: &linearsim.Webhook{URL: front.URL + "/api/webhooks/linear", Secret: "signing"},
	})
	o.store = memstate.New(memstate.Options{})
	keys, err := workspaces.ParseKeys(workspaces.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	client := &http.Client{Transport: tr}
	o.reg, err = workspaces.New(workspaces.Config{
		ClientID: o.app.ClientID, ClientSecret: o.app.ClientSecret(), PublicURL: front.URL, Store: o.store, Keys: keys,
		APIURL: sim.GraphQLURL(), AuthorizeURL: sim.AuthorizeURL(), TokenURL: sim.TokenURL(), RevokeURL: sim.RevokeURL(),
		HTTPClient: client, Now: o.now, Logger: zerolog.New(o), SweepEvery: 50 * time.Millisecond,
		OnInstalled:   func(ctx context.Context, w, i string) error { return o.bot.Installed(ctx, w, i) },
		OnUninstalled: func(ctx context.Context, w, i string) error { return o.bot.Uninstalled(ctx, w, i) },
		OnRemoved:     func(w string) { o.bot.WorkspaceRemoved(w) },
	})
	if err != nil {
		t.Fatal(err)
	}
	lin, err := linear.New(linear.Config{Installations: o.reg, APIURL: sim.GraphQLURL(), UploadsURL: sim.URL(), HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	o.bot, err = bot.New(bot.Config{Adapter: lin, Store: o.store, Logger: zerolog.New(o)})
	if err != nil {
		t.Fatal(err)
	}
	register(o)
	pages := map[string]http.Handler{}
	for _, path := range o.reg.Paths() {
		pages[path] = o.reg.Handler()
	}
	server, err = webhook.NewServer(webhook.Config{Secrets: []string{"signing"}, Acceptor: o.bot, Pages: pages, Now: o.now, Logger: zerolog.New(o)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{o.bot.Run, o.reg.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		sim.Close()
		front.Close()
		tr.CloseIdleConnections()
		_ = o.store.Close()
	})
	return o
}

func (o *town) place(name string) *place {
	ws := o.sim.AddWorkspace(name, strings.ToLower(name))
	p := &place{ws: ws, ada: ws.AddUser("Ada Byron", "ada")}
	p.issue = ws.AddTeam("ENG", "Engineering").AddIssue(p.ada, "Checkout fails", "")
	return p
}

// install installs the app as a browser does.
func (o *town) install(p *place) {
	o.t.Helper()
	cookies := map[string]*http.Cookie{}
	visit := func(method, address string) string {
		req := httptest.NewRequestWithContext(o.t.Context(), method, address, nil)
		for _, c := range cookies {
			req.AddCookie(c)
		}
		w := httptest.NewRecorder()
		o.reg.Handler().ServeHTTP(w, req)
		for _, c := range w.Result().Cookies() {
			cookies[c.Name] = c
		}
		if w.Code != http.StatusSeeOther {
			o.t.Fatalf("%s %s: %d %s", method, address, w.Code, w.Body)
		}
		return w.Header().Get("Location")
	}
	back, err := o.app.Approve(visit(http.MethodPost, workspaces.InstallPath), p.ada)
	if err != nil {
		o.t.Fatal(err)
	}
	visit(http.MethodGet, back)
}

// until waits until cond holds.
func (o *town) until(what string, cond func() bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 20*time.Second)
	defer cancel()
	for !cond() {
		select {
		case <-ctx.Done():
			o.mu.Lock()
			defer o.mu.Unlock()
			o.t.Fatalf("timed out waiting until %s; told %q\n%s", what, o.told, o.log.String())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// answers are the replies of the app below a comment.
func answers(c *linearsim.Comment) (out []string) {
	for _, r := range c.Replies() {
		if r.Author.App {
			out = append(out, r.Body())
		}
	}
	return out
}

func echo(o *town) {
	o.bot.OnInstalled(func(_ context.Context, w *bot.Workspace) error { o.tell("installed %s", w.ID()); return nil })
	o.bot.OnUninstalled(func(_ context.Context, w *bot.Workspace) error { o.tell("uninstalled %s", w.ID()); return nil })
	o.bot.OnAccessChanged(func(_ context.Context, w *bot.Workspace, c *adapter.AccessEvent) error {
		o.tell("access %s %t %d %d", w.ID(), c.AllPublicTeams, len(c.AddedTeams), len(c.RemovedTeams))
		return nil
	})
	o.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
		self, err := th.Workspace().Identity(ctx)
		if err != nil {
			return err
		}
		_, err = th.Post(ctx, bot.Text(self.WorkspaceName+": "+m.Text()))
		return err
	})
}

// TestManyWorkspaces lets three workspaces talk to one bot at the same time, two
// of them with the same handles and issue numbers.
func TestManyWorkspaces(t *testing.T) {
	t.Parallel()
	o := newTown(t, echo)
	places := []*place{o.place("Acme"), o.place("Umbrella"), o.place("Globex")}
	for _, p := range places[:2] {
		o.install(p)
		o.until("the handler heard of the install", func() bool { return o.heard("installed " + p.ws.ID) })
	}
	type asked struct {
		p    *place
		c    *linearsim.Comment
		want string
	}
	var all []asked
	for n := range 20 {
		for _, p := range places[:2] {
			text := fmt.Sprintf("question %d", n)
			all = append(all, asked{p, p.ada.Comment(p.issue, "@helper-bot "+text), p.ws.Name + ": " + text})
		}
		if n == 10 {
			o.advance(25 * time.Hour) // both logins expire in the middle of it
		}
	}
	for _, a := range all {
		o.until(a.want, func() bool { return len(answers(a.c)) == 1 })
		got := answers(a.c)
		if !strings.HasSuffix(got[0], a.want[strings.Index(a.want, ": ")+2:]) || !strings.HasPrefix(got[0], a.p.ws.Name+": ") {
			t.Errorf("answer %q, want %q", got, a.want)
		}
	}
	for _, p := range places[:2] {
		self := o.app.Installation(p.ws).User.ID
		for _, c := range p.issue.Comments() {
			if c.Author.App && c.Author.ID != self {
				t.Errorf("%s: a comment by another workspace's user", p.ws.Name)
			}
		}
	}
	o.app.Installation(places[0].ws).ChangeAccess(true, nil, nil)
	o.until("the handler heard of the change", func() bool { return o.heard("access " + places[0].ws.ID + " true 0 0") })

	// The third has not installed the app: its deliveries are answered 200 and not
	// stored.
	globex := places[2]
	if err := o.sim.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stats, err := o.store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hook := globex.ws.AddWebhook(linearsim.Webhook{URL: o.app.Installation(places[0].ws).Webhook().URL, Secret: "signing"})
	before := o.bot.Counts()["accepted"]
	globex.ada.Comment(globex.issue, "@helper-bot anyone?")
	o.until("it was ignored", func() bool { return o.bot.Counts()["ignored:not_installed"] > 0 })
	after, err := o.store.Stats(t.Context())
	if err != nil || o.bot.Counts()["accepted"] != before || after.Entries > stats.Entries || o.reg.Counts()["not_installed"] == 0 {
		t.Errorf("%+v after %+v, %v, %v", after, stats, err, o.reg.Counts())
	}
	hook.SetEnabled(false)
	if _, err := o.bot.Workspace(globex.ws.ID).Identity(t.Context()); !errors.Is(err, adapter.ErrNotInstalled) || adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("identity where the bot is not: %v", err)
	}
}

// TestHeldUntilReinstalled ends a login: deliveries are accepted and wait, without
// spending attempts, until the app is reinstalled.
func TestHeldUntilReinstalled(t *testing.T) {
	t.Parallel()
	o := newTown(t, echo)
	acme, umbrella := o.place("Acme"), o.place("Umbrella")
	o.install(acme)
	o.install(umbrella)
	first := acme.ada.Comment(acme.issue, "@helper-bot one")
	o.until("the first answer", func() bool { return len(answers(first)) == 1 })
	// A delivery in flight while the clock jumps would arrive expired.
	if err := o.sim.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.app.Installation(acme.ws).ExpireRefreshTokens()
	o.advance(25 * time.Hour)
	held := []*linearsim.Comment{acme.ada.Comment(acme.issue, "@helper-bot two"), acme.ada.Comment(acme.issue, "@helper-bot three")}
	o.until("the login is parked", func() bool {
		w, err := o.reg.Workspace(t.Context(), acme.ws.ID)
		return err == nil && w.Status == workspaces.StatusNeedsReauth
	})
	other := umbrella.ada.Comment(umbrella.issue, "@helper-bot four")
	o.until("the other workspace continues", func() bool { return len(answers(other)) == 1 })
	if err := o.sim.Flush(t.Context()); err != nil { // every delivery was answered 200
		t.Fatal(err)
	}
	for _, c := range held {
		if got := answers(c); len(got) != 0 {
			t.Errorf("answered %q without a login", got)
		}
	}
	o.install(acme)
	for _, c := range held {
		o.until("what waited is answered", func() bool { return len(answers(c)) == 1 })
	}
	if n := o.bot.Counts()["buried"]; n != 0 {
		t.Errorf("%d turns were buried", n)
	}
}

// TestUninstall removes the app while a handler works.
func TestUninstall(t *testing.T) {
	t.Parallel()
	working, ended := make(chan struct{}), make(chan error, 1)
	o := newTown(t, func(o *town) {
		o.bot.OnUninstalled(func(_ context.Context, w *bot.Workspace) error { o.tell("uninstalled %s", w.ID()); return nil })
		o.bot.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			close(working)
			<-ctx.Done()
			ended <- context.Cause(ctx)
			_, err := th.Post(ctx, bot.Text("too late"))
			return err
		})
	})
	acme := o.place("Acme")
	o.install(acme)
	acme.ada.Comment(acme.issue, "@helper-bot work")
	<-working
	o.advance(time.Hour)
	in := o.app.Installation(acme.ws)
	in.Uninstall()
	if err := <-ended; !errors.Is(err, bot.ErrUninstalled) || !errors.Is(err, bot.ErrStopped) {
		t.Errorf("the handler ended with %v", err)
	}
	o.until("the handler heard of it", func() bool { return o.heard("uninstalled " + acme.ws.ID) })
	o.until("nothing secret is left", func() bool {
		w, err := o.reg.Workspace(t.Context(), acme.ws.ID)
		return err == nil && w.Status == workspaces.StatusGone && w.Key == ""
	})
	stats, err := o.store.Stats(t.Context())
	if err != nil || stats.Dead != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}
