// Package linearsim simulates Linear: a GraphQL endpoint with the whole published
// schema, an OAuth token endpoint, file storage and signed webhooks, over real
// HTTP on loopback. Bots in any language can use it in place of Linear, and so can
// Linear's own SDKs.
//
//	func TestBot(t *testing.T) {
//		s := linearsim.New(t)
//		// start the bot with s.App.Env(), then:
//		s.App.SetWebhook(linearsim.Webhook{URL: botURL, ResourceTypes: []string{"Comment"}})
//		root := s.Ada.Comments("@helper-bot hi")
//		s.Thread(root).Expect("Hello")
//	}
//
// # Semantics
//
// [New] makes a ready scene for a test, [Start] an empty server for a program.
// Without Go, "linearbot sim" runs one ([Serve]), prints the environment that a
// bot needs, and offers the control API below /sim/ for everything that the Go
// API does. A server answers until [Server.Close], which stops deliveries and
// waits for every goroutine. It holds any number of workspaces; a token sees only
// the workspace that it belongs to.
//
// People act through the Go API ([User.Comment], [User.React], …), programs
// through GraphQL. Both change the same state, and every change sends a webhook to
// each enabled registration that wants the entity. What a person types is what
// Linear's editor would make of it: "@helper-bot" is a mention of the user with
// that display name. What a program sends is taken literally: there only a
// profile address is a mention.
//
// A mention of an app makes up to three events: Comment, AgentSessionEvent and
// AppUserNotification. An app gets the latter two only if its webhook names them,
// and a session only if its latest token has the scope app:mentionable.
//
// Files are stored by the server itself: clients use its address, [Server.URL], as
// Linear's uploads host.
//
// # The schema
//
// Introspection shows the schema that Linear publishes, whole. Operations may
// name a little more, so that SDKs newer than the published schema work. What
// is never set resolves to its default: null, an empty list, the zero value.
// Entities without behavior of their own are stored by the names in the schema. A
// mutation, filter or sort key that is not simulated is rejected with the code
// FEATURE_NOT_ACCESSIBLE, never ignored. docs/linearsim-coverage.md lists all of
// it.
//
// # Failures
//
// [Server.Fault] makes requests fail, [Server.Disturb] makes deliveries arrive
// twice, late or out of order, [Config] configures retries, and
// [Installation.RevokeTokens] and [Installation.Uninstall] end access. With a
// [Clock] hours pass at once. [Config.Seed] makes a run repeatable;
// [Server.Load] begins with a seed file; [Server.Dump] and [Server.Restore]
// carry a state from one server to another.
//
// # Handles
//
// Handles such as [*Issue] and [*Comment] are live: their exported fields do not
// change, except names that programs update, and their methods read the present
// state. A person can only do what the application offers, so methods of people
// return no errors: acting on something that was deleted or belongs to another
// workspace is a no-op and returns nil.
//
// Where Linear's behavior is undocumented, this package picks one and the doc
// comment of the method says so. Everything is safe for concurrent use.
package linearsim
