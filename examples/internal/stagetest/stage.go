// Package stagetest puts the examples on a stage for their tests: a Linear in
// this process, in which the example is installed and runs.
package stagetest

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// Stage is a Linear in which an example runs as helper-bot.
type Stage struct {
	Linear   *linearsim.Server
	App      *linearsim.Installation
	Ada, Bob *linearsim.User
	Team     *linearsim.Team

	// addr is where the example listens.
	addr string
}

// New sets a stage that is cleared when the test ends.
func New(t *testing.T) *Stage {
	t.Helper()
	// One delivery at a time, so that messages arrive in the order in which
	// they were written.
	srv, err := linearsim.Start(linearsim.Config{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.Workspace("Acme", "acme")
	return &Stage{
		Linear: srv,
		Ada:    ws.AddUser("Ada Byron", "ada"),
		Bob:    ws.AddUser("Bob", "bob"),
		Team:   ws.AddTeam("ENG", "Engineering"),
		App:    ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true}),
	}
}

// Run runs the main function of an example until the test ends, or until the
// returned function is called. It sets the environment.
func (s *Stage) Run(t *testing.T, main func(ctx context.Context, listening func(net.Addr)) error) (stop func()) {
	t.Helper()
	for name, value := range map[string]string{
		"LINEAR_API_URL":        s.Linear.GraphQLURL(),
		"LINEAR_API_KEY":        "",
		"LINEAR_ACCESS_TOKEN":   "",
		"LINEAR_CLIENT_ID":      s.App.ClientID,
		"LINEAR_CLIENT_SECRET":  s.App.ClientSecret,
		"LINEAR_WEBHOOK_SECRET": "secret",
		"LINEAR_BOT_USERNAME":   "",
		"LINEARBOT_ADDR":        "127.0.0.1:0",
		"LINEARBOT_STATE":       "file:" + t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	return s.Again(t, main)
}

// Again is Run in the environment that Run has set: with the same store.
func (s *Stage) Again(t *testing.T, main func(ctx context.Context, listening func(net.Addr)) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	var (
		wg   sync.WaitGroup
		once sync.Once
	)
	wg.Go(func() { ended <- main(ctx, func(a net.Addr) { listening <- a }) })
	stop = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			if err := <-ended; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	select {
	case a := <-listening:
		s.addr = a.String()
		s.App.SetWebhook(linearsim.Webhook{URL: "http://" + a.String() + "/api/webhooks/linear", Secret: "secret"})
	case err := <-ended:
		ended <- err
		t.Fatal("it does not listen")
	}
	return stop
}

// Press presses the button with a label whose link stands in a message, as a
// person does who opens it. LINEARBOT_PUBLIC_URL must be set.
func (s *Stage) Press(t *testing.T, message, label string) {
	t.Helper()
	_, link, _ := strings.Cut(message, "["+label+"]("+os.Getenv("LINEARBOT_PUBLIC_URL"))
	path, _, ok := strings.Cut(link, ")")
	if !ok {
		t.Fatalf("no button %q in %q", label, message)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addr+path, http.NoBody) //nolint:gosec // the example's own address
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req) //nolint:gosec // see above
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // nothing is read from it
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the button %q is answered %s", label, res.Status)
	}
}

// Wait waits until ok.
func (s *Stage) Wait(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Linear.Wait(ctx, ok); err != nil {
		t.Fatal(err)
	}
}

// Replies waits until the thread has n replies of the bot and returns them.
func (s *Stage) Replies(t *testing.T, root *linearsim.Comment, n int) []string {
	t.Helper()
	var out []string
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.Linear.Wait(ctx, func() bool {
		out = nil
		for _, c := range root.Replies() {
			if c.Author.ID == s.App.User.ID {
				out = append(out, c.Body())
			}
		}
		return len(out) >= n
	})
	if err != nil {
		t.Fatalf("replies %q, want %d: %v", out, n, err)
	}
	return out
}
