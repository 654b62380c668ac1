// Package linear connects bots to Linear: it implements [adapter.Adapter].
//
// # Threads
//
// The channel is the issue; a thread is a root comment with its replies, or an
// agent session. See [Thread] for the format of their ids. Other things that
// have comments (projects, updates, documents) work like issues.
//
// # Writing once
//
// The id of every comment that the bot writes is computed from the workspace,
// the bot's user and the post's key, under a secret of the installation; see
// [Adapter.UseSecret]. A retried post has the same id: Linear rejects it as a
// conflict, and the adapter returns the existing comment if the bot wrote it in
// that thread. The ids carry a mark, so that the bot recognizes its own
// comments even when it acts with a person's key and the author is ambiguous.
//
// A reaction has such an id as well, so the bot can remove it without looking
// it up. A post that is longer than Config.MaxBody becomes several comments,
// which edits and deletes treat as one.
//
// # Reading
//
// Histories come in pages of one request each, with authors and reactions; see
// [Adapter.Messages]. Users are cached for ten minutes. Files are opened only
// from Linear's own storage, whatever address a message gives.
//
// # Credentials
//
// An adapter made with [New] acts in the one workspace that its API key, access
// token or OAuth app belongs to. Asking it about another workspace is an error
// with code adapter.CodeForbidden that names both. [New] does no I/O; the first
// call of Identity asks Linear who the bot is, and the next call retries after
// a failure.
//
// With Config.Installations an adapter acts in every workspace that has
// installed the app, with a client, a budget and an identity for each, and
// ignores deliveries from other workspaces.
//
// Package linearapi holds the client; its guarantees about retries, limits and
// errors apply here too.
package linear
