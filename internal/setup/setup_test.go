package setup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/proof"
	"github.com/linearbot/linearbot/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// freeAddr is an address to listen on, and a proxy that stands for the public
// address in front of it.
func freeAddr(t *testing.T) (addr, public string) {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	ln.Close()
	tr := &http.Transport{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
	proxy.Transport = tr
	srv := httptest.NewServer(proxy)
	t.Cleanup(func() { srv.Close(); tr.CloseIdleConnections() })
	return addr, srv.URL
}

func TestWizard(t *testing.T) {
	t.Parallel()
	sim, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	ws := sim.AddWorkspace("Acme", "acme")
	own := ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	shared := sim.RegisterApp(linearsim.OAuthApp{Name: "Helper Bot", RedirectURIs: []string{"https://x"}})
	addr, public := freeAddr(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	defer elsewhere.Close()
	nothing := httptest.NewServer(http.NotFoundHandler())
	defer nothing.Close()

	for _, tt := range []struct {
		name    string
		answers []string
		says    []string // on the way
		err     string
		env     []string
	}{
		{
			"one workspace",
			[]string{"not an address", public + "/", "Helper Bot", "", own.ClientID, own.ClientSecret, "whsec"},
			[]string{"give scheme and host only", "oauth.grant_types=client_credentials", "distribution=private", "the app is @helper-bot in Acme", "a signed delivery to " + public + "/api/webhooks/linear arrives"},
			"",
			[]string{"LINEAR_CLIENT_ID=" + own.ClientID, "LINEAR_CLIENT_SECRET=" + own.ClientSecret, "LINEAR_WEBHOOK_SECRET=whsec", "LINEARBOT_PUBLIC_URL=" + public},
		},
		{
			"many workspaces",
			[]string{public, "Linear Bot", "Helper Bot", "perhaps", "y", shared.ClientID, "two words", shared.ClientSecret(), "whsec"},
			[]string{`without "Linear"`, "answer y or n", "distribution=public", "copy it again", "Linear knows the app and takes its secret"},
			"",
			[]string{"LINEAR_ENCRYPTION_KEY="},
		},
		{"wrong secret", []string{public, "Helper Bot", "y", shared.ClientID, "wrong", "whsec"}, nil, "refused the client id or the client secret", nil},
		{"wrong secret of one", []string{public, "Helper Bot", "n", own.ClientID, "wrong", "whsec"}, nil, "the app cannot log in", nil},
		{"the proxy leads elsewhere", []string{elsewhere.URL, "Helper Bot", "n", own.ClientID, own.ClientSecret, "whsec"}, nil, "the answer does not come from " + addr, nil},
		{"the path is not there", []string{nothing.URL, "Helper Bot", "n", own.ClientID, own.ClientSecret, "whsec"}, nil, "pass the path", nil},
		{"nothing is there", []string{"http://127.0.0.1:1", "Helper Bot", "n", own.ClientID, own.ClientSecret, "whsec"}, nil, "cannot be reached", nil},
		{"the input ends", []string{public, "Helper Bot"}, nil, ErrStopped.Error(), nil},
		{"never an answer", []string{"", "", "", "", "", "", ""}, nil, ErrStopped.Error(), nil},
	} {
		tr := &http.Transport{}
		var out bytes.Buffer
		w := &Wizard{
			In: strings.NewReader(strings.Join(tt.answers, "\n") + "\n"), Out: &out, Addr: addr,
			APIURL: sim.GraphQLURL(), HTTPClient: &http.Client{Transport: tr},
		}
		env, err := w.Run(t.Context())
		tr.CloseIdleConnections()
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
		for _, want := range tt.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: it does not say %q:\n%s", tt.name, want, &out)
			}
		}
		for _, want := range tt.env {
			if !strings.Contains(env.String(), want) {
				t.Errorf("%s: %q is missing in\n%s", tt.name, want, env)
			}
		}
		if errors.Is(err, ErrStopped) && env != nil {
			t.Errorf("%s: it gave %v", tt.name, env)
		}
		for _, secret := range []string{own.ClientSecret, shared.ClientSecret(), "whsec"} {
			if strings.Contains(out.String(), secret) || err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: a secret is shown:\n%s\n%v", tt.name, &out, err)
			}
		}
	}
}

// If another process has the address already, only a bot with this secret passes
// for the bot, whatever else answers 200.
func TestAddressIsTaken(t *testing.T) {
	t.Parallel()
	running := func(secret string) http.Handler {
		srv, err := webhook.NewServer(webhook.Config{Secrets: []string{"old", secret}, Acceptor: dropping{}})
		if err != nil {
			t.Fatal(err)
		}
		return srv.Handler()
	}
	for _, tt := range []struct {
		name  string
		there http.Handler
		err   string
	}{
		{name: "a bot with this secret", there: running("whsec")},
		{name: "a bot with another secret", there: running("other"), err: "401"},
		{name: "something that answers 200", there: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), err: "another process listens on"},
		{
			name: "something that repeats what it gets", err: "another process listens on",
			there: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(proof.Header, r.Header.Get("Linear-Signature"))
				_, _ = io.Copy(w, r.Body)
			}),
		},
	} {
		there := httptest.NewServer(tt.there)
		tr := &http.Transport{}
		var out bytes.Buffer
		w := &Wizard{In: strings.NewReader(""), Out: &out, Addr: there.Listener.Addr().String(), HTTPClient: &http.Client{Transport: tr}}
		w.defaults()
		err := w.checkWebhook(t.Context(), there.URL+w.Path, "whsec")
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
		tr.CloseIdleConnections()
		there.Close()
	}
}

// dropping accepts deliveries and drops them.
type dropping struct{}

func (dropping) Accept(context.Context, *adapter.Delivery) error { return nil }
