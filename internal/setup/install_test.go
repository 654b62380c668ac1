package setup

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// operator answers the questions of a wizard. It installs the app when it is asked
// to, and presses Enter.
type operator struct {
	bytes.Buffer

	answers *io.PipeWriter
	install func()
}

func (o *operator) Write(p []byte) (int, error) {
	n, err := o.Buffer.Write(p)
	switch text := string(p); {
	case strings.Contains(text, "[y/N]"):
		go o.answer("y")
	case strings.Contains(text, "Press Enter"):
		go func() { o.install(); o.answer("") }()
	}
	return n, err
}

func (o *operator) answer(text string) { _, _ = io.WriteString(o.answers, text+"\n") }

// The wizard serves the install page, says who the app is in each workspace, and
// leaves the installations in the store.
func TestInstall(t *testing.T) {
	t.Parallel()
	sim, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	addr, public := freeAddr(t)
	app := sim.RegisterApp(linearsim.OAuthApp{
		Name: "Helper Bot", DisplayName: "helper-bot", RedirectURIs: []string{public + workspaces.CallbackPath},
	})
	people := []*linearsim.User{
		sim.AddWorkspace("Acme", "acme").AddUser("Ada Byron", "ada"), sim.AddWorkspace("Umbrella", "umbrella").AddUser("Eve Curie", "eve"),
	}
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	install := func() {
		for _, by := range people {
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Error(err)
				return
			}
			client := &http.Client{Transport: tr, Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
				if strings.HasPrefix(req.URL.String(), sim.AuthorizeURL()) {
					return http.ErrUseLastResponse
				}
				return nil
			}}
			resp, err := client.Post(public+workspaces.InstallPath, "application/x-www-form-urlencoded", nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			back, err := app.Approve(resp.Header.Get("Location"), by)
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err = client.Get(back); err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("%+v, %v", resp, err)
				return
			}
			resp.Body.Close()
		}
	}
	env := Env{
		{"LINEAR_CLIENT_ID", app.ClientID, ""},
		{"LINEAR_CLIENT_SECRET", app.ClientSecret(), ""},
		{"LINEAR_WEBHOOK_SECRET", "whsec", ""},
		{"LINEARBOT_PUBLIC_URL", public, ""},
		{"LINEAR_ENCRYPTION_KEY", workspaces.GenerateKey(), ""},
	}
	for _, tt := range []struct {
		name    string
		install func()
		says    []string
	}{
		{"none", func() {}, []string{"no workspace has installed it yet"}},
		{"two", install, []string{public + workspaces.InstallPath, "the app is @helper-bot in Acme", "the app is @helper-bot in Umbrella"}},
	} {
		store := memstate.New(memstate.Options{})
		in, answers := io.Pipe()
		o := &operator{answers: answers, install: tt.install}
		w := &Wizard{In: in, Out: o, Addr: addr, APIURL: sim.GraphQLURL(), HTTPClient: &http.Client{Transport: tr}}
		w.defaults()
		if err := w.Install(t.Context(), env, func() (state.Store, error) { return store, nil }); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		for _, want := range tt.says {
			if !strings.Contains(o.String(), want) {
				t.Errorf("%s: it does not say %q:\n%s", tt.name, want, o.String())
			}
		}
	}

	// No answer is a no, and opens no store.
	w := &Wizard{In: strings.NewReader(""), Out: io.Discard, Addr: addr}
	w.defaults()
	if err := w.Install(t.Context(), env, func() (state.Store, error) { return nil, errors.New("opened") }); err != nil {
		t.Error(err)
	}
}
