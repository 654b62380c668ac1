// Package linearsim is an in-process Linear for tests, demos and people who
// try out their bots: a GraphQL endpoint, an OAuth token endpoint and signed
// webhooks, over real HTTP on loopback.
//
// # Semantics
//
// [Start] listens and answers until [Server.Close], which stops deliveries and
// waits for every goroutine. A server holds any number of workspaces; a token
// sees only the workspace that it belongs to.
//
// People act through the Go API ([User.Comment], [User.React], …), programs
// through GraphQL. Both change the same state, and every change by anybody
// sends a webhook to each enabled registration that wants the entity. What a
// person types is what Linear's editor would make of it: "@helper-bot" is a
// mention when somebody has that display name. What a program sends is taken
// literally: there only a profile address is a mention.
//
// Files go to and come from a storage of the server's own: its address, [Server.URL],
// is what clients take for Linear's uploads host. Agent sessions are started
// with [User.StartSession].
//
// The schema is a strict subset of the one that Linear publishes. An
// operation that validates here validates there; the reverse does not hold,
// because fields that no chat bot needs are left out.
//
// Handles such as [*Issue] and [*Comment] are live: their exported fields
// never change, their methods read what stands there now. A person can only do
// what the application offers, so methods of people return no errors: acting
// on something that was deleted or belongs to another workspace changes
// nothing and returns nil.
//
// Where Linear documents no behaviour, this package picks one and the doc
// comment of the method says so. Scopes are recorded and returned but not
// enforced.
//
// Everything is safe for concurrent use.
package linearsim
