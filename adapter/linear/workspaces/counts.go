package workspaces

import (
	"maps"
	"slices"
)

// The names of the counts; see [Registry.Counts].
const (
	countInstalled      = "installed"
	countDenied         = "install_denied"
	countStateFailed    = "install_state_invalid"
	countExchangeFailed = "install_exchange_failed"
	countRefused        = "install_refused"
	countRefreshed      = "refreshed"
	countRefreshFailed  = "refresh_failed"
	countReauth         = "needs_reauth"
	countLeft           = "left"
	countRevoked        = "revoked"
	countRevokeFailed   = "revoke_failed"
	countNotInstalled   = "not_installed"
)

// Counts returns how often each thing has happened in this process since the Registry
// was made, by name. It does no I/O.
//
//   - "installed": the app was installed, or installed again
//   - "install_denied": Linear sent a browser back without a code, most likely because
//     the admin declined
//   - "install_state_invalid": a callback with a state that is unknown, was used, has
//     expired or belongs to another browser
//   - "install_exchange_failed": a code could not be exchanged for an installation
//   - "install_refused": the workspace is not among Config.AllowedWorkspaces, or is one
//     more than Config.MaxWorkspaces
//   - "refreshed": a new pair of tokens was stored
//   - "refresh_failed" and, after a colon, the code of the error, for example
//     "refresh_failed:unavailable": a refresh failed, and the login stays as it is
//   - "needs_reauth": Linear ended a login; [Registry.Statuses] has how many are ended now
//   - "left": a workspace removed the app, or was disconnected
//   - "revoked": all spent tokens of a workspace were revoked
//   - "revoke_failed": an attempt to revoke failed
//   - "not_installed": a delivery of a workspace that has not installed the app
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

// Statuses returns how many workspaces have each status, those that are [StatusGone] not
// included. It does no I/O: while Run runs, the numbers are at most a sweep old.
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
	if status == "" || status == StatusGone {
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
