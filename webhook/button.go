package webhook

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
)

// Presser resolves the links that act as buttons of messages. *bot.Bot implements
// it; pass it as [Config].Buttons.
type Presser interface {
	// Button returns the button behind the link with a token. It changes nothing. An
	// error with code adapter.CodeNotFound means that the link is unknown.
	Button(ctx context.Context, token string) (*adapter.ButtonPage, error)
	// Press records that a person has confirmed the link, and returns the button as
	// it was before.
	Press(ctx context.Context, token string) (*adapter.ButtonPage, error)
}

//go:embed button.html
var buttonPage string

// buttons serves the page behind the link of a button. Opening it changes
// nothing, because programs that preview links open it too; its form does.
type buttons struct {
	presser Presser
	page    *template.Template
	policy  string
	timeout time.Duration
	log     zerolog.Logger
}

func newButtons(p Presser, timeout time.Duration, log zerolog.Logger) (*buttons, error) {
	page, err := template.New("button").Parse(buttonPage)
	if err != nil {
		return nil, fmt.Errorf("webhook: page of buttons: %w", err)
	}
	_, rest, _ := strings.Cut(buttonPage, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return &buttons{
		presser: p, page: page, timeout: timeout, log: log,
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}, nil
}

// buttonView is what the page shows.
type buttonView struct {
	*adapter.ButtonPage
	// Done says that the button was pressed just now.
	Done bool
	// Problem says why the button is unavailable. Empty if it is available.
	Problem string
}

// Open, Used and Expired are for the template.
func (v buttonView) Open() bool {
	return v.ButtonPage != nil && v.State == adapter.ButtonOpen && !v.Done
}

// Used reports whether the button was pressed before.
func (v buttonView) Used() bool { return v.ButtonPage != nil && v.State == adapter.ButtonUsed }

// Expired reports whether the button has expired.
func (v buttonView) Expired() bool { return v.ButtonPage != nil && v.State == adapter.ButtonExpired }

// show handles GET: it shows the button.
func (h *buttons) show(c echo.Context) error { return h.serve(c, h.presser.Button, false) }

// press handles POST: it presses the button.
func (h *buttons) press(c echo.Context) error { return h.serve(c, h.presser.Press, true) }

func (h *buttons) serve(c echo.Context, ask func(context.Context, string) (*adapter.ButtonPage, error), press bool) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), h.timeout)
	defer cancel()
	button, err := ask(ctx, c.Param("token"))
	status, view := http.StatusOK, buttonView{ButtonPage: button}
	switch {
	case adapter.CodeOf(err) == adapter.CodeNotFound && err != nil:
		status, view.Problem = http.StatusNotFound, "This link is not one of mine, or it was cut off on its way."
	case err != nil:
		h.log.Error().Err(err).Msg("button could not be served")
		status, view.Problem = http.StatusServiceUnavailable, "I cannot take this just now. Nothing has happened: try again in a minute."
	case button.State != adapter.ButtonOpen:
		status = http.StatusGone
	default:
		view.Done = press
	}
	head := c.Response().Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", h.policy)
	head.Set("Referrer-Policy", "no-referrer") // anyone who has the address can press
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Robots-Tag", "noindex")
	if status == http.StatusServiceUnavailable {
		head.Set("Retry-After", "5")
	}
	c.Response().WriteHeader(status)
	return h.page.Execute(c.Response(), view)
}
