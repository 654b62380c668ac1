package workspaces

import (
	"context"
	"errors"
	"time"

	"github.com/linearbot/linearbot/state"
)

// errHeld says that another process refreshes the login.
var errHeld = errors.New("workspaces: another instance refreshes the login")

// lease takes the right to refresh a workspace's login, among all processes. It
// lapses by itself after leaseTTL: a process that takes longer may meet another
// one, which does no harm, because Linear answers both alike. What release
// leaves behind lapses too.
func (r *Registry) lease(ctx context.Context, org string) (release func(context.Context), err error) {
	key, holder := leaseKey(org), []byte(name())
	err = r.cfg.Store.CompareAndSet(ctx, key, nil, holder, r.leaseTTL)
	switch {
	case errors.Is(err, state.ErrConflict):
		return nil, errHeld
	case err != nil:
		return nil, storeError(err)
	}
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = r.cfg.Store.CompareAndSet(ctx, key, holder, nil, 0) // it lapses otherwise
	}, nil
}
