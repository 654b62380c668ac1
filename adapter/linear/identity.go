package linear

import (
	"context"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// identityTimeout bounds the lookup of the bot's identity, with all its
// attempts.
const identityTimeout = time.Minute

// account is one token with what is known about its owner.
type account struct {
	api *linearapi.Client
	// app says that the token is certain to be an app's.
	app    bool
	flight singleflight.Group

	mu   sync.Mutex
	self *adapter.Identity // nil until Linear has answered
	// installation is the installation that self belongs to, if there are many
	// accounts.
	installation string
}

// Identity returns who the bot is in a workspace. The first call asks Linear,
// and later calls reuse the answer; concurrent calls share one request, which
// outlives a caller whose context ends. Failures are not cached. If the token
// belongs to another workspace, the error has code adapter.CodeForbidden, wraps
// [adapter.ErrOtherWorkspace] and names both. An empty workspace stands for the token's own. With
// installations, the error has code adapter.CodeForbidden and wraps
// [adapter.ErrNotInstalled] if the bot is not installed, and code
// adapter.CodeUnauthenticated if it has to be installed again.
func (a *Adapter) Identity(ctx context.Context, workspace string) (*adapter.Identity, error) {
	acc, err := a.account(workspace)
	if err != nil {
		return nil, err
	}
	if a.many != nil {
		if err := a.many.current(ctx, acc, workspace); err != nil {
			return nil, err
		}
	}
	self, err := acc.identity(ctx)
	if err != nil {
		return nil, err
	}
	// Decode does no I/O, so everything it needs is loaded here.
	if _, err := a.secrets.load(ctx); err != nil {
		return nil, err
	}
	if self.Workspace == "" { // Linear did not say, so trust the webhook
		self.Workspace = workspace
	}
	if workspace != "" && workspace != self.Workspace {
		return nil, &adapter.Error{
			Code: adapter.CodeForbidden,
			Op:   "identity",
			Message: "this token is for workspace " + self.Workspace + " (" + self.WorkspaceName + "); " +
				"the webhook came from workspace " + workspace,
			Err: adapter.ErrOtherWorkspace,
		}
	}
	if a.mode == ModeComments || !self.App {
		self.Sessions = adapter.TernaryNo // people have no sessions
	}
	return self, nil
}

// identity returns a copy of the account's identity.
func (acc *account) identity(ctx context.Context) (*adapter.Identity, error) {
	if self, ok := acc.known(); ok {
		return &self, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, &adapter.Error{Code: adapter.CodeCanceled, Op: "identity", Err: err}
	}
	flight := acc.flight.DoChan("", func() (any, error) { return nil, acc.ask(context.WithoutCancel(ctx)) })
	select {
	case r := <-flight:
		if r.Err != nil {
			return nil, r.Err
		}
	case <-ctx.Done():
		return nil, &adapter.Error{Code: adapter.CodeCanceled, Op: "identity", Err: ctx.Err()}
	}
	self, ok := acc.known()
	if !ok {
		return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "identity", Message: "Linear did not say who the bot is"}
	}
	return &self, nil
}

func (acc *account) known() (adapter.Identity, bool) {
	acc.mu.Lock()
	defer acc.mu.Unlock()
	if acc.self == nil {
		return adapter.Identity{}, false
	}
	return *acc.self, true
}

// ask asks Linear who the bot is, unless another call just did.
func (acc *account) ask(ctx context.Context) error {
	acc.mu.Lock()
	known, installation := acc.self != nil, acc.installation
	acc.mu.Unlock()
	if known {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	v, err := acc.api.Viewer(adapter.WithPriority(ctx, adapter.PriorityAnswering)) // nothing works without it
	if err != nil {
		if adapter.CodeOf(err) == adapter.CodeCanceled { // a timeout, not a cancellation
			err = &adapter.Error{Code: adapter.CodeUnavailable, Op: "identity", Message: "Linear did not answer in time"}
		}
		return err
	}
	self := &adapter.Identity{
		Workspace:     v.Organization.ID,
		WorkspaceName: v.Organization.Name,
		UserID:        v.User.ID,
		Name:          v.User.DisplayName,
		FullName:      v.User.Name,
		ProfileURL:    v.User.URL,
		App:           acc.app || v.User.App || programMail(v.User.Email) != adapter.UserUnknown,
	}
	if self.ProfileURL == "" && v.Organization.URLKey != "" && self.Name != "" {
		self.ProfileURL = "https://linear.app/" + url.PathEscape(v.Organization.URLKey) + "/profiles/" + url.PathEscape(self.Name)
	}
	acc.mu.Lock()
	defer acc.mu.Unlock()
	if acc.installation == installation {
		acc.self = self
	}
	return nil
}
