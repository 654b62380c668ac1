package linearsim

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// post sends a form to an OAuth endpoint.
func (w *world) post(address string, form url.Values, header http.Header) (int, map[string]any) {
	w.tb.Helper()
	req, err := http.NewRequestWithContext(w.tb.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(req.Header, header)
	resp, err := w.client.Do(req)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.tb.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(raw, &out); err != nil {
		w.tb.Fatalf("%s: %v", raw, err)
	}
	return resp.StatusCode, out
}

func (w *world) fetch(scope string) (int, map[string]any) {
	w.tb.Helper()
	return w.post(w.srv.TokenURL(), url.Values{
		"grant_type": {"client_credentials"}, "client_id": {w.app.ClientID}, "client_secret": {w.app.ClientSecret}, "scope": {scope},
	}, nil)
}

func (w *world) status(token any) int {
	w.tb.Helper()
	text, _ := token.(string)
	return w.as("Bearer "+text, `{viewer{id}}`, nil).Status
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	closed := w.ws.InstallApp(App{Name: "Closed"})
	id, pass := w.app.ClientID, w.app.ClientSecret
	form := func(kv ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v
	}
	basic := func(id, pass string) http.Header {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(id, pass)
		return r.Header
	}
	const grant = "client_credentials"
	for _, tt := range []struct {
		name   string
		form   url.Values
		header http.Header
		status int
		want   map[string]any
	}{
		{"fields", form("grant_type", grant, "client_id", id, "client_secret", pass, "scope", "read,write"), nil, 200, map[string]any{"token_type": "Bearer", "expires_in": 2591999.0, "scope": "read write"}},
		{"basic", form("grant_type", grant, "scope", "write read"), basic(id, pass), 200, map[string]any{"token_type": "Bearer", "expires_in": 2591999.0, "scope": "read write"}},
		{"wrong secret", form("grant_type", grant, "scope", "read"), basic(id, "x"), 401, map[string]any{"error": "invalid_client"}},
		{"wrong client", form("grant_type", grant, "scope", "read", "client_id", "x", "client_secret", pass), nil, 401, map[string]any{"error": "invalid_client"}},
		{"no client", form("grant_type", grant, "scope", "read"), nil, 401, map[string]any{"error": "invalid_client"}},
		{"no scope", form("grant_type", grant), basic(id, pass), 400, map[string]any{"error": "invalid_request"}},
		{"other grant", form("grant_type", "password"), basic(id, pass), 400, map[string]any{"error": "unsupported_grant_type"}},
		{"not enabled", form("grant_type", grant, "scope", "read"), basic(closed.ClientID, closed.ClientSecret), 400, map[string]any{"error": "Error", "error_description": "Client does not support the client_credentials grant type"}},
		{"JSON", form("grant_type", grant), http.Header{"Content-Type": {"application/json"}}, 400, map[string]any{"error": "invalid_request"}},
	} {
		status, got := w.post(w.srv.TokenURL(), tt.form, tt.header)
		if token, ok := got["access_token"]; ok != (tt.status == 200) || ok && w.status(token) != 200 {
			t.Errorf("%s: token %v", tt.name, token)
		}
		delete(got, "access_token")
		if _, ok := tt.want["error_description"]; !ok {
			delete(got, "error_description")
		}
		if d := cmp.Diff(tt.want, got); status != tt.status || d != "" {
			t.Errorf("%s: status %d, want %d (-want +got):\n%s", tt.name, status, tt.status, d)
		}
	}
	if w.srv.Count(TokenEndpoint) == 0 {
		t.Error("not counted")
	}
}

func TestTokenLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	own := w.app.Token()
	if own != w.app.Token() {
		t.Error("another token although the first is valid")
	}
	w.clock.Advance(24*time.Hour - time.Second)
	if got := w.status(own); got != 200 {
		t.Errorf("before its end: %d", got)
	}
	w.clock.Advance(time.Second)
	if got := w.status(own); got != 401 {
		t.Errorf("after its end: %d", got)
	}
	_, a := w.fetch("read,write")
	_, b := w.fetch("write,read")
	if w.status(a["access_token"]) != 200 || w.status(b["access_token"]) != 200 {
		t.Error("tokens with the same scopes do not live side by side")
	}
	_, c := w.fetch("read")
	if w.status(a["access_token"]) != 401 || w.status(b["access_token"]) != 401 || w.status(c["access_token"]) != 200 {
		t.Error("other scopes did not revoke the earlier tokens")
	}
	w.clock.Advance(30*24*time.Hour - time.Millisecond)
	if w.status(c["access_token"]) != 200 {
		t.Error("client credentials ended early")
	}
	w.clock.Advance(time.Millisecond)
	if w.status(c["access_token"]) != 401 {
		t.Error("client credentials did not end")
	}

	_, d := w.fetch("read")
	key := w.ada.APIKey()
	w.app.RevokeTokens()
	if w.status(d["access_token"]) != 401 || w.as(key, `{viewer{id}}`, nil).Status != 200 {
		t.Error("RevokeTokens")
	}
	_, e := w.fetch("read")
	text, _ := e["access_token"].(string)
	if status, _ := w.post(w.srv.RevokeURL(), url.Values{"token": {text}}, nil); status != 200 || w.status(text) != 401 {
		t.Error("revocation endpoint")
	}
	if status, _ := w.post(w.srv.RevokeURL(), url.Values{"token": {text}}, nil); status != 400 {
		t.Error("revoked twice")
	}
	w.app.Uninstall()
	w.app.Uninstall()
	if status, _ := w.fetch("read"); status != 401 {
		t.Error("uninstalled app got a token")
	}
}
