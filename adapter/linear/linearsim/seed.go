package linearsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Seed is the initial content of a server, the form of seed files. Entities refer to
// each other by display names, keys and titles. [Server.Load] adds it.
type Seed struct {
	Workspaces []SeedWorkspace `json:"workspaces"`
	// Apps are OAuth apps that workspaces install through the authorize page.
	Apps []SeedOAuthApp `json:"apps"`
}

// SeedOAuthApp describes an app that no workspace has installed yet.
type SeedOAuthApp struct {
	Name              string       `json:"name"`
	DisplayName       string       `json:"displayName"`
	ClientID          string       `json:"clientId"`     // defaults to a new one
	ClientSecret      string       `json:"clientSecret"` // defaults to a new one
	RedirectURIs      []string     `json:"redirectUris"`
	ClientCredentials bool         `json:"clientCredentials"`
	Webhook           *SeedWebhook `json:"webhook"`
}

// SeedWebhook describes the webhook of an app.
type SeedWebhook struct {
	URL           string   `json:"url"`
	Secret        string   `json:"secret"` // defaults to a new one
	ResourceTypes []string `json:"resourceTypes"`
}

// webhook returns what is described, or nil.
func (h *SeedWebhook) webhook() *Webhook {
	if h == nil {
		return nil
	}
	return &Webhook{URL: h.URL, Secret: h.Secret, ResourceTypes: h.ResourceTypes}
}

// SeedWorkspace describes a workspace of a [Seed].
type SeedWorkspace struct {
	Name   string      `json:"name"`
	URLKey string      `json:"urlKey"`
	Users  []SeedUser  `json:"users"`
	Teams  []SeedTeam  `json:"teams"`
	Labels []SeedLabel `json:"labels"`
	Apps   []SeedApp   `json:"apps"`
	Issues []SeedIssue `json:"issues"`
}

// SeedUser describes a person.
type SeedUser struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Admin       bool   `json:"admin"`
	Guest       bool   `json:"guest"`
	APIKey      string `json:"apiKey"` // defaults to none
}

// SeedTeam describes a team.
type SeedTeam struct {
	Key    string   `json:"key"`
	Name   string   `json:"name"`
	Cycles []string `json:"cycles"` // names; the first begins at the start of the server
}

// SeedLabel describes a label.
type SeedLabel struct {
	Name  string `json:"name"`
	Color string `json:"color"`
}

// SeedApp describes an installed app.
type SeedApp struct {
	Name         string       `json:"name"`
	DisplayName  string       `json:"displayName"`
	ClientID     string       `json:"clientId"`     // defaults to a new one
	ClientSecret string       `json:"clientSecret"` // defaults to a new one
	AccessToken  string       `json:"accessToken"`  // defaults to none
	Scopes       []string     `json:"scopes"`
	Webhook      *SeedWebhook `json:"webhook"`
}

// SeedIssue describes an issue. By, Assignee and the authors of comments are
// display names.
type SeedIssue struct {
	Team        string        `json:"team"`
	Title       string        `json:"title"`
	Description string        `json:"description"`
	By          string        `json:"by"`
	State       string        `json:"state"`
	Assignee    string        `json:"assignee"`
	Priority    int           `json:"priority"`
	Labels      []string      `json:"labels"`
	Comments    []SeedComment `json:"comments"`
}

// SeedComment describes a comment. Replies have no replies.
type SeedComment struct {
	By        string            `json:"by"`
	Body      string            `json:"body"`
	Reactions map[string]string `json:"reactions"` // emoji by display name
	Replies   []SeedComment     `json:"replies"`
}

// ReadSeed reads a seed file, JSON or YAML. Unknown fields are errors, to catch
// typos.
func ReadSeed(path string) (Seed, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the caller names the file
	if err != nil {
		return Seed{}, fmt.Errorf("linearsim: seed: %w", err)
	}
	return ParseSeed(raw)
}

// ParseSeed parses a seed file, JSON or YAML.
func ParseSeed(raw []byte) (Seed, error) {
	var loose any
	if err := yaml.Unmarshal(raw, &loose); err != nil { // JSON is YAML
		return Seed{}, fmt.Errorf("linearsim: seed: %w", err)
	}
	plain, err := json.Marshal(loose)
	if err != nil {
		return Seed{}, fmt.Errorf("linearsim: seed: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	var seed Seed
	if err := dec.Decode(&seed); err != nil {
		return Seed{}, fmt.Errorf("linearsim: seed: %w", err)
	}
	if len(seed.Workspaces) == 0 {
		return Seed{}, errors.New("linearsim: seed: no workspaces")
	}
	return seed, nil
}

// Load adds what a seed describes and returns the workspaces. What was added before
// an error stays. No webhooks are sent, because apps are installed last.
func (s *Server) Load(seed Seed) ([]*Workspace, error) {
	var out []*Workspace
	for _, sw := range seed.Workspaces {
		if sw.URLKey == "" || sw.Name == "" {
			return out, errors.New("linearsim: seed: a workspace needs name and urlKey")
		}
		p := planter{ws: s.AddWorkspace(sw.Name, sw.URLKey), users: map[string]*User{}, teams: map[string]*Team{}, labels: map[string]*Label{}}
		if err := p.plant(sw); err != nil {
			return out, fmt.Errorf("linearsim: seed: workspace %s: %w", sw.URLKey, err)
		}
		out = append(out, p.ws)
	}
	for _, a := range seed.Apps {
		if len(a.RedirectURIs) == 0 {
			return out, fmt.Errorf("linearsim: seed: app %q needs redirectUris, or belongs to the apps of a workspace", a.Name)
		}
		s.oauthApp(a)
	}
	return out, nil
}

func (s *Server) oauthApp(a SeedOAuthApp) {
	c := s.RegisterApp(OAuthApp{
		Name: a.Name, DisplayName: a.DisplayName, RedirectURIs: a.RedirectURIs, ClientCredentials: a.ClientCredentials, Webhook: a.Webhook.webhook(),
	})
	s.mu.Lock()
	defer s.unlock()
	if a.ClientID != "" {
		delete(s.oauth.clients, c.ClientID)
		c.ClientID = a.ClientID
		s.oauth.clients[c.ClientID] = c
	}
	if a.ClientSecret != "" {
		c.secret = a.ClientSecret
	}
}

// planter adds the parts of one workspace.
type planter struct {
	ws     *Workspace
	users  map[string]*User
	teams  map[string]*Team
	labels map[string]*Label
}

func (p planter) plant(sw SeedWorkspace) error {
	for _, u := range sw.Users {
		if u.DisplayName == "" {
			return errors.New("a user has no displayName")
		}
		s := p.ws.srv
		s.mu.Lock()
		added := person(p.ws, u.Name, u.DisplayName, u.Guest)
		added.Admin = u.Admin
		p.users[u.DisplayName] = p.ws.addUser(added)
		if u.APIKey != "" {
			s.tokens[u.APIKey] = &token{user: added, key: true}
		}
		s.unlock()
	}
	for _, t := range sw.Teams {
		if t.Key == "" {
			return errors.New("a team has no key")
		}
		team := p.ws.AddTeam(t.Key, t.Name)
		for i, name := range t.Cycles {
			team.AddCycle(name, p.ws.srv.began.AddDate(0, 0, 14*i))
		}
		p.teams[t.Key] = team
	}
	for _, l := range sw.Labels {
		p.labels[l.Name] = p.ws.AddLabel(l.Name, l.Color)
	}
	for _, i := range sw.Issues {
		if err := p.issue(i); err != nil {
			return fmt.Errorf("issue %q: %w", i.Title, err)
		}
	}
	for _, a := range sw.Apps {
		p.app(a)
	}
	return nil
}

func (p planter) user(name string) (*User, error) {
	u := p.users[name]
	if u == nil {
		return nil, fmt.Errorf("no user %q", name)
	}
	return u, nil
}

func (p planter) issue(si SeedIssue) error {
	t := p.teams[si.Team]
	if t == nil {
		return fmt.Errorf("no team %q", si.Team)
	}
	by, err := p.user(si.By)
	if err != nil {
		return err
	}
	i := t.AddIssue(by, si.Title, si.Description)
	change := IssueChange{State: si.State, Priority: si.Priority}
	if si.State != "" && t.State(si.State) == nil {
		return fmt.Errorf("no state %q", si.State)
	}
	if si.Assignee != "" {
		if change.Assignee, err = p.user(si.Assignee); err != nil {
			return err
		}
	}
	by.UpdateIssue(i, change)
	for _, name := range si.Labels {
		l := p.labels[name]
		if l == nil {
			return fmt.Errorf("no label %q", name)
		}
		p.ws.srv.mu.Lock()
		i.labels = append(i.labels, l)
		p.ws.srv.unlock()
	}
	for _, c := range si.Comments {
		if err := p.comment(i, nil, c); err != nil {
			return err
		}
	}
	return nil
}

func (p planter) comment(i *Issue, to *Comment, sc SeedComment) error {
	by, err := p.user(sc.By)
	if err != nil {
		return err
	}
	var c *Comment
	if to == nil {
		c = by.Comment(i, sc.Body)
	} else {
		c = by.Reply(to, sc.Body)
	}
	for _, name := range slices.Sorted(maps.Keys(sc.Reactions)) {
		u, err := p.user(name)
		if err != nil {
			return err
		}
		u.React(c, sc.Reactions[name])
	}
	for _, reply := range sc.Replies {
		if to != nil {
			return errors.New("a reply has replies")
		}
		if err := p.comment(i, c, reply); err != nil {
			return err
		}
	}
	return nil
}

func (p planter) app(a SeedApp) {
	in := p.ws.InstallApp(App{
		Name: a.Name, DisplayName: a.DisplayName, ClientCredentials: true, Scopes: a.Scopes, Webhook: a.Webhook.webhook(),
	})
	s := p.ws.srv
	s.mu.Lock()
	defer s.unlock()
	if a.ClientID != "" {
		in.ClientID = a.ClientID
	}
	if a.ClientSecret != "" {
		in.ClientSecret = a.ClientSecret
	}
	if a.AccessToken != "" {
		s.tokens[a.AccessToken] = &token{
			user: in.User, app: in, scopes: scopeSet(strings.Join(in.app.Scopes, ",")), expires: s.now().Add(365 * 24 * time.Hour), handed: true,
		}
	}
}
