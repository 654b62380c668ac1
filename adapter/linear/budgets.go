package linear

import (
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Budgets returns what Linear last said about the limits of each workspace that the
// adapter has acted in, by organization id. The id is "" before Linear has said
// who the bot is. It does no I/O.
func (a *Adapter) Budgets() map[string]linearapi.Budget {
	if a.many != nil {
		return a.many.budgets()
	}
	workspace := ""
	if self, ok := a.only.known(); ok {
		workspace = self.Workspace
	}
	return map[string]linearapi.Budget{workspace: a.only.api.Budget()}
}

// Self returns who the bot is, if it acts in one workspace and Linear has said so. It
// does no I/O; see Identity.
func (a *Adapter) Self() (adapter.Identity, bool) {
	if a.many != nil {
		return adapter.Identity{}, false
	}
	return a.only.known()
}
