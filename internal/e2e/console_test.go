package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/serve"
)

// adminToken opens the console of these tests. No page may hold it.
const adminToken = "MARKER-admin-token-0123456789"

// bureau is a bot that runs from its environment, with a console.
type bureau struct {
	*linearsim.Scene

	t    *testing.T
	base string
}

func newBureau(t *testing.T) *bureau {
	t.Helper()
	b := &bureau{Scene: linearsim.New(t), t: t}
	silent := zerolog.Nop()
	cfg := serve.Config{
		Logger: &silent,
		Environ: append(b.App.Env(), "LINEARBOT_ADDR=127.0.0.1:0", "LINEARBOT_STATE=file:"+t.TempDir()+"/data",
			"LINEAR_WEBHOOK_SECRET=MARKER-signing-secret", "LINEARBOT_ADMIN_TOKEN="+adminToken, "LINEARBOT_TRACE_TEXT=true", "LINEARBOT_CATCH_UP=0", "LINEAR_MODE=comments"),
		Register: func(b *bot.Bot) error {
			b.OnNewMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
				switch {
				case strings.Contains(m.Body, "fail"):
					return bot.Permanent(errors.New("the model <b>refuses</b> to answer"))
				case strings.Contains(m.Body, "again"):
					return bot.RetryAfter(time.Hour, errors.New("the model <i>rests</i>"))
				case strings.Contains(m.Body, "later"):
					_, err := th.PostAt(ctx, time.Now().Add(3*time.Hour), bot.Text("good morning"))
					return err
				case strings.Contains(m.Body, "slow"):
					<-ctx.Done()
					return ctx.Err()
				}
				_, err := th.Post(ctx, bot.Text("here I am"))
				return err
			})
			return nil
		},
	}
	listening := make(chan net.Addr, 1)
	cfg.Webhook.OnListen = func(a net.Addr) { listening <- a }
	cfg.Bot.DrainTimeout, cfg.Bot.NoApology = -1, true
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := serve.Run(ctx, cfg); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	b.base = "http://" + (<-listening).String()
	b.App.SetWebhook(linearsim.Webhook{URL: b.base + "/api/webhooks/linear", Secret: "MARKER-signing-secret", ResourceTypes: []string{"Comment", "Issue"}})
	return b
}

// say has Ada write, and waits until the bot has it.
func (b *bureau) say(text string) {
	b.t.Helper()
	b.Ada.Comment(b.Issue, text)
	if err := b.Flush(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// TestConsole looks after a bot in a browser: it signs in, sees a delivery arrive
// live, reads why one failed, requeues and drops it, and cancels a scheduled post.
func TestConsole(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	tab := browser(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	eval := func(script string) string {
		t.Helper()
		out, err := chromedp.Run(tab, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	// look takes pictures of the page in both themes and as on a phone, and looks for
	// secrets and for what does not fit.
	look := func(name string) {
		t.Helper()
		for _, form := range []struct {
			name          string
			width, height int64
			scheme        string
		}{{"phone-dark", 360, 740, "dark"}, {"phone", 360, 740, "light"}, {"dark", 1100, 800, "dark"}, {"light", 1100, 800, "light"}} {
			do(chromedp.EmulateViewport(form.width, form.height), scheme(form.scheme))
			if wide := eval(`String(document.documentElement.scrollWidth > innerWidth)`); wide != "false" {
				t.Errorf("%s (%s) is wider than the window", name, form.name)
			}
			fullShot(tab, t, "console-"+name+"-"+form.name)
		}
		if page := eval(`document.documentElement.outerHTML`); strings.Contains(page, "MARKER") {
			t.Errorf("%s holds a secret: %s", name, page)
		}
	}

	do(chromedp.Navigate(b.base+"/console"), chromedp.WaitVisible(chromedp.CSS("#token")))
	look("login")
	do(chromedp.SendKeys(chromedp.CSS("#token"), "a wrong token of some length\r"), chromedp.WaitVisible(chromedp.CSS("[role=alert]")))
	shows(tab, t, "main", "This is not the admin token")
	do(chromedp.SendKeys(chromedp.CSS("#token"), adminToken+"\r"), chromedp.WaitVisible(chromedp.CSS(".cards")))
	shows(tab, t, "#content", "None yet. Mention the bot in Linear")
	shows(tab, t, "#live-text", "live")

	// A delivery appears without a reload, and the focus stays where it is.
	eval(`document.querySelector('a.card[data-key="Turns"]').focus(), window.here = "same page"`)
	for range 4 {
		b.say("@helper-bot hello")
	}
	shows(tab, t, ".traces", "handled")
	if at := eval(`window.here + ", " + document.activeElement.dataset.key`); at != "same page, Turns" {
		t.Errorf("after an update: %s", at)
	}
	b.say("no mention")
	b.say("@helper-bot fail")
	b.say("@helper-bot later")
	shows(tab, t, ".cards", "people wait for these answers")
	shows(tab, t, "table", "connected as @helper-bot")
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](`document.querySelectorAll(".chart path").length === 4`, chromedp.WithPollingTimeout(40*time.Second))); err != nil {
		t.Errorf("the charts: %v", err)
	}
	look("overview")

	// Scripts that a page might be tricked into holding do not run.
	if ran := eval(`(() => { const s = document.createElement("script"); s.textContent = "window.tricked = 'yes'"; document.body.append(s); return window.tricked ?? "no" })()`); ran != "no" {
		t.Error("an inline script runs")
	}

	// By keyboard: the first delivery of the list.
	do(chromedp.Navigate(b.base+"/console/deliveries?status=failed"), chromedp.WaitVisible(chromedp.CSS(".traces a")))
	look("deliveries")
	eval(`(document.querySelector(".traces a").focus(), "")`)
	do(chromedp.KeyEvent("\r"), chromedp.WaitVisible(chromedp.CSS(".steps")))
	shows(tab, t, ".verdict", "refuses</b> to answer")
	shows(tab, t, ".steps", "The handler mention/0 began")
	look("delivery")

	do(chromedp.Navigate(b.base+"/console/deliveries?q=ENG-1"), chromedp.WaitVisible(chromedp.CSS(".traces a")))
	shows(tab, t, ".traces", "does not mention the bot")

	do(chromedp.Navigate(b.base+"/console/dead"), chromedp.WaitVisible(chromedp.CSS(".letters")))
	look("dead")
	do(chromedp.Click(chromedp.CSS(".letters a")), chromedp.WaitVisible(chromedp.CSS("dl")))
	shows(tab, t, ".verdict", "permanent")
	look("letter")
	do(chromedp.Click(chromedp.CSS("button.primary")), chromedp.WaitVisible(chromedp.CSS("[role=status]")))
	shows(tab, t, "[role=status]", "Requeued")
	shows(tab, t, ".letters", "permanent") // it fails again
	do(chromedp.Click(chromedp.CSS(".letters summary")))
	shows(tab, t, ".letters details[open]", "Drop for good")
	do(chromedp.Click(chromedp.CSS(".letters button.danger")), chromedp.WaitVisible(chromedp.CSS("[role=status]")))
	shows(tab, t, "#content", "None.")

	do(chromedp.Navigate(b.base+"/console/scheduled"), chromedp.WaitVisible(chromedp.CSS("td button")))
	shows(tab, t, "#content", "in 2 h 59 min")
	look("scheduled")
	do(chromedp.Click(chromedp.CSS("td button")), chromedp.WaitVisible(chromedp.CSS("[role=status]")))
	shows(tab, t, "#content", "canceled")

	b.say("@helper-bot again later on") // is retried in an hour
	do(chromedp.Navigate(b.base+"/console/lanes"), chromedp.WaitVisible(chromedp.CSS("table")))
	shows(tab, t, "#content", "No thread has work now")
	shows(tab, t, "#content", "the model <i>rests</i>")
	look("later")

	b.say("@helper-bot slow")
	do(chromedp.Navigate(b.base+"/console/lanes"), chromedp.WaitVisible(chromedp.CSS("table")))
	shows(tab, t, "#content", "worked on")
	look("lanes")

	// A copy of the cookie is worth nothing after signing out.
	var copied *network.Cookie
	do(chromedp.Func(func(ctx context.Context, at *chromedp.Target) error {
		all, err := cdp.Call(ctx, at, network.GetCookies, network.GetCookiesParams{})
		if err != nil {
			return err
		}
		if len(all.Cookies) != 1 || !all.Cookies[0].HTTPOnly || all.Cookies[0].SameSite != network.CookieSameSiteStrict {
			return fmt.Errorf("the cookies are %v", all.Cookies)
		}
		copied = all.Cookies[0]
		return nil
	}))
	do(chromedp.Click(chromedp.CSS("header form button")), chromedp.WaitVisible(chromedp.CSS("#token")))
	do(chromedp.Func(func(ctx context.Context, at *chromedp.Target) error {
		_, err := cdp.Call(ctx, at, network.SetCookie, network.SetCookieParams{Name: copied.Name, Value: copied.Value, URL: b.base + "/console/"})
		return err
	}))
	do(chromedp.Navigate(b.base+"/console/dead"), chromedp.WaitVisible(chromedp.CSS("#token")))
}

// TestConsoleShowsHostileText shows what people wrote as text: nothing of it becomes
// a part of the page, wherever it stands.
func TestConsoleShowsHostileText(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	tab := browser(t)
	eval := func(script string) string {
		t.Helper()
		out, err := chromedp.Run(tab, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const evil = `"'><img src=x class=evil onerror="window.tricked='yes'"><script class=evil>window.tricked='yes'</script></textarea></title><svg class=evil onload=alert(1)>`
	mallory := b.Workspace.AddUser("Mallory "+evil, "mallory")
	issue := b.Team.AddIssue(mallory, "Title "+evil, evil)
	for _, text := range []string{"@helper-bot hello " + evil, "@helper-bot fail " + evil, "@helper-bot again " + evil, "no mention " + evil} {
		mallory.Comment(issue, text)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(
		tab, chromedp.Navigate(b.base+"/console"), chromedp.WaitVisible(chromedp.CSS("#token")),
		chromedp.SendKeys(chromedp.CSS("#token"), adminToken+"\r"), chromedp.WaitVisible(chromedp.CSS(".cards")),
	); err != nil {
		t.Fatal(err)
	}
	shows(tab, t, ".traces", "failed")
	paths := []string{
		"", "deliveries", "deliveries?q=" + url.QueryEscape(evil), "deliveries?status=" + url.QueryEscape(evil), "lanes", "dead", "scheduled",
		"deliveries/" + url.PathEscape(evil), "dead/" + url.PathEscape(evil), "dead?done=drop&n=" + url.QueryEscape(evil),
	}
	for _, from := range []string{"deliveries", "dead"} {
		if err := chromedp.Do(tab, chromedp.Navigate(b.base+"/console/"+from), chromedp.WaitVisible(chromedp.CSS("h1"))); err != nil {
			t.Fatal(err)
		}
		for link := range strings.FieldsSeq(eval(`[...document.querySelectorAll("#content a[href]")].map((a) => a.getAttribute("href")).join(" ")`)) {
			if path, ok := strings.CutPrefix(link, "/console/"); ok {
				paths = append(paths, path)
			}
		}
	}
	text := 0
	for _, path := range paths {
		if err := chromedp.Do(tab, chromedp.Navigate(b.base+"/console/"+path), chromedp.WaitVisible(chromedp.CSS("h1"))); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got := eval(`String(window.tricked) + " " + document.querySelectorAll(".evil").length`); got != "undefined 0" {
			t.Errorf("%s: what people wrote is a part of the page: %s", path, got)
		}
		if strings.Contains(eval(`document.body.innerText`), "onerror=") {
			text++
		}
	}
	if text < 4 {
		t.Errorf("%d of %d pages show what people wrote", text, len(paths))
	}
}

// fullShot saves a picture of the whole page if E2E_SHOTS names a directory.
func fullShot(tab context.Context, t *testing.T, name string) {
	dir := os.Getenv("E2E_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
