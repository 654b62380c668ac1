package linearsim

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const back = "https://bot.test/callback"

// flow is a world with an app that anyone can install.
type flow struct {
	*world
	client *OAuthClient
}

func newFlow(t *testing.T, app OAuthApp) *flow {
	t.Helper()
	w := newWorld(t, Config{})
	app.Name, app.RedirectURIs = "Guest Bot", []string{back}
	return &flow{w, w.srv.RegisterApp(app)}
}

const verifier = "a-verifier-that-is-long-enough-for-the-standard-0123456789"

func (f *flow) address(change ...string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {f.client.ClientID}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"read,write"},
		"state": {"st&1"}, "actor": {"app"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	return f.srv.AuthorizeURL() + "?" + q.Encode()
}

// code approves and returns the code.
func (f *flow) code(by *User, change ...string) string {
	f.tb.Helper()
	to, err := f.client.Approve(f.address(change...), by)
	if err != nil {
		f.tb.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, back+"?") || u.Query().Get("state") != "st&1" {
		f.tb.Fatalf("sent to %q, %v", to, err)
	}
	return u.Query().Get("code")
}

func (f *flow) exchange(code string, change ...string) (int, map[string]any) {
	f.tb.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "code_verifier": {verifier},
		"client_id": {f.client.ClientID}, "client_secret": {f.client.ClientSecret()},
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return f.post(f.srv.TokenURL(), form, nil)
}

func (f *flow) refresh(token any) (int, map[string]any) {
	f.tb.Helper()
	text, _ := token.(string)
	return f.post(f.srv.TokenURL(), url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {text},
		"client_id": {f.client.ClientID}, "client_secret": {f.client.ClientSecret()},
	}, nil)
}

func TestAuthorizeAndExchange(t *testing.T) {
	t.Parallel()
	f := newFlow(t, OAuthApp{})
	for _, tt := range []struct {
		name   string
		change []string
		want   string // error in the redirect, or of the call
	}{
		{"another redirect", []string{"redirect_uri", back + "/"}, "Invalid redirect_uri"},
		{"unknown app", []string{"client_id", "x"}, "Invalid client_id"},
		{"no scope", []string{"scope", ""}, "error=invalid_scope"},
		{"admin as an app", []string{"scope", "read,admin"}, "error=invalid_scope"},
		{"token response", []string{"response_type", "token"}, "error=unsupported_response_type"},
		{"odd challenge", []string{"code_challenge_method", "S512"}, "error=invalid_request"},
	} {
		to, err := f.client.Approve(f.address(tt.change...), f.ada)
		if err == nil && !strings.Contains(to, tt.want) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %q, %v, want %q", tt.name, to, err, tt.want)
		}
	}
	if to, err := f.client.Deny(f.address(), f.ada); err != nil || !strings.Contains(to, "error=access_denied") || !strings.Contains(to, "state=st%261") {
		t.Errorf("denied: %q, %v", to, err)
	}
	if f.client.Installation(f.ws) != nil {
		t.Fatal("installed without an approval")
	}

	code := f.code(f.ada)
	in := f.client.Installation(f.ws)
	if in == nil || !in.User.App || in.User.ws != f.ws {
		t.Fatalf("installation %+v", in)
	}
	for _, tt := range []struct {
		name   string
		change []string
		status int
	}{
		{"wrong verifier", []string{"code_verifier", "x"}, 400},
		{"other redirect", []string{"redirect_uri", back + "x"}, 400},
		{"wrong secret", []string{"client_secret", "x"}, 401},
		{"wrong code", []string{"code", "x"}, 400},
		{"right", nil, 200},
		{"again", nil, 400},
	} {
		if status, got := f.exchange(code, tt.change...); status != tt.status {
			t.Errorf("%s: %d %v, want %d", tt.name, status, got, tt.status)
		}
	}
	old := f.code(f.ada)
	f.clock.Advance(codeLife)
	if status, _ := f.exchange(old); status != 400 {
		t.Error("an old code was exchanged")
	}
	// A proof is enough without the secret.
	status, got := f.exchange(f.code(f.ada), "client_secret", "")
	if status != 200 || got["expires_in"] != 86399.0 || got["scope"] != "read write" || f.status(got["access_token"]) != 200 {
		t.Errorf("with the verifier alone: %d %v", status, got)
	}
	if status, _ := f.exchange(f.code(f.ada, "code_challenge", ""), "client_secret", ""); status != 401 {
		t.Error("neither secret nor verifier")
	}
	// The page itself: a form, then a redirect.
	resp, err := http.Get(f.address())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("page: %d", resp.StatusCode)
	}
	f.client.client(t).then(f.address(), url.Values{"person": {f.ada.ID}, "decision": {"deny"}}, 302)
	f.client.client(t).then(f.address("client_id", "x"), url.Values{}, 400)
	f.client.client(t).then(f.address(), url.Values{"person": {"x"}}, 400)
}

// browser posts forms and follows nothing.
type browser struct {
	t *testing.T
	c *http.Client
}

func (*OAuthClient) client(t *testing.T) browser {
	return browser{t, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b browser) then(address string, form url.Values, status int) {
	b.t.Helper()
	resp, err := b.c.PostForm(address, form)
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != status {
		b.t.Errorf("status %d, want %d", resp.StatusCode, status)
	}
}

func TestRefreshRotation(t *testing.T) {
	t.Parallel()
	f := newFlow(t, OAuthApp{EndOnRefresh: true, RefreshLife: 48 * time.Hour})
	_, first := f.exchange(f.code(f.ada))
	f.clock.Advance(time.Hour)
	_, second := f.refresh(first["refresh_token"])
	if second["refresh_token"] == first["refresh_token"] || f.status(first["access_token"]) != 401 || f.status(second["access_token"]) != 200 {
		t.Fatal("the pair was not replaced")
	}
	f.clock.Advance(replayWindow - time.Second)
	_, again := f.refresh(first["refresh_token"])
	if again["refresh_token"] != second["refresh_token"] || again["access_token"] != second["access_token"] {
		t.Error("the replay gave another pair")
	}
	f.clock.Advance(time.Second)
	if status, got := f.refresh(first["refresh_token"]); status != 400 || got["error"] != "invalid_request" {
		t.Errorf("after the window: %d %v", status, got)
	}
	f.clock.Advance(48 * time.Hour)
	if status, _ := f.refresh(second["refresh_token"]); status != 400 {
		t.Error("an expired refresh token worked")
	}
	if status, got := f.refresh("x"); status != 400 || got["error"] != "invalid_grant" {
		t.Errorf("unknown: %d %v", status, got)
	}

	_, third := f.exchange(f.code(f.ada))
	f.client.RotateSecret()
	if status, _ := f.refresh(third["refresh_token"]); status != 200 {
		t.Error("the new secret was refused")
	}
	_, fourth := f.exchange(f.code(f.ada))
	text, _ := fourth["refresh_token"].(string)
	for _, tt := range []struct {
		form   url.Values
		status int
	}{
		{url.Values{"token": {text}, "access_token": {"x"}}, 400},
		{url.Values{"token": {text}, "token_type_hint": {"refresh_token"}}, 200},
		{url.Values{"token": {text}}, 400},
		{url.Values{}, 401},
	} {
		if status, got := f.post(f.srv.RevokeURL(), tt.form, nil); status != tt.status {
			t.Errorf("revoke %v: %d %v", tt.form, status, got)
		}
	}
	if f.status(fourth["access_token"]) != 401 {
		t.Error("the access token of a revoked grant works")
	}
}

// One app in two workspaces: each installation has its own user and tokens, and
// goes alone.
func TestAppInTwoWorkspaces(t *testing.T) {
	t.Parallel()
	f := newFlow(t, OAuthApp{ClientCredentials: true})
	other := f.srv.AddWorkspace("Umbrella", "umbrella")
	eve := other.AddUser("Eve Curie", "eve")
	_, one := f.exchange(f.code(f.ada))
	_, two := f.exchange(f.code(eve))
	in, there := f.client.Installation(f.ws), f.client.Installation(other)
	if in.User == there.User || in.User.ID == there.User.ID {
		t.Fatal("one user in two workspaces")
	}
	in.Uninstall()
	if f.status(one["access_token"]) != 401 || f.status(two["access_token"]) != 200 {
		t.Error("uninstalled in the wrong workspace")
	}
	if status, _ := f.refresh(one["refresh_token"]); status != 400 {
		t.Error("the refresh token outlived the installation")
	}
	if status, _ := f.refresh(two["refresh_token"]); status != 200 {
		t.Error("the other refresh token is gone")
	}
	_, _ = f.exchange(f.code(f.ada))
	if back := f.client.Installation(f.ws); back == nil || back.User != in.User {
		t.Error("installed again, it has another user")
	}
	// Client credentials stand one at a time beside another grant.
	credentials := func() any {
		_, got := f.post(f.srv.TokenURL(), url.Values{
			"grant_type": {"client_credentials"}, "client_id": {f.client.ClientID}, "client_secret": {f.client.ClientSecret()}, "scope": {"read,write"},
		}, nil)
		return got["access_token"]
	}
	a := credentials()
	b := credentials()
	if f.status(a) != 401 || f.status(b) != 200 {
		t.Error("two client-credentials tokens beside another grant")
	}
}
