// Package adapter is the contract between the bot and a chat platform. It
// holds the nouns that both sides speak: deliveries, events, messages, users,
// threads and errors. It imports nothing but the standard library.
//
// A platform implements [Adapter]. What not every platform can do is a
// one-purpose interface of its own (for example [Completer]) that an adapter
// may implement besides; package bot asserts it once and answers with an error
// that wraps [errors.ErrUnsupported] where it is missing.
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
// Handlers run at least once, so every write carries a Key. Writes with the
// same Key and the same workspace are one thing on the platform, whoever
// repeats them and whenever.
//
// # Errors
//
// Every error that an adapter returns can be read with [CodeOf]. Errors hold
// no tokens, secrets, signatures or request headers.
package adapter
