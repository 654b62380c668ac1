package workspaces

import (
	"maps"
	"slices"
)

// Names of what [Registry.Counts] counts.
const (
	// CountInstalled: the app was installed, or installed again.
	CountInstalled = "installed"
	// CountDenied: Linear sent a browser back without a code, most likely because
	// the admin declined.
	CountDenied = "install_denied"
	// CountStateFailed: a callback with a state that is unknown, was used, has
	// expired or belongs to another browser.
	CountStateFailed = "install_state_invalid"
	// CountNotExchange: a code could not be turned into an installation.
	CountNotExchange = "install_exchange_failed"
	// CountRefused: the workspace is not among Config.Only, or is one more than
	// Config.MaxWorkspaces.
	CountRefused = "install_refused"
	// CountRefreshed: a new pair of tokens was stored.
	CountRefreshed = "refreshed"
	// CountFailed: a refresh failed, and the login stays as it is. The code of the
	// error follows behind a colon, as in "refresh_failed:unavailable".
	CountFailed = "refresh_failed"
	// CountReauth: Linear ended a login. How many are ended now is in
	// [Registry.Statuses].
	CountReauth = "needs_reauth"
	// CountLeft: a workspace removed the app, or was disconnected.
	CountLeft = "left"
	// CountRevoked: all spent tokens of a workspace were revoked. CountNotRevoked:
	// an attempt failed.
	CountRevoked    = "revoked"
	CountNotRevoked = "revoke_failed"
	// CountNotMember: a delivery of a workspace that has not installed the app.
	CountNotMember = "not_installed"
)

// Counts returns how often each thing has happened in this process since the
// Registry was made. It does no I/O.
func (r *Registry) Counts() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

func (r *Registry) count(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[name]++
}

// Statuses returns how many workspaces have each status, without those that are
// [Gone]. It does no I/O: while Run runs, what it says is at most a sweep old.
func (r *Registry) Statuses() map[Status]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := make(map[Status]int)
	for _, status := range r.statuses {
		n[status]++
	}
	return n
}

// noteStatus remembers the status of a workspace.
func (r *Registry) noteStatus(org string, status Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if status == "" || status == Gone {
		delete(r.statuses, org)
		return
	}
	r.statuses[org] = status
}

// unlisted returns the workspaces with a status that are not on a list: they were
// purged, or have installed the app since the list was read.
func (r *Registry) unlisted(listed []string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing := maps.Clone(r.statuses)
	for _, org := range listed {
		delete(missing, org)
	}
	return slices.Collect(maps.Keys(missing))
}
