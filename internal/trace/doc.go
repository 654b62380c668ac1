// Package trace keeps decision traces: for each delivery, what became of it and
// why. They answer "why did the bot not answer?" in one command
// (linearbot explain), on the console and in the playground.
//
// # Recording
//
// A [Recorder] is the [adapter.Tracer] of a process. The packages on a
// delivery's way begin a part each: the server one for the request, the bot one
// for each run of the turn. Adding a step appends to a bounded list in memory and
// does nothing else. Parts that have ended wait, in a bounded list too, until
// [Recorder.Run] writes them to the store: once a second, all of them in a few
// values. So a trace adds no call of the store to the way of a message. What was
// not written yet is lost if the process is killed; the next attempt of the turn
// then shows that one is missing.
//
// # Keeping
//
// Parts are kept in a ring of [pages] values for each workspace, and one for
// requests that could not be verified, which belong to none. A ring has a number
// of its own and a lifetime: the newest part replaces the oldest. All processes
// that share a store share the rings.
//
// # Reading
//
// A [View] puts the parts of a delivery together and returns a [Trace] of each. It
// reads the newest pages first, of all workspaces together, and stops when it has
// what is asked for: the head of each ring says how new its pages are. A delivery
// whose parts lie far apart, because its turn waited or was retried, is followed
// back to its first part.
// The [Story] of a trace tells it in plain words: what happened, why, and what to
// do. The words are those of package reason.
//
// # Secrets
//
// A trace holds codes, names, ids and error texts, all clipped. Tokens, secrets,
// signatures and headers do not get here. What people wrote is kept only if
// [Config.Text] is set.
package trace
