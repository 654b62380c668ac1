// Package setup leads from nothing to a checked .env: it prints the links that
// open Linear's form for a new OAuth app, asks for what Linear shows then, and
// checks all of it before anything is written.
package setup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/roundtrip"
)

// ErrStopped says that the input ended before all was answered.
var ErrStopped = errors.New("setup: the input ended before all questions were answered; nothing was written")

// Wizard asks and checks. In and Out are required.
type Wizard struct {
	In  io.Reader
	Out io.Writer
	// Secret reads a line without showing it. Defaults to reading it from In.
	Secret func() (string, error)
	// Addr is where the server will listen. Defaults to ":3000".
	Addr string
	// Path is the path of the webhook. Defaults to "/api/webhooks/linear".
	Path string
	// APIURL, OAuthURL and AppsURL are Linear's addresses. Default to the
	// public ones.
	APIURL, OAuthURL, AppsURL string
	// HTTPClient sends the checks. Defaults to one with Go's transport.
	HTTPClient *http.Client

	lines *bufio.Reader
}

// Line is one variable of the result.
type Line struct {
	Name, Value string
	// Comment says what it is.
	Comment string
}

// Env is the result, in order.
type Env []Line

// Get returns the value of a variable, or "".
func (e Env) Get(name string) string {
	for _, l := range e {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// String returns the text of a .env file.
func (e Env) String() string {
	var b strings.Builder
	for _, l := range e {
		if l.Comment != "" {
			b.WriteString("# " + l.Comment + "\n")
		}
		b.WriteString(l.Name + "=" + l.Value + "\n")
	}
	return b.String()
}

// maxAsks is how often a question is asked again after a wrong answer.
const maxAsks = 5

// Run asks everything, checks it and returns the variables. It blocks for the
// answers, until In or ctx ends. An error after the checks says what failed; the
// variables are returned with it, so that they can be kept all the same.
func (w *Wizard) Run(ctx context.Context) (Env, error) {
	w.defaults()
	w.say("This makes a .env for a bot that lives in Linear. Have a browser at hand in which you are a workspace admin.\n")
	public, err := w.ask("Public address of the bot, as in https://bot.example.com", func(s string) (string, error) {
		s = strings.TrimRight(s, "/")
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return "", errors.New("give scheme and host only, as in https://bot.example.com")
		}
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	name, err := w.ask("Name of the app in Linear, 2 to 80 characters", func(s string) (string, error) {
		if n := len([]rune(s)); n < 2 || n > 80 || strings.Contains(strings.ToLower(s), "linear") || strings.Contains(s, "://") {
			return "", errors.New("2 to 80 characters, without \"Linear\" and without an address")
		}
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	many, err := w.yes("Will several workspaces install it?")
	if err != nil {
		return nil, err
	}
	redirect, hook := public+workspaces.CallbackPath, public+w.Path
	w.say("\nOpen this link. It opens Linear's form for a new app with everything filled in:\n\n  " +
		w.appLink(name, public, redirect, hook, many) + "\n\n" +
		"If you fill it in by hand:\n" +
		"  Callback URL   " + redirect + "\n" +
		"  Webhooks       on, with the address " + hook + "\n" +
		"  Events         Issues, Comments, Reactions, Agent session events, Inbox notifications, Permission changes\n")
	if !many {
		w.say("  Client credentials   on\n")
	}
	w.say("Create the app. Linear then shows the values to enter below.\n")

	id, err := w.ask("Client ID", oneWord)
	if err != nil {
		return nil, err
	}
	secret, err := w.hidden("Client secret")
	if err != nil {
		return nil, err
	}
	signing, err := w.hidden("Signing secret of the webhook")
	if err != nil {
		return nil, err
	}
	env := Env{
		{"LINEAR_CLIENT_ID", id, "OAuth app in Linear"},
		{"LINEAR_CLIENT_SECRET", secret, ""},
		{"LINEAR_WEBHOOK_SECRET", signing, "signing secret of its webhook"},
		{"LINEARBOT_PUBLIC_URL", public, "where people and Linear reach the bot"},
	}
	if many {
		env = append(env, Line{"LINEAR_ENCRYPTION_KEY", workspaces.GenerateKey(), "encrypts the tokens of installations: keep a copy in a safe place"})
	}
	w.say("\nChecking…\n")
	return env, errors.Join(w.checkApp(ctx, id, secret, redirect, many), w.checkWebhook(ctx, hook, signing))
}

func (w *Wizard) defaults() {
	w.lines = bufio.NewReader(io.LimitReader(w.In, 1<<20))
	set := func(to *string, value string) {
		if *to == "" {
			*to = value
		}
	}
	set(&w.Addr, ":3000")
	set(&w.Path, "/api/webhooks/linear")
	set(&w.AppsURL, "https://linear.app/settings/api/applications/new")
	set(&w.APIURL, linearapi.DefaultURL)
	if w.Secret == nil {
		w.Secret = w.line
	}
}

// appLink returns the address that opens Linear's form for a new app, filled in.
// See https://linear.app/developers/oauth-app-manifests.
func (w *Wizard) appLink(name, public, redirect, hook string, many bool) string {
	q := url.Values{
		"oauth.client_name": {name}, "developer.name": {name}, "oauth.client_uri": {public},
		"oauth.redirect_uris": {redirect}, "oauth.grant_types": {"authorization_code"}, "distribution": {"private"},
		"webhook.enabled": {"true"}, "webhook.url": {hook},
		"webhook.resourceTypes": {"Issue", "Comment", "Reaction", "AgentSessionEvent", "AppUserNotification", "PermissionChange", "OAuthAuthorization"},
	}
	if many {
		q.Set("distribution", "public")
	} else {
		q.Add("oauth.grant_types", "client_credentials")
	}
	return w.AppsURL + "?" + q.Encode()
}

// checkWebhook posts a signed delivery to the public address of the webhook.
func (w *Wizard) checkWebhook(ctx context.Context, hook, signing string) error {
	trip := roundtrip.Trip{URL: hook, Secret: signing, Addr: w.Addr, Path: w.Path, HTTPClient: w.HTTPClient}
	if _, err := trip.Check(ctx); err != nil {
		return err
	}
	w.say("  a signed delivery to " + hook + " arrives\n")
	return nil
}

// checkApp asks Linear whether it knows the app.
func (w *Wizard) checkApp(ctx context.Context, id, secret, redirect string, many bool) error {
	if !many {
		lin, err := linear.New(linear.Config{ClientID: id, ClientSecret: secret, APIURL: w.APIURL, OAuthURL: w.OAuthURL, HTTPClient: w.HTTPClient})
		if err != nil {
			return err
		}
		self, err := lin.Identity(ctx, "")
		if err != nil {
			return fmt.Errorf("the app cannot log in: %w", err)
		}
		w.say("  the app is @" + self.Name + " in " + self.WorkspaceName + "\n")
		return nil
	}
	base := w.OAuthURL
	if base == "" {
		u, err := url.Parse(w.APIURL)
		if err != nil {
			return errors.New("LINEAR_API_URL is not a URL")
		}
		base = u.Scheme + "://" + u.Host
	}
	oauth, err := linearapi.NewOAuth(linearapi.OAuthConfig{
		ClientID: id, ClientSecret: secret, TokenURL: strings.TrimRight(base, "/") + "/oauth/token", HTTPClient: w.HTTPClient,
	})
	if err != nil {
		return err
	}
	// A code that was never given: Linear refuses the app first, if it does.
	_, err = oauth.Exchange(ctx, "linearbot-setup", redirect, linearapi.GenerateVerifier())
	switch {
	case errors.Is(err, linearapi.ErrGrantDead):
		w.say("  Linear knows the app and takes its secret\n")
		return nil
	case err == nil:
		return errors.New("the OAuth endpoint took a code that it never gave: the OAuth address is not Linear's")
	default:
		return fmt.Errorf("the app cannot log in: %w", err)
	}
}

func (w *Wizard) say(text string) { fmt.Fprint(w.Out, text) }

func (w *Wizard) line() (string, error) {
	text, err := w.lines.ReadString('\n')
	if err != nil && text == "" {
		return "", ErrStopped
	}
	return strings.TrimSpace(text), nil
}

// ask asks until the answer passes.
func (w *Wizard) ask(question string, check func(string) (string, error)) (string, error) {
	for range maxAsks {
		w.say(question + ": ")
		text, err := w.line()
		if err != nil {
			return "", err
		}
		text, err = check(text)
		if err == nil {
			return text, nil
		}
		w.say("  " + err.Error() + "\n")
	}
	return "", ErrStopped
}

// hidden asks for a secret.
func (w *Wizard) hidden(question string) (string, error) {
	for range maxAsks {
		w.say(question + " (not shown): ")
		text, err := w.Secret()
		w.say("\n")
		if err != nil {
			return "", ErrStopped
		}
		if text, err = oneWord(strings.TrimSpace(text)); err == nil {
			return text, nil
		}
		w.say("  " + err.Error() + "\n")
	}
	return "", ErrStopped
}

func (w *Wizard) yes(question string) (bool, error) {
	answer, err := w.ask(question+" [y/N]", func(s string) (string, error) {
		switch strings.ToLower(s) {
		case "y", "yes":
			return "y", nil
		case "n", "no", "":
			return "n", nil
		default:
			return "", errors.New("answer y or n")
		}
	})
	return answer == "y", err
}

// oneWord takes what Linear shows: one word without white space.
func oneWord(s string) (string, error) {
	if s == "" || len(s) > 512 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"'\\#$`,", r) }) {
		return "", errors.New("copy it again: it is one word of letters and digits")
	}
	return s, nil
}
