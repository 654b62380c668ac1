package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
)

// The binary serves two workspaces that install its app, and remembers them
// after a restart. No output contains a token or a key.
func TestServeInstallations(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	public := "http://" + addr
	app := s.linear.RegisterApp(linearsim.OAuthApp{
		Name: "Guest Bot", DisplayName: "guest-bot", RedirectURIs: []string{public + workspaces.CallbackPath},
		Webhook: &linearsim.Webhook{URL: public + "/api/webhooks/linear", Secret: webhookSecret},
	})
	key := workspaces.GenerateKey()
	store := "file:" + filepath.Join(t.TempDir(), "tickets")
	token := makeToken(t, store)
	env := []string{
		"LINEARBOT_TICKETING=yes", "LINEARBOT_TICKETING_STATE=" + store,
		"LINEAR_CLIENT_ID=" + app.ClientID, "LINEAR_CLIENT_SECRET=" + app.ClientSecret(),
		"LINEARBOT_PUBLIC_URL=" + public, "LINEAR_ENCRYPTION_KEY=" + key,
		"LINEAR_WEBHOOK_SECRET=" + webhookSecret + ",retired;until=2020-01-01",
	}
	p := s.serve(t, addr, env...)
	p.says(t, "acting by OAuth installations, from Installations (LINEARBOT_PUBLIC_URL and LINEAR_ENCRYPTION_KEY)")
	p.says(t, "0 workspaces have installed the app; others do it at "+public+"/linear/install")

	umbrella := s.linear.AddWorkspace("Umbrella", "umbrella")
	eve := umbrella.AddUser("Eve Curie", "eve")
	there := umbrella.AddTeam("OPS", "Operations").AddIssue(eve, "Printer on fire", "")
	install := func(by *linearsim.User, link string) {
		t.Helper()
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{}
		defer tr.CloseIdleConnections()
		client := &http.Client{Transport: tr, Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(req.URL.String(), s.linear.AuthorizeURL()) {
				return http.ErrUseLastResponse
			}
			return nil
		}}
		begin := func() (*http.Response, error) {
			if link != "" {
				return client.Get(link)
			}
			return client.Post(public+workspaces.InstallPath, "application/x-www-form-urlencoded", nil)
		}
		resp, err := begin()
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		back, err := app.Approve(resp.Header.Get("Location"), by)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err = client.Get(back); err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(page), "is installed in") {
			t.Fatalf("%s, %v", page, err)
		}
	}
	d := &desk{public + "/ticketing", token}
	// One begins on the page, the other by a link that a helpdesk made for its
	// account.
	install(s.ada, "")
	var link struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal([]byte(d.call(t, http.StatusCreated, http.MethodPost, "/integrated-account", `{"account_id":"7"}`)), &link); err != nil {
		t.Fatal(err)
	}
	install(eve, link.URL)
	if got := d.call(t, http.StatusOK, http.MethodGet, "/integrated-account/"+umbrella.ID, ""); !strings.Contains(got, `"account_id":"7"`) {
		t.Errorf("the workspace is not of the account that it was connected for: %s", got)
	}
	if got := d.call(t, http.StatusOK, http.MethodPost, "/integrated-account/"+umbrella.ID+"/refresh", ""); !strings.Contains(got, `"status":"active"`) {
		t.Errorf("after a refresh: %s", got)
	}
	answered := func(root *linearsim.Comment) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := s.linear.Wait(ctx, func() bool { return len(root.Replies()) == 1 }); err != nil {
			t.Fatalf("no answer: %v", err)
		}
	}
	answered(s.ada.Comment(s.issue, "@guest-bot hello"))
	answered(eve.Comment(there, "@guest-bot hello"))

	again := s.restart(t, p, addr, env...)
	again.says(t, "2 workspaces have installed the app")
	answered(s.ada.Comment(s.issue, "@guest-bot still there?"))

	// The ticketing API works in both workspaces, each under its own id.
	made := d.call(t, http.StatusCreated, http.MethodPost, "/unified/ticketing/tickets?integrated_account_id="+umbrella.ID, `{"name":"Paper is out","team":"OPS"}`)
	if !strings.Contains(made, "OPS-2") {
		t.Errorf("the ticket is %s, want OPS-2", made)
	}
	if got := d.call(t, http.StatusOK, http.MethodGet, "/integrated-account", ""); !strings.Contains(got, umbrella.ID) || strings.Count(got, `"provider"`) != 2 {
		t.Errorf("the connections are %s, want two", got)
	}
	// With another key, what is wrong is said wherever people look.
	env[5] = "LINEAR_ENCRYPTION_KEY=" + workspaces.GenerateKey()
	keyless := s.restart(t, again, addr, env...)
	keyless.says(t, "tokens cannot be decrypted: look at LINEAR_ENCRYPTION_KEY")
	if got := unready(t, public); !strings.Contains(got, "LINEAR_ENCRYPTION_KEY does not decrypt the tokens of 2 workspaces") {
		t.Errorf("/readyz says %s", got)
	}

	for _, out := range []string{p.output(), again.output(), keyless.output()} {
		for _, secret := range []string{key, app.ClientSecret(), webhookSecret, "lin_oauth_", "lin_refresh_", "code="} {
			if strings.Contains(out, secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	}
}

// unready waits until a server says that it is not ready, and why.
func unready(t *testing.T, public string) string {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		res, err := http.Get(public + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err == nil && res.StatusCode == http.StatusServiceUnavailable && strings.Contains(string(body), "decrypt") {
			return string(body)
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz answers %s: %s", res.Status, body)
		}
	}
}

// restart stops a process cleanly and starts another one.
func (s *stage) restart(t *testing.T, p *process, addr string, env ...string) *process {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.wg.Wait()
	return s.serve(t, addr, env...)
}
