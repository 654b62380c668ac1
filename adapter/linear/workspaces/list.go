package workspaces

import (
	"context"
	"time"
)

// Workspace is an installation as it may be shown.
type Workspace struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	URLKey string `json:"url_key,omitempty"`
	// UserID and Handle are the app's user there.
	UserID string   `json:"user_id,omitempty"`
	Handle string   `json:"handle,omitempty"`
	Scopes []string `json:"scopes,omitempty"`
	Status Status   `json:"status"`
	// Why says why it is not active.
	Why         string    `json:"why,omitempty"`
	InstalledAt time.Time `json:"installed_at"`
	// ChangedAt is when Status was set.
	ChangedAt time.Time `json:"changed_at"`
	// RefreshedAt is when the tokens were last replaced, Expires when the
	// access token expires. Zero if unknown.
	RefreshedAt time.Time `json:"refreshed_at,omitzero"`
	Expires     time.Time `json:"expires,omitzero"`
	// LastDelivery is when a delivery last came, give or take five minutes.
	// Zero if the last one is more than 90 days old.
	LastDelivery time.Time `json:"last_delivery,omitzero"`
	// Key is the id of the key that the tokens are encrypted with: "none" if
	// they are stored as they are, "" if there are none.
	Key string `json:"key,omitempty"`
	// Problem says why the record cannot be used, for example because its key
	// is missing.
	Problem string `json:"problem,omitempty"`
}

// List returns all installations, those that have ended within 180 days
// included, ordered by id.
func (r *Registry) List(ctx context.Context) ([]Workspace, error) {
	orgs, err := r.organizations(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Workspace, 0, len(orgs))
	for _, org := range orgs {
		w, err := r.Workspace(ctx, org)
		if err != nil {
			return nil, err
		}
		if w != nil {
			all = append(all, *w)
		}
	}
	return all, nil
}

// Workspace returns one installation, nil if there is none and none has ended
// within 180 days.
func (r *Registry) Workspace(ctx context.Context, workspace string) (*Workspace, error) {
	s, err := r.read(ctx, workspace)
	if s == nil {
		return nil, err
	}
	w := &Workspace{
		ID: s.rec.Organization, Name: s.rec.Name, URLKey: s.rec.URLKey, UserID: s.rec.UserID, Handle: s.rec.Handle,
		Scopes: s.rec.Scopes, Status: s.status(), Why: s.rec.Why, InstalledAt: s.rec.InstalledAt, ChangedAt: s.rec.ChangedAt,
		RefreshedAt: s.rec.PairAt, Expires: s.rec.Expires,
	}
	if err != nil {
		w.Problem = err.Error()
	}
	for _, t := range s.rec.sealed() {
		w.Key = t.keyName()
	}
	if w.LastDelivery, err = r.lastArrival(ctx, workspace); err != nil {
		return nil, err
	}
	return w, nil
}

// Rotation says what Rotate did.
type Rotation struct {
	// Key is the id of the key that encrypts now.
	Key string `json:"key"`
	// Encrypted is how many installations are encrypted with it now, Other how
	// many are with each other key, because something failed.
	Encrypted int            `json:"encrypted"`
	Other     map[string]int `json:"other,omitempty"`
}

// keyName returns the id of the key, "none" if there is none.
func (s *sealed) keyName() string {
	if s.Key == "" {
		return "none"
	}
	return s.Key
}

// Rotate encrypts all tokens with the first key. It may run beside the bot, and
// does what Run does over time. When Other is empty, the other keys can go.
func (r *Registry) Rotate(ctx context.Context) (Rotation, error) {
	out := Rotation{Key: r.cfg.Keys.current(), Other: map[string]int{}}
	if out.Key == "" {
		out.Key = "none"
	}
	orgs, err := r.organizations(ctx)
	if err != nil {
		return out, err
	}
	for _, org := range orgs {
		resealErr := r.reseal(ctx, org)
		s, err := r.read(ctx, org)
		if s == nil {
			if err != nil {
				return out, err
			}
			continue
		}
		keys := map[string]bool{} // of tokens in use, and of those to be revoked
		for _, t := range s.rec.sealed() {
			keys[t.keyName()] = true
		}
		if len(keys) == 1 && keys[out.Key] && resealErr == nil {
			out.Encrypted++
			continue
		}
		for key := range keys {
			if key != out.Key || len(keys) == 1 {
				out.Other[key]++
			}
		}
	}
	return out, nil
}
