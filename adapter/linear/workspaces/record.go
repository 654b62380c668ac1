package workspaces

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Status is the status of an installation.
type Status string

// The statuses.
const (
	// StatusActive: the app is installed.
	StatusActive Status = "active"
	// StatusNeedsReauth: Linear refuses the login; an admin has to install the app
	// again. Credentials are kept, deliveries wait.
	StatusNeedsReauth Status = "needs_reauth"
	// StatusLeaving: the app was removed and its tokens are being revoked.
	StatusLeaving Status = "leaving"
	// StatusGone: the app was removed and no secret is left.
	StatusGone Status = "gone"
	// StatusUnreadable: the app is installed, but no key of Config.Keys decrypts its tokens:
	// the key was lost or changed. Deliveries wait. This status is shown and not
	// stored: with the key, the installation is what it was.
	StatusUnreadable Status = "unreadable"
)

// recordVersion is the version of the stored form.
const recordVersion = 1

// record is the stored form of an installation.
type record struct {
	Version int `json:"v"`
	// Rev counts the writes.
	Rev          int64  `json:"rev"`
	Organization string `json:"organization"`
	Name         string `json:"name,omitempty"`
	URLKey       string `json:"url_key,omitempty"`
	// UserID and Handle are the app's user.
	UserID string   `json:"user_id,omitempty"`
	Handle string   `json:"handle,omitempty"`
	Client string   `json:"client,omitempty"`
	Scopes []string `json:"scopes,omitempty"`
	Status Status   `json:"status"`
	// Installation names this installation; installing again gives another.
	Installation string    `json:"installation"`
	InstalledAt  time.Time `json:"installed_at"`
	// ChangedAt is when Status was set.
	ChangedAt time.Time `json:"changed_at"`
	// Pair names the pair of tokens. It changes with each refresh, and not
	// when the same tokens are encrypted again.
	Pair    string  `json:"pair,omitempty"`
	Access  *sealed `json:"access,omitempty"`
	Refresh *sealed `json:"refresh,omitempty"`
	// Expires is when the access token expires. Zero if unknown.
	Expires time.Time `json:"expires,omitzero"`
	// PairAt is when the pair was stored.
	PairAt time.Time `json:"pair_at,omitzero"`
	// Attempt is when a refresh of this pair was begun. If it is set and
	// no process refreshes, an answer may have been lost.
	Attempt time.Time `json:"attempt,omitzero"`
	// Why says why the installation is not active.
	Why string `json:"why,omitempty"`
	// Announce is the hook that has not been called yet.
	Announce string `json:"announce,omitempty"`
	// Former are tokens of installations before this one that are still to be
	// revoked, the oldest first.
	Former []former `json:"former,omitempty"`
	// FormerAt is when Former was last revoked.
	FormerAt time.Time `json:"former_at,omitzero"`
	// RevokeUntil is when revoking is given up, Tries the number of attempts so
	// far, and NextTry when the next one is due. They are set while tokens are to
	// be revoked.
	RevokeUntil time.Time `json:"revoke_until,omitzero"`
	Tries       int       `json:"tries,omitempty"`
	NextTry     time.Time `json:"next_try,omitzero"`
}

// former is a pair of tokens that is not in use any more.
type former struct {
	Access  *sealed `json:"access,omitempty"`
	Refresh *sealed `json:"refresh,omitempty"`
}

// maxFormer is how many pairs are kept to be revoked: one for each time that the
// app is installed again while Linear does not revoke.
const maxFormer = 8

// revoking reports whether tokens are to be revoked.
func (r *record) revoking() bool { return r.Status == StatusLeaving || len(r.Former) > 0 }

// sealed returns everything encrypted that the record holds.
func (r *record) sealed() []*sealed {
	var all []*sealed
	for _, f := range r.Former {
		all = append(all, f.Access, f.Refresh)
	}
	all = append(all, r.Access, r.Refresh)
	return slices.DeleteFunc(all, func(s *sealed) bool { return s == nil })
}

// The hooks to announce.
const (
	announceInstalled   = "installed"
	announceUninstalled = "uninstalled"
)

// The fields whose tokens are encrypted.
const (
	fieldAccess  = "access_token"
	fieldRefresh = "refresh_token"
)

// secret holds a text. It is a function because printing a function does not
// reveal the text.
type secret func() string

// hide returns a secret.
func hide(text string) secret { return func() string { return text } }

// text returns the text, "" if there is none.
func (s secret) text() string {
	if s == nil {
		return ""
	}
	return s()
}

// snapshot is a record as it was read, with what it holds.
type snapshot struct {
	raw             []byte
	rec             record
	access, refresh secret
	// unreadable says that no key decrypts the tokens.
	unreadable bool
}

// status returns the status as it is shown.
func (s *snapshot) status() Status {
	if s.unreadable && s.rec.login() {
		return StatusUnreadable
	}
	return s.rec.Status
}

// decode reads a record and decrypts its tokens. With an error, the rest of the
// record may still be set.
func decode(raw []byte, organization string, keys *Keys) (*snapshot, error) {
	s := &snapshot{raw: raw}
	if err := json.Unmarshal(raw, &s.rec); err != nil {
		s.rec = record{}
		return s, broken(organization, "it is damaged; installing the app again replaces it")
	}
	if s.rec.Version > recordVersion {
		return nil, broken(organization, fmt.Sprintf("it was written by a newer version (format %d)", s.rec.Version))
	}
	if s.rec.Organization != organization {
		s.rec = record{}
		return s, broken(organization, "it belongs to another workspace; installing the app again replaces it")
	}
	access, err := keys.open(organization, fieldAccess, s.rec.Access)
	if err == nil {
		var refresh string
		refresh, err = keys.open(organization, fieldRefresh, s.rec.Refresh)
		s.access, s.refresh = hide(access), hide(refresh)
	}
	if err != nil {
		s.unreadable = true
		return s, broken(organization, err.Error())
	}
	return s, nil
}

// broken says that a record cannot be used as it is. The operator may still
// repair the configuration, so the error is one to retry.
func broken(organization, why string) error {
	return &adapter.Error{
		Code: adapter.CodeUnavailable, Op: "installation", RetryAfter: 15 * time.Second,
		Message: "the record of workspace " + organization + " cannot be used: " + why,
	}
}

// login reports whether the record holds tokens that are to be used.
func (r *record) login() bool { return r.Status == StatusActive || r.Status == StatusNeedsReauth }

const (
	// expirySlack is how long before its end a token counts as expired, so
	// that a request that is on its way arrives in time.
	expirySlack = 30 * time.Second
	// maxLead is the longest time ahead of the expiry that a refresh begins.
	maxLead = 2 * time.Hour
	// blindLife is how long a token without a known expiry is left alone.
	blindLife = 20 * time.Hour
)

// expired reports whether the access token is known to have expired.
func (r *record) expired(now time.Time) bool {
	return !r.Expires.IsZero() && !now.Before(r.Expires.Add(-expirySlack))
}

// due reports whether the pair should be refreshed ahead of its expiry: in the
// last quarter of its life or in the last two hours, whichever is shorter, from
// a moment that differs from pair to pair and is the same for all instances.
func (r *record) due(now time.Time) bool {
	switch {
	case r.Status != StatusActive || r.Refresh == nil:
		return false
	case !r.Attempt.IsZero():
		return true // an answer may have been lost, and Linear repeats it for a while only
	case r.Expires.IsZero():
		return now.Sub(r.PairAt) > blindLife
	}
	lead := min(r.Expires.Sub(r.PairAt)/4, maxLead)
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.Pair)) // never fails
	lead -= time.Duration(float64(lead) / 2 * float64(h.Sum32()) / (1 << 32))
	return !now.Before(r.Expires.Add(-lead))
}
