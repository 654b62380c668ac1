package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/cli"
)

// ready requests /readyz.
func (p *process) ready(t *testing.T) (int, map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(p.url, "/api/webhooks/linear")+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body map[string]string
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

// says waits until the process has written a text.
func (p *process) says(t *testing.T, text string) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	late := time.After(30 * time.Second)
	for !strings.Contains(p.output(), text) {
		select {
		case <-ticker.C:
		case <-late:
			t.Fatalf("it does not say %q:\n%s", text, p.output())
		}
	}
}

// The startup log names the bot's identity, and readiness waits for it.
func TestServeSaysWhoItIs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	p := s.serve(t, "127.0.0.1:0")
	p.says(t, "connected to Acme as @helper-bot")
	if status, body := p.ready(t); status != 200 || body["linear"] != "ok" || body["bot"] != "ok" {
		t.Errorf("/readyz = %d %v, want ready", status, body)
	}
	if strings.Contains(p.output(), "belongs to a person") {
		t.Errorf("an app is taken for a person:\n%s", p.output())
	}
}

func TestServeWithPersonalKey(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	p := s.serve(t, "127.0.0.1:0", "LINEAR_API_KEY="+s.ada.APIKey(), "LINEAR_CLIENT_ID=", "LINEAR_CLIENT_SECRET=")
	p.says(t, "connected to Acme as @ada")
	p.says(t, "LINEAR_API_KEY belongs to a person: the bot acts as Ada Byron (@ada)")
}

func TestServeWithWrongSecret(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	p := s.serve(t, "127.0.0.1:0", "LINEAR_CLIENT_SECRET=wrong")
	const reason = "Linear refuses LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET"
	p.says(t, reason)
	if status, body := p.ready(t); status != 503 || !strings.HasPrefix(body["linear"], reason) {
		t.Errorf("/readyz = %d %v, want 503 with the reason", status, body)
	}
}

// The bot survives an outage at startup: deliveries are stored, the cause is
// logged once, and the stored messages are answered when Linear is back.
func TestServeStartsDuringOutage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.linear.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, Times: 10_000, Status: http.StatusBadGateway})
	p := s.serve(t, "127.0.0.1:0", "LINEARBOT_LOG_LEVEL=info")
	s.app.SetWebhook(linearsim.Webhook{URL: p.url, Secret: webhookSecret})
	root := s.ada.Comment(s.issue, "@helper-bot are you there?")
	other := s.ada.Comment(s.issue, "@helper-bot and here?")
	if err := s.linear.Flush(t.Context()); err != nil { // both are answered 200
		t.Fatal(err)
	}
	p.says(t, "Linear cannot be reached")
	p.says(t, "turn waits: the bot does not know yet who it is")
	if status, body := p.ready(t); status != 503 || !strings.HasPrefix(body["linear"], "Linear cannot be reached") {
		t.Errorf("/readyz = %d %v, want 503 with the reason", status, body)
	}
	s.linear.ClearFaults()
	s.wait(t, "the answers after the outage", func() bool { return len(s.replies(root))+len(s.replies(other)) == 2 })
	p.says(t, "connected to Acme as @helper-bot")
	if code := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	for _, once := range []string{"Linear cannot be reached", "turn waits: the bot does not know yet"} {
		if n := strings.Count(p.output(), once); n != 1 {
			t.Errorf("%q is said %d times, want once:\n%s", once, n, p.output())
		}
	}
}

// A second signal ends the process at once, while it drains.
func TestServeSecondSignal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	p := s.serve(t, "127.0.0.1:0", "LINEARBOT_DRAIN_TIMEOUT=1h")
	p.says(t, "connected to")
	s.app.SetWebhook(linearsim.Webhook{URL: p.url, Secret: webhookSecret})
	s.linear.Fault(linearsim.Fault{Operation: "commentCreate", Delay: 3 * time.Second})
	s.ada.Comment(s.issue, "@helper-bot take your time")
	s.wait(t, "the reply under way", func() bool { return s.linear.Count("commentCreate") > 0 })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// A different signal, because the system may merge two equal ones.
	if code := p.stop(t, syscall.SIGINT); code != cli.ExitFailed {
		t.Errorf("exit code %d after a second signal, want %d", code, cli.ExitFailed)
	}
}
