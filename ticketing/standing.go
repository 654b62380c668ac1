package ticketing

import (
	"context"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/state"
)

// standing is what subscribers were told last about a connection.
type standing struct {
	Account string `json:"account,omitempty"`
	// Usable says whether Linear could be called through it.
	Usable bool `json:"usable"`
	// Refused says that Linear refused the token of a connection that is listed
	// as active.
	Refused bool `json:"refused,omitempty"`
	// Gone says that it was ended. It stays known, so that its versions go on if
	// it is made again.
	Gone bool `json:"gone,omitempty"`
	// Version counts what was told, so that it is told once.
	Version int `json:"version"`
}

func standingKey() state.Key { return state.Key{Kind: "ticketing.standing", ID: "all"} }

// standings changes what subscribers were told, by f, which may run several
// times.
func (a *API) standings(ctx context.Context, f func(told map[string]standing) (bool, error)) error {
	_, err := change(ctx, a.docs, standingKey(), 0, func(told *map[string]standing) (bool, error) {
		if *told == nil {
			*told = map[string]standing{}
		}
		return f(*told)
	})
	return err
}

// publishStanding publishes an event about a connection. The version makes a repeat the
// same event, so that it may be published before it is stored as told.
func (a *API) publishStanding(ctx context.Context, id, name, status string, s *standing) error {
	s.Version++
	return a.publishIn(ctx, s.Account, news{
		conn: id, name: "integrated_account:" + name, resource: "integrated_accounts", id: id,
		record: map[string]string{"id": id, "status": status}, unique: name + ":" + strconv.Itoa(s.Version),
	})
}

// reconcile compares the connections with what subscribers know of them, and
// tells them what is new: created, active, authentication_error, reactivated,
// updated, deleted.
func (a *API) reconcile(ctx context.Context) error {
	all, err := a.connected(ctx)
	if err != nil {
		return err
	}
	return a.standings(ctx, func(told map[string]standing) (bool, error) {
		dirty := false
		here := map[string]bool{}
		for i := range all {
			conn := &all[i]
			here[conn.ID] = true
			s, known := told[conn.ID]
			before := s
			account := s.Account
			s.Account = conn.Account
			names := make([]string, 0, 2)
			if s.Gone {
				known, s = false, standing{Account: conn.Account, Version: s.Version}
			}
			switch {
			case !known && conn.usable():
				names = append(names, "created", "active")
			case !known:
				names = append(names, "created", "authentication_error")
			case s.Usable && !conn.usable():
				names = append(names, "authentication_error")
			case !s.Usable && conn.usable() && (!s.Refused || a.accepted(ctx, conn)):
				names, s.Refused = append(names, "reactivated"), false
			case account != conn.Account:
				names = append(names, "updated")
			}
			if !s.Refused {
				s.Usable = conn.usable()
			}
			for _, name := range names {
				if err := a.publishStanding(ctx, conn.ID, name, statusOf(conn, s.Refused), &s); err != nil {
					return false, err
				}
			}
			if !known || s != before {
				told[conn.ID], dirty = s, true
			}
		}
		for id, s := range told {
			if here[id] || s.Gone {
				continue
			}
			if err := a.publishStanding(ctx, id, "deleted", "revoked", &s); err != nil {
				return false, err
			}
			s.Gone = true
			told[id], dirty = s, true
		}
		return dirty, nil
	})
}

// accepted asks Linear whether it takes the token of a connection again.
func (a *API) accepted(ctx context.Context, conn *Connection) bool {
	_, err := conn.Client.ViewerNode(ctx)
	return err == nil
}

func statusOf(conn *Connection, refused bool) string {
	switch {
	case refused:
		return "needs_reauth"
	case conn.usable():
		return "active"
	}
	return conn.Status
}

// refused tells subscribers that a connection cannot be used until it is made
// again, once. byLinear says that Linear refused its token although the
// connection is listed as active.
func (a *API) refused(ctx context.Context, conn *Connection, byLinear bool) {
	ctx, cancel := detach(ctx, 5*time.Second)
	defer cancel()
	err := a.standings(ctx, func(told map[string]standing) (bool, error) {
		s, known := told[conn.ID]
		if known && (!s.Usable || s.Gone) {
			return false, nil
		}
		s.Account, s.Usable, s.Refused = conn.Account, false, byLinear
		if err := a.publishStanding(ctx, conn.ID, "authentication_error", "needs_reauth", &s); err != nil {
			return false, err
		}
		told[conn.ID] = s
		return true, nil
	})
	if err != nil {
		a.log.Warn().Err(err).Msg("subscribers could not be told of a refused token")
	}
}

// ended tells subscribers that a connection was disconnected.
func (a *API) ended(ctx context.Context, conn *Connection) error {
	return a.standings(ctx, func(told map[string]standing) (bool, error) {
		s := told[conn.ID]
		s.Account = conn.Account
		if err := a.publishStanding(ctx, conn.ID, "deleted", "revoked", &s); err != nil {
			return false, err
		}
		s.Gone = true
		told[conn.ID] = s
		return true, nil
	})
}

// watchEvery is how often the connections are compared with what is known of
// them. Requests that meet a change have them compared at once.
const watchEvery = 15 * time.Second

// wake has the connections compared soon.
func (a *API) wake() {
	select {
	case a.woken <- struct{}{}:
	default:
	}
}

// watch tells subscribers of what happens to connections until ctx ends.
func (a *API) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	failing := false
	for {
		err := a.reconcile(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			a.log.Warn().Err(err).Msg("the connections could not be looked at; trying again")
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-a.woken:
		case <-ctx.Done():
			return
		}
	}
}
