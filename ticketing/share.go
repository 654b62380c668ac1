package ticketing

import (
	"context"
	"slices"

	"github.com/linearbot/linearbot/state"
)

// A connection without an account is shared by all of them. An account that
// disconnects from it only leaves it: the tokens go on serving the others.

// departures are the accounts that left shared connections, by connection.
type departures map[string][]string

func departuresKey() state.Key { return state.Key{Kind: "ticketing.left", ID: "all"} }

// serves reports whether an account of the helpdesk may use the connection.
func (v *Connection) serves(account string) bool {
	if v.Account != "" {
		return v.Account == account
	}
	return !slices.Contains(v.left, account)
}

// leave takes a shared connection from the accounts of the caller.
func (c *call) leave(conn *Connection) (*Disconnected, error) {
	if len(c.who.Connections) > 0 {
		return nil, forbidden(codeForbidden, "other accounts share this workspace, and the token is for certain connections: it cannot take one from an account")
	}
	now, err := change(c.ctx, c.api.docs, departuresKey(), 0, func(all *departures) (bool, error) {
		left := (*all)[conn.ID]
		before := len(left)
		for _, account := range c.who.Accounts {
			if !slices.Contains(left, account) {
				left = append(left, account)
			}
		}
		if *all == nil {
			*all = departures{}
		}
		(*all)[conn.ID] = left
		return len(left) > before, nil
	})
	if err != nil {
		return nil, err
	}
	c.api.assigned.keepLeft(*now)
	return &Disconnected{
		ID: conn.ID, Warning: "other accounts share this workspace, so its tokens stay valid: only this account was disconnected from it",
	}, nil
}

// readmit undoes that an account left a connection, and reports whether it had.
func (a *API) readmit(ctx context.Context, connection, account string) (had bool, err error) {
	now, err := change(ctx, a.docs, departuresKey(), 0, func(all *departures) (bool, error) {
		i := slices.Index((*all)[connection], account)
		if had = i >= 0; had {
			(*all)[connection] = slices.Delete((*all)[connection], i, i+1)
		}
		return had, nil
	})
	if err == nil && had {
		a.assigned.keepLeft(*now)
	}
	return had, err
}
