package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// desk is the ticketing API of a process.
type desk struct {
	base, token string
}

// send sends a request. The caller closes the body of the answer.
func (d *desk) send(t *testing.T, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// call sends a request and reads the answer, whose status must be want.
func (d *desk) call(t *testing.T, want int, method, path, body string) string {
	t.Helper()
	res := d.send(t, method, path, body)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, res.StatusCode, want, raw)
	}
	return string(raw)
}

// until requests a path until the answer contains text.
func (d *desk) until(t *testing.T, path, text string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		got := d.call(t, http.StatusOK, http.MethodGet, path, "")
		if strings.Contains(got, text) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s has no %q: %s", path, text, got)
		}
	}
}

// makeToken runs "linearbot tokens create" on a store.
func makeToken(t *testing.T, store string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "tokens", "create", "Grace Hopper", "--role", "admin", "--store", store)
	cmd.Env = []string{asCommand + "=1"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// The ticketing API works alongside the bot: its requests and the deliveries that
// both receive.
func TestServeTicketing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	store := "file:" + filepath.Join(t.TempDir(), "tickets")
	token := makeToken(t, store)
	p := s.serve(t, "127.0.0.1:0", "LINEARBOT_TICKETING=true", "LINEARBOT_TICKETING_STATE="+store, "LINEARBOT_TICKETING_PREFIX=/desk",
		"LINEARBOT_ADMIN_TOKEN=operator-token-0123456789", "LINEARBOT_HELPDESK_URL=https://desk.test/app/accounts/{account}/conversations/{conversation}")
	s.app.SetWebhook(linearsim.Webhook{URL: p.url, Secret: webhookSecret})
	base := strings.TrimSuffix(p.url, "/api/webhooks/linear") + "/desk"
	p.says(t, "ticketing API at "+base+", documented at "+base+"/docs")
	p.says(t, "console at "+strings.TrimSuffix(base, "/desk")+"/console/")
	stranger, d := &desk{base: base}, &desk{base, token}

	// Tokens.
	const tickets = "/unified/ticketing/tickets"
	stranger.call(t, http.StatusUnauthorized, http.MethodGet, tickets, "")
	(&desk{base, token + "x"}).call(t, http.StatusUnauthorized, http.MethodGet, tickets, "")
	stranger.call(t, http.StatusOK, http.MethodGet, "/docs", "")

	// A ticket is created in Linear and read.
	made := d.call(t, http.StatusCreated, http.MethodPost, tickets, `{"name":"Printer on fire","team":"ENG"}`)
	var ticket struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(made), &ticket); err != nil || ticket.ID == "" {
		t.Fatalf("the answer %s has no id: %v", made, err)
	}
	if got := d.call(t, http.StatusOK, http.MethodGet, tickets+"/"+ticket.ID, ""); !strings.Contains(got, "Printer on fire") {
		t.Errorf("the ticket is %s", got)
	}

	// The bot answers as before.
	root := s.ada.Comment(s.issue, "@helper-bot are you there?")
	s.wait(t, "the answer to a mention", func() bool { return len(s.replies(root)) == 1 })

	// Changes in Linear reach the API through the bot's webhook.
	d.call(t, http.StatusCreated, http.MethodPost, "/conversations/7/links?account_id=1", `{"issue":"`+s.issue.Identifier+`"}`)
	s.ada.UpdateIssue(s.issue, linearsim.IssueChange{State: "Done"})
	d.until(t, "/conversations/7/activities?account_id=1", "Done")

	// An open stream does not delay the shutdown of the server.
	stream := d.send(t, http.MethodGet, "/conversations/7/events?account_id=1", "")
	defer stream.Body.Close()
	if stream.StatusCode != http.StatusOK {
		t.Fatalf("the stream has status %d", stream.StatusCode)
	}
	if code := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if n := len(s.replies(root)); n != 1 {
		t.Errorf("the bot answered %d times, want once", n)
	}
	for _, secret := range []string{token, webhookSecret, s.app.Token()} {
		if strings.Contains(p.output(), secret) {
			t.Errorf("the log holds a secret:\n%s", p.output())
		}
	}
}

// A plain bot serves no API and opens no second store.
func TestServeWithoutTicketing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dir := filepath.Join(t.TempDir(), "tickets")
	p := s.serve(t, "127.0.0.1:0", "LINEARBOT_TICKETING_STATE=file:"+dir, "LINEARBOT_HELPDESK_WORDING=short")
	d := &desk{base: strings.TrimSuffix(p.url, "/api/webhooks/linear")}
	d.call(t, http.StatusNotFound, http.MethodGet, "/ticketing/docs", "")
	p.says(t, "LINEARBOT_HELPDESK_WORDING has no effect")
	if code := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the store of the API was opened")
	}
	if strings.Contains(p.output(), "is not a variable of linearbot") {
		t.Errorf("a variable is unknown:\n%s", p.output())
	}
}
