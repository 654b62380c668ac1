package bot_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func withLinks() bot.LinkConfig {
	return bot.LinkConfig{BaseURL: "https://bot.test", Secrets: []string{"marker-secret"}}
}

// tokens returns the tokens of the links with a label in what the bot posted,
// oldest first.
func (w *testBot) tokens(label string) []string {
	w.t.Helper()
	find := regexp.MustCompile(`\[` + regexp.QuoteMeta(label) + `\]\(https://bot\.test/buttons/([^)]+)\)`)
	var out []string
	for _, post := range w.fake.Posted(thread) {
		for _, m := range find.FindAllStringSubmatch(post, -1) {
			out = append(out, m[1])
		}
	}
	return out
}

// press presses the button behind a token and checks the state that it was in.
func (w *testBot) press(token string, want adapter.ButtonState) *adapter.ButtonPage {
	w.t.Helper()
	shown, err := w.bot.Button(w.t.Context(), token)
	if err != nil {
		w.t.Fatalf("Button: %v", err)
	}
	pressed, err := w.bot.Press(w.t.Context(), token)
	if err != nil {
		w.t.Fatalf("Press: %v", err)
	}
	if pressed.State != want {
		w.t.Errorf("%s: state %d, want %d", pressed.Label, pressed.State, want)
	}
	if diff := cmp.Diff(shown, pressed); diff != "" {
		w.t.Errorf("the page before and after (-before +after):\n%s", diff)
	}
	return pressed
}

// deploying registers a handler that posts a card with buttons, and one that
// notes what is pressed.
func deploying(w *testBot) {
	w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
		_, err := t.Post(ctx, card.Card{Title: "Deploy *api*?", Children: []card.Element{
			card.Section{Children: []card.Element{card.Actions{
				card.Button{ID: "deploy", Label: "Deploy", Value: "api"},
				card.LinkButton{Label: "Log", URL: "https://log.test"},
				card.Button{Label: "Just a label"},
			}}},
			card.Actions{card.Select{ID: "where", Label: "Where", Options: []card.Option{{Label: "Europe", Value: "eu"}, {Label: "Asia", Value: "as"}}}},
		}})
		return err
	})
	w.bot.OnAction(func(_ context.Context, t *bot.Thread, a *adapter.ActionEvent) error {
		w.note("%s %s %q=%q %s", t.ID(), a.MessageID, a.ActionID, a.Value, a.Actor.ID)
		return nil
	}, "deploy", "where")
}

func TestButtons(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		deploying(w)
		stop := w.start()
		w.say("ada", "@helper deploy")
		synctest.Wait()
		deploy, europe := w.tokens("Deploy")[0], w.tokens("Europe")[0]
		body := strings.NewReplacer(deploy, "1", europe, "2", w.tokens("Asia")[0], "3").Replace(w.fake.Posted(thread)[0])
		want := "**Deploy \\*api\\*?**\n\n" +
			"[Deploy](https://bot.test/buttons/1) • [Log](https://log.test) • **[Just a label]**\n\n" +
			"**[Where]** • [Europe](https://bot.test/buttons/2) • [Asia](https://bot.test/buttons/3)"
		if diff := cmp.Diff(want, body); diff != "" {
			t.Errorf("the card (-want +got):\n%s", diff)
		}
		page := w.press(deploy, adapter.ButtonOpen)
		if page.Label != "Deploy" || page.Title != "Deploy *api*?" || time.Until(page.Expires).Round(time.Hour) != 7*24*time.Hour {
			t.Errorf("the page says %+v", page)
		}
		synctest.Wait()
		w.press(deploy, adapter.ButtonUsed)
		time.Sleep(3 * 24 * time.Hour) // longer than the queue remembers ids
		w.press(deploy, adapter.ButtonUsed)
		w.press(europe, adapter.ButtonOpen)
		synctest.Wait()
		time.Sleep(5 * 24 * time.Hour)
		w.press(w.tokens("Asia")[0], adapter.ButtonExpired)
		stop()
		id := "post-0"
		if diff := cmp.Diff([]string{
			string(thread) + " " + id + ` "deploy"="api" `,
			string(thread) + " " + id + ` "where"="eu" `,
		}, w.notes()); diff != "" {
			t.Errorf("what was pressed (-want +got):\n%s", diff)
		}
	})
}

// A turn that posted and failed runs again: the comment stands once, and its
// links work and know the message.
func TestButtonsOfARepeatedTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		failed := false
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			m, err := t.Post(ctx, card.Card{Children: []card.Element{card.Actions{card.Button{ID: "go", Label: "Go"}}}})
			if err != nil {
				return err
			}
			w.note("posted %s", m.ID)
			if !failed {
				failed = true
				return errBoom
			}
			return nil
		})
		w.bot.OnAction(func(_ context.Context, _ *bot.Thread, a *adapter.ActionEvent) error {
			w.note("pressed in %s", a.MessageID)
			return nil
		})
		w.say("ada", "@helper go")
		w.run(time.Minute)
		if n := len(w.fake.Posted(thread)); n != 1 {
			t.Fatalf("%d posts", n)
		}
		w.press(w.tokens("Go")[0], adapter.ButtonOpen)
		w.run(time.Minute)
		w.noted("posted post-0", "posted post-0", "pressed in post-0")
	})
}

// A user presses before the turn that posted the button is over.
func TestButtonPressedSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		store := &slowStore{Store: w.store}
		w = newTest(t, withStore(store), withConfig(bot.Config{Links: withLinks()}))
		deploying(w)
		stop := w.start()
		w.say("ada", "@helper deploy")
		time.Sleep(time.Second) // posted, and not remembered yet
		if page := w.press(w.tokens("Deploy")[0], adapter.ButtonOpen); page.URL != "" {
			t.Errorf("the message is known: %+v", page)
		}
		time.Sleep(time.Minute)
		stop()
		w.noted(string(thread) + ` post-0 "deploy"="api" `)
	})
}

// slowStore takes five seconds for a value of a link.
type slowStore struct{ state.Store }

func (s *slowStore) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	if k.Kind == "link" && string(v) != "used" {
		time.Sleep(5 * time.Second)
	}
	return s.Store.Set(ctx, k, v, ttl)
}

// Many press at once: one press counts.
func TestButtonPressedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		deploying(w)
		w.say("ada", "@helper deploy")
		w.run(time.Second)
		token := w.tokens("Deploy")[0]
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			open int
		)
		for range 20 {
			wg.Go(func() {
				b, err := w.bot.Press(t.Context(), token)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if b.State == adapter.ButtonOpen {
					open++
				}
			})
		}
		wg.Wait()
		w.run(time.Minute)
		if len(w.notes()) != 1 || open != 1 {
			t.Errorf("%d presses were taken, %d handled, want one", open, len(w.notes()))
		}
	})
}

// An action that fails is tried again like any turn, and a press while the
// process is down is not lost.
func TestActionRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			_, err := t.Post(ctx, card.Card{Title: "?", Children: []card.Element{card.Actions{card.Button{ID: "go", Label: "Go"}}}})
			return err
		})
		tries := 0
		w.bot.OnAction(func(ctx context.Context, t *bot.Thread, a *adapter.ActionEvent) error {
			if _, err := t.Post(ctx, bot.Text("going")); err != nil {
				return err
			}
			if tries++; tries < 3 {
				return errBoom
			}
			w.note("went")
			return nil
		})
		w.say("ada", "@helper go")
		w.run(time.Second)
		w.press(w.tokens("Go")[0], adapter.ButtonOpen) // no bot runs
		w.run(time.Minute)
		if posts := w.fake.Posted(thread); len(posts) != 2 || posts[1] != "going" {
			t.Errorf("posts %q", posts)
		}
		w.noted("went")
	})
}

func TestButtonsAreLabelsWithoutLinks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		deploying(w)
		w.say("ada", "@helper deploy")
		w.run(time.Second)
		want := []string{"**Deploy \\*api\\*?**\n\n**[Deploy]** • [Log](https://log.test) • **[Just a label]**\n\n**[Where]**"}
		w.posted(want...)
		if _, err := w.bot.Press(t.Context(), "AAAA"); adapter.CodeOf(err) != adapter.CodeNotFound {
			t.Errorf("a press without links: %v", err)
		}
	})
}

func TestQuestionAnsweredByLink(t *testing.T) {
	t.Parallel()
	ask := func(w *testBot, q bot.ApprovalRequest) {
		w.bot.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			a, err := bot.RequestApproval(ctx, t, q)
			if err != nil {
				return err
			}
			w.note("approved %t by %q", a.Approved, a.By.ID)
			return nil
		})
		w.bot.OnAction(func(_ context.Context, _ *bot.Thread, a *adapter.ActionEvent) error {
			w.note("action %q", a.ActionID)
			return nil
		})
	}
	t.Run("by a link", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
			ask(w, bot.ApprovalRequest{Title: "Deploy _now_?"})
			w.say("ada", "@helper deploy")
			w.run(time.Second)
			yes, no := w.tokens("Approve")[0], w.tokens("Deny")[0]
			if page := w.press(no, adapter.ButtonOpen); page.Title != "Deploy now?" {
				t.Errorf("the page says %+v", page)
			}
			w.run(time.Minute)
			w.press(yes, adapter.ButtonUsed) // it is settled
			w.run(time.Minute)
			w.noted(`approved false by ""`)
		})
	})
	t.Run("by both links at once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
			ask(w, bot.ApprovalRequest{Title: "Deploy?"})
			w.say("ada", "@helper deploy")
			w.run(time.Second)
			w.press(w.tokens("Approve")[0], adapter.ButtonOpen)
			w.press(w.tokens("Deny")[0], adapter.ButtonOpen)
			w.run(time.Minute)
			w.noted(`approved true by ""`)
			if n := w.bot.Counts()["ignored:question_closed"]; n != 1 {
				t.Errorf("%d presses came too late, want 1", n)
			}
		})
	})
	t.Run("by a word before the link", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
			ask(w, bot.ApprovalRequest{Title: "Deploy?"})
			w.say("ada", "@helper deploy")
			w.run(time.Second)
			w.say("bob", "approve")
			w.run(time.Minute)
			w.press(w.tokens("Deny")[0], adapter.ButtonUsed)
			w.noted(`approved true by "bob"`)
		})
	})
	// A link does not tell who uses it.
	for name, c := range map[string]struct {
		cfg bot.Config
		q   bot.ApprovalRequest
	}{
		"approvers": {bot.Config{Links: withLinks()}, bot.ApprovalRequest{Title: "Deploy?", Approvers: []string{"ada"}}},
		"access":    {bot.Config{Links: withLinks(), Access: access.Users("ada")}, bot.ApprovalRequest{Title: "Deploy?"}},
	} {
		t.Run("no links with "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTest(t, withConfig(c.cfg))
				ask(w, c.q)
				w.say("ada", "@helper deploy")
				w.run(time.Second)
				want := []string{"**Deploy?**\n\n1. Approve\n2. Deny\n\nAnswer with one of these, or react with 👍 or 👎."}
				if name == "approvers" {
					want[0] = strings.Replace(want[0], "\n\n", "\n\n<@ada>\n\n", 1)
				}
				w.posted(want...)
			})
		})
	}
}

// A platform that has buttons tells of a press itself, and who it was.
func TestActionOfThePlatform(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Access: access.Users("ada")}))
		w.bot.OnAction(func(_ context.Context, t *bot.Thread, a *adapter.ActionEvent) error {
			w.note("%s %s %q=%q by %s", t.ID(), a.MessageID, a.ActionID, a.Value, a.Actor.ID)
			return nil
		}, "deploy")
		for _, a := range []adapter.ActionEvent{
			{Meta: adapter.Meta{Thread: thread, Actor: adapter.User{ID: "ada"}}, ActionID: "deploy", Value: "api", MessageID: "m1"},
			{Meta: adapter.Meta{Thread: thread, Actor: adapter.User{ID: "bob"}}, ActionID: "deploy", Value: "web", MessageID: "m1"},
			{Meta: adapter.Meta{Thread: thread, Actor: adapter.User{ID: "ada"}}, ActionID: "other", MessageID: "m1"},
		} {
			d, err := w.fake.Delivery(&a)
			if err != nil {
				t.Fatal(err)
			}
			w.deliver(d)
		}
		w.run(time.Minute)
		w.noted(string(thread) + ` m1 "deploy"="api" by ada`)
	})
}

// Access decides about a press as about anything else, with no one named.
func TestActionAccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks(), Access: access.Users("ada")}))
		deploying(w)
		w.say("ada", "@helper deploy")
		w.run(time.Second)
		w.press(w.tokens("Deploy")[0], adapter.ButtonOpen)
		w.run(time.Minute)
		if len(w.notes()) != 0 {
			t.Errorf("handled %q although the user is unknown", w.notes())
		}
	})
}

// The same link is invalid for another workspace's bot.
func TestButtonsOfTwoBots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		deploying(w)
		w.say("ada", "@helper deploy")
		w.run(time.Second)
		store := memstate.New(memstate.Options{})
		defer store.Close()
		other := newTest(t, withStore(store), withConfig(bot.Config{Links: bot.LinkConfig{BaseURL: withLinks().BaseURL, Secrets: []string{"another"}}}))
		if _, err := other.bot.Press(t.Context(), w.tokens("Deploy")[0]); adapter.CodeOf(err) != adapter.CodeNotFound {
			t.Errorf("%v, want not found", err)
		}
	})
}

// deafStore fails every write.
type deafStore struct{ state.Store }

func (deafStore) Enqueue(context.Context, state.Entry) (state.Receipt, error) {
	return state.Receipt{}, state.ErrUnavailable
}

func TestPressWithoutAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t, withConfig(bot.Config{Links: withLinks()}))
		deploying(w)
		w.say("ada", "@helper deploy")
		w.run(time.Second)
		token := w.tokens("Deploy")[0]
		down := newTest(t, withStore(deafStore{w.store}), withConfig(bot.Config{Links: withLinks()}))
		_, err := down.bot.Press(t.Context(), token)
		if adapter.CodeOf(err) != adapter.CodeUnavailable || !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("%v, want unavailable", err)
		}
		w.press(token, adapter.ButtonOpen) // nothing was lost
	})
}
