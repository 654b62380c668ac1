package ticketing

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Connecter is a [Connections] that people can add workspaces to.
type Connecter interface {
	// Connect begins to connect a workspace in the browser that r comes from, by
	// sending it to Linear. It writes the answer itself, errors included. Once the
	// workspace is connected, the implementation calls [API.Connected] with account,
	// which is empty if the workspace is for every account.
	Connect(w http.ResponseWriter, r *http.Request, account string)
}

// Refresher is a [Connections] that can replace the tokens of a connection.
type Refresher interface {
	// Refresh replaces the tokens of a connection now. It waits for Linear and
	// returns its error, an *adapter.Error, if Linear refuses.
	Refresh(ctx context.Context, id string) error
}

// assignments are the accounts of the helpdesk that connections were given to at
// run time. They are read for every request, so each process keeps them for a few
// seconds.
type assignments struct {
	docs documents
	now  func() time.Time

	mu    sync.Mutex
	known map[string]string
	left  departures
	until time.Time
}

const assignmentsTTL = 3 * time.Second

func assignmentsKey() state.Key { return state.Key{Kind: "ticketing.accounts", ID: "all"} }

func (s *assignments) all(ctx context.Context) (map[string]string, departures, error) {
	s.mu.Lock()
	known, left, until := s.known, s.left, s.until
	s.mu.Unlock()
	if s.now().Before(until) {
		return known, left, nil
	}
	known, left = map[string]string{}, departures{}
	if _, err := s.docs.load(ctx, assignmentsKey(), &known); err != nil {
		return nil, nil, err
	}
	if _, err := s.docs.load(ctx, departuresKey(), &left); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.left, s.until = known, left, s.now().Add(assignmentsTTL)
	return known, left, nil
}

// keep replaces the assignments by what was just written.
func (s *assignments) keep(all map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = all
}

func (s *assignments) keepLeft(all departures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = all
}

// Assign gives a connection to an account of the helpdesk; an empty account takes
// it back. From the first assignment on, a connection without one belongs to the
// account that is named like its ID. What the connection itself or Config.Accounts
// says has precedence. Other processes hear of it within seconds. It waits for the
// store and returns its errors.
func (a *API) Assign(ctx context.Context, connection, account string) error {
	now, err := change(ctx, a.docs, assignmentsKey(), 0, func(all *map[string]string) (bool, error) {
		if *all == nil {
			*all = map[string]string{}
		}
		if account == "" {
			_, has := (*all)[connection]
			delete(*all, connection)
			return has, nil
		}
		(*all)[connection] = account
		return true, nil
	})
	if err != nil {
		return err
	}
	a.assigned.keep(*now)
	if account != "" {
		if _, err := a.readmit(ctx, connection, account); err != nil {
			return err
		}
	}
	a.wake()
	return nil
}

// Connected records that a workspace was connected for an account of the helpdesk. It
// belongs to the account from now on, unless it was given to one before, or the
// account had left it while others share it. An empty account is a no-op. It waits for
// the store and returns its errors.
func (a *API) Connected(ctx context.Context, connection, account string) error {
	if account == "" {
		return nil
	}
	if back, err := a.readmit(ctx, connection, account); back || err != nil {
		a.wake()
		return err // it is shared, and stays so
	}
	now, err := change(ctx, a.docs, assignmentsKey(), 0, func(all *map[string]string) (bool, error) {
		if *all == nil {
			*all = map[string]string{}
		}
		if (*all)[connection] != "" {
			return false, nil
		}
		(*all)[connection] = account
		return true, nil
	})
	if err != nil {
		return err
	}
	a.assigned.keep(*now)
	a.wake()
	return nil
}

// ConnectInput is the body that begins to connect a workspace.
type ConnectInput struct {
	_         struct{} `additionalProperties:"true"`
	AccountID *anyRef  `json:"account_id,omitempty" doc:"The account of the helpdesk that the workspace will belong to. Needed if the token is for certain accounts."`
}

// ConnectLink is where a person connects a workspace.
type ConnectLink struct {
	URL       string    `json:"url" doc:"To open in a browser. It works once."`
	AccountID *string   `json:"account_id"`
	ExpiresAt time.Time `json:"expires_at"`
}

// invitation is what a connect link stands for.
type invitation struct {
	Account string    `json:"account"`
	Until   time.Time `json:"until"`
}

const invitationTTL = 10 * time.Minute

// The store has the digest of the link's secret, so that a reader of the store
// cannot use the link.
func invitationKey(secret string) state.Key {
	return state.Key{Kind: "ticketing.connect", ID: hash(secret)}
}

func (c *call) connecter() (Connecter, error) {
	v, can := c.api.cfg.Connections.(Connecter)
	if !can {
		return nil, &problem{
			status: http.StatusMethodNotAllowed, code: codeMethod,
			message: "the connections come from the configuration: workspaces can be connected where they install the app",
		}
	}
	return v, nil
}

// inviteConnection answers POST /integrated-account: a link that connects a
// workspace in the browser that opens it.
func inviteConnection(c *call) (*reply, error) {
	if _, err := c.connecter(); err != nil {
		return nil, err
	}
	account, _, _ := c.input.text(100, "account_id")
	if err := c.input.done(); err != nil {
		return nil, err
	}
	if account == "" && len(c.who.Accounts) == 1 {
		account = c.who.Accounts[0]
	}
	if len(c.who.Accounts) > 0 && !slices.Contains(c.who.Accounts, account) {
		return nil, invalidField("account_id", "value", "must be one of the accounts that the token is for")
	}
	if len(c.who.Connections) > 0 {
		return nil, forbidden(codeForbidden, "the token is for certain connections: it could not use the new one")
	}
	link, err := c.invite(account)
	if err != nil {
		return nil, err
	}
	return created(link), nil
}

func (c *call) invite(account string) (*ConnectLink, error) {
	secret := random64() + random64()
	v := invitation{account, c.api.cfg.Now().Add(invitationTTL).UTC().Truncate(time.Second)}
	if err := c.api.docs.save(c.ctx, invitationKey(secret), v, invitationTTL); err != nil {
		return nil, err
	}
	return &ConnectLink{c.base() + "/integrated-account/connect/" + secret, text(account), v.Until}, nil
}

// below is a path of the API as clients send it, for messages.
func (c *call) below(path string) string { return c.api.cfg.Prefix + path }

// base is the address of the API, as the caller reached it.
func (c *call) base() string {
	if c.api.cfg.PublicURL != "" {
		return c.api.cfg.PublicURL + c.api.cfg.Prefix
	}
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host + c.api.cfg.Prefix
}

// openInvitation answers GET /integrated-account/connect/{link}.
func openInvitation(c *call) (*reply, error) {
	to, err := c.connecter()
	if err != nil {
		return nil, err
	}
	secret := c.path["link"]
	var v invitation
	_, err = change(c.ctx, c.api.docs, invitationKey(secret), invitationTTL, func(now *invitation) (bool, error) {
		if now.Until.IsZero() || c.api.cfg.Now().After(now.Until) {
			return false, &problem{
				status: http.StatusGone, code: codeNotFound,
				message: "this link was used or has expired: make a new one with POST " + c.below("/integrated-account"),
			}
		}
		v = *now
		now.Until = time.Time{}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	c.header.Set("Referrer-Policy", "no-referrer")
	return &reply{write: func(w http.ResponseWriter) { to.Connect(w, c.r, v.Account) }}, nil
}

// refreshConnection answers POST /integrated-account/{id}/refresh.
func refreshConnection(c *call) (*reply, error) {
	conn, err := c.pick()
	if err != nil {
		return nil, err
	}
	r, can := c.api.cfg.Connections.(Refresher)
	if !can {
		return nil, &problem{
			status: http.StatusMethodNotAllowed, code: codeMethod,
			message: "the token of this connection comes from the configuration: it is not refreshed here",
		}
	}
	if err := r.Refresh(c.ctx, conn.ID); err != nil {
		c.conn = conn // a refused token is told to subscribers
		return nil, err
	}
	c.api.wake()
	if conn, err = c.pick(); err != nil { // it may be active again
		return nil, err
	}
	out, err := c.accountOf(conn)
	if err != nil {
		return nil, err
	}
	return ok(Result{out}), nil
}
