package workspaces

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/state"
)

const (
	// stateFor is how long an install may take.
	stateFor = 10 * time.Minute
	// doneFor is how long a browser is shown what it installed.
	doneFor = time.Hour
)

// ticket is the stored state of an install in progress. Its key is the digest of
// the OAuth state, so that a reader of the store cannot complete the install.
type ticket struct {
	// Browser is the digest of the cookie.
	Browser string `json:"browser"`
	// Verifier is the PKCE verifier, encrypted.
	Verifier *sealed   `json:"verifier"`
	Until    time.Time `json:"until"`
	// For is what [Registry.Begin] was told.
	For string `json:"for,omitempty"`
}

// errTicket says that this browser cannot use a state.
var errTicket = errors.New("workspaces: the state is unknown, was used, has expired or belongs to another browser")

// token returns 32 random bytes as text.
func token() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// beginInstall remembers an install of the browser with a cookie. whom is passed on to
// Config.OnInstalledFor.
func (r *Registry) beginInstall(ctx context.Context, cookie, whom string) (state, verifier string, err error) {
	state, verifier = token(), linearapi.GenerateVerifier()
	raw, err := json.Marshal(ticket{
		Browser: digest(cookie), Verifier: r.cfg.Keys.seal("", "verifier/"+digest(state), verifier), Until: r.cfg.Now().Add(stateFor), For: whom,
	})
	if err != nil {
		return "", "", err
	}
	if err := r.cfg.Store.CompareAndSet(ctx, stateKey(digest(state)), nil, raw, stateFor); err != nil {
		return "", "", storeError(err)
	}
	return state, verifier, nil
}

// consume deletes a state, which succeeds once across all instances, and returns
// its verifier if the cookie is that of the browser that started the install, and
// whom it is for.
func (r *Registry) consume(ctx context.Context, given, cookie string) (verifier, whom string, err error) {
	if given == "" || len(given) > 128 || cookie == "" || len(cookie) > 128 {
		return "", "", errTicket
	}
	key := stateKey(digest(given))
	raw, err := r.cfg.Store.Get(ctx, key)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return "", "", errTicket
	case err != nil:
		return "", "", storeError(err)
	}
	var t ticket
	if json.Unmarshal(raw, &t) != nil {
		return "", "", errTicket
	}
	if subtle.ConstantTimeCompare([]byte(t.Browser), []byte(digest(cookie))) != 1 {
		return "", "", errTicket // another browser's: it stays, so that no stranger can use it up
	}
	err = r.cfg.Store.CompareAndSet(ctx, key, raw, nil, 0)
	switch {
	case errors.Is(err, state.ErrConflict), errors.Is(err, state.ErrNotFound):
		return "", "", errTicket
	case err != nil:
		return "", "", storeError(err)
	case !r.cfg.Now().Before(t.Until):
		return "", "", errTicket
	}
	verifier, err = r.cfg.Keys.open("", "verifier/"+digest(given), t.Verifier)
	if err != nil {
		return "", "", errTicket // another instance encrypted it with a key that this one lacks
	}
	return verifier, t.For, nil
}

// done remembers what a browser has installed.
func (r *Registry) done(ctx context.Context, cookie, org string) error {
	raw, err := json.Marshal(org)
	if err != nil {
		return err
	}
	return r.cfg.Store.Set(ctx, doneKey(digest(cookie)), raw, doneFor)
}

// whatDone returns the workspace that a browser has installed the app in, or "".
func (r *Registry) whatDone(ctx context.Context, cookie string) (org string, err error) {
	if cookie == "" || len(cookie) > 128 {
		return "", nil
	}
	raw, err := r.cfg.Store.Get(ctx, doneKey(digest(cookie)))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return "", nil
	case err != nil:
		return "", storeError(err)
	}
	if err := json.Unmarshal(raw, &org); err != nil {
		return "", nil //nolint:nilerr // damaged: as if nothing had been installed
	}
	return org, nil
}
