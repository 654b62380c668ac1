// Package linear is Linear as a chat platform: it implements
// [adapter.Adapter].
//
// # Threads
//
// The channel is the issue, a thread is a root comment with its replies, or an
// agent session; see [Thread] for how their ids are spelled. Other things that
// have comments (projects, updates, documents) work like issues.
//
// # Writing once
//
// The id of every comment that the bot writes is computed from the workspace,
// the bot's user and the post's key, under a secret of the installation; see
// [Adapter.UseSecret]. A repeated post meets its own id: Linear refuses it as a
// conflict, and the adapter answers with the comment that exists if the bot wrote it
// in that thread. The ids carry a mark, so that the bot knows its own comments even
// when it acts with a person's key and the author cannot tell.
//
// A reaction has such an id as well, by which the bot takes it back without
// looking for it. A post that is longer than Config.MaxBody becomes several
// comments, which edits and deletes treat as one.
//
// # Reading
//
// Histories come in pages of one request each, with authors and reactions; see
// [Adapter.Messages]. Users are remembered for ten minutes. Files are opened at
// Linear's own storage only, whatever a message says.
//
// # Credentials
//
// An adapter made with [New] acts in the one workspace that its API key,
// access token or OAuth app belongs to. Asking it about another workspace is
// an error with code adapter.CodeForbidden that names both. [New] does no I/O; the first
// call of Identity asks Linear who the bot is, and a failure is asked again.
//
// With Config.Installations an adapter acts in every workspace that has installed
// the app, with a client, a budget and an identity for each, and takes no
// deliveries of others.
//
// Package linearapi holds the client, and what it promises about retries,
// limits and errors holds here too.
package linear
