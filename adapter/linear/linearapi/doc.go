// Package linearapi is a typed client for Linear's GraphQL API.
//
// # Semantics
//
// Every method sends one GraphQL operation with a fixed text. The texts are in
// the directory operations, shared selections are in the fragments below it,
// and [Operations] lists all of them as they are sent. A method blocks until
// Linear has answered, the attempts are used up or its context ends, whichever
// comes first. A [Client] is safe for concurrent use.
//
// Only requests that are safe to repeat are retried: reads, writes that set a
// final state, and creations with an id chosen by the caller. A creation
// without such an id is retried only if Linear said that it did not run it
// (rate limit, refused token). Retrying a creation that had succeeded fails
// with a conflict that names the id; see [ConflictID].
//
// An answer that holds both data and errors is a failure, except for queries under
// a context of [Partial]. Fields missing from an answer are zero; unknown fields
// are ignored.
//
// # Nodes
//
// A [Node] is an entity together with the JSON that Linear sent for it, for programs that
// pass the JSON on. Methods whose name ends in Node return one node, and those whose name
// ends in Nodes return several, as a [Page] or a slice. The exceptions are
// [Client.ViewerNode] and [Client.LinkedIssues], whose results hold nodes: a [ViewerInfo]
// and a page of [LinkedIssue]. Some of these methods select more fields than the method of
// the same name without Node. Those that create or update an entity take the fields as an
// [Input], with Linear's own names, in place of a struct.
//
// [Client.IssueNodes] and [Client.SearchIssueNodes] leave the JSON of their nodes empty
// if NoJSON is set in the query.
//
// # Files
//
// [Client.PutFile] and [Client.OpenFile] move files, which is not GraphQL: one
// request each, to the storage and nowhere else.
//
// # Tokens
//
// A [TokenSource] returns the token for each attempt. When Linear refuses one,
// the client invalidates it, asks for another and retries the request once.
// Tokens are sent only to the API and when reading a file, and never appear in
// errors, text forms or callbacks.
//
// # Errors
//
// Every error is an *adapter.Error; read its code with adapter.CodeOf. Further
// details from Linear are in the [GraphQLError] that it wraps.
package linearapi
