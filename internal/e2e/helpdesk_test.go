package e2e

import (
	"context"
	"fmt"
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

// startExample builds an example, runs it until the test ends, and returns the
// address that it prints.
func startExample(t *testing.T, dir string, env ...string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "example")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), bin)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return startPage(t, cmd)
}

// js runs a script in the page.
func js(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void]("void (() => {" + script + "})()")
}

// shows waits until an element of the page contains a text.
func shows(ctx context.Context, t *testing.T, place, want string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	got := ""
	for time.Now().Before(deadline) {
		var err error
		got, err = chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.innerText || ""`, place)))
		switch {
		case err == nil && strings.Contains(got, want):
			return
		case err != nil && !strings.Contains(err.Error(), "navigated"): // the page is just loaded again
			t.Fatal(err)
		}
		<-tick.C
	}
	page, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText + " DRAFT:" + (document.querySelector("#draft")?.value || "")`))
	t.Fatalf("%s shows %q, want %q; the whole page: %q", place, got, want, page)
}

// desk is a browser at the inbox.
type desk struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp finds the tab in it
}

func (d *desk) must(actions ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	if err := chromedp.Do(d.ctx, actions...); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) shows(place, want string) {
	d.t.Helper()
	shows(d.ctx, d.t, place, want)
}

// says returns what a script evaluates to.
func (d *desk) says(script string) string {
	d.t.Helper()
	v, err := chromedp.Run(d.ctx, chromedp.Evaluate[string]("String("+script+")"))
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

// press clicks a button of a linked issue.
func (d *desk) press(issue, button string) {
	d.t.Helper()
	d.must(js(fmt.Sprintf(`[...document.querySelectorAll("[data-issue=%s] button")].find(b => b.textContent === %q).click()`, issue, button)))
}

// open goes to the inbox and waits for the form.
func (d *desk) open(address string) {
	d.t.Helper()
	d.must(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS(`#create [name=labels]`)))
}

// look checks that the page fits the window, and keeps a picture of it.
func (d *desk) look(name string, width, height int64, dark bool) {
	d.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	d.must(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
	if d.says(`document.documentElement.scrollWidth > innerWidth`) != "false" {
		d.t.Errorf("%s: the page is wider than the window", name)
	}
	png, err := chromedp.Run(d.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		d.t.Fatal(err)
	}
	if dir := os.Getenv("E2E_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

// An agent creates an issue from a conversation, sees the engineer finish it,
// links another and unlinks it; the page shows all of it without a reload.
func TestHelpdeskInbox(t *testing.T) {
	t.Parallel()
	address := startExample(t, "../../examples/helpdesk", "HELPDESK_ADDR=127.0.0.1:0")
	ctx := browser(t)
	d := &desk{t, ctx}
	must, look := d.must, d.look
	must(
		chromedp.EmulateViewport(1280, 900),
		chromedp.Navigate(address),
		chromedp.WaitVisible(chromedp.CSS(`#create [name=labels]`)),
	)
	shows(ctx, t, "#links", "No issue is linked")
	look("inbox-empty-light", 1280, 900, false)
	must(
		chromedp.SetValue(chromedp.CSS(`#create [name=title]`), `Card "declined" <b>twice</b> 🚀`),
		chromedp.SetValue(chromedp.CSS(`#create [name=priority]`), "1"),
		chromedp.Click(chromedp.CSS(`#create button.act`)),
	)
	shows(ctx, t, "#links", `Card "declined" <b>twice</b> 🚀`)
	shows(ctx, t, "#log", "Linear issue ENG-3 was created by Support")
	shows(ctx, t, "#links", "Urgent")
	d.press("ENG-3", "starts")
	shows(ctx, t, "[data-issue=ENG-3]", "In Progress")
	shows(ctx, t, "#log", "moved from Backlog to In Progress by Ada Byron")
	d.press("ENG-3", "comments")
	shows(ctx, t, "#talk", "Ada Byron in Linear")
	must(
		chromedp.Click(chromedp.CSS(`#tab-link`)),
		chromedp.SendKeys(chromedp.CSS(`#term`), "payment"),
		chromedp.WaitVisible(chromedp.CSS(`#hits button`)),
		chromedp.Click(chromedp.CSS(`#hits button`)),
	)
	shows(ctx, t, "#links", "ENG-1")
	must(
		chromedp.SendKeys(chromedp.CSS(`#draft`), "Same as ENG-2 and MOB-1, I think"),
	)
	must(chromedp.Click(chromedp.CSS(`.reply button.act`)))
	shows(ctx, t, "#links", "MOB-1")
	shows(ctx, t, "#log", "Linear issue ENG-2 was linked by Support")
	must(
		js(`document.querySelector("[data-issue=ENG-2] .unlink").click()`),
		chromedp.WaitVisible(chromedp.CSS(`#ask button.act`)), chromedp.Click(chromedp.CSS(`#ask button.act`)),
	)
	shows(ctx, t, "#log", "Linear issue ENG-2 was unlinked by Support")
	for _, dark := range []bool{false, true} {
		name := map[bool]string{false: "light", true: "dark"}[dark]
		look("inbox-"+name, 1280, 1000, dark)
		look("inbox-tablet-"+name, 820, 1100, dark)
		look("inbox-phone-"+name, 390, 844, dark)
	}
	must(
		chromedp.EmulateViewport(1280, 900),
		chromedp.Click(chromedp.CSS(`#list button:nth-child(2)`)),
	)
	shows(ctx, t, "#status", "resolved")
	must(chromedp.Click(chromedp.CSS(`#tab-create`)), chromedp.WaitVisible(chromedp.CSS(`#create button.act`)), chromedp.Click(chromedp.CSS(`#create button.act`)))
	shows(ctx, t, "#links", "ENG-4")
	d.press("ENG-4", "finishes")
	shows(ctx, t, "[data-issue=ENG-4]", "Done")
	shows(ctx, t, "#status", "open")

	must(chromedp.Navigate(address+"desk/docs"), chromedp.WaitVisible(chromedp.CSS(`#find`)), chromedp.SendKeys(chromedp.CSS(`#find`), "linked"))
	shows(ctx, t, "main", "linked_issues")
	must(js(`document.querySelector("#facadeLinkedIssues").open = true`))
	look("docs-light", 1280, 900, false)
	look("docs-phone-dark", 390, 844, true)
}

// What goes wrong is said where it can be mended, and nothing that was typed is
// lost: a title of blanks, a reload, Linear being away, a second window.
func TestHelpdeskBadDays(t *testing.T) {
	t.Parallel()
	address := startExample(t, "../../examples/helpdesk", "HELPDESK_ADDR=127.0.0.1:0")
	d := &desk{t, browser(t)}
	d.open(address)
	d.must(chromedp.SetValue(chromedp.CSS(`#create [name=title]`), "   "), chromedp.Click(chromedp.CSS(`#create button.act`)))
	d.shows("#create", "The issue needs a title")
	if got := d.says(`document.activeElement.name`); got != "title" {
		t.Errorf("the focus is on %s", got)
	}
	if got := d.says(`[...document.querySelectorAll("#create [name=assignee] option")].map(o => o.textContent).join()`); got != "No one,Lin Chen,Ada Byron" && got != "No one,Ada Byron,Lin Chen" {
		t.Errorf("issues can be assigned to %s", got)
	}
	// A refused request, mended and sent again, is another request.
	d.must(js(`document.querySelector("#create [name=title]").removeAttribute("maxlength")`),
		chromedp.SetValue(chromedp.CSS(`#create [name=title]`), strings.Repeat("long ", 200)), chromedp.Click(chromedp.CSS(`#create button.act`)))
	d.shows("#create .error", "Title")
	d.must(js(`const t = document.querySelector("#create [name=title]"); t.value = "\u05d3\u05d7\u05d5\u05e3 \u{1f680}"; t.dispatchEvent(new Event("input", { bubbles: true }));
		document.querySelector("#create [name=labels]").click()`))
	// What was typed outlives a reload.
	d.open(address)
	if got := d.says(`document.querySelector("#create [name=title]").value + document.querySelectorAll("#create :checked[name=labels]").length`); got != "דחוף 🚀1" {
		t.Errorf("after a reload: %s", got)
	}
	d.must(chromedp.Click(chromedp.CSS(`#create button.act`)))
	d.shows("#links", "דחוף 🚀")
	d.shows("#log", "Linear issue ENG-3 was created by Support")

	// A second window sees what happens in the first.
	other, cancel := chromedp.NewContext(d.ctx)
	defer cancel()
	second := &desk{t, other}
	second.open(address + "#/1/1")
	second.shows("#links", "ENG-3")
	second.must(chromedp.SendKeys(chromedp.CSS(`#draft`), "See https://linear.app/acme/issue/ENG-99/x and ENG-1"), chromedp.Click(chromedp.CSS(`.reply button.act`)))
	second.shows(".reply .error", "ENG-99")
	d.shows("#messages", "and ENG-1")
	d.shows("#links", "Payment fails")
	d.shows("#log", "ENG-99")

	// Without Linear the issues stay, marked; a create says what became of it.
	d.must(chromedp.Click(chromedp.CSS(`#away`)))
	d.shows("#stale", "Linear cannot be reached")
	d.shows("[data-issue=ENG-3]", "last known state")
	second.shows("#away", "Bring Linear back")
	d.look("inbox-away-light", 1280, 900, false)
	d.look("inbox-away-phone-dark", 390, 844, true)
	d.must(chromedp.EmulateViewport(1280, 900), chromedp.Click(chromedp.CSS(`#create button.act`)))
	d.shows("#create .error", "Try again in a moment")
	d.must(chromedp.Click(chromedp.CSS(`#tab-link`)), chromedp.SendKeys(chromedp.CSS(`#term`), "payment"))
	d.shows("#hits .notice", "Try again in a moment")
	d.must(chromedp.Click(chromedp.CSS(`#away`)), js(`document.querySelector("#term").dispatchEvent(new Event("input"))`))
	d.shows("#hits", "Payment fails")
	if got := d.says(`document.querySelectorAll("#links .card").length`); got != "2" {
		t.Errorf("%s issues are linked", got)
	}
	for deadline := time.Now().Add(15 * time.Second); d.says(`!document.querySelector("#stale")`) != "true"; {
		if time.Now().After(deadline) {
			t.Fatal("the mark stays")
		}
		second.shows("#links", "ENG-3") // takes a moment
	}
	d.must(js(`document.querySelector("#term").value = ""`), chromedp.SendKeys(chromedp.CSS(`#term`), "zzzz"))
	d.shows("#hits", "No issue has these words")
}

// Everything can be done without a mouse.
func TestHelpdeskByKeyboard(t *testing.T) {
	t.Parallel()
	address := startExample(t, "../../examples/helpdesk", "HELPDESK_ADDR=127.0.0.1:0")
	d := &desk{t, browser(t)}
	d.open(address)
	// tab moves the focus on until script holds.
	tab := func(script string) {
		t.Helper()
		for range 60 {
			if d.says(script) == "true" {
				return
			}
			d.must(chromedp.KeyEvent("\t"))
		}
		t.Fatalf("the focus never gets to where %s", script)
	}
	enter := chromedp.KeyEvent("\r")
	tab(`document.activeElement.name === "title"`)
	d.must(chromedp.KeyEvent("!"), enter)
	d.shows("#links", "ENG-3")
	d.shows("#log", "created by Support")
	tab(`document.activeElement.textContent === "starts"`)
	d.must(enter)
	d.shows("[data-issue=ENG-3]", "In Progress")
	if got := d.says(`document.querySelector("#links").contains(document.activeElement)`); got != "true" {
		t.Errorf("the focus is lost: %s", d.says(`document.activeElement.outerHTML.slice(0, 200)`))
	}
	tab(`document.activeElement.id === "tab-create"`)
	d.must(js(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }))`))
	tab(`document.activeElement.id === "term"`)
	d.must(chromedp.SendKeys(chromedp.CSS(`#term`), "ENG-1"))
	d.shows("#hits", "Payment fails")
	tab(`document.activeElement.textContent === "Link"`)
	d.must(enter)
	d.shows("#links", "Payment fails")
	d.must(js(`document.querySelector("[data-issue=ENG-1] .unlink").focus()`), enter, chromedp.KeyEvent("\t"), enter)
	d.shows("#log", "Linear issue ENG-1 was unlinked by Support")
	for deadline := time.Now().Add(15 * time.Second); d.says(`document.querySelector("[data-hit=ENG-1] button").textContent`) != "Link"; {
		if time.Now().After(deadline) {
			t.Fatal("the hit of an unlinked issue still says that it is linked")
		}
		d.shows("#hits", "Payment fails") // takes a moment
	}
}
