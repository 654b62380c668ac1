package linearsim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// ServeConfig configures [Serve].
type ServeConfig struct {
	// Config configures the server. Control is always on.
	Config Config
	// SeedFile is the path of a seed file, JSON or YAML. Defaults to a small
	// workspace of the server's own; see [Scene].
	SeedFile string
	// StateFile is the path of a [Snapshot] to begin with, if the file exists, which is
	// written again at the end. It takes precedence over SeedFile. Defaults to none.
	StateFile string
	// WebhookURL is where the app of the built-in workspace sends its events.
	// Defaults to none.
	WebhookURL string
	// VirtualClock starts a clock at the time of this machine that moves only
	// by requests to /sim/clock.
	VirtualClock bool
	// JSON prints one JSON object instead of lines for people.
	JSON bool
}

// sceneTypes are what the app of the built-in workspace subscribes to.
func sceneTypes() []string {
	return []string{"Comment", "Issue", "Reaction", typeSessionEvent, typeNotification, "PermissionChange"}
}

// Serve runs a simulator for bots in any language until ctx ends: it prints to out the
// environment that a bot needs, and serves the control API below /sim/. It returns nil
// if nothing failed. Without a StateFile nothing is kept.
func Serve(ctx context.Context, cfg ServeConfig, out io.Writer) (err error) {
	cfg.Config.Control = true
	if cfg.VirtualClock {
		cfg.Config.Clock = NewClock(time.Now())
	}
	srv, err := Start(cfg.Config) //nolint:contextcheck // ends by Close
	if err != nil {
		return err
	}
	defer srv.Close()
	if err := srv.populate(cfg); err != nil {
		return err
	}
	if err := srv.announce(cfg, out); err != nil {
		return err
	}
	<-ctx.Done()
	if cfg.StateFile == "" {
		return nil
	}
	return srv.save(cfg.StateFile)
}

// populate fills the server from a state, a seed or the built-in scene.
func (s *Server) populate(cfg ServeConfig) error {
	if cfg.StateFile != "" {
		raw, err := os.ReadFile(cfg.StateFile)
		switch {
		case err == nil:
			var st Snapshot
			if err := json.Unmarshal(raw, &st); err != nil {
				return fmt.Errorf("linearsim: %s: %w", cfg.StateFile, err)
			}
			return s.Restore(st)
		case !os.IsNotExist(err):
			return fmt.Errorf("linearsim: state: %w", err)
		}
	}
	if cfg.SeedFile != "" {
		seed, err := ReadSeed(cfg.SeedFile)
		if err != nil {
			return err
		}
		_, err = s.Load(seed)
		return err
	}
	scene := newScene(s)
	scene.App.SetWebhook(Webhook{URL: cfg.WebhookURL, ResourceTypes: sceneTypes()})
	if cfg.WebhookURL == "" {
		scene.App.Webhook().SetEnabled(false)
	}
	return nil
}

func (s *Server) save(path string) error {
	raw, err := json.Marshal(s.Dump())
	if err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, raw, 0o600); err != nil {
		return fmt.Errorf("linearsim: state: %w", err)
	}
	return os.Rename(temporary, path)
}

// announced is what Serve prints as JSON.
type announced struct {
	URL     string              `json:"url"`
	GraphQL string              `json:"graphql"`
	Control string              `json:"control"`
	Env     map[string][]string `json:"env"`  // by workspace and app; of apps to install, by app
	Keys    map[string]string   `json:"keys"` // API keys by person
	Tokens  map[string]string   `json:"tokens"`
}

// keyOf returns a key that the person has already, such as that of a seed file,
// or "".
func (s *Server) keyOf(u *User) string {
	s.mu.Lock()
	defer s.unlock()
	for _, text := range slices.Sorted(maps.Keys(s.tokens)) {
		if t := s.tokens[text]; t.key && t.user == u {
			return text
		}
	}
	return ""
}

// announce prints where the server is and with what to reach it.
func (s *Server) announce(cfg ServeConfig, out io.Writer) error {
	a := announced{
		URL: s.url, GraphQL: s.GraphQLURL(), Control: s.url + "/sim", Env: map[string][]string{}, Keys: map[string]string{}, Tokens: map[string]string{},
	}
	type who struct {
		name string
		user *User
	}
	var people []who
	var apps []*Installation
	s.mu.Lock()
	for _, w := range s.workspaces {
		for _, u := range w.users {
			if !u.App {
				people = append(people, who{w.URLKey + "/" + u.DisplayName, u})
			}
		}
		apps = append(apps, w.apps...)
	}
	clients := slices.SortedFunc(maps.Values(s.oauth.clients), func(x, y *OAuthClient) int {
		return cmp.Or(cmp.Compare(x.app.DisplayName, y.app.DisplayName), cmp.Compare(x.ClientID, y.ClientID))
	})
	s.mu.Unlock()
	for _, p := range people {
		a.Keys[p.name] = cmp.Or(s.keyOf(p.user), p.user.APIKey())
	}
	for _, in := range apps {
		name := in.ws.URLKey + "/" + in.User.DisplayName
		a.Env[name] = in.Env()
		a.Tokens[name] = in.Token()
	}
	for _, c := range clients {
		a.Env[c.app.DisplayName] = c.Env()
	}
	if cfg.JSON {
		return json.NewEncoder(out).Encode(a)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Linear simulator at %s\n", a.URL)
	for _, in := range apps {
		name := in.ws.URLKey + "/" + in.User.DisplayName
		fmt.Fprintf(&b, "\n# %s: mention it as @%s\n", name, in.User.DisplayName)
		for _, line := range a.Env[name] {
			b.WriteString(line + "\n")
		}
		fmt.Fprintf(&b, "# or with a token: LINEAR_ACCESS_TOKEN=%s\n", a.Tokens[name])
	}
	for _, c := range clients {
		fmt.Fprintf(&b, "\n# %s: workspaces install it, and come back to %s\n", c.app.DisplayName, strings.Join(c.app.RedirectURIs, ", "))
		for _, line := range a.Env[c.app.DisplayName] {
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("\n# API keys of people\n")
	for _, p := range people {
		fmt.Fprintf(&b, "# %s: %s\n", p.name, a.Keys[p.name])
	}
	if len(people) > 0 {
		handle := "helper-bot"
		switch {
		case len(apps) > 0:
			handle = apps[0].User.DisplayName
		case len(clients) > 0:
			handle = clients[0].app.DisplayName
		}
		fmt.Fprintf(&b, "\n# Act as a person:\n# curl -H 'Content-Type: application/json' -d '{\"body\":\"@%s hi\"}' %s/%s/people/%s/comment\n",
			handle, a.Control, people[0].user.ws.URLKey, people[0].user.DisplayName)
		fmt.Fprintf(&b, "# Look: curl %s\n", a.Control)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
