// Package adapter is the contract between the bot and a chat platform. It
// holds the nouns that both sides speak: deliveries, events, messages, users,
// threads and errors. It imports nothing but the standard library.
//
// A platform implements [Adapter]. Each optional feature is a small interface of
// its own (for example [Completer]) that an adapter may also implement; package
// bot asserts it once and, where it is missing, returns an error that wraps
// [errors.ErrUnsupported].
//
// # Deliveries and events
//
// A [Delivery] is one verified HTTP request, as bytes. [Adapter.Route] names
// its lane and its keys on the hot path, before the delivery is stored.
// [Adapter.Decode] turns the stored bytes into an [Event] later, as often as
// the event is tried. Both are pure: they do no I/O, and the same bytes give
// the same answer.
//
// # Writing once
//
// Handlers run at least once, so every write carries a Key. Writes with the same
// Key in the same workspace create one thing on the platform, no matter when they
// are repeated or by which instance.
//
// # Errors
//
// [CodeOf] classifies every error that an adapter returns. Errors hold no tokens,
// secrets, signatures or request headers.
package adapter
