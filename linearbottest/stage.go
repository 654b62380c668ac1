// Package linearbottest simulates a whole Linear around a bot, for end-to-end
// tests: people in a simulated workspace write comments, Linear signs and sends
// webhooks over HTTP, the real server stores them, the handlers run, and their
// posts appear in the simulated Linear.
//
//	func TestHello(t *testing.T) {
//		t.Parallel()
//		s := linearbottest.New(t, linearbot.Config{Register: register})
//		root := s.Ada.Comment(s.Issue("Checkout fails"), "@helper-bot hello")
//		if got := s.Replies(root, 1); got[0] != "Hello **from Linear**" {
//			t.Errorf("the bot says %q", got)
//		}
//	}
//
// Deliveries of a real workspace that "linearbot record" has written to files are
// replayed by [Stage.Send].
//
// Package bottest is faster, has a virtual clock and tests handlers alone; most
// tests of a bot are better there. Use a stage for what depends on Linear, on
// HTTP or on the start of the program.
//
// The package is to linearbot what httptest is to http: it runs what
// linearbot.Run runs. Everything ends with the test, tests may be parallel, and
// the environment of the process is not read.
package linearbottest

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// patience bounds every wait.
const patience = 30 * time.Second

const (
	secret    = "stage-webhook-secret" //nolint:gosec // of a Linear that ends with the test
	publicURL = "https://bot.test"
	path      = "/api/webhooks/linear"
)

// Stage is a simulated Linear in which a bot runs as @helper-bot. Make one with
// [New]. Call its methods from the goroutine of the test; any failure ends the
// test.
type Stage struct {
	// Linear is the simulated server, for faults and for anything without a field
	// here.
	Linear *linearsim.Server
	// Workspace is Acme, with the people Ada and Bob and the team ENG.
	Workspace *linearsim.Workspace
	Ada, Bob  *linearsim.User
	Team      *linearsim.Team
	// App is the bot as an installed app.
	App *linearsim.Installation

	tb   testing.TB
	cfg  linearbot.Config
	addr string
	stop func()
}

// New sets a stage, runs the bot on it until the test ends, and returns when the
// bot listens. All fields of cfg are optional. Its Environ is added to what the
// stage sets: credentials, addresses, LINEARBOT_PUBLIC_URL, so that buttons can
// be pressed, and a store in a directory of the test. Its Logger defaults to
// warnings and errors in the log of the test.
func New(tb testing.TB, cfg linearbot.Config) *Stage {
	tb.Helper()
	// One delivery at a time, so that messages arrive in the order in which
	// they were written.
	srv, err := linearsim.Start(linearsim.Config{
		Parallel: 1, RetryAfter: slices.Repeat([]time.Duration{100 * time.Millisecond}, 50),
	})
	if err != nil {
		tb.Fatalf("linearbottest: %v", err)
		return nil
	}
	tb.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	s := &Stage{
		Linear: srv, Workspace: ws, Ada: ws.AddUser("Ada Byron", "ada"), Bob: ws.AddUser("Bob", "bob"),
		Team: ws.AddTeam("ENG", "Engineering"),
		App:  ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true}),
		tb:   tb, addr: "127.0.0.1:0", cfg: cfg,
	}
	s.cfg.Environ = append([]string{
		"LINEAR_CLIENT_ID=" + s.App.ClientID, "LINEAR_CLIENT_SECRET=" + s.App.ClientSecret,
		"LINEAR_API_URL=" + srv.GraphQLURL(), "LINEAR_OAUTH_URL=" + srv.URL(), "LINEAR_UPLOADS_URL=" + srv.URL(),
		"LINEAR_WEBHOOK_SECRET=" + secret, "LINEARBOT_WEBHOOK_PATH=" + path, "LINEARBOT_PUBLIC_URL=" + publicURL,
		"LINEARBOT_STATE=file:" + tb.TempDir(),
	}, cfg.Environ...)
	if s.cfg.Logger == nil {
		log := zerolog.New(zerolog.NewTestWriter(tb)).Level(zerolog.WarnLevel)
		s.cfg.Logger = &log
	}
	s.start()
	s.App.SetWebhook(linearsim.Webhook{URL: "http://" + s.addr + path, Secret: secret})
	tb.Cleanup(func() { s.stop() })
	return s
}

// start runs the bot and waits until it listens.
func (s *Stage) start() {
	s.tb.Helper()
	cfg := s.cfg
	cfg.Environ = append(slices.Clone(cfg.Environ), "LINEARBOT_ADDR="+s.addr)
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	cfg.Webhook.OnListen = func(a net.Addr) {
		if s.cfg.Webhook.OnListen != nil {
			s.cfg.Webhook.OnListen(a)
		}
		listening <- a
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.tb.Context()))
	var (
		wg   sync.WaitGroup
		once sync.Once
	)
	wg.Go(func() { ended <- linearbot.Run(ctx, cfg) })
	s.stop = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			if err := <-ended; err != nil {
				s.tb.Errorf("linearbottest: Run: %v", err)
			}
		})
	}
	select {
	case a := <-listening:
		s.addr = a.String()
	case err := <-ended:
		cancel()
		s.stop = func() {}
		s.tb.Fatalf("linearbottest: the bot does not start: %v", err)
	}
}

// SubscribeAgent makes the bot an agent, too: mentions and delegations begin agent
// sessions.
func (s *Stage) SubscribeAgent() {
	s.App.SetWebhook(linearsim.Webhook{URL: "http://" + s.addr + path, Secret: secret, ResourceTypes: []string{
		"AgentSessionEvent", "AppUserNotification", "Comment", "Issue", "PermissionChange", "Reaction",
	}})
}

// Stop stops the bot as SIGTERM does and waits for its end. Linear then queues
// deliveries, and retries them for five seconds.
func (s *Stage) Stop() { s.stop() }

// Restart stops the bot and starts it again at the same address and on the same
// store, as a deploy does. Register is called again.
func (s *Stage) Restart() {
	s.tb.Helper()
	s.stop()
	s.start()
}

// URL returns the address of the bot's server, such as http://127.0.0.1:41234.
func (s *Stage) URL() string { return "http://" + s.addr }

// Issue has Ada create an issue.
func (s *Stage) Issue(title string) *linearsim.Issue {
	return s.Team.AddIssue(s.Ada, title, "")
}

// Wait waits until cond holds. It is called after every change in Linear.
func (s *Stage) Wait(cond func() bool) {
	s.tb.Helper()
	if err := s.wait(cond); err != nil {
		s.tb.Fatalf("linearbottest: what is waited for does not happen: %v", err)
	}
}

func (s *Stage) wait(cond func() bool) error {
	ctx, cancel := context.WithTimeout(s.tb.Context(), patience)
	defer cancel()
	return s.Linear.Wait(ctx, cond)
}

// Replies waits until the bot has written at least n replies to root and returns
// them, oldest first.
func (s *Stage) Replies(root *linearsim.Comment, n int) []string {
	s.tb.Helper()
	var texts []string
	err := s.wait(func() bool {
		texts = nil
		for _, c := range s.OwnReplies(root) {
			texts = append(texts, c.Body())
		}
		return len(texts) >= n
	})
	if err != nil {
		s.tb.Fatalf("linearbottest: the replies are %q, want %d: %v", texts, n, err)
	}
	return texts
}

// OwnReplies returns the comments that the bot has written below root so far, oldest
// first. It does not wait; see [Stage.Replies].
func (s *Stage) OwnReplies(root *linearsim.Comment) []*linearsim.Comment {
	var own []*linearsim.Comment
	for _, c := range root.Replies() {
		if c.Author != nil && c.Author.ID == s.App.User.ID {
			own = append(own, c)
		}
	}
	return own
}

// Press presses the button with a label whose link is in a message, as a person
// who opens the link and confirms.
func (s *Stage) Press(message, label string) {
	s.tb.Helper()
	_, link, _ := strings.Cut(message, "["+label+"]("+publicURL)
	link, _, ok := strings.Cut(link, ")")
	if !ok {
		s.tb.Fatalf("linearbottest: there is no button %q in %q", label, message)
		return
	}
	req, err := http.NewRequestWithContext(s.tb.Context(), http.MethodPost, s.URL()+link, http.NoBody)
	if err != nil {
		s.tb.Fatalf("linearbottest: %v", err)
		return
	}
	res, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		s.tb.Fatalf("linearbottest: %v", err)
		return
	}
	defer func() { _ = res.Body.Close() }() // its body is not needed
	if res.StatusCode != http.StatusOK {
		s.tb.Fatalf("linearbottest: the button %q is answered %s", label, res.Status)
	}
}
