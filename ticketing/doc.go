// Package ticketing serves Linear as a ticketing system over HTTP: a unified
// REST API for programs, and the conversation links of a helpdesk.
//
// # What it is
//
// [New] makes an [API], which is an http.Handler. Mount it under any prefix of
// any server. Below Config.Prefix it serves
//
//	/unified/ticketing/…       tickets, comments, attachments, collections, tags, statuses, priorities, teams, users,
//	                           accounts, contacts, needs
//	/unified/user-directory/…  me, users
//	/unified/search/search     search
//	/unified/meta/…            how the model and Linear correspond
//	/conversations/…           links between a helpdesk's conversations and issues
//	/api/v1/accounts/…         the routes that a helpdesk's own dashboard calls
//	/webhook, /integrated-account, /batch-request, /proxy/…, /custom/graphql
//	/webhooks/linear           deliveries of Linear, if Config.WebhookSecrets is set
//	/openapi.json, /docs       this API, for programs and for people
//
// Everything but the last three, and the links that connect a workspace, needs a token
// (see [Tokens]); without one the answer is 401.
//
// # Semantics
//
// A create lands once. An Idempotency-Key, which every write takes, keeps its
// answer for a day; an answer with a secret is kept encrypted with the caller's
// token. Without a key, creating the same ticket, issue, comment or attachment with
// the same token is recognized for Config.RepeatWindow, and so are the same batch
// and the same create through the proxy: clients repeat a request whose answer was
// lost, and get the first answer. A link or a tag is made again if it is asked for
// again, and so is an attachment that was deleted. The id of what a recognized
// request creates is chosen and stored before Linear is called, so a process that
// dies in between creates nothing twice.
//
// Links of conversations are kept in Linear, as attachments, and in the store. Webhooks
// keep the two in step; a list of a conversation's links compares them, and so does a
// job an hour after a link was made and then daily for a month. If Linear cannot be
// reached, or the workspace has to be connected again, links are returned as they were
// last known, marked stale.
//
// Reads of tickets, comments and attachments ask Linear each time, with one
// request; directories (teams, users, tags, statuses, collections) are kept in
// memory for a minute, searches for half a minute. Linear's webhooks invalidate
// them earlier.
//
// # Storage
//
// Config.Store holds tokens, links, subscriptions and the queue of outgoing
// deliveries. It must not be shared with a bot: any process that asks is granted
// leases of a queue, so a bot on the same store would take the work. Every key
// includes the connection that it belongs to.
//
// # Errors
//
// Every error answer is an [ErrorBody] with a stable code. What would have no effect is
// refused: unknown parameters, values that name nothing, If-Match where nothing is
// compared. Unknown fields of a body are reported in the header X-Warnings. The API logs
// nothing about tokens and bodies.
//
// # Types
//
// The types with JSON tags are what requests and answers hold; the OpenAPI document is
// made from them, with their doc tags. A program in Go can decode answers and webhooks
// into them. Those whose names end in Input are bodies of requests. They describe what is
// taken, not how to write it: a field that takes an id, a name or an object with one of
// them has a type without values. Write such bodies as maps, or with a client that is
// generated from the document.
package ticketing
