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

// An agent creates an issue from a conversation, sees the engineer finish it,
// links another and unlinks it; the page shows all of it without a reload.
func TestHelpdeskInbox(t *testing.T) {
	t.Parallel()
	address := startExample(t, "../../examples/helpdesk", "HELPDESK_ADDR=127.0.0.1:0")
	ctx := browser(t)
	must := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	look := func(name string, width, height int64, dark bool) {
		t.Helper()
		scheme := "light"
		if dark {
			scheme = "dark"
		}
		must(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
		if err != nil || wide {
			t.Errorf("%s: the page is wider than the window, %v", name, err)
		}
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if dir := os.Getenv("E2E_SHOTS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	must(
		chromedp.EmulateViewport(1280, 900),
		chromedp.Navigate(address),
		chromedp.WaitVisible(chromedp.CSS(`#create select[name=labels] option`)),
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
	must(js(`[...document.querySelectorAll("[data-issue=ENG-3] button")].find(b => b.textContent === "starts").click()`))
	shows(ctx, t, "[data-issue=ENG-3]", "In Progress")
	shows(ctx, t, "#log", "moved from Backlog to In Progress by Ada Byron")
	must(js(`[...document.querySelectorAll("[data-issue=ENG-3] button")].find(b => b.textContent === "comments").click()`))
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
	must(js(`window.confirm = () => true; document.querySelector("[data-issue=ENG-2] .unlink").click()`))
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
	must(js(`[...document.querySelectorAll("[data-issue=ENG-4] button")].find(b => b.textContent === "finishes").click()`))
	shows(ctx, t, "[data-issue=ENG-4]", "Done")
	shows(ctx, t, "#status", "open")

	must(chromedp.Navigate(address+"desk/docs"), chromedp.WaitVisible(chromedp.CSS(`#find`)), chromedp.SendKeys(chromedp.CSS(`#find`), "linked"))
	shows(ctx, t, "main", "linked_issues")
	must(js(`document.querySelector("#facadeLinkedIssues").open = true`))
	look("docs-light", 1280, 900, false)
	look("docs-phone-dark", 390, 844, true)
}
