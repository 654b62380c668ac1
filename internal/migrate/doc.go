// Package migrate takes over what a bot on the npm packages chat,
// @chat-adapter/linear and @chat-adapter/state-redis has stored: its
// installations, subscriptions, thread and channel states and transcripts.
//
// # Semantics
//
// [Run] reads the predecessor's Redis and writes a store of linearbot, through the
// packages that own what is written: a handler finds a state with bot.State, a
// transcript with Workspace.Transcript, and so on. Without Config.Apply it writes
// nothing and reports what it would do.
//
// The source is only read (SCAN, SSCAN, TYPE, GET and the like), in pages, and may
// be in use meanwhile. Memory is bounded: keys, members and entries are handled page
// by page, a value that is larger than [MaxValue] is reported and left out, and of a
// longer list the newest MaxValue bytes are read.
// What cannot be taken over is never shortened or guessed: each such thing is
// reported with a [Reason].
//
// # Repeating
//
// A run remembers the digest of what it took over, for 90 days, beside the value.
// So a run that ended halfway can be repeated, and a second run
//
//   - changes nothing if the source has not changed, whatever handlers have done
//     with the values since: they keep what they wrote, and what they deleted or
//     unsubscribed stays so;
//   - takes over what the predecessor has changed since, as long as no handler has
//     changed the same value here. If one has, the value here is kept and reported.
//
// # Workspaces
//
// The predecessor's subscriptions, states and transcripts name no workspace, and
// everything here belongs to one. [One] says that there is one only. [Lookup] asks
// the installations, up to 100 issues a request, and leaves a fifth of each hourly
// budget to the bots that share it. What no workspace knows is reported and not
// taken over: it may belong to one that has removed the app.
package migrate
