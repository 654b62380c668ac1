package linearsim

import (
	"crypto/subtle"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	tokenLife       = 24 * time.Hour
	credentialsLife = 30 * 24 * time.Hour
	keyPrefix       = "lin_api_"
)

// token is an API key or an OAuth access token.
type token struct {
	user    *User
	app     *Installation // nil for API keys
	key     bool
	handed  bool // by Installation.Token
	scopes  string
	expires time.Time // zero: never
	// credentials says that the token was granted by client_credentials.
	credentials bool
}

// has reports whether the token has a scope. API keys have all.
func (t *token) has(scope string) bool {
	return t.key || slices.Contains(strings.Fields(t.scopes), scope)
}

// caller is who sent a request and what they may still send.
type caller struct {
	token  *token // nil without a valid token
	err    *apiError
	budget budget
	signed time.Duration // by the header public-file-urls-expire-in
}

// caller reads the Authorization header and takes one request from the budget
// of the user that it names.
func (s *Server) caller(r *http.Request) *caller {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := r.Header.Get("Authorization")
	bearer := isBearer(text)
	if bearer {
		text = strings.TrimSpace(text[len("Bearer "):])
	}
	t := s.tokens[text]
	who := &caller{signed: signedFor(r)}
	switch {
	case bearer && strings.HasPrefix(text, keyPrefix):
		who.err = keyAsBearer()
	case t != nil && t.key != bearer && (t.expires.IsZero() || s.now().Before(t.expires)):
		who.token = t
	case text != "":
		who.err = unauthenticated()
	}
	switch {
	case who.token == nil:
		who.budget = budget{
			ok: true, limit: openRequests, remaining: openRequests - 1,
			reset: s.now().Add(time.Hour), by: "requests",
			complexity: openComplexity, points: openComplexity, full: s.now().Add(time.Hour),
		}
	case t.key:
		who.budget = s.spend(t.user.ID, keyRequests, keyComplexity)
	default:
		who.budget = s.spend(t.user.ID, appRequests, appComplexity)
	}
	return who
}

// grant stores a token and returns its text.
func (s *Server) grant(t *token) string {
	text := "lin_oauth_" + s.secret(32)
	if t.key {
		text = keyPrefix + s.secret(20)
	}
	s.tokens[text] = t
	return text
}

// scopeSet normalises a scope list, which is separated by commas or spaces.
// The read scope is always part of it.
func scopeSet(text string) string {
	list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	if len(list) == 0 {
		return ""
	}
	list = append(list, "read")
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// oauthError is the body of a rejected OAuth request.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	s.serveOAuth(w, r, TokenEndpoint, s.issueToken)
}

func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request) {
	s.serveOAuth(w, r, RevokeEndpoint, s.revokeToken)
}

// serveOAuth handles what both endpoints share: form bodies, faults, the log.
func (s *Server) serveOAuth(w http.ResponseWriter, r *http.Request, name string, f func(*http.Request) (int, any)) {
	rec := Request{At: s.now(), Fields: []string{name}, Authorization: AuthNone}
	fault := s.takeFault(false, name)
	if !fault.wait(r) {
		cut(w)
		return
	}
	if status, ok := fault.answer(w); ok {
		rec.Status = status
		s.record(rec)
		return
	}
	if fault.Reset {
		s.record(rec)
		cut(w)
		return
	}
	status, answer := http.StatusBadRequest, any(oauthError{"invalid_request", "the body must be application/x-www-form-urlencoded"})
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	switch {
	case r.Method != http.MethodPost:
		status, answer = http.StatusMethodNotAllowed, oauthError{Error: "invalid_request"}
	case fault.RateLimited:
		status, answer = http.StatusTooManyRequests, oauthError{Error: "rate_limited"}
		w.Header().Set("Retry-After", "1")
	case media == "application/x-www-form-urlencoded" && r.ParseForm() == nil:
		status, answer = f(r)
	}
	if fault.ResetAfter && !fault.RateLimited {
		s.record(rec)
		cut(w)
		return
	}
	if e, ok := answer.(oauthError); ok {
		rec.Codes = []string{e.Error}
	}
	rec.Status = status
	s.record(rec)
	out, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out)
}

// issueToken answers the client_credentials grant, and hands the others on.
func (s *Server) issueToken(r *http.Request) (int, any) {
	s.mu.Lock()
	defer s.unlock()
	if status, answer, ok := s.grantAnswer(r); ok {
		return status, answer
	}
	in := s.client(r)
	scopes := scopeSet(r.PostForm.Get("scope"))
	switch grant := r.PostForm.Get("grant_type"); {
	case in == nil:
		return http.StatusUnauthorized, oauthError{"invalid_client", "Client authentication failed"}
	case grant != "client_credentials":
		return http.StatusBadRequest, oauthError{"unsupported_grant_type", "Unsupported grant type"}
	case !in.app.ClientCredentials:
		return http.StatusBadRequest, oauthError{"Error", "Client does not support the client_credentials grant type"}
	case scopes == "":
		return http.StatusBadRequest, oauthError{"invalid_request", "scope is required"}
	default:
		for _, t := range s.tokens {
			if t.app == in && t.scopes != scopes {
				s.revoke(in) // other scopes end every token of the app
				break
			}
			if t.app == in && !t.credentials && !t.handed {
				s.endCredentials(in) // beside another grant there is one at a time
				break
			}
		}
		in.scopes = strings.Fields(scopes)
		text := s.grant(&token{user: in.User, app: in, scopes: scopes, expires: s.now().Add(credentialsLife), credentials: true})
		return http.StatusOK, tokenAnswer{text, "Bearer", int(credentialsLife.Seconds()) - 1, scopes}
	}
}

// clientCredentials returns the id and the secret that a request names, in HTTP Basic or
// in form fields.
func clientCredentials(r *http.Request) (id, secret string) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		return r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	// RFC 6749 has both parts form-encoded inside the header.
	if v, err := url.QueryUnescape(id); err == nil {
		id = v
	}
	if v, err := url.QueryUnescape(secret); err == nil {
		secret = v
	}
	return id, secret
}

// client authenticates an app by HTTP Basic or by form fields.
func (s *Server) client(r *http.Request) *Installation {
	id, password := clientCredentials(r)
	for _, w := range s.workspaces {
		for _, in := range w.apps {
			if in.ClientID == id && !in.closed && subtle.ConstantTimeCompare([]byte(in.ClientSecret), []byte(password)) == 1 {
				return in
			}
		}
	}
	return nil
}

// revokeToken revokes one token. An unknown or already revoked token is an error,
// as with Linear.
func (s *Server) revokeToken(r *http.Request) (int, any) {
	s.mu.Lock()
	defer s.unlock()
	text, old := r.PostForm.Get("token"), r.PostForm.Get("access_token")
	if old == "" {
		old = r.PostForm.Get("refresh_token")
	}
	if h := r.Header.Get("Authorization"); old == "" && isBearer(h) {
		old = strings.TrimSpace(h[len("Bearer "):])
	}
	switch {
	case text != "" && old != "":
		return http.StatusBadRequest, oauthError{"invalid_request", "Use either token or the legacy parameters"}
	case text == "":
		text = old
	}
	if text == "" {
		return http.StatusUnauthorized, oauthError{"invalid_request", "No token"}
	}
	if !s.revokeGrant(text) {
		return http.StatusBadRequest, oauthError{"invalid_request", "Token could not be revoked"}
	}
	return http.StatusOK, map[string]bool{"success": true}
}
