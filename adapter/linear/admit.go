package linear

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

var _ adapter.Admitter = (*Adapter)(nil)

// Admit returns "" for a delivery that is to be stored, or "not_installed" or
// "needs_reauth" if the adapter serves installations and the workspace is not
// one of them. A delivery that says that a workspace removed the bot ends the
// installation here, before the delivery is stored, because Linear cannot be
// asked about it afterwards. It may read and write the store.
func (a *Adapter) Admit(ctx context.Context, d *adapter.Delivery, r *adapter.Route) (string, error) {
	if a.many == nil {
		return "", nil
	}
	if r.Type != typeApp || r.Action != actionRevoked {
		return a.many.from.Arrived(ctx, r.Workspace)
	}
	ignore, err := a.many.from.Arrived(ctx, r.Workspace)
	if err != nil || ignore != "" {
		return ignore, err
	}
	var h header
	if err := unmarshal(d.Body, &h); err != nil {
		return "", err
	}
	at, err := time.Parse(time.RFC3339, h.CreatedAt)
	if err != nil {
		at = d.SentAt
	}
	if err := a.many.from.Revoked(ctx, r.Workspace, h.OAuthClientID, at); err != nil {
		return "", err
	}
	if _, err := a.many.from.Installed(ctx, r.Workspace); err == nil {
		return reason.Stale, nil // it was installed again since
	}
	return "", nil
}
