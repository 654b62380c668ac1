package workspaces

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/wording"
)

const (
	// pageTimeout bounds what a page waits for.
	pageTimeout = 45 * time.Second
	// Installs that may begin: a burst, and then one every so often. Anyone can
	// press the button, and each press is remembered for 10 minutes.
	beginBurst = 30
	beginEvery = 2 * time.Second
)

//go:embed pages.html
var pagesText string

// pages serves the pages. None needs a script.
type pages struct {
	reg      *Registry
	tmpl     *template.Template
	policy   string
	callback string // path
	secure   bool
	begin    *rate.Limiter
}

func newPages(r *Registry) (*pages, error) {
	tmpl, err := template.New("pages").Parse(pagesText)
	if err != nil {
		return nil, fmt.Errorf("workspaces: pages: %w", err)
	}
	back, err := url.Parse(r.cfg.RedirectURL)
	if err != nil {
		return nil, fmt.Errorf("workspaces: redirect URL: %w", err)
	}
	_, rest, _ := strings.Cut(pagesText, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return &pages{
		reg: r, tmpl: tmpl, callback: back.Path, secure: back.Scheme == "https",
		// The form leads to Linear by way of a redirect, which browsers hold
		// against form-action as well.
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self' " + origin(r.cfg.AuthorizeURL) + "; base-uri 'none'; frame-ancestors 'none'",
		begin: rate.NewLimiter(rate.Every(beginEvery), beginBurst),
	}, nil
}

// Handler serves the pages at [InstallPath], [InstalledPath] and the path of
// Config.RedirectURL; see [Registry.Paths].
func (r *Registry) Handler() http.Handler {
	p := r.pages
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+InstallPath, p.offer)
	mux.HandleFunc("POST "+InstallPath, p.start)
	mux.HandleFunc("GET "+InstalledPath, p.installed)
	mux.HandleFunc("GET "+p.callback, p.back)
	return http.NewCrossOriginProtection().Handler(mux)
}

// Paths returns the paths that Handler serves.
func (r *Registry) Paths() []string { return []string{InstallPath, InstalledPath, r.pages.callback} }

// page is what a template shows.
type page struct {
	Name    string // the app
	Title   string
	Text    string
	Retry   bool
	Refresh int // seconds after which the page loads again
	// Can and Install are for the page that offers to install. Ended says that the
	// login of some workspace has ended; it does not say which, as anyone sees it.
	Can     []string
	Install bool
	Ended   bool
	// Workspace, Handle and Arrived are for the page that says what to do next.
	Workspace string
	Handle    string
	Done      bool
	Waiting   bool
	Reauth    bool
	Arrived   string
}

func (p *pages) show(w http.ResponseWriter, status int, v page) {
	v.Name = p.reg.cfg.Name
	var out bytes.Buffer
	if err := p.tmpl.Execute(&out, v); err != nil {
		p.reg.log.Error().Err(err).Msg("page cannot be shown")
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	p.guard(head)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		head.Set("Retry-After", "30")
	}
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// guard sets the headers that every answer has.
func (p *pages) guard(head http.Header) {
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", p.policy)
	head.Set("Referrer-Policy", "no-referrer") // addresses hold codes and states
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Frame-Options", "DENY")
	head.Set("X-Robots-Tag", "noindex")
}

// offer is the page that offers to install the app. Opening it does nothing.
func (p *pages) offer(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusOK, page{
		Title: "Add " + p.reg.cfg.Name + " to your Linear workspace", Install: true, Can: abilities(p.reg.cfg.Scopes),
		Ended: p.reg.Statuses()[StatusNeedsReauth] > 0,
	})
}

// start begins an install and sends the browser to Linear.
func (p *pages) start(w http.ResponseWriter, req *http.Request) { p.startFor(w, req, "") }

// Begin begins an install in the browser that req comes from and sends it to
// Linear, as the button of the page at [InstallPath] does. Once the app is
// installed, Config.OnInstalledFor gets whom, at most 200 bytes. Call it for
// requests that were meant for that: it asks for no confirmation.
func (r *Registry) Begin(w http.ResponseWriter, req *http.Request, whom string) {
	r.pages.startFor(w, req, wording.Clip(whom, 200))
}

func (p *pages) startFor(w http.ResponseWriter, req *http.Request, whom string) {
	if !p.begin.Allow() {
		p.show(w, http.StatusTooManyRequests, page{
			Title: "Too many installs have begun", Text: "Nothing has happened. Try again in a minute.", Retry: true,
		})
		return
	}
	ctx, cancel := context.WithTimeout(req.Context(), pageTimeout)
	defer cancel()
	cookie := token()
	state, verifier, err := p.reg.beginInstall(ctx, cookie, whom)
	if err != nil {
		p.reg.log.Error().Err(err).Msg("install could not begin")
		p.unavailable(w)
		return
	}
	p.setCookie(w, cookie, stateFor)
	p.guard(w.Header())
	http.Redirect(w, req, p.reg.oauth.AuthorizeURL(linearapi.AuthorizeRequest{
		Redirect: p.reg.cfg.RedirectURL, Scopes: p.reg.cfg.Scopes, State: state, Verifier: verifier, Consent: true,
	}), http.StatusSeeOther)
}

// cookieName is the cookie that binds an install to a browser. With https, the
// prefix keeps other hosts of the domain from setting it.
func (p *pages) cookieName() string {
	if p.secure {
		return "__Host-linearbot-install"
	}
	return "linearbot-install"
}

func (p *pages) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // not Secure only where the public address is plain http
		Name: p.cookieName(), Value: value, Path: "/", MaxAge: int(life.Seconds()), Secure: p.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // Linear's redirect back is a navigation from another site
	})
}

func (p *pages) cookie(req *http.Request) string {
	c, err := req.Cookie(p.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

// back is where Linear sends the browser back to.
func (p *pages) back(w http.ResponseWriter, req *http.Request) {
	// A browser that leaves does not end it: once Linear has granted tokens, they
	// have to be stored or revoked.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), pageTimeout)
	defer cancel()
	q, cookie := req.URL.Query(), p.cookie(req)
	verifier, whom, err := p.reg.consume(ctx, q.Get("state"), cookie)
	switch {
	case errors.Is(err, errTicket):
		p.reg.count(countStateFailed)
		p.reg.log.Warn().Msg("install refused: the state is unknown, was used, has expired or belongs to another browser")
		p.show(w, http.StatusBadRequest, page{
			Title: "This link no longer works",
			Text: "It works once, for ten minutes, in the browser that began. If you have seen the page that says that the app is installed, " +
				"all is well. Otherwise start again.",
			Retry: true,
		})
		return
	case err != nil:
		p.reg.log.Error().Err(err).Msg("install could not be finished")
		p.unavailable(w)
		return
	}
	if refused := q.Get("error"); refused != "" {
		p.refused(w, refused, q.Get("error_description"))
		return
	}
	code := q.Get("code")
	if code == "" || len(code) > 4096 {
		p.show(w, http.StatusBadRequest, page{Title: "Linear sent no code", Text: "Nothing was installed. Start again.", Retry: true})
		return
	}
	grant, err := p.reg.oauth.Exchange(ctx, code, p.reg.cfg.RedirectURL, verifier)
	if err != nil {
		p.failed(w, err)
		return
	}
	s, err := p.reg.install(ctx, grant)
	if err != nil {
		p.failed(w, err)
		return
	}
	if whom != "" && p.reg.cfg.OnInstalledFor != nil {
		if err := p.reg.cfg.OnInstalledFor(ctx, s.rec.Organization, whom); err != nil {
			p.reg.log.Error().Err(err).Str("workspace", s.rec.Organization).Msg("an install could not be given to whom it is for")
		}
	}
	cookie = token() // from now on the browser has an identity that was never part of a flow
	if err := p.reg.done(ctx, cookie, s.rec.Organization); err != nil {
		p.reg.log.Warn().Err(err).Msg("the page after an install will know nothing of it")
	}
	p.setCookie(w, cookie, doneFor)
	p.guard(w.Header())
	http.Redirect(w, req, InstalledPath, http.StatusSeeOther)
}

// refused is shown when Linear sent an error back.
func (p *pages) refused(w http.ResponseWriter, code, description string) {
	p.reg.count(countDenied)
	p.reg.log.Info().Str(keyReason, wording.Clip(code, 64)).Msg("install was not approved")
	if code == "access_denied" {
		p.show(w, http.StatusOK, page{
			Title: "Nothing was installed", Text: "You chose not to add the app, or a workspace admin has to approve it first.", Retry: true,
		})
		return
	}
	text := "Linear says: " + wording.Clip(code, 64)
	if description != "" {
		text += " (" + wording.Clip(description, 200) + ")"
	}
	p.show(w, http.StatusOK, page{Title: "Linear did not install the app", Text: text + ".", Retry: true})
}

// failed is shown when the code could not be turned into an installation.
func (p *pages) failed(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errNotAllowed):
		p.reg.count(countRefused)
		p.reg.log.Warn().Msg("install refused: the workspace is not in LINEARBOT_WORKSPACES")
		p.show(w, http.StatusForbidden, page{
			Title: "This workspace cannot use the app",
			Text:  "The people who run it have limited it to some workspaces. Ask them to add yours. Linear may still list the app: remove it in the workspace's settings.",
		})
	case errors.Is(err, errFull):
		p.reg.count(countRefused)
		p.reg.log.Error().Msg("install refused: as many workspaces as Config.MaxWorkspaces allows have installed the app")
		p.show(w, http.StatusForbidden, page{Title: "There is no room for another workspace", Text: "Ask the people who run the app. Linear may still list it: remove it in the workspace's settings."})
	case errors.Is(err, errNotKept):
		p.reg.count(countExchangeFailed)
		p.reg.log.Error().Err(err).Str(keyReason, adapter.CodeOf(err).String()).Msg("install failed: the tokens that Linear granted are given back")
		p.show(w, http.StatusServiceUnavailable, page{
			Title: "That did not work just now",
			Text: "Linear or the app's own store could not be reached, so the app does not work yet. Linear may already list it: " +
				"installing again in a minute completes it.",
			Retry: true,
		})
	case errors.Is(err, linearapi.ErrClientRefused):
		p.reg.count(countExchangeFailed)
		p.reg.log.Error().Err(err).Msg("install failed: compare LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET with the app's settings in Linear")
		p.show(w, http.StatusBadGateway, page{
			Title: "The app is not set up correctly", Text: "Nothing was installed. Tell the people who run the app that Linear refuses its client secret.",
		})
	case errors.Is(err, linearapi.ErrGrantDead):
		p.reg.count(countExchangeFailed)
		p.reg.log.Warn().Err(err).Msg("install failed")
		p.show(w, http.StatusBadRequest, page{Title: "Linear no longer accepts this code", Text: "Nothing was installed. Start again.", Retry: true})
	default:
		p.reg.count(countExchangeFailed)
		p.reg.log.Error().Err(err).Str(keyReason, adapter.CodeOf(err).String()).Msg("install failed")
		p.unavailable(w)
	}
}

func (p *pages) unavailable(w http.ResponseWriter) {
	p.show(w, http.StatusServiceUnavailable, page{
		Title: "That did not work just now", Text: "Linear or the app's own store could not be reached. Nothing was installed. Try again in a minute.", Retry: true,
	})
}

// installed says what to do next, and whether webhooks arrive. It shows a
// workspace only to the browser that installed the app there.
func (p *pages) installed(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), pageTimeout)
	defer cancel()
	org, err := p.reg.whatDone(ctx, p.cookie(req))
	var ws *Workspace
	if err == nil && org != "" {
		ws, err = p.reg.Workspace(ctx, org)
	}
	switch {
	case err != nil:
		p.reg.log.Error().Err(err).Msg("page after an install cannot be shown")
		p.show(w, http.StatusServiceUnavailable, page{Title: "That did not work just now", Text: "Load the page again in a minute."})
	case ws == nil || ws.Status != StatusActive && ws.Status != StatusNeedsReauth && ws.Status != StatusUnreadable:
		p.show(w, http.StatusOK, page{Title: "Add the app to your Linear workspace", Text: "This browser has not installed the app within the last hour.", Retry: true})
	default:
		v := page{
			Title: wording.Capital(p.reg.cfg.Name) + " is installed in " + ws.Name, Done: true, Workspace: ws.Name, Handle: ws.Handle,
			Reauth: ws.Status == StatusNeedsReauth,
		}
		if ws.LastDelivery.Before(ws.InstalledAt) {
			v.Waiting, v.Refresh = true, 5
		} else {
			v.Arrived = ws.LastDelivery.UTC().Format("2 January 2006, 15:04:05 UTC")
		}
		p.show(w, http.StatusOK, v)
	}
}

// abilities says in words what scopes allow.
func abilities(scopes []string) []string {
	var can []string
	say := func(scope, text string) {
		if slices.Contains(scopes, scope) {
			can = append(can, text)
		}
	}
	can = append(can, "see the issues, comments and people of the teams that you choose")
	say("write", "create and change issues, comments and reactions in those teams, as itself")
	if !slices.Contains(scopes, "write") {
		say("comments:create", "write comments in those teams, as itself")
		say("issues:create", "create issues in those teams, as itself")
	}
	say("app:mentionable", "be mentioned in comments and descriptions")
	say("app:assignable", "have issues delegated to it")
	say("customer:read", "see customers and their requests")
	say("customer:write", "change customers and their requests")
	say("initiative:read", "see initiatives")
	say("initiative:write", "change initiatives")
	say("timeSchedule:write", "change time schedules")
	return can
}
