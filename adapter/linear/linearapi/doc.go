// Package linearapi is a typed client for Linear's GraphQL API.
//
// # Semantics
//
// Every method sends one GraphQL operation whose text is fixed: it lies in the
// directory operations, what several select alike lies in the fragments below
// it, and [Operations] lists all of them as they are sent. A method blocks
// until Linear has answered, until the attempts are used up or until its
// context ends, whichever is first. A [Client] is safe for concurrent use.
//
// A request is repeated only where a repetition cannot do harm: reads, writes
// that say what a thing shall be like afterwards, and creations that carry an
// id chosen by the caller. A creation without such an id is repeated only if
// Linear said that it did not run it (rate limit, refused token). Repeating a
// creation that had landed is answered with a conflict that names the id; see
// [ConflictID].
//
// An answer that holds data and errors is a failure. Fields that an answer
// does not carry are zero; fields that this package does not know are ignored.
//
// # Files
//
// [Client.PutFile] and [Client.OpenFile] move files, which is not GraphQL: one
// request each, to the storage and nowhere else.
//
// # Tokens
//
// A [TokenSource] gives the token for each attempt. When Linear refuses one,
// the client invalidates it, asks for another and repeats the request once.
// Tokens enter requests to the API and requests that read a file, and appear in
// no error, no text form and no callback.
//
// # Errors
//
// Every error is an *adapter.Error; read its code with adapter.CodeOf. What
// Linear said besides is in the [GraphQLError] that it wraps.
package linearapi
