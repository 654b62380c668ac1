package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

// office is a simulated Linear with two workspaces and a bot that they can
// install.
type office struct {
	sim  *linearsim.Server
	app  *linearsim.OAuthClient
	reg  *workspaces.Registry
	base string
	ada  *linearsim.User
	acme *linearsim.Workspace
}

func newOffice(t *testing.T) *office {
	t.Helper()
	sim, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	o := &office{sim: sim, acme: sim.AddWorkspace("Acme", "acme")}
	o.ada = o.acme.AddUser("Ada Byron", "ada")
	sim.AddWorkspace("Umbrella", "umbrella").AddUser("Eve Curie", "eve")

	addr := freeAddr(t)
	o.base = "http://" + addr
	o.app = sim.RegisterApp(linearsim.OAuthApp{
		Name: "Helper Bot", DisplayName: "helper-bot", RedirectURIs: []string{o.base + workspaces.CallbackPath},
		Webhook: &linearsim.Webhook{URL: o.base + "/api/webhooks/linear", Secret: "secret"},
	})
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	keys, err := workspaces.ParseKeys(workspaces.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	o.reg, err = workspaces.New(workspaces.Config{
		ClientID: o.app.ClientID, ClientSecret: o.app.ClientSecret(), PublicURL: o.base, Store: store, Keys: keys, Name: "Helper Bot",
		APIURL: sim.GraphQLURL(), AuthorizeURL: sim.AuthorizeURL(), TokenURL: sim.TokenURL(), RevokeURL: sim.RevokeURL(),
	})
	if err != nil {
		t.Fatal(err)
	}
	lin, err := linear.New(linear.Config{Installations: o.reg, APIURL: sim.GraphQLURL()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bot.New(bot.Config{Adapter: lin, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
		_, err := th.Post(ctx, bot.Text("here I am"))
		return err
	})
	pages := map[string]http.Handler{}
	for _, path := range o.reg.Paths() {
		pages[path] = o.reg.Handler()
	}
	host(t, webhook.Config{Secrets: []string{"secret"}, Acceptor: b, Addr: addr, Pages: pages}, b, o.reg)
	return o
}

// TestInstall installs the app in a browser: it declines, then accepts, then
// replays Linear's redirect.
func TestInstall(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tab := browser(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	says := func(want ...string) {
		t.Helper()
		page := text(t, tab)
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("the page does not say %q:\n%s", w, page)
			}
		}
		wide, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`))
		if err != nil || wide {
			t.Errorf("the page is wider than the window: %t, %v", wide, err)
		}
	}
	at := func(path string) {
		t.Helper()
		if where, err := chromedp.Run(tab, chromedp.Location()); err != nil || !strings.HasPrefix(where, path) {
			t.Fatalf("the browser is at %q, %v, want %q", where, err, path)
		}
	}
	begin := func() {
		t.Helper()
		do(chromedp.Navigate(o.base+workspaces.InstallPath), chromedp.WaitVisible(chromedp.CSS("main")))
		says("Add Helper Bot to your Linear workspace", "be mentioned in comments", "Continue to Linear")
		do(chromedp.Click(chromedp.CSS("button")), chromedp.WaitVisible(chromedp.CSS("select")))
		at(o.sim.AuthorizeURL())
	}
	do(chromedp.EmulateViewport(360, 740))
	do(chromedp.Navigate(o.base+workspaces.InstallPath), chromedp.WaitVisible(chromedp.CSS("main")))
	shot(t, tab, "install-phone")
	do(scheme("dark"))
	shot(t, tab, "install-dark")
	back, err := chromedp.Run(tab, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
	if err != nil || back == "rgb(255, 255, 255)" {
		t.Errorf("the dark page has the background %q, %v", back, err)
	}

	begin()
	do(chromedp.Click(chromedp.CSS("button[value=deny]")))
	do(chromedp.WaitVisible(chromedp.CSS("[role=status]")))
	at(o.base + workspaces.CallbackPath)
	says("Nothing was installed", "Start again")
	shot(t, tab, "denied")
	if o.app.Installation(o.acme) != nil {
		t.Fatal("installed against the person's will")
	}

	do(scheme("light"), chromedp.EmulateViewport(1000, 800))
	begin()
	do(chromedp.SetValue(chromedp.CSS("select"), o.ada.ID))
	do(chromedp.Click(chromedp.CSS("button[value=approve]")), chromedp.WaitVisible(chromedp.CSS("ol")))
	at(o.base + workspaces.InstalledPath)
	says("Helper Bot is installed in Acme", "Waiting for the first event", "@helper-bot")
	shot(t, tab, "installed")
	list, err := o.reg.List(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != o.acme.ID || list[0].Status != workspaces.StatusActive {
		t.Fatalf("%+v, %v", list, err)
	}

	// The bot works, and the page notices without JavaScript.
	issue := o.acme.AddTeam("ENG", "Engineering").AddIssue(o.ada, "Checkout fails", "")
	root := o.ada.Comment(issue, "@helper-bot are you there?")
	if err := o.sim.Wait(t.Context(), func() bool { return len(root.Replies()) == 1 }); err != nil {
		t.Fatal(err)
	}
	deadline, cancel := context.WithCancel(t.Context())
	defer cancel()
	for arrived := false; !arrived && deadline.Err() == nil; {
		page, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS("main")))
		if err != nil {
			continue // the page is reloading
		}
		arrived = strings.Contains(page, "Events from Linear arrive")
	}
	shot(t, tab, "arrived")

	// Linear's redirect once more, from the history of this browser.
	begin()
	do(chromedp.SetValue(chromedp.CSS("select"), o.ada.ID))
	state, err := chromedp.Run(tab, chromedp.Evaluate[string](`new URL(location).searchParams.get('state')`))
	if err != nil {
		t.Fatal(err)
	}
	do(chromedp.Click(chromedp.CSS("button[value=approve]")), chromedp.WaitVisible(chromedp.CSS("ol")))
	do(chromedp.Navigate(o.base+workspaces.CallbackPath+"?code=0123&state="+state), chromedp.WaitVisible(chromedp.CSS("[role=status]")))
	says("This link no longer works")
	shot(t, tab, "replayed")
	if list, err := o.reg.List(t.Context()); err != nil || len(list) != 1 || list[0].Status != workspaces.StatusActive {
		t.Errorf("%+v, %v", list, err)
	}
}

// scheme makes the browser prefer light or dark.
func scheme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	})
}
