package workspaces

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/wording"
)

// errNotAllowed says that a workspace is not on the list of those that may
// install the app.
var errNotAllowed = errors.New("workspaces: this workspace may not install the app")

// errNotKept says that Linear has granted access and that it was given back.
var errNotKept = errors.New("workspaces: the installation could not be stored")

const (
	// abandonTimeout bounds giving tokens back.
	abandonTimeout = 10 * time.Second
	// installTries is how often it is tried to store an installation.
	installTries = 5
)

// install turns the tokens that an admin has granted into an installation, or
// revokes them: no one else knows of them.
func (r *Registry) install(ctx context.Context, g linearapi.Grant) (*snapshot, error) {
	s, again, err := r.accept(ctx, g)
	if err != nil {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
		defer cancel()
		r.abandon(own, g)
		if errors.Is(err, errNotAllowed) || errors.Is(err, errFull) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", errNotKept, err)
	}
	org := s.rec.Organization
	r.login(org).saw(s)
	r.relist(ctx, org)
	what := "installed"
	if again {
		what = "installed_again"
	}
	r.count(countInstalled)
	r.audit(ctx, org, what, "scopes "+strings.Join(s.rec.Scopes, " "))
	r.poke(org)
	return s, nil
}

// accept asks whose tokens these are and stores them. again says that there was
// an installation before.
func (r *Registry) accept(ctx context.Context, g linearapi.Grant) (s *snapshot, again bool, err error) {
	asked := r.cfg.Now()
	api, err := linearapi.New(linearapi.Config{
		URL: r.cfg.APIURL, Tokens: linearapi.AccessToken(g.Access), HTTPClient: r.cfg.HTTPClient, MaxAttempts: 3,
	})
	if err != nil {
		return nil, false, err
	}
	v, err := api.Viewer(adapter.WithPriority(ctx, adapter.PriorityAnswering))
	if err != nil {
		return nil, false, err
	}
	org := v.Organization.ID
	if org == "" {
		return nil, false, &adapter.Error{Code: adapter.CodeUnavailable, Op: "install", Message: "Linear did not say which workspace the token belongs to"}
	}
	if len(r.cfg.AllowedWorkspaces) > 0 && !slices.Contains(r.cfg.AllowedWorkspaces, org) && !slices.Contains(r.cfg.AllowedWorkspaces, v.Organization.URLKey) {
		return nil, false, errNotAllowed
	}
	if err := r.room(ctx, org); err != nil {
		return nil, false, err
	}
	if !v.User.App && !strings.HasSuffix(v.User.Email, "@oauthapp.linear.app") {
		r.log.Warn().Str(keyWorkspace, org).Msg("Linear gave a person's token instead of the app's: the bot acts as that person")
	}
	g.Expires = rebase(g.Expires, asked)
	if err := r.enlist(ctx, org, true); err != nil {
		return nil, false, err
	}
	installation := name()
	s, err = r.insist(ctx, org, func(old *snapshot, rec *record) bool {
		if old != nil && rec.Installation == installation {
			return false // an attempt that seemed to fail was stored
		}
		again = old != nil
		now := r.cfg.Now()
		*rec = record{
			Organization: org, Name: wording.Clip(v.Organization.Name, 200), URLKey: v.Organization.URLKey,
			UserID: v.User.ID, Handle: wording.Clip(v.User.DisplayName, 200), Client: r.cfg.ClientID, Scopes: r.cfg.Scopes,
			Status: StatusActive, Installation: installation, InstalledAt: now, ChangedAt: now, Announce: announceInstalled,
		}
		rec.succeed(old, now)
		r.put(rec, g)
		return true
	})
	if err == nil {
		return s, again, nil
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
	defer cancel()
	if s, _ := r.read(own, org); s != nil && s.rec.Installation == installation {
		return s, again, nil // the last attempt was stored after all
	}
	return nil, false, err
}

// insist is change, tried a few times while the store fails.
func (r *Registry) insist(ctx context.Context, org string, f func(old *snapshot, rec *record) bool) (*snapshot, error) {
	wait := 50 * time.Millisecond
	for n := 1; ; n++ {
		s, err := r.change(ctx, org, f)
		if err == nil || n == installTries || pause.For(ctx, wait) != nil {
			return s, err
		}
		wait *= 2
	}
}

// relist puts a workspace on the list whose record is there. The installation
// works without, so an error does not undo it.
func (r *Registry) relist(ctx context.Context, org string) {
	if err := r.enlist(ctx, org, true); err != nil {
		r.log.Warn().Err(err).Str(keyWorkspace, org).Msg("workspace may be missing in the list of workspaces")
	}
}

// room reports an error if no further workspace may install the app.
func (r *Registry) room(ctx context.Context, org string) error {
	all, err := r.organizations(ctx)
	if err != nil {
		return err
	}
	if len(all) >= r.cfg.MaxWorkspaces && !slices.Contains(all, org) {
		return errFull
	}
	return nil
}

// abandon revokes tokens that nothing keeps: of an installation that was turned
// down, or of one that ended meanwhile.
func (r *Registry) abandon(ctx context.Context, g linearapi.Grant) {
	for _, t := range []struct{ token, hint string }{{g.Refresh, fieldRefresh}, {g.Access, fieldAccess}} {
		if t.token == "" {
			continue
		}
		if err := r.oauth.Revoke(ctx, t.token, t.hint); err != nil && !errors.Is(err, linearapi.ErrNotRevoked) {
			r.count(countRevokeFailed)
			r.log.Warn().Err(err).Str(keyReason, t.hint).Msg("token that is not kept could not be revoked: it ends when it expires")
		}
	}
}

// imported is an installation as the predecessor stores it, below the key
// linear:installation:{organizationId}.
type imported struct {
	AccessToken    json.RawMessage `json:"accessToken"`
	RefreshToken   json.RawMessage `json:"refreshToken"`
	BotUserID      string          `json:"botUserId"`
	ExpiresAt      *float64        `json:"expiresAt"`
	OrganizationID string          `json:"organizationId"`
}

// NPMInstallation is an installation as the npm package @chat-adapter/linear stored it.
// Its text forms show no token.
type NPMInstallation struct {
	// Workspace is the organization id.
	Workspace string
	// UserID is the app's user there.
	UserID string
	// Expires is when the access token expires. Zero if unknown.
	Expires time.Time

	access, refresh secret
}

// Tokens returns a source of the access token. It is never refreshed: that would
// end the login of the npm package.
func (f *NPMInstallation) Tokens() linearapi.TokenSource {
	return linearapi.AccessToken(f.access.text())
}

// String returns the workspace.
func (f *NPMInstallation) String() string { return "installation of " + f.Workspace }

// GoString returns the same as String.
func (f *NPMInstallation) GoString() string { return f.String() }

// Format writes the same as String, whatever the verb.
func (f *NPMInstallation) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(f.String())) }

// ReadNPM reads an installation that the npm package @chat-adapter/linear stored, as
// JSON: accessToken and refreshToken as texts or as {iv, data, tag}, encrypted with one of
// Config.Keys; expiresAt in milliseconds or null. It does no I/O. Its errors have
// code adapter.CodeInvalid and do not quote the record; the workspace may be set
// all the same.
func (r *Registry) ReadNPM(data []byte) (*NPMInstallation, error) {
	invalid := func(format string, a ...any) error {
		return &adapter.Error{Code: adapter.CodeInvalid, Op: "import", Message: fmt.Sprintf(format, a...)}
	}
	var in imported
	if err := json.Unmarshal(data, &in); err != nil {
		return &NPMInstallation{}, invalid("the record must be a JSON object of an installation")
	}
	org := in.OrganizationID
	if org == "" || len(org) > 128 {
		return &NPMInstallation{}, invalid("the record names no organizationId")
	}
	f := &NPMInstallation{Workspace: org, UserID: in.BotUserID}
	access, err := r.importText(in.AccessToken)
	if err != nil || access == "" {
		return f, invalid("accessToken of workspace %s: %s", org, reason(err))
	}
	refresh, err := r.importText(in.RefreshToken)
	if err != nil {
		return f, invalid("refreshToken of workspace %s: %s", org, reason(err))
	}
	f.access, f.refresh = hide(access), hide(refresh)
	if in.ExpiresAt != nil && *in.ExpiresAt > 0 && *in.ExpiresAt < 1e15 {
		f.Expires = time.UnixMilli(int64(*in.ExpiresAt)).UTC()
	}
	return f, nil
}

// Importable returns [ErrNoKey] if Import would, and nil otherwise.
func (r *Registry) Importable() error {
	if r.cfg.Keys == nil && !r.cfg.AllowPlaintext {
		return ErrNoKey
	}
	return nil
}

// Import adds an installation that [Registry.ReadNPM] can read, and returns the
// workspace. The tokens are encrypted again. A workspace that has installed the app
// already, or whose tokens are still to be revoked, is left alone, and the error has
// code adapter.CodeConflict. Without Config.Keys the error is [ErrNoKey], unless
// Config.AllowPlaintext is set.
func (r *Registry) Import(ctx context.Context, data []byte) (workspace string, err error) {
	if err := r.Importable(); err != nil {
		return "", err
	}
	f, err := r.ReadNPM(data)
	if err != nil {
		return f.Workspace, err
	}
	org := f.Workspace
	g := linearapi.Grant{Access: f.access.text(), Refresh: f.refresh.text(), Expires: f.Expires}
	if err := r.room(ctx, org); err != nil {
		return org, err
	}
	if err := r.enlist(ctx, org, true); err != nil {
		return org, err
	}
	client := r.cfg.ClientID
	if client == unused {
		client = "" // a tool does not know the app
	}
	taken := ""
	_, err = r.change(ctx, org, func(old *snapshot, rec *record) bool {
		taken = ""
		switch {
		case old == nil:
		case rec.login():
			taken = "has installed the app already"
		case rec.revoking():
			taken = "has removed the app, and its tokens are still being revoked: import it later"
		}
		if taken != "" {
			return false
		}
		now := r.cfg.Now()
		*rec = record{
			Organization: org, UserID: f.UserID, Client: client,
			Status: StatusActive, Installation: name(), InstalledAt: now, ChangedAt: now,
		}
		r.put(rec, g)
		return true
	})
	switch {
	case err != nil:
		return org, err
	case taken != "":
		return org, &adapter.Error{Code: adapter.CodeConflict, Op: "import", Message: "workspace " + org + " " + taken}
	}
	r.relist(ctx, org)
	r.audit(ctx, org, "imported", "")
	return org, nil
}

// importText reads a token that is a text, or encrypted.
func (r *Registry) importText(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var s sealed
	if json.Unmarshal(raw, &s) != nil || len(s.IV) == 0 || s.Key != "" || s.Plain != "" {
		return "", &sealError{"it is neither a text nor {iv, data, tag}"}
	}
	return r.cfg.Keys.open("", "", &s)
}

func reason(err error) string {
	if err == nil {
		return "it is missing"
	}
	return err.Error()
}
