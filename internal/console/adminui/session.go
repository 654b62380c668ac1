package adminui

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	cookieName = "linearbot_console"
	// sessionLife is how long a login lasts.
	sessionLife = 12 * time.Hour
	// guesses is how many wrong tokens are heard in a minute.
	guesses = 10
)

// guard bounds how many tokens can be tried. The zero value is ready to use.
type guard struct {
	mu    sync.Mutex
	since time.Time
	wrong int
}

// closed reports whether too many wrong tokens came within this minute.
func (g *guard) closed(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.wrong >= guesses && now.Sub(g.since) < time.Minute
}

func (g *guard) note(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.since) >= time.Minute {
		g.since, g.wrong = now, 0
	}
	g.wrong++
}

// sign returns the value of a cookie that ends at a time.
func (c *Console) sign(until time.Time) string {
	text := strconv.FormatInt(until.Unix(), 10)
	mac := hmac.New(sha256.New, c.key[:])
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// known reports whether a request has a cookie of this console that has not ended.
func (c *Console) known(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	text, _, _ := strings.Cut(cookie.Value, ".")
	until, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !c.cfg.Now().Before(time.Unix(until, 0)) || time.Unix(until, 0).After(c.cfg.Now().Add(sessionLife+time.Minute)) {
		return false
	}
	return hmac.Equal([]byte(cookie.Value), []byte(c.sign(time.Unix(until, 0))))
}

// signedIn has people sign in first.
func (c *Console) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case c.known(r):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet && !strings.HasSuffix(r.URL.Path, "/events"):
			http.Redirect(w, r, Prefix+"login", http.StatusSeeOther)
		default:
			http.Error(w, "sign in first", http.StatusUnauthorized)
		}
	})
}

func (c *Console) showLogin(w http.ResponseWriter, r *http.Request) {
	if c.known(r) {
		http.Redirect(w, r, Prefix, http.StatusSeeOther)
		return
	}
	c.render(w, http.StatusOK, loginPage, view{Title: "Sign in"})
}

func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	now := c.cfg.Now()
	if c.guard.closed(now) {
		c.render(w, http.StatusTooManyRequests, loginPage, view{Title: "Sign in", Problem: "Too many wrong tokens. Wait a minute."})
		return
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(r.PostFormValue("token"))))
	if subtle.ConstantTimeCompare(given[:], c.token[:]) != 1 {
		c.guard.note(now)
		c.cfg.Logger.Warn().Msg("console: a wrong token was entered")
		c.render(w, http.StatusUnauthorized, loginPage, view{Title: "Sign in", Problem: "This is not the admin token. It is the value of LINEARBOT_ADMIN_TOKEN."})
		return
	}
	until := now.Add(sessionLife)
	c.setCookie(w, r, c.sign(until), until)
	http.Redirect(w, r, Prefix, http.StatusSeeOther)
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	c.setCookie(w, r, "", time.Unix(1, 0))
	http.Redirect(w, r, Prefix+"login", http.StatusSeeOther)
}

func (c *Console) setCookie(w http.ResponseWriter, r *http.Request, value string, until time.Time) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where the console is reached by https
		Name: cookieName, Value: value, Path: Prefix, Expires: until, HttpOnly: true,
		Secure: c.cfg.Secure || r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
}
