package ticketing

import "net/http"

func platformRoutes() []*route {
	routes := []*route{
		{method: http.MethodGet, path: "/integrated-account", id: "listConnections", tag: "Connections", scope: "connections:read", summary: "Lists the connections.", result: typeOf[Account](), shape: paged, handle: listAccounts},
		{method: http.MethodPost, path: "/integrated-account", id: "inviteConnection", secret: true, tag: "Connections", scope: "connections:write", role: RoleAdmin, summary: "Makes a link that connects a workspace: open it in a browser, once, within ten minutes.", body: typeOf[ConnectInput](), result: typeOf[ConnectLink](), status: http.StatusCreated, handle: inviteConnection},
		{method: http.MethodGet, path: "/integrated-account/connect/{link}", id: "openConnection", tag: "Connections", open: true, summary: "Sends the browser to Linear, to connect a workspace.", shape: chunks, handle: openInvitation},
		{method: http.MethodPost, path: "/integrated-account/{id}/refresh", id: "refreshConnection", tag: "Connections", scope: "connections:write", role: RoleAdmin, summary: "Replaces the tokens of a connection now.", result: typeOf[Account](), shape: wrapped, handle: refreshConnection},
		{method: http.MethodGet, path: "/integrated-account/{id}", id: "getConnection", tag: "Connections", scope: "connections:read", summary: "Reads a connection.", result: typeOf[Account](), handle: getAccount},
		{method: http.MethodPatch, path: "/integrated-account/{id}", id: "updateConnection", tag: "Connections", scope: "connections:write", role: RoleAdmin, summary: "Changes the settings of a connection.", body: typeOf[SettingsInput](), result: typeOf[Account](), handle: updateAccount},
		{method: http.MethodDelete, path: "/integrated-account/{id}", id: "deleteConnection", tag: "Connections", scope: "connections:write", role: RoleAdmin, summary: "Ends a connection: revokes its tokens and forgets them.", result: typeOf[Disconnected](), handle: disconnectAccount},
		{method: http.MethodPost, path: "/integrated-account/{id}/test", id: "testConnection", tag: "Connections", scope: "connections:read", role: RoleRead, summary: "Calls Linear once.", result: typeOf[map[string]any](), shape: wrapped, handle: testAccount},
		{method: http.MethodGet, path: "/integrated-account/{id}/capabilities", id: "getCapabilities", tag: "Connections", scope: "connections:read", summary: "Lists what can be done.", params: []parameter{{name: "type", enum: []string{"unified", "proxy"}}, {name: "methods", array: true}, {name: "resource"}, {name: "has_description", flag: true, description: "true: only what is described; false: only what is not."}}, result: typeOf[Capabilities](), handle: capabilities},
		{method: http.MethodGet, path: "/unified/meta/ticketing/linear", id: "getMeta", tag: "Connections", summary: "Says how the unified model and Linear correspond: resources, fields, filters.", detail: "Accept: text/markdown answers it as a document.", result: typeOf[Meta](), handle: getMeta},
		{method: http.MethodGet, path: "/webhook", id: "listWebhooks", tag: "Webhooks", scope: "webhooks:read", role: RoleAdmin, summary: "Lists subscriptions.", result: typeOf[Subscription](), shape: paged, handle: listWebhooks},
		{method: http.MethodPost, path: "/webhook", id: "createWebhook", secret: true, tag: "Webhooks", scope: "webhooks:write", role: RoleAdmin, summary: "Subscribes to events. The answer holds the secret, once.", body: typeOf[SubscriptionInput](), result: typeOf[NewSubscription](), status: http.StatusCreated, handle: createWebhook},
		{method: http.MethodPost, path: "/webhook/test", id: "testWebhookByBody", tag: "Webhooks", scope: "webhooks:write", role: RoleAdmin, summary: "Sends a test event.", body: typeOf[IDRef](), result: typeOf[DeliveryAttempt](), shape: wrapped, handle: testWebhook},
		{method: http.MethodGet, path: "/webhook/{id}", id: "getWebhook", tag: "Webhooks", scope: "webhooks:read", role: RoleAdmin, summary: "Reads a subscription.", result: typeOf[Subscription](), handle: getWebhook},
		{method: http.MethodPatch, path: "/webhook/{id}", id: "updateWebhook", tag: "Webhooks", scope: "webhooks:write", role: RoleAdmin, summary: "Changes a subscription.", body: typeOf[SubscriptionInput](), result: typeOf[Subscription](), handle: updateWebhook},
		{method: http.MethodDelete, path: "/webhook/{id}", id: "deleteWebhook", tag: "Webhooks", scope: "webhooks:write", role: RoleAdmin, summary: "Ends a subscription.", result: typeOf[Deleted](), handle: deleteWebhook},
		{method: http.MethodPost, path: "/webhook/{id}/test", id: "testWebhook", tag: "Webhooks", scope: "webhooks:write", role: RoleAdmin, summary: "Sends a test event.", result: typeOf[DeliveryAttempt](), shape: wrapped, handle: testWebhook},
		{method: http.MethodPost, path: "/webhook/{id}/rotate", id: "rotateWebhook", secret: true, tag: "Webhooks", scope: "webhooks:write", role: RoleAdmin, summary: "Makes a new secret.", result: typeOf[NewSubscription](), shape: wrapped, handle: rotateWebhook},
		{method: http.MethodGet, path: "/webhook/{id}/deliveries", id: "listWebhookDeliveries", tag: "Webhooks", scope: "webhooks:read", role: RoleAdmin, summary: "Lists the last deliveries, the newest first.", result: typeOf[DeliveryAttempt](), shape: paged, handle: listDeliveries},
		{method: http.MethodPost, path: "/webhook/{id}/deliveries/{delivery}/redeliver", id: "redeliverWebhook", tag: "Webhooks", scope: "webhooks:write", role: RoleAdmin, summary: "Sends a delivery again.", result: typeOf[DeliveryAttempt](), shape: wrapped, status: http.StatusAccepted, handle: redeliver},
		{method: http.MethodPost, path: "/batch-request", id: "batchRequest", keyed: true, tag: "Batch", scope: "", role: RoleRead, summary: "Runs up to 20 requests one after the other; each can use what earlier ones brought.", body: typeOf[BatchInput](), result: typeOf[BatchResult](), repeats: true, handle: batch},
		{method: http.MethodGet, path: "/openapi.json", id: "getDocument", tag: "Document", open: true, summary: "This API as an OpenAPI 3.1 document.", shape: chunks, handle: serveDocument},
		{method: http.MethodGet, path: "/docs", id: "getDocs", tag: "Document", open: true, summary: "This API as a page.", shape: chunks, handle: servePage},
	}
	return routes
}

// SettingsInput is the body that changes the settings of a connection.
type SettingsInput struct {
	_         struct{}  `additionalProperties:"true"`
	AccountID *string   `json:"account_id,omitempty" doc:"The account of the helpdesk that the connection belongs to; null takes it back. Needs a token for all accounts."`
	Settings  *Settings `json:"settings,omitempty" doc:"Only the fields that are sent change."`
}

func proxyRoutes() []*route {
	fields := parameter{name: "fields", description: "Names of Linear's fields, with dots for nested ones.", array: true}
	routes := []*route{
		{method: http.MethodPost, path: "/proxy/graphql", id: "proxyGraphQL", keyed: true, summary: "Sends one operation to Linear as it is.", role: RoleRead, body: typeOf[GraphQLRequest](), result: typeOf[GraphQLReply](), handle: proxyGraphQL},
		{method: http.MethodPost, path: "/custom/graphql", id: "customGraphQL", keyed: true, summary: "The same as /proxy/graphql.", role: RoleRead, body: typeOf[GraphQLRequest](), result: typeOf[GraphQLReply](), handle: proxyGraphQL},
		{method: http.MethodGet, path: "/proxy/{resource}", id: "proxyList", summary: "Lists a resource with Linear's own names.", params: []parameter{fields, {name: "filter", description: "A filter as Linear takes it, in JSON."}, {name: "order_by", also: []string{"orderBy"}, enum: []string{"createdAt", "updatedAt", "created_at", "updated_at"}}, {name: "limit"}, {name: "next_cursor", also: []string{"cursor"}}, {name: "prev_cursor"}, {name: "include_archived", flag: true}}, result: typeOf[map[string]any](), shape: paged, handle: proxyList},
		{method: http.MethodPost, path: "/proxy/{resource}", id: "proxyCreate", summary: "Creates with Linear's own input.", role: RoleAdmin, params: []parameter{fields}, body: typeOf[map[string]any](), result: typeOf[map[string]any](), status: http.StatusCreated, repeats: true, handle: proxyWrite},
		{method: http.MethodGet, path: "/proxy/{resource}/{id}", id: "proxyGet", summary: "Reads one with Linear's own names.", params: []parameter{fields}, result: typeOf[map[string]any](), handle: proxyGet},
		{method: http.MethodPatch, path: "/proxy/{resource}/{id}", id: "proxyUpdate", summary: "Changes with Linear's own input.", role: RoleAdmin, params: []parameter{fields}, body: typeOf[map[string]any](), result: typeOf[map[string]any](), handle: proxyWrite},
		{method: http.MethodDelete, path: "/proxy/{resource}/{id}", id: "proxyDelete", summary: "Deletes.", role: RoleAdmin, result: typeOf[Deleted](), handle: proxyDelete},
	}
	return on(routes, func(r *route) {
		r.tag, r.connection = "Proxy", true
		r.scope = "proxy:write"
		if r.role == RoleRead || r.method == http.MethodGet {
			r.scope = "proxy:read"
		}
	})
}
