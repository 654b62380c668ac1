package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// playground runs a program's dev command until the test ends and returns the
// address of the page.
func playground(t *testing.T, bin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), bin, append([]string{"dev", "--no-open", "--addr", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), "LINEAR_MODE=agent-sessions") // a mention is answered in its session
	return startPage(t, cmd)
}

// playbot is the program that most tests run.
const playbot = "./internal/console/play/testdata/playbot"

// buildBot builds it.
func buildBot(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "bot")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, playbot)
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// visitor is a person in front of the page.
type visitor struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // the tab
}

// do takes one action after the other. The document may be replaced between the moment
// when an element is found and the moment when it is used; then the action, which has
// done nothing yet, is taken again.
func (v visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	for _, a := range actions {
		for n := 1; ; n++ {
			err := chromedp.Do(v.ctx, a)
			if err == nil {
				break
			}
			if n == 5 || !strings.Contains(err.Error(), "Could not find node with given id") {
				v.t.Fatal(err)
			}
		}
	}
}

func (v visitor) eval(script string) string {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		v.t.Fatalf("%s: %v", script, err)
	}
	return got
}

func (v visitor) sees(place, want string) {
	v.t.Helper()
	shows(v.ctx, v.t, place, want)
}

// click clicks the first element of a selector whose text contains a text.
func (v visitor) click(selector, text string) {
	v.t.Helper()
	script := fmt.Sprintf(`(() => { const e = [...document.querySelectorAll(%q)].reverse().find(e => e.textContent.includes(%q)); if (e) e.click(); return e ? "yes" : ""; })()`, selector, text)
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for v.eval(script) != "yes" {
		if time.Now().After(deadline) {
			v.t.Fatalf("there is no %s with %q", selector, text)
		}
		<-tick.C
	}
}

// writes types into a field and sends it by the keyboard.
func (v visitor) writes(field, text string) {
	v.t.Helper()
	v.do(chromedp.SendKeys(chromedp.CSS(field), text))
	v.eval(fmt.Sprintf(`(document.querySelector(%q).dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true})), "")`, field))
}

// look saves a screenshot if E2E_SHOTS names a directory, and fails if the page is
// wider than the window.
func (v visitor) look(name string, width, height int64, dark bool) {
	v.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	v.do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
	wide, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		v.t.Errorf("%s: the page is wider than the window, %v", name, err)
	}
	dir := os.Getenv("E2E_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		v.t.Error(err)
	}
}

// A developer opens the playground and does everything that people do in Linear;
// the bot answers, and the wire shows what happened.
func TestPlayground(t *testing.T) {
	t.Parallel()
	bin := buildBot(t)
	address := playground(t, bin)
	v := visitor{t, browser(t)}
	v.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("#compose textarea")))
	v.eval(`(window.problems = [], addEventListener("error", e => problems.push(e.message)), addEventListener("securitypolicyviolation", e => problems.push(e.violatedDirective + " " + e.blockedURI)), "")`)
	v.sees("#status", "Running")
	v.sees("#hello", "Nothing here yet")
	v.look("play-empty-light", 1440, 900, false)

	// A mention, with the name completed by the keyboard.
	v.do(chromedp.SendKeys(chromedp.CSS("#compose textarea"), "@hel"), chromedp.WaitVisible(chromedp.CSS("#names [aria-selected=true]")))
	v.eval(`(document.querySelector("#compose textarea").dispatchEvent(new KeyboardEvent("keydown", {key: "Tab", bubbles: true})), "")`)
	if got := v.eval(`document.querySelector("#compose textarea").value`); got != "@helper-bot " {
		t.Fatalf("completed to %q", got)
	}
	v.writes("#compose textarea", "hello")
	v.sees("#threads", "Hello from Linear")
	v.sees("#threads .session", "Done")
	v.sees("#rows", "AgentSessionEvent")
	v.sees("#rows", "agentActivityCreate")
	if got := v.eval(`document.querySelector("#compose textarea").value`); got != "" {
		t.Errorf("the field still holds %q", got)
	}

	// A reply, what is typed stays while the bot answers; then an edit, and a reaction.
	v.writes("#threads .reply textarea", "what about refunds")
	v.do(chromedp.SendKeys(chromedp.CSS("#threads .reply textarea"), "half a"))
	v.sees("#threads", "I've read: what about refunds")
	if got := v.eval(`document.querySelector("#threads .reply textarea").value`); got != "half a" {
		t.Errorf("what was being typed is now %q", got)
	}
	v.eval(`(() => { const t = document.querySelector("#threads .reply textarea"); t.value = ""; t.dispatchEvent(new Event("input", {bubbles: true})); return ""; })()`)
	v.eval(`([...document.querySelectorAll(".comment")].find(c => c.querySelector(".text").textContent.trim() === "what about refunds").querySelector("[data-edit]").click(), "")`)
	v.do(chromedp.SendKeys(chromedp.CSS(".editing textarea"), " in euros"))
	v.click(".editing .primary", "Save")
	v.sees("#threads", "You changed it to: what about refunds in euros")
	v.sees("#threads", "edited")
	v.eval(`([...document.querySelectorAll(".comment")].find(c => c.textContent.includes("Hello from Linear")).querySelector("[data-pick]").click(), "")`)
	v.click(".picker:not([hidden]) button", "🎉")
	v.sees("#threads .reactions", "🎉\n1")
	v.sees("#threads", "Thanks for the")

	// Another person.
	v.eval(`(() => { const s = document.querySelector("#as"); s.value = "bob"; s.dispatchEvent(new Event("change", {bubbles: true})); return ""; })()`)
	v.sees("#as option[selected]", "Bob Noyce") // once the page is loaded again
	v.do(chromedp.WaitVisible(chromedp.CSS("#compose textarea")))

	// A question with options.
	v.writes("#compose textarea", "@helper-bot deploy it")
	v.sees("#threads .comment .options", "Staging")
	v.look("play-question-dark", 1440, 900, true)
	v.click("[data-option]", "Staging")
	v.sees("#threads", "Deployed to staging.")

	// A delegation, with a plan, that is stopped.
	v.eval(`(() => { const s = document.querySelector("#delegate"); s.value = "helper-bot"; s.dispatchEvent(new Event("change", {bubbles: true})); return ""; })()`)
	v.sees("#rows", "AgentSessionEvent")
	v.writes("#compose textarea", "@helper-bot this is a long one")
	v.sees("#threads", "Read the logs")
	v.sees("#threads", "Reading the logs of the payment service")
	v.look("play-working-light", 1440, 900, false)
	v.click("[data-stop]", "Stop")
	v.sees("#threads", "pressed stop")

	// The issue is taken away from the bot again.
	v.eval(`(() => { const s = document.querySelector("#delegate"); s.value = ""; s.dispatchEvent(new Event("change", {bubbles: true})); return ""; })()`)
	v.sees("#delegate option:checked", "None")

	// A choice that was not sent is gone when the issue is shown anew.
	v.eval(`(() => {
		const s = document.querySelector("[data-set=assignee]"), set = document.querySelector("[data-set=state]");
		window.assigned = s.value;
		s.selectedIndex = (s.selectedIndex + 1) % s.options.length;
		set.value = "Done";
		set.dispatchEvent(new Event("change", {bubbles: true}));
		return "";
	})()`)
	v.sees("[data-set=state] option[selected]", "Done")
	if got := v.eval(`document.querySelector("[data-set=assignee]").value === assigned ? "" : document.querySelector("[data-set=assignee]").value`); got != "" {
		t.Errorf("the assignee that is shown is %q, which was not sent", got)
	}

	// The wire: open a delivery, replay it, and send it changed.
	v.eval(`([...document.querySelectorAll("#rows .hook .line")].find(l => l.textContent.includes("Comment") && l.textContent.includes("create")).click(), "")`)
	v.sees("#rows .detail", "Replay")
	v.sees("#rows .detail", "webhookTimestamp")
	v.click("[data-wire=replay]", "Replay")
	v.sees("#rows .detail .tries", "replayed")
	v.look("play-wire-light", 1440, 900, false)
	v.look("play-wire-dark", 1440, 900, true)
	v.click("[data-wire=send]", "Edit and send")
	v.do(chromedp.WaitVisible(chromedp.CSS("#editor textarea")))
	v.eval(`(() => { const f = document.querySelector("#editor-form"); f.elements.body.value = '{"type":"Weather","action":"create"}'; return ""; })()`)
	v.click("#editor .primary", "Sign and send")
	v.sees("#rows", "Weather")

	// A bad day: Linear is down, the bot tries again, and the answer comes.
	v.click("[popovertarget=days]", "Bad day")
	v.click("[data-world=down]", "Linear is down")
	v.sees("#skies", "Linear is down")
	v.look("play-bad-day-light", 1440, 900, false)
	v.writes("#compose textarea", "@helper-bot hello again")
	v.sees("#rows", "503")
	v.sees("#threads .thread:last-child", "Hello from Linear")
	healed(v)

	// Time jumps, the bot restarts, and both stay in one world.
	v.click("[popovertarget=time]", "Time")
	v.click("[data-skip='1h']", "Skip an hour")
	v.sees("#skies", "It is 1 h later")
	v.click("[data-world=restart]", "")
	v.writes("#compose textarea", "@helper-bot and after a restart?")
	v.sees("#threads .thread:last-child", "I've read: ")
	v.sees("#status", "start 2")
	v.click("#status [data-world=stop]", "")
	v.sees("#alarm", "The bot is stopped.")
	v.click("#alarm [data-world=start]", "Start")
	v.sees("#status", "start 3")
	v.sees("#status", "Running")
	v.click("[data-tab=log]", "Log")
	v.sees("#lines", "connected to Acme")
	v.click("[data-tab=all]", "All")

	for _, dark := range []bool{false, true} {
		name := map[bool]string{false: "light", true: "dark"}[dark]
		v.look("play-"+name, 1440, 900, dark)
		v.look("play-tablet-"+name, 900, 1100, dark)
		v.look("play-phone-"+name, 390, 844, dark)
		v.click(".bar [data-view=wire]", "Wire")
		v.look("play-phone-wire-"+name, 390, 844, dark)
		v.click(".bar [data-view=side]", "Issues")
		v.look("play-phone-issues-"+name, 390, 844, dark)
		v.click(".bar [data-view=issue]", "Issue")
	}
	if got := v.eval(`(window.problems || []).join("\n")`); got != "" {
		t.Errorf("the page has problems: %s", got)
	}
}

// A command that fails is shown with what it printed, on every width, and the page
// heals when the code does.
func TestPlaygroundBuildError(t *testing.T) {
	t.Parallel()
	bin, dir := buildBot(t), t.TempDir()
	fixed := filepath.Join(dir, "main.go")
	script := fmt.Sprintf(`test -f %s && exec %s serve; echo "./main.go:14:58: undefined: <answer>"; exit 1`, fixed, bin)
	address := playground(t, bin, "--watch", dir, "--", "sh", "-c", script)
	v := visitor{t, browser(t)}
	v.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("#compose textarea")))
	v.sees("#alarm", "undefined: <answer>")
	v.sees("#status", "Does not build")
	v.writes("#compose textarea", "@helper-bot hello")
	v.sees("#toast", "The bot has not received this yet.")
	v.look("play-failed-light", 1440, 900, false)
	v.look("play-failed-phone-dark", 390, 844, true)
	if err := os.WriteFile(fixed, []byte("package main"), 0o600); err != nil {
		t.Fatal(err)
	}
	v.sees("#status", "Running")
	v.sees("#threads", "Hello from Linear")
	if got := v.eval(`document.querySelector("#alarm").innerText.trim()`); got != "" {
		t.Errorf("the page still shows %q", got)
	}
}

// With ticketing on, a helpdesk stands beside the issues: its agent creates and
// links issues and sees what happens to them.
func TestPlaygroundHelpdesk(t *testing.T) {
	t.Parallel()
	bin := buildBot(t)
	address := playground(t, bin, "--ticketing")
	v := visitor{t, browser(t)}
	v.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("#compose textarea")))
	v.sees("#status", "Running")
	v.click(".issues a", "Card is declined")
	v.do(chromedp.WaitVisible(chromedp.CSS("#talk h1")))
	v.sees("#talk", "None yet.")
	v.click("[data-desk=create]", "Create an issue")
	v.sees("#talk .linked", "ENG-4")
	v.sees("#talk .talk", "Linear issue ENG-4 was created by Ada Byron")
	v.do(chromedp.SendKeys(chromedp.CSS(".note textarea"), "Looks like ENG-1"))
	v.click(".note .primary", "Add note")
	v.sees("#talk .linked", "ENG-1")
	// A note is a comment on the linked issues, and a comment there is in the
	// conversation.
	v.eval(`fetch("/act/comment", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({issue: "ENG-4", text: "The bank says no."})}) && ""`)
	v.sees("#talk .say.linear", "The bank says no.")
	v.sees("#talk .say.linear", "on ENG-4")
	v.look("play-desk-light", 1440, 900, false)
	v.look("play-desk-phone-dark", 390, 844, true)
	v.do(chromedp.EmulateViewport(1440, 900))
	v.eval(`(document.querySelector("[data-link]").click(), "")`)
	v.sees("#talk .talk", "was unlinked by Ada Byron")
	v.click("#talk .linked a", "ENG-")
	v.do(chromedp.WaitVisible(chromedp.CSS("#head h1")))
	v.sees("#threads", "Looks like ENG-1")
}

// TestPlaygroundKeepsEarlyPresses presses buttons that the server has rendered while the
// script of the page is still on its way. One that fails does not keep the others from
// being pressed, and an impatient second press is not another one.
func TestPlaygroundKeepsEarlyPresses(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(playground(t, buildBot(t), "--ticketing"))
	if err != nil {
		t.Fatal(err)
	}
	there := make(chan struct{})
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(address)
		r.Out.Host = r.In.Host
	}}
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assets/app.js" {
			select {
			case <-there:
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	defer slow.Close()
	defer slow.CloseClientConnections() // the stream never ends
	v := visitor{t, browser(t)}
	v.do(chromedp.Navigate("about:blank"))
	v.eval(fmt.Sprintf(`(setTimeout(() => { location.href = %q; }, 0), "")`, slow.URL+"/desk/1"))
	v.do(chromedp.WaitVisible(chromedp.CSS("[data-desk=create]")))
	v.eval(`(() => {
		const press = b => b.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
		const broken = document.querySelector("[data-reply]");
		broken.click = () => { throw new Error("broken"); };
		press(broken);
		const theme = document.querySelector("#theme"); // every press brings the next theme
		for (const b of [theme, theme]) press(b);
		return "";
	})()`)
	v.click("[data-desk=create]", "Create an issue")
	close(there)
	v.sees("#talk .linked", "ENG-4")
	if got := v.eval(`document.documentElement.dataset.theme`); got != "light" {
		t.Errorf("two early presses lead to the theme %q, want light", got)
	}
}

// healed waits until no bad day is left.
func healed(v visitor) {
	v.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for v.eval(`document.querySelector("#skies").innerText`) != "" {
		if time.Now().After(deadline) {
			v.t.Fatalf("the bad day is not over: %s", v.eval(`document.querySelector("#skies").innerText`))
		}
		<-tick.C
	}
}

// TestPlaygroundIsFast measures how soon the page is there and how soon an answer
// is seen. It reports both and asserts neither: the machine may be busy.
func TestPlaygroundIsFast(t *testing.T) {
	t.Parallel()
	bin := buildBot(t)
	ctx := browser(t)
	v := visitor{t, ctx}
	v.do(chromedp.Navigate("about:blank"))
	start := time.Now()
	address := playground(t, bin)
	up := time.Since(start)
	v.do(chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("#compose textarea")))
	painted := time.Since(start)
	v.sees("#status", "Running")
	running := time.Since(start)
	var all []string
	for n := range 10 {
		took, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](fmt.Sprintf(`new Promise(done => {
			const began = performance.now(), seen = () => [...document.querySelectorAll(".comment")].some(c => c.textContent.includes("I've read:") && c.textContent.includes("number %d."));
			const o = new MutationObserver(() => { if (seen()) { o.disconnect(); done("" + Math.round(performance.now() - began)); } });
			o.observe(document.querySelector("#threads"), {subtree: true, childList: true, characterData: true});
			const t = document.querySelector("#compose textarea");
			t.value = "@helper-bot number %d.";
			t.form.requestSubmit(t.form.querySelector(".primary"));
		})`, n, n), chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, took+" ms")
	}
	t.Logf("address after %v, page after %v, bot seen running after %v; answers after %s", up.Round(time.Millisecond), painted.Round(time.Millisecond), running.Round(time.Millisecond), strings.Join(all, ", "))
}

// TestPlaygroundKeepsOthersOut asks for the page as another site would.
func TestPlaygroundKeepsOthersOut(t *testing.T) {
	t.Parallel()
	address := playground(t, buildBot(t))
	client := &http.Client{Timeout: 10 * time.Second}
	for _, tt := range []struct {
		name, method, path, host, origin, media string
		want                                    int
	}{
		{"the page", "GET", "issue/ENG-1", "", "", "", 200},
		{"by a rebound name", "GET", "issue/ENG-1", "evil.test", "", "", 403},
		{"events by a rebound name", "GET", "events?issue=ENG-1", "evil.test", "", "", 403},
		{"the simulator by a rebound name", "GET", "sim/state", "evil.test", "", "", 403},
		{"by an address of the network", "GET", "issue/ENG-1", "192.168.1.5", "", "", 403},
		{"a form", "POST", "act/comment", "", "http://evil.test", "text/plain", 415},
		{"a script of another site", "POST", "act/comment", "", "http://evil.test", "application/json", 403},
		{"the simulator by another site", "POST", "sim/faults", "", "http://evil.test", "application/json", 403},
		{"its own script", "POST", "act/comment", "", strings.TrimSuffix(address, "/"), "application/json", 200},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, address+tt.path, strings.NewReader(`{"issue":"ENG-1","text":"hi"}`))
		if err != nil {
			t.Fatal(err)
		}
		if tt.host != "" {
			req.Host = tt.host
		}
		for name, value := range map[string]string{"Origin": tt.origin, "Content-Type": tt.media} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, res.StatusCode, tt.want)
		}
	}
	var overview struct{ Workspaces []struct{ URLKey string } }
	res, err := http.Get(address + "sim")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&overview); err != nil || len(overview.Workspaces) != 1 {
		t.Errorf("the simulator behind the page: %v %v", overview, err)
	}
}
