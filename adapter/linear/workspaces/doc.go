// Package workspaces lets many Linear workspaces install one app, and keeps
// their logins alive.
//
// # Semantics
//
// A [Registry] holds one installation per workspace in a store that all
// instances share. It has three sides:
//
//   - [Registry.Handler] serves the pages on which an admin installs the app:
//     authorization code with PKCE (S256), actor=app, and a one-time state that
//     belongs to the browser that began.
//   - [Registry.Tokens] gives the tokens of a workspace, and
//     [Registry.Installed] and [Registry.Arrived] say whether it takes part.
//     Package linear asks them.
//   - [Registry.Run] refreshes logins ahead of their expiry, those of idle
//     workspaces too, revokes the tokens of workspaces that left, calls hooks
//     and re-encrypts records after a key rotation. Every instance runs it.
//
// # Refreshing
//
// Linear replaces the refresh token with every refresh, so a login can die of
// concurrent refreshes or of a crash between two writes. Therefore:
// calls of one process share one refresh; a lease in the store lets one process
// refresh at a time; the record says that a refresh has begun before the request
// is sent; the new pair is stored before anyone uses it; a pair that cannot be
// stored is kept in memory until it can. If the answer is lost, or the process
// dies with it, the next refresh sends the same refresh token: Linear repeats
// its answer for 30 minutes. Before a login is given up, the record is read once
// more, because another process may have replaced it.
//
// If Linear rejects a refresh token as invalid, the workspace becomes
// [StatusNeedsReauth]: its credentials are kept, its deliveries are still accepted and
// wait, and installing the app again resumes them. Only Linear's verdict on the
// refresh token does that. A rejected client secret, or a failure of Linear or of
// the network, leaves the stored state unchanged.
//
// A token whose expiry is unknown is used until Linear refuses it.
//
// # Leaving
//
// When a workspace removes the app, or is disconnected, the record says so before
// anything else happens, and a signal makes every instance end its work there. The
// tokens stay in the record until Linear has revoked them, for a day at most, with
// pauses that grow; Run retries. Installing the app again meanwhile keeps them
// beside the new ones until they are revoked.
//
// # Secrets
//
// Tokens are stored under AES-256-GCM with the id of their key beside them; the
// workspace's id and the name of the field are authenticated, so a record that
// is copied to another workspace opens nothing. The first of several keys
// encrypts, all decrypt. No token appears in an error, a log line, a page, a
// count or a URL.
package workspaces
