package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/cli"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/linearbottest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

const stageSecret = "stage-webhook-secret"

// scene is a bot on a stage whose operator asks it for explanations.
type scene struct {
	*linearbottest.Stage

	t       *testing.T
	environ []string
	issue   *linearsim.Issue
}

// run runs a command of the operator.
func (s *scene) run(args ...string) (out string, code int) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(s.t.Context(), cli.Program{
		Name: "linearbot", Config: serve.Config{Environ: s.environ}, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
	}, args)
	return stdout.String() + stderr.String(), code
}

// address is the address of a comment, as people copy it from Linear.
func address(c *linearsim.Comment) string {
	return "https://linear.app/acme/issue/ENG-1/title#comment-" + c.ID[:8]
}

// until runs a command until its output holds a text.
func (s *scene) until(args, text string) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; pause(s.t, 20*time.Millisecond) {
		out, _ := s.run(strings.Fields(args)...)
		if strings.Contains(out, text) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s never says %q: %s", args, text, out)
		}
	}
}

// explains waits until the first three lines of an explanation hold all texts.
func (s *scene) explains(what string, texts ...string) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		out, _ := s.run("explain", what)
		head := strings.Join(strings.SplitN(out, "\n", 4)[:min(3, strings.Count(out, "\n"))], "\n")
		missing := ""
		for _, text := range texts {
			if !strings.Contains(head, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("explain %s does not say %q in its first three lines:\n%s", what, missing, out)
		}
		pause(s.t, 50*time.Millisecond)
	}
}

func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// deliver posts a signed body, as Linear does, and returns the status.
func (s *scene) deliver(id string, body map[string]any) int {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL()+"/api/webhooks/linear", bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Linear-Delivery", id)
	req.Header.Set("Linear-Event", "Comment")
	req.Header.Set("Linear-Signature", webhook.Sign(stageSecret, data))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// comment is a body that reports a new comment which was sent some time ago.
func (s *scene) comment(id, text string, age time.Duration) map[string]any {
	return map[string]any{
		"type": "Comment", "action": "create", "organizationId": s.Workspace.ID, "createdAt": time.Now().Add(-age).UTC().Format(time.RFC3339),
		"webhookTimestamp": time.Now().Add(-age).UnixMilli(),
		"data": map[string]any{
			"id": id, "body": text, "issueId": s.issue.ID, "userId": s.Ada.ID, "user": map[string]any{"id": s.Ada.ID, "name": "Ada"},
		},
	}
}

func answer(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
	_, err := t.Post(ctx, bot.Markdown("hello"))
	return err
}

// nod handles comments that only a delivery tells of: there is nothing to reply to.
func nod(context.Context, *bot.Thread, *bot.Message) error { return nil }

func onMention(h bot.MessageHandler) func(b *bot.Bot) error {
	return func(b *bot.Bot) error { b.OnNewMention(h); return nil }
}

// failing is a store that takes no deliveries.
type failing struct {
	*memstate.Store

	down atomic.Bool
}

func (f *failing) Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error) {
	if f.down.Load() {
		return state.Receipt{}, state.ErrUnavailable
	}
	return f.Store.Enqueue(ctx, e)
}

// TestMishaps has things go wrong, and asks why the bot did not answer: the first
// three lines say it. What doctor finds, such as the types of the webhook, is with
// doctor; a personal key is TestPersonalKey, and a missed webhook TestMissedWebhook.
func TestMishaps(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	down := &failing{Store: memstate.New(memstate.Options{})}
	t.Cleanup(func() { _ = down.Close() })
	for _, tt := range []struct {
		name string
		cfg  linearbot.Config
		play func(s *scene)
	}{
		{"nothing", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			root := s.Ada.Comment(s.issue, "@helper-bot hi")
			s.explains(address(root), "handled", "Handled by mention/0, which posted message "+s.own(root)[:8])
		}},
		{"wrong name", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			s.explains(address(s.Ada.Comment(s.issue, "@helperbot hi")), "ignored", "does not mention the bot", "it listens to @helper-bot")
		}},
		{"wrong secret", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			s.App.SetWebhook(linearsim.Webhook{URL: s.URL() + "/api/webhooks/linear", Secret: "another"})
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "signature matches none of the signing secrets", "LINEAR_WEBHOOK_SECRET")
		}},
		{"no subscription", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			s.App.SetWebhook(linearsim.Webhook{URL: s.URL() + "/api/webhooks/linear", Secret: stageSecret, ResourceTypes: []string{"Issue"}})
			s.Issue("Another")
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "Linear has sent no request about it", "webhook sends this type of event")
		}},
		{"wrong path", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			s.App.SetWebhook(linearsim.Webhook{URL: s.URL() + "/webhooks", Secret: stageSecret})
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "path that does not exist", "LINEARBOT_WEBHOOK_PATH")
		}},
		{"self message", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			root := s.Ada.Comment(s.issue, "@helper-bot hi")
			s.explains("Comment|create|"+s.own(root), "ignored", "The bot itself wrote it")
			s.explains(s.issue.Identifier, "Handled by mention/0") // and not that of the reply, which is newer
		}},
		{"other bot", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			other := s.Workspace.InstallApp(linearsim.App{Name: "Other", DisplayName: "other-bot"})
			s.explains(address(other.User.Comment(s.issue, "hi")), "ignored", "Another bot or integration wrote it")
		}},
		{"edited into a mention", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			root := s.Ada.Comment(s.issue, "hi")
			s.explains(address(root), "does not mention the bot")
			s.Ada.Edit(root, "@helper-bot hi")
			s.explains(address(root), "Comment update", "Handled by mention/0")
		}},
		{"handler error", linearbot.Config{Bot: bot.Config{MaxAttempts: 1}, Register: onMention(func(context.Context, *bot.Thread, *bot.Message) error {
			return errors.New("the model is away")
		})}, func(s *scene) {
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "failed", "The handler returned an error", "the model is away", "linearbot dead requeue")
		}},
		{"handler error that is tried again", linearbot.Config{Register: onMention(func(context.Context, *bot.Thread, *bot.Message) error {
			return bot.RetryAfter(time.Hour, errors.New("the model is away"))
		})}, func(s *scene) {
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "waiting", "the model is away", "will try again")
		}},
		{"panic", linearbot.Config{Bot: bot.Config{MaxAttempts: 1}, Register: onMention(func(context.Context, *bot.Thread, *bot.Message) error {
			panic("index out of range")
		})}, func(s *scene) {
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "failed", "The handler panicked", "index out of range", "dead show")
		}},
		{"crash", linearbot.Config{
			Bot: bot.Config{MaxAttempts: 2, LeaseTTL: 150 * time.Millisecond},
			Register: onMention(func(context.Context, *bot.Thread, *bot.Message) error {
				runtime.Goexit() // ends the turn in the middle, as the end of the process does
				return nil
			}),
		}, func(s *scene) {
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "failed", "The process ended during every attempt", "out-of-memory")
		}},
		{"rate limited", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			s.Linear.Fault(linearsim.Fault{Operation: "commentCreate", Times: 100, RateLimited: true, RetryAfter: 10 * time.Minute})
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "waiting", "Linear's rate limit was reached", "tries again when Linear allows it")
		}},
		{"token revoked", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "handled")
			s.Linear.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, Times: 1000, Status: http.StatusUnauthorized, Body: `{"error":"invalid_client"}`})
			s.App.RevokeTokens()
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi again")), "waiting", "Linear refuses the bot's token")
		}},
		{"lane busy", linearbot.Config{Register: func(b *bot.Bot) error {
			b.OnNewMention(func(ctx context.Context, _ *bot.Thread, _ *bot.Message) error {
				select {
				case <-release:
				case <-ctx.Done():
				}
				return nil
			})
			return nil
		}, Bot: bot.Config{DrainTimeout: -1}}, func(s *scene) {
			root := s.Ada.Comment(s.issue, "@helper-bot hi")
			s.explains(address(root), "running", "The handler mention/0 is running")
			s.explains(address(s.Ada.Reply(root, "@helper-bot are you there?")), "waiting", "It waits because the bot is busy in its thread", "linearbot explain the earlier message")
		}},
		{"duplicate", linearbot.Config{Register: onMention(nod)}, func(s *scene) {
			id := "11111111-0000-4000-8000-000000000001"
			first := s.comment(id, "@helper-bot hi", 0)
			again := s.comment(id, "@helper-bot hi", 0)
			again["webhookTimestamp"] = time.Now().UnixMilli() + 1
			if a, b := s.deliver("delivery-one", first), s.deliver("delivery-two", again); a != 200 || b != 200 {
				s.t.Fatalf("the deliveries are answered %d and %d", a, b)
			}
			s.explains("delivery-two", "duplicate", "a duplicate of a delivery that was stored before", "Comment|create|"+id)
			s.explains("delivery-one", "handled")
		}},
		{"late retry", linearbot.Config{Register: onMention(nod)}, func(s *scene) {
			s.deliver("late-one", s.comment("11111111-0000-4000-8000-000000000002", "@helper-bot hi", 61*time.Minute))
			s.explains("late-one", "handled", "It was late: Linear sent it 1h1m", "retry")
		}},
		{"expired", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			if status := s.deliver("expired-one", s.comment("11111111-0000-4000-8000-000000000003", "@helper-bot hi", 9*time.Hour)); status != http.StatusUnauthorized {
				s.t.Fatalf("it is answered %d", status)
			}
			s.explains("expired-one", "refused", "It was sent too long ago", "clock of this machine")
		}},
		{"policy refusal", linearbot.Config{Register: onMention(answer), Bot: bot.Config{
			Access: func(context.Context, *bot.Turn) (bot.Decision, error) { return bot.Decision{}, nil },
		}}, func(s *scene) {
			s.explains(address(s.Ada.Comment(s.issue, "@helper-bot hi")), "ignored", "An access rule of the bot excludes its author", "bot.Config.Access")
		}},
		{"another workspace", linearbot.Config{Register: onMention(nod)}, func(s *scene) {
			body := s.comment("11111111-0000-4000-8000-000000000006", "@helper-bot hi", 0)
			body["organizationId"] = "22222222-0000-4000-8000-000000000000"
			s.deliver("foreign-one", body)
			s.explains("foreign-one", "ignored", "comes from another workspace", "Acme", "Delete the webhook in that workspace")
			if out, _ := s.run("dead", "list"); strings.Contains(out, "11111111") {
				s.t.Errorf("it is in the dead letters: %s", out)
			}
			if out, code := s.run("doctor"); code == 0 || !strings.Contains(out, "another workspace") {
				s.t.Errorf("doctor exits with %d: %s", code, out)
			}
		}},
		{"unknown type", linearbot.Config{Register: onMention(answer)}, func(s *scene) {
			body := s.comment("11111111-0000-4000-8000-000000000004", "hi", 0)
			body["type"] = "Frobnication"
			s.deliver("unknown-one", body)
			s.explains("unknown-one", "Frobnication create", "ignored", "The bot has no handler for this kind of event")
		}},
		{"store down", linearbot.Config{Register: onMention(nod), Bot: bot.Config{Store: down}}, func(s *scene) {
			down.down.Store(true)
			if status := s.deliver("down-one", s.comment("11111111-0000-4000-8000-000000000005", "@helper-bot hi", 0)); status != http.StatusServiceUnavailable {
				s.t.Fatalf("it is answered %d", status)
			}
			s.explains("down-one", "refused", "The store could not be reached. Linear retries the delivery", "LINEARBOT_STATE")
			down.down.Store(false)
			s.deliver("down-one", s.comment("11111111-0000-4000-8000-000000000005", "@helper-bot hi", 0))
			s.explains("11111111-0000-4000-8000-000000000005", "handled")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.play(newScene(t, tt.cfg))
		})
	}
}

// newScene sets a stage, with the admin API at a socket, or at an address if the
// store is the program's own.
func newScene(t *testing.T, cfg linearbot.Config) *scene {
	t.Helper()
	dir := shortDir(t)
	s := &scene{t: t, environ: []string{"LINEARBOT_STATE=file:" + filepath.Join(dir, "d")}}
	if cfg.Bot.Store != nil {
		s.environ = []string{"LINEARBOT_STATE=memory", "LINEARBOT_ADMIN_ADDR=" + freeAddr(t), "LINEARBOT_ADMIN_TOKEN=operator-token-0123456789"}
	}
	cfg.Environ = append(append([]string(nil), s.environ...), cfg.Environ...)
	s.Stage = linearbottest.New(t, cfg)
	s.issue = s.Issue("title")
	return s
}

// shortDir returns a directory in which the path of a socket is short enough.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lb") //nolint:usetesting // that of the test has its name in the path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// own waits for the bot's reply below a comment and returns its id.
func (s *scene) own(root *linearsim.Comment) string {
	s.t.Helper()
	s.Replies(root, 1)
	return s.OwnReplies(root)[0].ID
}

// TestMissedWebhook has Linear send no webhook for a comment and a session: the bot
// finds them and answers, once.
func TestMissedWebhook(t *testing.T) {
	t.Parallel()
	// Linear's clock is behind, so that what is written is old enough to be missed.
	lin, err := linearsim.Start(linearsim.Config{Clock: linearsim.NewClock(time.Now().Add(-10 * time.Minute))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lin.Close)
	ws := lin.AddWorkspace("Acme", "acme")
	ada, team := ws.AddUser("Ada Byron", "ada"), ws.AddTeam("ENG", "Engineering")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	dir := shortDir(t)
	// The bot looked an hour ago, and has been away since.
	store, err := filestate.Open(filepath.Join(dir, "d"))
	if err != nil {
		t.Fatal(err)
	}
	seen := fmt.Sprintf(`{"until":%q,"at":%[1]q}`, time.Now().Add(-time.Hour).Format(time.RFC3339))
	if err := notes.New(store).Value(notes.Seen, ws.ID).Set(t.Context(), []byte(seen)); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	root := ada.Comment(team.AddIssue(ada, "title", ""), "@helper-bot hi")

	s := runBeside(t, lin, dir, "LINEAR_CLIENT_ID="+app.ClientID, "LINEAR_CLIENT_SECRET="+app.ClientSecret,
		"LINEARBOT_ADDR=127.0.0.1:0", "LINEARBOT_CATCH_UP=1s")
	s.explains(address(root), "Handled by mention/0", "Linear's webhook for it did not arrive")
	out, code := s.run("deliveries", "--json")
	if n := strings.Count(out, `"code":"missed_webhook"`); code != 0 || n < 1 {
		t.Errorf("deliveries exits with %d and says of %d that they were missed:\n%s", code, n, out)
	}
	if n := len(root.Replies()); n != 1 {
		t.Errorf("there are %d replies", n)
	}
}

// runBeside runs a bot that answers mentions beside a Linear, with the state below
// dir and some further variables.
func runBeside(t *testing.T, lin *linearsim.Server, dir string, environ ...string) *scene {
	t.Helper()
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel)
	environ = append(environ,
		"LINEAR_API_URL="+lin.GraphQLURL(), "LINEAR_OAUTH_URL="+lin.URL(), "LINEAR_UPLOADS_URL="+lin.URL(),
		"LINEAR_WEBHOOK_SECRET="+stageSecret, "LINEARBOT_STATE=file:"+filepath.Join(dir, "d"))
	ctx, cancel := context.WithCancel(t.Context())
	ended, listening := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- linearbot.Run(ctx, linearbot.Config{
			Register: onMention(answer), Environ: environ, Logger: &log,
			Webhook: webhook.Config{OnListen: func(net.Addr) { close(listening) }},
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	select {
	case <-listening:
	case <-t.Context().Done():
	}
	return &scene{t: t, environ: environ}
}

// TestPersonalKey runs the bot with the API key of a person: it goes by that
// person's name, and says so.
func TestPersonalKey(t *testing.T) {
	t.Parallel()
	lin, err := linearsim.Start(linearsim.Config{Parallel: 1, RetryAfter: []time.Duration{100 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lin.Close)
	ws := lin.AddWorkspace("Acme", "acme")
	ada, bob, team := ws.AddUser("Ada Byron", "ada"), ws.AddUser("Bob", "bob"), ws.AddTeam("ENG", "Engineering")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot"})
	addr := freeAddr(t)
	app.SetWebhook(linearsim.Webhook{URL: "http://" + addr + "/api/webhooks/linear", Secret: stageSecret})
	s := runBeside(t, lin, shortDir(t), "LINEAR_API_KEY="+ada.APIKey(), "LINEARBOT_ADDR="+addr)
	issue := team.AddIssue(bob, "title", "")
	s.explains(address(bob.Comment(issue, "@helper-bot hi")), "ignored", "does not mention the bot", "it listens to @ada, the name of a person whose API key or token it has")
	s.explains(address(bob.Comment(issue, "@ada hi")), "handled")
	if out, code := s.run("doctor"); code == 0 || !strings.Contains(out, "personal API key") {
		t.Errorf("doctor exits with %d: %s", code, out)
	}
}

// TestReplay handles a delivery again: on the same bot, which posts nothing twice,
// and on another one.
func TestReplay(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	s := newScene(t, linearbot.Config{Register: onMention(func(ctx context.Context, th *bot.Thread, m *bot.Message) error {
		runs.Add(1)
		return answer(ctx, th, m)
	})})
	root := s.Ada.Comment(s.issue, "@helper-bot hi")
	s.explains(address(root), "handled")
	if out, code := s.run("replay", address(root)); code != 0 || !strings.Contains(out, "Comment|create|"+root.ID+" is handled again") {
		t.Fatalf("replay exits with %d: %s", code, out)
	}
	if out, code := s.run("replay", "ENG-1"); code != 0 || !strings.Contains(out, "Comment|create|"+root.ID+" is handled again") {
		t.Fatalf("replay of an issue exits with %d: %s", code, out)
	}
	for runs.Load() < 3 && t.Context().Err() == nil {
		pause(t, 10*time.Millisecond)
	}
	s.explains("replay:", "handled", "which posted message "+s.own(root))
	if n := len(s.OwnReplies(root)); n != 1 {
		t.Errorf("the bot has posted %d times", n)
	}

	var got atomic.Int64
	verifier, err := webhook.NewVerifier(stageSecret)
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || verifier.Verify(r.Header.Get("Linear-Signature"), body) != nil || !strings.Contains(string(body), root.ID) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got.Add(1)
	}))
	defer other.Close()
	s.environ = append(s.environ, "LINEAR_WEBHOOK_SECRET="+stageSecret)
	if out, code := s.run("replay", "--status", "handled", "--to", other.URL); code != 0 || got.Load() != 1 {
		t.Fatalf("replay --to exits with %d after %d deliveries: %s", code, got.Load(), out)
	}
}

// TestStatuses refuses a status that does not exist before anything is asked, and
// lists those that do.
func TestStatuses(t *testing.T) {
	t.Parallel()
	s := &scene{t: t, environ: []string{"LINEARBOT_STATE=file:" + filepath.Join(shortDir(t), "none")}}
	for _, args := range [][]string{{"deliveries", "--status", "bogus"}, {"deliveries", "--follow", "--status", "bogus"}, {"replay", "--status", "bogus"}} {
		if out, code := s.run(args...); code != cli.ExitConfig || !strings.Contains(out, "handled, ignored, refused, duplicate, waiting, running or failed") {
			t.Errorf("%v exits with %d: %s", args, code, out)
		}
	}
}

// TestNothingFound says once that there is no trace, and that there are traces of other
// things.
func TestNothingFound(t *testing.T) {
	t.Parallel()
	s := newScene(t, linearbot.Config{Register: onMention(answer)})
	s.explains("ENG-1", "Issue create")
	out, code := s.run("explain", "00000000-0000-4000-8000-00000000dead")
	if code != cli.ExitFailed || strings.Count(out, "race") != 1 || !strings.Contains(out, "Linear has sent no request about it. The last request") {
		t.Errorf("explain exits with %d: %s", code, out)
	}
	out, code = s.run("explain", "--json", "00000000-0000-4000-8000-00000000dead")
	if code != cli.ExitFailed || !strings.Contains(out, `"traces":`) {
		t.Errorf("explain --json exits with %d: %s", code, out)
	}
}
