package ticketing

import (
	"net/http"
	"slices"
)

func conversationRoutes() []*route {
	const root = "/conversations/{conversation}"
	account := parameter{name: "account_id", description: "The account of the helpdesk. Defaults to that of the token."}
	refresh := parameter{name: "refresh", flag: true, description: "true: asks Linear, whatever is kept."}
	term := parameter{name: "q", also: []string{"query"}, required: true}
	routes := []*route{
		{method: http.MethodGet, path: root + "/issues", id: "listConversationIssues", summary: "Lists the issues that are linked to a conversation.", params: []parameter{refresh}, result: typeOf[ConversationLink](), shape: paged, handle: listConversationIssues},
		{method: http.MethodPost, path: root + "/issues", id: "createConversationIssue", summary: "Creates an issue and links it, in one step.", body: typeOf[ConversationIssueInput](), result: typeOf[CreatedIssue](), status: http.StatusCreated, repeats: true, connection: true, handle: createConversationIssue},
		{method: http.MethodGet, path: root + "/issues/search", id: "searchConversationIssues", summary: "Searches issues to link.", params: []parameter{term}, result: typeOf[FoundIssue](), shape: paged, handle: searchConversationIssues},
		{method: http.MethodPatch, path: root + "/issues/{issue}", id: "updateConversationIssue", guarded: true, summary: "Changes a linked issue.", body: typeOf[TicketInput](), result: typeOf[Ticket](), handle: updateConversationIssue},
		{method: http.MethodGet, path: root + "/issues/{issue}/comments", id: "listConversationComments", summary: "Lists the comments of a linked issue.", list: commentListing(), result: typeOf[Comment](), shape: paged, handle: listConversationComments},
		{method: http.MethodPost, path: root + "/issues/{issue}/comments", id: "createConversationComment", summary: "Comments on a linked issue.", body: typeOf[CommentInput](), result: typeOf[Comment](), status: http.StatusCreated, repeats: true, handle: commentConversationIssue},
		{method: http.MethodPost, path: root + "/links", id: "linkConversation", summary: "Links one issue, or several.", detail: "A pair that is linked already is answered 200 with the link that is there. With issues, the answer is {result: [{issue, status, link, error}]}.", body: typeOf[LinkInput](), result: typeOf[ConversationLink](), status: http.StatusCreated, handle: linkConversation},
		{method: http.MethodDelete, path: root + "/links/{link}", id: "unlinkConversation", summary: "Removes a link of this conversation.", result: typeOf[Deleted](), handle: unlinkConversation},
		{method: http.MethodPost, path: root + "/links/bulk-delete", id: "unlinkConversationBulk", summary: "Removes several links.", body: typeOf[UnlinkInput](), result: typeOf[[]LinkResult](), shape: wrapped, handle: bulkUnlink},
		{method: http.MethodGet, path: root + "/activities", id: "listConversationActivities", summary: "Lists the last activities of a conversation.", result: typeOf[Activity](), shape: paged, handle: listActivities},
		{method: http.MethodGet, path: root + "/events", id: "streamConversationEvents", summary: "Streams what happens in a conversation, as server-sent events.", shape: chunks, upload: true, handle: conversationEvents},
		{method: http.MethodPost, path: root + "/messages", id: "takeConversationMessage", summary: "Hands over a message of the helpdesk, to link the issues in it and to mirror it.", body: typeOf[MessageInput](), result: typeOf[MessageResult](), handle: takeMessage},
		{method: http.MethodGet, path: "/issues/{issue}/conversations", id: "listIssueConversations", summary: "Lists the conversations that an issue is linked to.", result: typeOf[LinkedConversation](), shape: paged, handle: issueConversations},
	}
	return on(routes, func(r *route) {
		r.tag = "Conversations"
		r.scope = "links:" + access(r)
		r.params = append(r.params, account)
	})
}

// UnlinkInput is the body that removes several links.
type UnlinkInput struct {
	Links []string `json:"links" maxItems:"50" doc:"Ids of links."`
}

func facadeRoutes() []*route {
	const root = "/api/v1/accounts/{account}/integrations"
	const linear = root + "/linear"
	conversation := parameter{name: "conversation_id", required: true}
	envelope := parameter{name: "envelope", description: "data wraps the answer as {data: …}.", enum: []string{"data", "bare"}}
	routes := []*route{
		{method: http.MethodGet, path: linear + "/teams", id: "facadeTeams", summary: "Lists teams.", result: typeOf[[]FacadeTeam](), handle: facade(facadeTeams)},
		{method: http.MethodGet, path: linear + "/team_entities", id: "facadeTeamEntities", summary: "Lists users, projects, states and labels for a team.", params: []parameter{{name: "team_id", required: true}}, result: typeOf[FacadeEntities](), handle: facade(facadeEntities)},
		{method: http.MethodPost, path: linear + "/create_issue", id: "facadeCreateIssue", summary: "Creates an issue and links it to the conversation, if one is named.", body: typeOf[FacadeCreateInput](), result: typeOf[FacadeCreated](), repeats: true, handle: facade(facadeCreate)},
		{method: http.MethodPost, path: linear + "/link_issue", id: "facadeLinkIssue", summary: "Links an issue, by short name or id.", body: typeOf[FacadeLinkInput](), result: typeOf[FacadeLinked](), handle: facade(facadeLink)},
		{method: http.MethodPost, path: linear + "/unlink_issue", id: "facadeUnlinkIssue", summary: "Removes a link.", body: typeOf[FacadeLinkInput](), result: typeOf[FacadeUnlinked](), handle: facade(facadeUnlink)},
		{method: http.MethodGet, path: linear + "/linked_issues", id: "facadeLinkedIssues", summary: "Lists the linked issues.", params: []parameter{conversation}, result: typeOf[[]FacadeLink](), handle: facade(facadeLinkedIssues)},
		{method: http.MethodGet, path: linear + "/search_issue", id: "facadeSearchIssue", summary: "Searches issues.", params: []parameter{{name: "q", required: true}}, result: typeOf[[]FacadeHit](), handle: facade(facadeSearch)},
		{method: http.MethodDelete, path: linear, id: "facadeDisconnect", summary: "Ends the connection.", shape: nothing, handle: facade(facadeDisconnect)},
		{method: http.MethodGet, path: root + "/apps", id: "facadeApps", summary: "Lists the apps; without linear in it, the dashboard draws no panel.", result: typeOf[FacadeApps](), handle: facade(facadeApps)},
		{method: http.MethodGet, path: root + "/apps/{app}", id: "facadeApp", summary: "Reads an app.", result: typeOf[FacadeApp](), handle: facade(facadeApp)},
	}
	return on(routes, func(r *route) {
		r.tag, r.facade = "Dashboard", true
		r.scope = "links:" + access(r)
		if r.shape != nothing {
			r.params = append(slices.Clone(r.params), envelope)
		}
	})
}
