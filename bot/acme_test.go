package bot_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
	"github.com/linearbot/linearbot/state/memstate"
)

// acme is a workspace of a Linear in this process, in which a bot runs as
// helper-bot. Its deliveries arrive over HTTP.
type acme struct {
	t     *testing.T
	srv   *linearsim.Server
	ws    *linearsim.Workspace
	ada   *linearsim.User
	issue *linearsim.Issue
	app   *linearsim.Installation
	bot   *bot.Bot
	cfg   bot.Config // of the bot
}

// newAcme makes a bot of cfg, lets register set it up and runs it until the test
// ends. The workspace sends deliveries of the given types.
func newAcme(t *testing.T, cfg bot.Config, register func(b *bot.Bot, w *acme), types ...string) *acme {
	t.Helper()
	return newAcmeOn(t, linearsim.Config{}, cfg, register, types...)
}

// newAcmeOn is newAcme on a Linear with a configuration.
func newAcmeOn(t *testing.T, sim linearsim.Config, cfg bot.Config, register func(b *bot.Bot, w *acme), types ...string) *acme {
	t.Helper()
	sim.Parallel = 1
	srv, err := linearsim.Start(sim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	w := &acme{t: t, srv: srv, ws: srv.AddWorkspace("Acme", "acme")}
	w.ada = w.ws.AddUser("Ada Byron", "ada")
	w.issue = w.ws.AddTeam("ENG", "Engineering").AddIssue(w.ada, "Checkout fails", "")
	w.app = w.ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	lin, err := linear.New(linear.Config{
		ClientID: w.app.ClientID, ClientSecret: w.app.ClientSecret, APIURL: srv.GraphQLURL(), UploadsURL: srv.URL(),
	})
	if err != nil {
		t.Fatal(err)
	}
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	cfg.Adapter, cfg.Store = lin, store
	cfg.Backoff = func(int) time.Duration { return time.Millisecond }
	w.cfg = cfg
	w.bot = w.instance(register)
	w.deliver(w.bot.Accept, types...)
	return w
}

// instance runs a bot of the configuration, on the store of the others, until the test
// ends.
func (w *acme) instance(register func(b *bot.Bot, w *acme)) *bot.Bot {
	w.t.Helper()
	b, err := bot.New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	register(b, w)
	ctx, cancel := context.WithCancel(w.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.Run(ctx); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return b
}

// deliver has the workspace send deliveries of the given types to accept.
func (w *acme) deliver(accept func(context.Context, *adapter.Delivery) error, types ...string) {
	ctx := context.WithoutCancel(w.t.Context())
	inbox := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = accept(ctx, &adapter.Delivery{
				ID: r.Header.Get("Linear-Delivery"), Body: body, SentAt: time.Now(), ReceivedAt: time.Now(),
			})
		}
		if err != nil {
			w.t.Errorf("Accept: %v", err)
		}
	}))
	w.t.Cleanup(inbox.Close)
	w.app.SetWebhook(linearsim.Webhook{URL: inbox.URL, Secret: "secret", ResourceTypes: types})
}

// wait waits until cond holds.
func (w *acme) wait(what string, cond func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	if err := w.srv.Wait(ctx, cond); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// replies waits until a thread has a reply of the bot and returns all of them.
func (w *acme) replies(root *linearsim.Comment) []string {
	w.t.Helper()
	var out []string
	w.wait("replies", func() bool {
		out = nil
		for _, c := range root.Replies() {
			if c.Author.ID == w.app.User.ID {
				out = append(out, c.Body())
			}
		}
		return len(out) > 0
	})
	return out
}

// TestLinearMentions mentions people in a comment, as Linear has them.
func TestLinearMentions(t *testing.T) {
	t.Parallel()
	const absent = "3d7a0f8e-8f5c-4b7b-9d43-5b8a1f0c2e11"
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Markdown(bot.MentionUser(m.Author)+", ask <@"+absent+">. I am <@"+m.Body[len("@helper-bot "):]+">."))
			return err
		})
	}, "Comment")
	for range 2 {
		root := w.ada.Comment(w.issue, "@helper-bot "+w.app.User.ID)
		want := w.ada.URL + ", ask <@" + absent + ">. I am " + w.app.User.URL + "."
		if got := w.replies(root); got[0] != want {
			t.Errorf("the bot wrote %q, want %q", got[0], want)
		}
	}
	if one, many := w.srv.Count("user"), w.srv.Count("users"); one != 0 || many != 1 {
		t.Errorf("%d and %d lookups, want all users at once and then from the cache", one, many)
	}
}

// TestLinearGuests keeps guests out, of whom deliveries say nothing.
func TestLinearGuests(t *testing.T) {
	t.Parallel()
	w := newAcme(t, bot.Config{Access: access.NotGuests().Else(bot.DenyWithReply("Members only."))}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("Welcome, "+m.Author.FullName))
			return err
		})
	}, "Comment")
	for want, who := range map[string]*linearsim.User{
		"Members only.":      w.ws.AddGuest("Gil", "gil"),
		"Welcome, Ada Byron": w.ada,
	} {
		if got := w.replies(who.Comment(w.issue, "@helper-bot hello")); got[0] != want {
			t.Errorf("%s was told %q, want %q", who.Name, got[0], want)
		}
	}
}

// TestLinearFiles posts files in a turn that runs twice.
func TestLinearFiles(t *testing.T) {
	t.Parallel()
	attached := make(chan []adapter.Attachment, 2)
	w := newAcme(t, bot.Config{}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			posted, err := t.Post(ctx, bot.WithFiles(bot.Markdown("Here:"),
				upload("chart.png", "", "a picture"), upload("report 1) [final].pdf", "application/pdf", "a report")))
			if err != nil {
				return err
			}
			attached <- posted.Attachments
			if m.Attempt == 1 {
				return errBoom
			}
			return nil
		})
	}, "Comment")
	root := w.ada.Comment(w.issue, "@helper-bot report")
	for range 2 {
		files := <-attached
		if len(files) != 2 {
			t.Fatalf("attachments %+v, want two", files)
		}
		for i, want := range []adapter.Attachment{{Name: "chart.png", Image: true}, {Name: "report 1) [final].pdf"}} {
			content, ok := w.srv.File(files[i].URL)
			if files[i].Name != want.Name || files[i].Image != want.Image || !files[i].Own || !ok || !strings.HasPrefix(string(content), "a ") {
				t.Errorf("attachment %+v holds %q, want %+v", files[i], content, want)
			}
		}
	}
	if got := w.replies(root); len(got) != 1 {
		t.Errorf("replies %q, want one", got)
	}
	if n := w.srv.Count("fileUpload"); n != 2 {
		t.Errorf("%d uploads, want one of each file", n)
	}
}

// TestLinearTyping shows that the bot is at work, and after a crash of sorts once
// more.
func TestLinearTyping(t *testing.T) {
	t.Parallel()
	working, goOn := make(chan struct{}), make(chan struct{})
	w := newAcme(t, bot.Config{TypingEmoji: "eyes"}, func(b *bot.Bot, _ *acme) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			if err := t.Typing(ctx, ""); err != nil {
				return err
			}
			working <- struct{}{}
			<-goOn
			if m.Attempt == 1 {
				return errBoom
			}
			_, err := t.Post(ctx, bot.Text("done"))
			return err
		})
	}, "Comment")
	root := w.ada.Comment(w.issue, "@helper-bot work")
	for range 2 {
		<-working
		got := root.Reactions()
		if len(got) != 1 || got[0].Emoji != "eyes" || got[0].User != w.app.User {
			t.Errorf("at work: reactions %+v, want the bot's eyes", got)
		}
		goOn <- struct{}{}
	}
	w.replies(root)
	w.wait("no reactions", func() bool { return len(root.Reactions()) == 0 })
}
