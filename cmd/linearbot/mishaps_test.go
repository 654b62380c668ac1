package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/webhook"
)

// withMishaps makes the test binary act as the command with handlers that fail on
// request.
const withMishaps = "mishaps"

func registerMishaps(b *bot.Bot) error {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		switch text := m.Text(); text {
		case "fail":
			return errors.New("the model is away")
		case "panic":
			panic("index out of range")
		case "die":
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case "hold":
			<-ctx.Done()
			return ctx.Err()
		default:
			_, err := t.Post(ctx, bot.Text("hello"))
			return err
		}
	}).With(bot.HandlerOptions{Access: func(_ context.Context, t *bot.Turn) (bot.Decision, error) {
		if m := t.Message(); m != nil && m.Text() == "secret" {
			return bot.Deny(), nil
		}
		return bot.Allow(), nil
	}})
	return nil
}

// mishap is a running program that something goes wrong with, and an operator who asks
// it by the commands of the binary.
type mishap struct {
	*stage
	*process

	t   *testing.T
	env []string
}

// newMishap starts the program.
func newMishap(t *testing.T, env ...string) *mishap {
	t.Helper()
	m := prepareMishap(t, newStage(t))
	m.env = append(m.env, "LINEARBOT_CATCH_UP=0")
	m.env = append(m.env, env...)
	m.start("127.0.0.1:0")
	m.hook(webhookSecret)
	return m
}

func prepareMishap(t *testing.T, s *stage) *mishap {
	t.Helper()
	m := &mishap{stage: s, t: t}
	dir, err := os.MkdirTemp("", "lb") //nolint:usetesting // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m.dir = filepath.Join(dir, "d")
	m.env = []string{asCommand + "=" + withMishaps, "LINEAR_OAUTH_URL=" + m.linear.URL(), "LINEARBOT_LEASE_TTL=500ms"}
	return m
}

func (m *mishap) start(addr string) {
	m.t.Helper()
	m.process = m.serve(m.t, addr, m.env...)
}

// outlives waits until the process logs something or ends, and reports whether it has
// logged it.
func (m *mishap) outlives(text string) bool {
	ended := make(chan struct{})
	go func() {
		m.wg.Wait()
		close(ended)
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !strings.Contains(m.output(), text) {
		select {
		case <-tick.C:
		case <-ended:
			return strings.Contains(m.output(), text)
		case <-late:
			m.t.Fatalf("the process neither ends nor says %q", text)
		}
	}
	return true
}

func (m *mishap) hook(secret string, types ...string) {
	m.app.SetWebhook(linearsim.Webhook{URL: m.url, Secret: secret, ResourceTypes: types})
}

// operator runs a command of the binary, in a process of its own.
func (m *mishap) operator(args ...string) string {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), os.Args[0], args...)
	cmd.Env = m.cmd.Env
	out, err := cmd.CombinedOutput()
	if _, exit := errors.AsType[*exec.ExitError](err); err != nil && !exit {
		m.t.Fatal(err)
	}
	return string(out)
}

// explains waits until the first three lines of what a command prints hold all texts.
func (m *mishap) explains(what string, texts ...string) {
	m.t.Helper()
	m.tells([]string{"explain", what}, texts...)
}

func (m *mishap) tells(command []string, texts ...string) {
	m.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		out := m.operator(command...)
		head := out
		if command[0] == "explain" {
			head = strings.Join(strings.SplitAfterN(out, "\n", 4)[:min(3, strings.Count(out, "\n"))], "")
		}
		missing := ""
		for _, text := range texts {
			if !strings.Contains(head, text) {
				missing = text
			}
		}
		if missing == "" {
			m.t.Logf("%s\n%s", strings.Join(command, " "), head)
			return
		}
		select {
		case <-tick.C:
		case <-late:
			m.t.Fatalf("%v does not say %q in its first three lines:\n%s", command, missing, out)
		}
	}
}

// where is the address of a comment, as people copy it from Linear.
func where(c *linearsim.Comment) string {
	return "https://linear.app/acme/issue/ENG-1/title#comment-" + c.ID[:8]
}

// deliver posts a signed comment that was sent some time ago, as Linear does.
func (m *mishap) deliver(delivery, comment string, age time.Duration, change func(body map[string]any)) int {
	m.t.Helper()
	at := time.Now().Add(-age)
	body := map[string]any{
		"type": "Comment", "action": "create", "organizationId": m.issue.Workspace().ID, "webhookTimestamp": at.UnixMilli(),
		"data": map[string]any{
			"id": comment, "body": "hi", "issueId": m.issue.ID, "userId": m.ada.ID, "user": map[string]any{"id": m.ada.ID, "name": "Ada"},
		},
	}
	if change != nil {
		change(body)
	}
	data, err := json.Marshal(body)
	if err != nil {
		m.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.url, bytes.NewReader(data))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Linear-Delivery", delivery)
	req.Header.Set("Linear-Signature", webhook.Sign(webhookSecret, data))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// mishaps are what goes wrong, and what the operator is told, with a program of its own
// for each.
func mishaps() map[string]func(m *mishap) {
	return map[string]func(m *mishap){
		"wrong secret": func(m *mishap) {
			m.hook("another")
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "signature matches none of the signing secrets", "LINEAR_WEBHOOK_SECRET")
		},
		"no subscription": func(m *mishap) {
			m.hook(webhookSecret, "Issue")
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "No request has arrived at all", "sends this type of event")
			m.ada.UpdateIssue(m.issue, linearsim.IssueChange{Description: "It returns 409."})
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "Linear has sent no request about it", "webhook sends this type of event")
			m.tells([]string{"doctor"}, "Comment")
		},
		"crash": func(m *mishap) {
			root := m.ada.Comment(m.issue, "@helper-bot die")
			// The second process dies, too, if the first one was quicker than the write
			// that counts its attempt.
			for dead := false; !dead; dead = m.outlives("it is in the dead letters") {
				m.wg.Wait()
				m.start(strings.TrimSuffix(strings.TrimPrefix(m.url, "http://"), "/api/webhooks/linear"))
			}
			m.explains(where(root), "failed", "The process ended during every attempt", "linearbot dead requeue")
		},
		"rate limited": func(m *mishap) {
			m.linear.Fault(linearsim.Fault{Operation: "commentCreate", Times: 100, RateLimited: true, RetryAfter: 10 * time.Minute})
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "waiting", "Linear's rate limit was reached", "tries again when Linear allows it")
		},
		"token revoked": func(m *mishap) {
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "handled")
			m.linear.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, Times: 1000, Status: http.StatusUnauthorized, Body: `{"error":"invalid_client"}`})
			m.app.RevokeTokens()
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot again")), "Linear refuses the bot's token")
			m.tells([]string{"doctor"}, "token")
		},
		"lane busy": func(m *mishap) {
			root := m.ada.Comment(m.issue, "@helper-bot hold")
			m.explains(where(root), "running", "The handler mention/0 is running")
			m.explains(where(m.ada.Reply(root, "@helper-bot there?")), "waiting", "the bot is busy in its thread", "linearbot explain the earlier message")
		},
	}
}

// asked are what people and bots write that one program does not answer, or fails with.
func asked() map[string]func(m *mishap) {
	return map[string]func(m *mishap){
		"nothing": func(m *mishap) {
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "handled", "Handled by mention/0, which posted message ")
		},
		"wrong name": func(m *mishap) {
			m.explains(where(m.ada.Comment(m.issue, "@helperbot hi")), "ignored", "does not mention the bot", "it listens to @helper-bot")
		},
		"self message": func(m *mishap) {
			root := m.ada.Comment(m.issue, "@helper-bot hi")
			m.stage.wait(m.t, "the answer", func() bool { return len(root.Replies()) == 1 })
			m.explains("Comment|create|"+root.Replies()[0].ID, "ignored", "The bot itself wrote it")
		},
		"other bot": func(m *mishap) {
			other := m.issue.Workspace().InstallApp(linearsim.App{Name: "Other", DisplayName: "other-bot"})
			m.explains(where(other.User.Comment(m.issue, "hi")), "ignored", "Another bot or integration wrote it", "have the other one mention the bot")
		},
		"edited into a mention": func(m *mishap) {
			root := m.ada.Comment(m.issue, "hi")
			m.explains(where(root), "does not mention the bot")
			m.ada.Edit(root, "@helper-bot hi")
			m.explains(where(root), "Comment update", "Handled by mention/0")
			m.tells([]string{"replay", where(root)}, "it cannot be replayed", "Do the same in Linear once more", "linearbot record")
		},
		"handler error": func(m *mishap) {
			root := m.ada.Comment(m.issue, "@helper-bot fail")
			m.explains(where(root), "failed", "The handler returned an error", "the model is away", "linearbot dead requeue")
			// What it says to do can be done as it stands.
			for line := range strings.Lines(m.operator("explain", where(root))) {
				if _, id, ok := strings.Cut(line, "Then requeue it: linearbot dead requeue "); ok {
					m.tells([]string{"dead", "requeue", strings.TrimSuffix(strings.TrimSpace(id), ".")}, "requeued")
					return
				}
			}
			m.t.Error("there is nothing to do")
		},
		"panic": func(m *mishap) {
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot panic")), "failed", "The handler panicked", "index out of range", "linearbot dead show ")
		},
		"policy refusal": func(m *mishap) {
			m.explains(where(m.ada.Comment(m.issue, "@helper-bot secret")), "ignored", "An access rule of the bot excludes its author")
		},
		"duplicate": func(m *mishap) {
			const id = "11111111-0000-4000-8000-000000000001"
			first := m.deliver("delivery-one", id, 0, nil)
			second := m.deliver("delivery-two", id, time.Second, nil)
			if first != http.StatusOK || second != http.StatusOK {
				m.t.Fatalf("the deliveries are answered %d and %d", first, second)
			}
			m.explains("delivery-two", "duplicate", "a duplicate of a delivery that was stored before", "Comment|create|"+id)
		},
		"late retry": func(m *mishap) {
			m.deliver("late-one", "11111111-0000-4000-8000-000000000002", 61*time.Minute, nil)
			m.explains("late-one", "It was late: Linear sent it 1h1m", "retry")
		},
		"expired": func(m *mishap) {
			if status := m.deliver("expired-one", "11111111-0000-4000-8000-000000000003", 9*time.Hour, nil); status != http.StatusUnauthorized {
				m.t.Fatalf("it is answered %d", status)
			}
			m.explains("expired-one", "refused", "It was sent too long ago", "clock of this machine")
		},
		"unknown type": func(m *mishap) {
			m.deliver("unknown-one", "11111111-0000-4000-8000-000000000004", 0, func(body map[string]any) { body["type"] = "Frobnication" })
			m.explains("unknown-one", "Frobnication create", "ignored", "The bot has no handler for this kind of event")
		},
	}
}

// TestMishaps has things go wrong for a running binary, and asks it by its own commands
// why the bot did not answer.
func TestMishaps(t *testing.T) {
	t.Parallel()
	t.Run("asked", func(t *testing.T) {
		t.Parallel()
		all := newMishap(t)
		for name, play := range asked() {
			t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share one program
				m := *all
				m.t = t
				play(&m)
			})
		}
	})
	for name, play := range mishaps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(newMishap(t))
		})
	}
}

// TestMishapOfTheStore has the store of a running binary go away and come back.
func TestMishapOfTheStore(t *testing.T) {
	t.Parallel()
	redis := redistest.Run(t, redistest.Options{AOF: true})
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := ln.Addr().String()
	ln.Close()
	m := newMishap(t, "LINEARBOT_STATE="+redis.URL(), "LINEARBOT_ADMIN_ADDR="+admin, "LINEARBOT_ADMIN_TOKEN=operator-token-0123456789")
	m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "handled")
	redis.Stop()
	const id = "11111111-0000-4000-8000-000000000005"
	if status := m.deliver("down-one", id, 0, nil); status != http.StatusServiceUnavailable {
		t.Errorf("it is answered %d", status)
	}
	m.explains("down-one", "store")
	if err := redis.Restart(); err != nil {
		t.Fatal(err)
	}
	m.explains("down-one", "refused", "The store could not be reached. Linear retries the delivery", "LINEARBOT_STATE")
	if status := m.deliver("down-one", id, 0, nil); status != http.StatusOK {
		t.Errorf("the retry is answered %d", status)
	}
}

// TestMishapOfAPersonalKey has the binary act with the key of a person.
func TestMishapOfAPersonalKey(t *testing.T) {
	t.Parallel()
	m := prepareMishap(t, newStage(t))
	m.env = append(m.env, "LINEAR_CLIENT_ID=", "LINEAR_CLIENT_SECRET=", "LINEAR_API_KEY="+m.ada.APIKey())
	m.start("127.0.0.1:0")
	m.hook(webhookSecret)
	bob := m.issue.Workspace().AddUser("Bob", "bob")
	m.explains(where(bob.Comment(m.issue, "@helper-bot hi")), "ignored", "does not mention the bot", "it listens to @ada, the name of a person whose API key or token it has")
	m.tells([]string{"doctor"}, "personal API key")
}

// TestMishapOfAMissedWebhook has Linear send no webhook while the binary is away.
func TestMishapOfAMissedWebhook(t *testing.T) {
	t.Parallel()
	// Linear's clock is behind, so that what is written is old enough to be missed.
	m := prepareMishap(t, newStageOn(t, linearsim.Config{Clock: linearsim.NewClock(time.Now().Add(-10 * time.Minute))}))
	store, err := filestate.Open(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := fmt.Sprintf(`{"until":%q,"at":%[1]q}`, time.Now().Add(-time.Hour).Format(time.RFC3339))
	if err := notes.New(store).Value(notes.Seen, m.issue.Workspace().ID).Set(t.Context(), []byte(seen)); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	root := m.ada.Comment(m.issue, "@helper-bot hi")
	m.env = append(m.env, "LINEARBOT_CATCH_UP=1s")
	m.start("127.0.0.1:0")
	m.explains(where(root), "Handled by mention/0", "Linear's webhook for it did not arrive")
}

// TestMishapInASession has a mention fail in the agent session that answers it.
func TestMishapInASession(t *testing.T) {
	t.Parallel()
	m := newMishap(t)
	m.hook(webhookSecret, "Comment", "AgentSessionEvent")
	m.explains(where(m.ada.Comment(m.issue, "@helper-bot hi")), "Handled by mention/0")
	root := m.ada.Comment(m.issue, "@helper-bot fail")
	m.explains(where(root), "AgentSessionEvent created", "failed", "The handler returned an error", "the model is away")
}
