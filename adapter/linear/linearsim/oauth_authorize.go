package linearsim

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// codeLife is how long an authorization code can be exchanged. Linear does not
// document it.
const codeLife = 10 * time.Minute

//go:embed oauth_authorize.html
var authorizeText string

// oauth is the state of the authorization server. The server's lock guards it.
type oauth struct {
	page    *template.Template
	clients map[string]*OAuthClient
	codes   map[string]*code
	refresh map[string]*refreshToken
}

func newOAuth() (*oauth, error) {
	page, err := template.New("authorize").Parse(authorizeText)
	if err != nil {
		return nil, fmt.Errorf("linearsim: authorize page: %w", err)
	}
	return &oauth{
		page: page, clients: map[string]*OAuthClient{},
		codes: map[string]*code{}, refresh: map[string]*refreshToken{},
	}, nil
}

// code is an authorization code.
type code struct {
	client            *OAuthClient
	in                *Installation
	user              *User
	scopes            string
	redirect          string
	challenge, method string
	expires           time.Time
	used              bool
}

// AuthorizeURL returns the address of the authorize page.
func (s *Server) AuthorizeURL() string { return s.url + "/oauth/authorize" }

// Approve does what a person does on the authorize page: it installs the app
// in the person's workspace and returns the address that the page sends the
// browser to. The error says why the page shows no form, for example because the
// redirect URI is not registered.
func (c *OAuthClient) Approve(authorizeURL string, by *User) (string, error) {
	return c.decide(authorizeURL, by, true)
}

// Deny does what a person does who declines on the authorize page, and returns the
// address that the page sends the browser to.
func (c *OAuthClient) Deny(authorizeURL string, by *User) (string, error) {
	return c.decide(authorizeURL, by, false)
}

func (c *OAuthClient) decide(authorizeURL string, by *User, yes bool) (string, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return "", err
	}
	c.srv.mu.Lock()
	defer c.srv.unlock()
	q, err := c.srv.authorizeQuery(u.Query())
	if err != nil {
		return "", err
	}
	if q.client != c {
		return "", errors.New("linearsim: the address is another app's")
	}
	if q.refused != "" {
		return q.back(url.Values{"error": {q.refused}}), nil
	}
	return c.srv.authorize(q, by, yes), nil
}

// authorizeQuery is a request to the authorize page.
type authorizeQuery struct {
	client   *OAuthClient
	redirect string
	state    string
	scopes   string
	app      bool // actor=app
	// refused is the error that the page sends back at once.
	refused           string
	challenge, method string
}

// authorizeQuery checks a request. An error is shown on the page: without a
// known app and a known address the browser cannot be sent back.
func (s *Server) authorizeQuery(v url.Values) (*authorizeQuery, error) {
	c := s.oauth.clients[v.Get("client_id")]
	if c == nil {
		return nil, errors.New("Invalid client_id parameter") //nolint:staticcheck // as the page says it
	}
	q := &authorizeQuery{
		client: c, redirect: v.Get("redirect_uri"), state: v.Get("state"), scopes: scopeSet(v.Get("scope")),
		app:       v.Get("actor") == "app" || v.Get("actor") == "application",
		challenge: v.Get("code_challenge"), method: v.Get("code_challenge_method"),
	}
	if !slices.Contains(c.app.RedirectURIs, q.redirect) {
		return nil, errors.New("Invalid redirect_uri parameter for the application") //nolint:staticcheck // as the page says it
	}
	switch {
	case v.Get("response_type") != "code":
		q.refused = "unsupported_response_type"
	case q.scopes == "", q.app && slices.Contains(strings.Fields(q.scopes), "admin"):
		q.refused = "invalid_scope"
	case q.challenge != "" && q.method != "S256" && q.method != "plain" && q.method != "":
		q.refused = "invalid_request"
	}
	return q, nil
}

// back returns the redirect address with parameters.
func (q *authorizeQuery) back(v url.Values) string {
	if q.state != "" {
		v.Set("state", q.state)
	}
	sep := "?"
	if strings.Contains(q.redirect, "?") {
		sep = "&"
	}
	return q.redirect + sep + v.Encode()
}

// authorize decides for a person.
func (s *Server) authorize(q *authorizeQuery, by *User, yes bool) string {
	if !yes {
		return q.back(url.Values{"error": {"access_denied"}, "error_description": {"The user denied the request"}})
	}
	in := q.client.install(by.ws)
	user := by
	if q.app {
		user = in.User
	}
	text := s.secret(20)
	s.oauth.codes[text] = &code{
		client: q.client, in: in, user: user, scopes: q.scopes, redirect: q.redirect,
		challenge: q.challenge, method: q.method, expires: s.now().Add(codeLife),
	}
	return q.back(url.Values{"code": {text}})
}

// authorizeView is what the page shows.
type authorizeView struct {
	Problem string
	Name    string
	Scopes  []string
	People  []authorizePerson
}

type authorizePerson struct{ ID, Label string }

// serveAuthorize is the page on which a person installs an app in a workspace. The
// page asks who the person is, in place of a login.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.unlock()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	q, err := s.authorizeQuery(r.URL.Query())
	switch {
	case err != nil:
		s.showAuthorize(w, http.StatusBadRequest, authorizeView{Problem: err.Error()})
	case q.refused != "":
		http.Redirect(w, r, q.back(url.Values{"error": {q.refused}}), http.StatusFound) //nolint:gosec // one of the registered addresses
	case r.Method == http.MethodPost:
		by := s.person(r.PostFormValue("person"))
		if by == nil {
			s.showAuthorize(w, http.StatusBadRequest, authorizeView{Problem: "There is no such person"})
			return
		}
		http.Redirect(w, r, s.authorize(q, by, r.PostFormValue("decision") == "approve"), http.StatusFound) //nolint:gosec // as above
	default:
		view := authorizeView{Name: q.client.app.Name, Scopes: strings.Fields(q.scopes)}
		for _, ws := range s.workspaces {
			for _, u := range ws.users {
				if !u.App && !u.Guest {
					view.People = append(view.People, authorizePerson{u.ID, u.Name + ", " + ws.Name})
				}
			}
		}
		s.showAuthorize(w, http.StatusOK, view)
	}
}

func (s *Server) showAuthorize(w http.ResponseWriter, status int, view authorizeView) {
	var out bytes.Buffer
	if err := s.oauth.page.Execute(&out, view); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// person returns the person with an id, or nil.
func (s *Server) person(id string) *User {
	for _, ws := range s.workspaces {
		for _, u := range ws.users {
			if u.ID == id && !u.App {
				return u
			}
		}
	}
	return nil
}
