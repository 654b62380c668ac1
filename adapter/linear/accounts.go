package linear

import (
	"context"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// maxAccounts is how many clients are cached. Beyond that, a new client evicts
// an arbitrary one, whose workspace then has to learn its budget and identity
// again.
const maxAccounts = 10_000

// accounts are the accounts of an adapter that acts in many workspaces. Each has
// a client, and so a budget, of its own.
type accounts struct {
	from Installations
	open func(linearapi.TokenSource) (*linearapi.Client, error)

	mu  sync.Mutex
	all map[string]*account
}

// account returns the account that acts in a workspace. It does no I/O.
func (s *accounts) account(workspace string) (*account, error) {
	if workspace == "" {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: "linear", Message: "the bot is in many workspaces: say which one"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if acc, ok := s.all[workspace]; ok {
		return acc, nil
	}
	api, err := s.open(s.from.Tokens(workspace))
	if err != nil {
		return nil, err
	}
	if len(s.all) >= maxAccounts {
		for old := range s.all {
			delete(s.all, old)
			break
		}
	}
	acc := &account{api: api, app: true}
	s.all[workspace] = acc
	return acc, nil
}

func (s *accounts) closeIdleConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, acc := range s.all {
		acc.api.CloseIdleConnections()
	}
}

// current checks that the bot is installed in the workspace, and discards the
// identity that it had in an earlier installation.
func (s *accounts) current(ctx context.Context, acc *account, workspace string) error {
	name, err := s.from.Installed(ctx, workspace)
	if err != nil {
		return err
	}
	acc.mu.Lock()
	defer acc.mu.Unlock()
	if acc.installation != name {
		acc.installation, acc.self = name, nil
	}
	return nil
}

// budgets returns what is known of each account's limits, by workspace.
func (s *accounts) budgets() map[string]linearapi.Budget {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]linearapi.Budget, len(s.all))
	for workspace, acc := range s.all {
		all[workspace] = acc.api.Budget()
	}
	return all
}
