package workspaces

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state/filestate"
)

// echoNet answers the OAuth endpoints, while it is on, with what they were sent.
type echoNet struct {
	next http.RoundTripper
	mu   sync.Mutex
	how  string // "", "400", "500", "html", "fail"
}

func (e *echoNet) set(how string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.how = how
}

func (e *echoNet) RoundTrip(req *http.Request) (*http.Response, error) {
	e.mu.Lock()
	how := e.how
	e.mu.Unlock()
	if how == "" {
		return e.next.RoundTrip(req)
	}
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	sent := string(body) + " " + req.Header.Get("Authorization") + " " + req.URL.String()
	if how == "fail" {
		return nil, errors.New("dial: " + sent)
	}
	status, media, text := 400, "application/json", ""
	switch how {
	case "400", "500":
		raw, err := json.Marshal(map[string]string{"error": "invalid_request", "error_description": sent})
		if err != nil {
			return nil, err
		}
		text = string(raw)
		if how == "500" {
			status = 500
		}
	case "html":
		media, text = "text/html", "<h1>"+sent
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {media}}, Request: req,
		Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

// encode returns v as JSON.
func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestSecretsStaySecret goes through the paths of failure with an OAuth endpoint
// that repeats what it is sent, and looks for secrets in all that can be seen.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	dir := t.TempDir()
	store, err := filestate.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r.store = store
	echo := &echoNet{next: r.http.Transport}
	keyText := GenerateKey()
	r.keys = r.parse(keyText)
	reg := r.process(func(c *Config) { c.HTTPClient = &http.Client{Transport: echo} })
	var seen bytes.Buffer
	look := func(what string, v any) { fmt.Fprintf(&seen, "\n%s: %v %+v %#v", what, v, v, v) }
	page := func(b *browser, method, address string) {
		w := b.visit(method, address)
		seen.WriteString(w.Body.String())
		if to := w.Header().Get("Location"); !strings.HasPrefix(to, r.sim.AuthorizeURL()) {
			seen.WriteString(to)
		}
	}
	secrets := []string{r.app.ClientSecret(), keyText}
	raw, _ := base64.StdEncoding.DecodeString(keyText)
	secrets = append(secrets, hex.EncodeToString(raw))
	keep := func() {
		s, err := reg.read(t.Context(), r.acme.ID)
		if err != nil || s == nil {
			return
		}
		secrets = append(secrets, s.access.text(), s.refresh.text())
		look("snapshot", s)
		look("record", s.rec)
	}

	for _, how := range []string{"400", "500", "html", "fail"} {
		b := r.browser(reg)
		back, err := r.app.Approve(b.begin(), r.ada)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, query(t, back).Get("code"))
		echo.set(how)
		page(b, http.MethodGet, back)
		echo.set("")
	}
	b := r.install(reg, r.ada)
	page(b, http.MethodGet, publicURL+InstalledPath)
	keep()
	for _, how := range []string{"400", "500", "html", "fail"} {
		r.clock.Advance(25 * time.Hour)
		echo.set(how)
		_, err := r.call(t.Context(), reg, r.acme.ID)
		look("call", err)
		look("sweep", reg.Sweep(t.Context()))
		_, err = reg.Disconnect(t.Context(), "nowhere", "x")
		look("disconnect", err)
		echo.set("")
		r.clock.Advance(time.Minute)
		_, err = r.call(t.Context(), reg, r.acme.ID)
		look("after", err)
		keep()
		r.install(reg, r.ada)
		keep()
	}
	w, err := reg.Workspace(t.Context(), r.acme.ID)
	look("workspace", w)
	look("error", err)
	all, err := reg.List(t.Context())
	listed := encode(t, all)
	look("list", listed)
	look("error", err)
	lines, _ := reg.Audit(t.Context(), r.acme.ID)
	look("audit", lines)
	look("counts", reg.Counts())
	look("registry", reg)
	look("config", reg.cfg)
	look("config", encode(t, reg.cfg))
	source := reg.Tokens(r.acme.ID)
	tok, err := source.Token(t.Context())
	look("token", tok)
	look("error", err)
	for rec, err := range store.Export(t.Context()) {
		seen.WriteString(encode(t, rec))
		seen.Write(rec.Value)
		look("export", err)
	}
	echo.set("500")
	_, err = reg.Disconnect(t.Context(), r.acme.ID, "test")
	look("disconnect", err)
	seen.WriteString(r.log.String())
	keep()

	onDisk := func() (out []byte) {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			out = append(out, data...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}()
	if len(onDisk) < 1000 || len(secrets) < 20 {
		t.Fatalf("%d bytes in the store, %d secrets: the test does not see what it is about", len(onDisk), len(secrets))
	}
	for _, s := range secrets {
		if s == "" {
			continue
		}
		for form, text := range map[string]string{"as it is": s, "in base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "="), "in hex": hex.EncodeToString([]byte(s))} {
			if i := strings.Index(seen.String(), text); i >= 0 {
				t.Errorf("a secret %s is seen: …%.300s", form, seen.String()[max(0, i-150):])
			}
			if bytes.Contains(onDisk, []byte(text)) {
				t.Errorf("a secret is in the store %s", form)
			}
		}
	}
	for _, prefix := range []string{"lin_oauth_", "lin_refresh_"} {
		if strings.Contains(seen.String(), prefix) || bytes.Contains(onDisk, []byte(prefix)) {
			t.Errorf("something that begins with %s is seen", prefix)
		}
	}
}

// Workspaces share nothing: the tokens, the refreshes and the end of one do not
// concern the other.
func TestWorkspacesApart(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{EndOnRefresh: true})
	reg := r.process()
	umbrella := r.sim.AddWorkspace("Umbrella", "umbrella")
	r.install(reg, r.ada)
	r.install(reg, umbrella.AddUser("Eve Curie", "eve"))
	orgs := []string{r.acme.ID, umbrella.ID}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 40 {
				org := orgs[(i+n)%2]
				got, err := r.call(ctx, reg, org)
				if err != nil || got != org {
					t.Errorf("%s: answered by %q, %v", org, got, err)
				}
				if i == 0 && n%10 == 9 {
					r.clock.Advance(25 * time.Hour)
				}
			}
		})
	}
	wg.Wait()
	// A record that is copied to another workspace opens nothing.
	raw, err := r.store.Get(t.Context(), recordKey(orgs[0]))
	if err != nil {
		t.Fatal(err)
	}
	moved := bytes.ReplaceAll(raw, []byte(orgs[0]), []byte(orgs[1]))
	for _, forged := range [][]byte{raw, moved} {
		if err := r.store.Set(t.Context(), recordKey(orgs[1]), forged, 0); err != nil {
			t.Fatal(err)
		}
		if tok, err := r.process().Tokens(orgs[1]).Token(t.Context()); err == nil {
			t.Errorf("a copied record gave a token: %v", tok)
		}
	}
	r.mustCall(reg, orgs[0])
}
