package adminui

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
)

const (
	cookieName = "linearbot_console"
	// sessionLife is how long a login lasts.
	sessionLife = 12 * time.Hour
)

// A cookie is "until.id.mac": when the login ends, what it is called and the MAC of
// both. So every instance knows it, also after a restart. That a person has signed
// out is kept in the store, under the id.

// sign returns the value of a cookie.
func (c *Console) sign(until time.Time, id string) string {
	text := strconv.FormatInt(until.Unix(), 10) + "." + id
	mac := hmac.New(sha256.New, c.key[:])
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// loginOf returns the id of the login that a request has a cookie of, whether or not
// the person has signed out since.
func (c *Console) loginOf(r *http.Request) (id string, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	parts := strings.Split(cookie.Value, ".")
	if len(parts) != 3 {
		return "", false
	}
	seconds, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return "", false
	}
	until, now := time.Unix(seconds, 0), c.cfg.Now()
	if !now.Before(until) || until.After(now.Add(sessionLife+time.Minute)) {
		return "", false
	}
	return parts[1], hmac.Equal([]byte(cookie.Value), []byte(c.sign(until, parts[1])))
}

// known reports whether a request has a cookie of this console that has not ended.
func (c *Console) known(r *http.Request) bool {
	id, ok := c.loginOf(r)
	return ok && !c.logins.ended(r.Context(), c.cfg.Book, id, c.cfg.Now())
}

// logins knows which logins have ended. The zero value is ready to use.
type logins struct {
	mu sync.Mutex
	// out are those that ended here, and when they may be forgotten.
	out map[string]time.Time
	// asked is when the store last said of a login that it has not ended.
	asked map[string]time.Time
}

const (
	// askAgain is how long an answer of the store is believed: so long may a cookie
	// be good on another instance than the one at which its person signed out.
	askAgain = 3 * time.Second
	// maxAsked bounds what is remembered of logins.
	maxAsked = 1000
)

// ended reports whether a person has signed out. If the store does not answer, those
// who have signed out here are known, and the pages can still say that the store is
// down.
func (l *logins) ended(ctx context.Context, book notes.Book, id string, now time.Time) bool {
	l.mu.Lock()
	_, out := l.out[id]
	fresh := now.Sub(l.asked[id]).Abs() < askAgain
	l.mu.Unlock()
	if out || fresh {
		return out
	}
	data, err := book.Value(notes.SignedOut, "", id).Get(ctx)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if data != nil {
		l.keep(id, now)
		return true
	}
	if len(l.asked) >= maxAsked {
		clear(l.asked)
	}
	if l.asked == nil {
		l.asked = make(map[string]time.Time)
	}
	l.asked[id] = now
	return false
}

// end ends a login, here at once and elsewhere by the store.
func (l *logins) end(ctx context.Context, book notes.Book, id string, now time.Time) error {
	l.mu.Lock()
	l.keep(id, now)
	l.mu.Unlock()
	return book.Value(notes.SignedOut, "", id).Set(ctx, []byte("1"))
}

// keep notes that a login has ended, and forgets those whose cookies have.
func (l *logins) keep(id string, now time.Time) {
	for old, until := range l.out {
		if now.After(until) {
			delete(l.out, old)
		}
	}
	if l.out == nil {
		l.out = make(map[string]time.Time)
	}
	l.out[id] = now.Add(sessionLife + time.Minute)
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

// login compares the token first: the right one opens the console however many wrong
// ones came before it.
func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	now := c.cfg.Now()
	given := sha256.Sum256([]byte(strings.TrimSpace(r.PostFormValue("token"))))
	if subtle.ConstantTimeCompare(given[:], c.token[:]) != 1 {
		c.wrongToken(w, r, now)
		return
	}
	until := now.Add(sessionLife)
	c.setCookie(w, r, c.sign(until, rand.Text()), until)
	http.Redirect(w, r, Prefix, http.StatusSeeOther)
}

func (c *Console) wrongToken(w http.ResponseWriter, r *http.Request, now time.Time) {
	from := addressOf(r.RemoteAddr)
	if wait := c.guesses.note(from, now); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		c.render(w, http.StatusTooManyRequests, loginPage, view{Title: "Sign in", Problem: "This is not the admin token, and too many wrong ones came from your address. Wait a minute. The right one is the value of LINEARBOT_ADMIN_TOKEN."})
		return
	}
	c.cfg.Logger.Warn().Str("client", from).Msg("console: a wrong token was entered")
	c.render(w, http.StatusUnauthorized, loginPage, view{Title: "Sign in", Problem: "This is not the admin token. It is the value of LINEARBOT_ADMIN_TOKEN."})
}

// logout ends the login for everyone who has its cookie.
func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	if id, ok := c.loginOf(r); ok {
		if err := c.logins.end(r.Context(), c.cfg.Book, id, c.cfg.Now()); err != nil {
			c.cfg.Logger.Warn().Err(err).Msg("console: a person signed out, and the store cannot keep that: the cookie may be good on other instances, and after a restart")
		}
	}
	c.setCookie(w, r, "", time.Unix(1, 0))
	http.Redirect(w, r, Prefix+"login", http.StatusSeeOther)
}

func (c *Console) setCookie(w http.ResponseWriter, r *http.Request, value string, until time.Time) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where the console is reached by https
		Name: cookieName, Value: value, Path: Prefix, Expires: until, HttpOnly: true,
		Secure: c.cfg.Secure || r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
}
