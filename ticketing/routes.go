package ticketing

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// shape is how an answer is wrapped.
type shape uint8

const (
	bare    shape = iota // the object itself
	wrapped              // {"result": …}
	paged                // the envelope of lists
	chunks               // bytes, or a stream
	nothing              // no body
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// fixedRoutes are those that every API has.
func fixedRoutes() []*route {
	return slices.Concat(
		ticketRoutes(), commentRoutes(), attachmentRoutes(), directoryRoutes(), customerRoutes(), conversationRoutes(), facadeRoutes(),
		platformRoutes(), proxyRoutes(), tokenRoutes(),
	)
}

// scopeResources are what the scopes of tokens are about.
func scopeResources() []string {
	var out []string
	for _, r := range fixedRoutes() {
		if resource, _, has := strings.Cut(r.scope, ":"); has {
			out = append(out, resource)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// allRoutes is the API: every route, once.
func (a *API) allRoutes() []*route {
	all := fixedRoutes()
	if len(a.cfg.WebhookSecrets) > 0 {
		all = append(all, &route{
			method: http.MethodPost, path: "/webhooks/linear", id: "receiveLinearWebhook", tag: "Webhooks", open: true, shape: nothing,
			summary: "Takes a delivery of Linear.", handle: linearWebhook,
		})
	}
	for _, r := range all {
		if r.role == "" {
			r.role = RoleRead
			if r.method != http.MethodGet {
				r.role = RoleAgent
			}
		}
		if r.list != nil {
			for _, f := range r.list.filters {
				f.spelled = f.aliases()
			}
			if r.handle == nil {
				r.handle = (*call).serveList
			}
		}
		if r.status == 0 {
			r.status = http.StatusOK
		}
		// Everything that writes takes an Idempotency-Key.
		r.keyed = r.keyed || !r.open && r.method != http.MethodGet && r.role != RoleRead
	}
	return all
}

// on sets what the routes have in common.
func on(routes []*route, f func(*route)) []*route {
	for _, r := range routes {
		f(r)
	}
	return routes
}

func ticketRoutes() []*route {
	const root = "/unified/ticketing/tickets"
	teamNames := []string{"team[id]", "team[key]", "team"}
	action := func(name, summary string, do func(context.Context, *linearapi.Client, string) error) *route {
		return &route{
			method: http.MethodPost, path: root + "/{id}/" + name, id: name + "Ticket", summary: summary, result: typeOf[Ticket](), shape: wrapped,
			handle: ticketAction(do),
		}
	}
	expand := parameter{name: "expand", description: strings.Join(expanded(), ", ") + ".", array: true, enum: expanded()}
	expandLists := parameter{name: "expand", description: strings.Join(expandedInLists(), ", ") + ". A page then holds at most 50.", array: true, enum: expandedInLists()}
	writes := []parameter{{name: "body_passthrough", flag: true, also: []string{"truto_body_passthrough"}, description: "true: the body is Linear's own input, and is sent as it is."}, expand}
	routes := []*route{
		{method: http.MethodGet, path: root, id: "listTickets", summary: "Lists tickets.", list: ticketListing(), params: []parameter{expandLists}, result: typeOf[Ticket](), shape: paged},
		{method: http.MethodPost, path: root, id: "createTicket", summary: "Creates a ticket.", params: writes, body: typeOf[TicketInput](), result: typeOf[Ticket](), status: http.StatusCreated, repeats: true, upload: true, handle: createTicket},
		{method: http.MethodGet, path: root + "/duplicates", id: "listTicketDuplicates", summary: "Looks for tickets that say the same.", params: []parameter{{name: "title", also: []string{"name"}, required: true}, {name: "description"}, {name: "team_id", also: []string{"team[id]"}}}, result: typeOf[[]Duplicate](), shape: wrapped, handle: findDuplicates},
		{method: http.MethodPost, path: root + "/duplicates", id: "findTicketDuplicates", summary: "Looks for tickets that say the same.", role: RoleRead, body: typeOf[TicketInput](), result: typeOf[[]Duplicate](), shape: wrapped, handle: findDuplicates},
		{method: http.MethodGet, path: root + "/meta/create", id: "getTicketCreateMeta", summary: "Reads what a form for a new ticket of a team needs: its fields with their options.", params: []parameter{{name: "team_id", also: teamNames, description: "An id or a key. Needed unless the connection has a default team."}}, result: typeOf[TicketMeta](), shape: wrapped, handle: metaCreate},
		{method: http.MethodGet, path: root + "/meta/update", id: "getTicketUpdateMeta", summary: "Reads what a form that changes a ticket needs: its fields with their options and what they are now.", params: []parameter{{name: "id", also: []string{"ticket_id"}, required: true}}, result: typeOf[TicketMeta](), shape: wrapped, handle: metaUpdate},
		{method: http.MethodPost, path: root + "/bulk-create", id: "bulkCreateTickets", summary: "Creates up to 50 tickets.", body: typeOf[BulkInput](), result: typeOf[BulkResult](), repeats: true, handle: bulkCreate},
		{method: http.MethodPost, path: root + "/bulk-update", id: "bulkUpdateTickets", summary: "Changes up to 50 tickets; each names its id.", body: typeOf[BulkInput](), result: typeOf[BulkResult](), handle: bulkUpdate},
		{method: http.MethodGet, path: root + "/search", id: "searchTickets", summary: "Searches tickets, as /unified/search/search does.", list: searchListing(), params: searchParams(), result: typeOf[Hit](), shape: paged},
		{method: http.MethodGet, path: root + "/{id}", id: "getTicket", summary: "Reads a ticket. The id may be a short name or an address.", params: []parameter{expand}, result: typeOf[Ticket](), handle: getTicket},
		{method: http.MethodPatch, path: root + "/{id}", id: "updateTicket", guarded: true, summary: "Changes a ticket. Null clears a field; If-Match guards against changes of others.", params: writes, body: typeOf[TicketInput](), result: typeOf[Ticket](), handle: updateTicket},
		{method: http.MethodDelete, path: root + "/{id}", id: "deleteTicket", guarded: true, summary: "Moves a ticket to the trash.", params: []parameter{{name: "permanent", flag: true, description: "Deletes it for good. Needs the role admin."}}, result: typeOf[Deleted](), handle: deleteTicket},
		{method: http.MethodGet, path: root + "/{id}/relations", id: "listTicketRelations", summary: "Lists how a ticket relates to others.", result: typeOf[Relation](), shape: paged, handle: listRelations},
		{method: http.MethodPost, path: root + "/{id}/relations", id: "createTicketRelation", summary: "Relates two tickets.", body: typeOf[RelationInput](), result: typeOf[Relation](), status: http.StatusCreated, handle: createRelation},
		{method: http.MethodDelete, path: root + "/{id}/relations/{relation}", id: "deleteTicketRelation", summary: "Removes a relation.", result: typeOf[Deleted](), handle: deleteRelation},
		{method: http.MethodGet, path: root + "/{id}/history", id: "listTicketHistory", summary: "Lists what happened to a ticket, the newest first.", list: historyListing(), result: typeOf[HistoryEntry](), shape: paged},
		{method: http.MethodPost, path: root + "/{id}/subscribe", id: "subscribeTicket", summary: "Has Linear notify a user of what happens to a ticket.", body: typeOf[SubscribeInput](), result: typeOf[Ticket](), shape: wrapped, handle: subscribe("issueSubscribe")},
		{method: http.MethodPost, path: root + "/{id}/unsubscribe", id: "unsubscribeTicket", summary: "Ends that.", body: typeOf[SubscribeInput](), result: typeOf[Ticket](), shape: wrapped, handle: subscribe("issueUnsubscribe")},
		{method: http.MethodPost, path: root + "/{id}/remind", id: "remindTicket", summary: "Has Linear remind the user of the connection.", body: typeOf[RemindInput](), result: typeOf[Ticket](), shape: wrapped, handle: remindTicket},
		{method: http.MethodPost, path: root + "/{id}/move", id: "moveTicket", summary: "Moves a ticket to another team.", body: typeOf[MoveInput](), result: typeOf[Ticket](), shape: wrapped, handle: moveTicket},
		action("archive", "Archives a ticket.", func(ctx context.Context, l *linearapi.Client, id string) error { return l.IssueArchive(ctx, id) }),
		action("unarchive", "Takes a ticket out of the archive.", func(ctx context.Context, l *linearapi.Client, id string) error { return l.IssueUnarchive(ctx, id) }),
		action("restore", "Takes a ticket out of the trash.", func(ctx context.Context, l *linearapi.Client, id string) error { return l.IssueUnarchive(ctx, id) }),
	}
	return on(routes, func(r *route) {
		r.tag, r.connection = "Tickets", true
		r.scope = "tickets:" + access(r)
	})
}

// BulkInput is the body of the bulk methods.
type BulkInput struct {
	Tickets []TicketInput `json:"tickets" maxItems:"50"`
}

func access(r *route) string {
	if r.method == http.MethodGet || strings.HasPrefix(r.id, "find") {
		return "read"
	}
	return "write"
}

func commentRoutes() []*route {
	const root = "/unified/ticketing/comments"
	routes := []*route{
		{method: http.MethodGet, path: root, id: "listComments", summary: "Lists comments.", list: commentListing(), result: typeOf[Comment](), shape: paged},
		{method: http.MethodPost, path: root, id: "createComment", summary: "Writes a comment.", body: typeOf[CommentInput](), result: typeOf[Comment](), status: http.StatusCreated, repeats: true, upload: true, handle: createComment},
		{method: http.MethodGet, path: root + "/{id}", id: "getComment", summary: "Reads a comment.", result: typeOf[Comment](), handle: getComment},
		{method: http.MethodPatch, path: root + "/{id}", id: "updateComment", guarded: true, summary: "Changes the text of a comment.", body: typeOf[CommentInput](), result: typeOf[Comment](), handle: updateComment},
		{method: http.MethodDelete, path: root + "/{id}", id: "deleteComment", guarded: true, summary: "Deletes a comment.", result: typeOf[Deleted](), handle: deleteComment},
		{method: http.MethodPost, path: root + "/{id}/resolve", id: "resolveComment", summary: "Resolves the thread of a comment.", result: typeOf[Comment](), shape: wrapped, handle: resolveComment(true)},
		{method: http.MethodPost, path: root + "/{id}/unresolve", id: "unresolveComment", summary: "Opens the thread of a comment again.", result: typeOf[Comment](), shape: wrapped, handle: resolveComment(false)},
		{method: http.MethodPost, path: root + "/{id}/react", id: "reactToComment", summary: "Reacts to a comment with an emoji.", body: typeOf[ReactInput](), result: typeOf[ReactionRef](), shape: wrapped, status: http.StatusCreated, handle: reactToComment},
		{method: http.MethodGet, path: "/unified/ticketing/tickets/{id}/comments", id: "listTicketComments", summary: "Lists the comments of a ticket.", list: commentListing(), result: typeOf[Comment](), shape: paged, handle: listTicketComments},
		{method: http.MethodPost, path: "/unified/ticketing/tickets/{id}/comments", id: "createTicketComment", summary: "Writes a comment on a ticket.", body: typeOf[CommentInput](), result: typeOf[Comment](), status: http.StatusCreated, repeats: true, upload: true, handle: createComment},
	}
	return on(routes, func(r *route) {
		r.tag, r.connection = "Comments", true
		r.scope = "comments:" + access(r)
	})
}

// ReactInput is the body of a reaction.
type ReactInput struct {
	Emoji string `json:"emoji"`
}

func listTicketComments(c *call) (*reply, error) {
	c.q.params = append(c.q.params, &param{name: "ticket", sub: []string{"id"}, values: []string{c.path["id"]}})
	out, err := c.serveList()
	if err != nil {
		return nil, err
	}
	if l, is := out.body.(*List); is && l.ResultCount == 0 && l.PrevCursor == nil {
		// Linear answers a filter without matches with an empty list, but a ticket that is
		// missing is an error.
		client, err := c.client()
		if err != nil {
			return nil, err
		}
		ref, _ := issueRef(c.path["id"])
		if _, err := client.IssueNode(c.ctx, ref); err != nil {
			return nil, missing(err, "ticket", c.path["id"])
		}
	}
	return out, nil
}

// DownloadInput is the body that names a file to download.
type DownloadInput struct {
	ID   string `json:"id"`
	Mode string `json:"mode,omitempty" enum:"attachment,inline"`
}

func attachmentRoutes() []*route {
	const root = "/unified/ticketing/attachments"
	shown := []parameter{{name: "mode", enum: []string{"attachment", "inline"}, description: "inline lets a browser show images, PDF, plain text, video and sound; everything else is saved. Defaults to attachment."}}
	inline := parameter{name: "include_inline", flag: true, description: "With ticket[id]: also the files in the description."}
	routes := []*route{
		{method: http.MethodGet, path: root, id: "listAttachments", summary: "Lists attachments.", list: attachmentListing(), params: []parameter{inline}, result: typeOf[Attachment](), shape: paged},
		{method: http.MethodPost, path: root, id: "createAttachment", repeats: true, stands: attachmentStands, summary: "Attaches a link or a file. A file may also come as multipart/form-data.", body: typeOf[AttachmentInput](), result: typeOf[Attachment](), status: http.StatusCreated, upload: true, handle: createAttachment},
		{method: http.MethodPost, path: root + "/download", id: "downloadAttachmentByBody", summary: "Downloads a file.", role: RoleRead, params: shown, body: typeOf[DownloadInput](), shape: chunks, upload: true, handle: downloadAttachment},
		{method: http.MethodGet, path: root + "/{id}", id: "getAttachment", summary: "Reads an attachment.", result: typeOf[Attachment](), handle: getAttachment},
		{method: http.MethodGet, path: root + "/{id}/download", id: "downloadAttachment", summary: "Downloads a file. A link is answered 409 with its address.", params: shown, shape: chunks, upload: true, handle: downloadAttachment},
		{method: http.MethodPatch, path: root + "/{id}", id: "updateAttachment", guarded: true, summary: "Changes an attachment.", body: typeOf[AttachmentInput](), result: typeOf[Attachment](), handle: updateAttachment},
		{method: http.MethodDelete, path: root + "/{id}", id: "deleteAttachment", guarded: true, summary: "Removes an attachment.", result: typeOf[Deleted](), handle: deleteAttachment},
		{method: http.MethodGet, path: "/unified/ticketing/tickets/{id}/attachments", id: "listTicketAttachments", summary: "Lists the attachments of a ticket.", list: attachmentListing(), params: []parameter{inline}, result: typeOf[Attachment](), shape: paged},
		{method: http.MethodPost, path: "/unified/ticketing/tickets/{id}/attachments", id: "createTicketAttachment", repeats: true, stands: attachmentStands, summary: "Attaches a link or a file to a ticket.", body: typeOf[AttachmentInput](), result: typeOf[Attachment](), status: http.StatusCreated, upload: true, handle: createAttachment},
	}
	return on(routes, func(r *route) {
		r.tag, r.connection = "Attachments", true
		r.scope = "attachments:" + access(r)
		if r.id == "downloadAttachmentByBody" {
			r.scope = "attachments:read"
		}
	})
}

// searchParams are the parameters of a search, beside the filters of tickets.
func searchParams() []parameter {
	return []parameter{
		{name: "q", also: []string{"query"}, description: "Words, a short name or an address.", required: true},
		{name: "mode", description: "keyword wants every word; semantic finds what is meant, on one page; auto does so if no ticket has the words. Defaults to keyword.", enum: searchModes()},
		{name: "types", description: "comment finds the tickets that they are on. Defaults to ticket.", array: true, enum: searchTypes()},
		{name: "prefer_team_id", description: "Ranks the tickets of a team higher. team[id] leaves out those of others."},
	}
}

func directoryRoutes() []*route {
	const root = "/unified/ticketing"
	teamNames := []string{"team[id]", "team[key]", "team"}
	inactive := parameter{name: "include_inactive", flag: true}
	teamOnly := parameter{name: "team_only", flag: true, description: "Leaves out the tags of the workspace."}
	routes := []*route{
		{method: http.MethodGet, path: root + "/collections", id: "listCollections", tag: "Collections", summary: "Lists projects, cycles, milestones and initiatives.", list: collectionListing(), result: typeOf[Collection](), shape: paged},
		{method: http.MethodGet, path: root + "/collections/{id}", id: "getCollection", tag: "Collections", summary: "Reads a collection.", params: []parameter{{name: "type"}}, result: typeOf[Collection](), handle: getCollection},
		{method: http.MethodPost, path: root + "/collections", id: "createCollection", tag: "Collections", summary: "Creates a project, a cycle, a milestone or an initiative.", role: RoleAdmin, body: typeOf[CollectionInput](), result: typeOf[Collection](), status: http.StatusCreated, handle: writeCollection},
		{method: http.MethodPatch, path: root + "/collections/{id}", id: "updateCollection", guarded: true, tag: "Collections", summary: "Changes a collection.", role: RoleAdmin, params: []parameter{{name: "type"}}, body: typeOf[CollectionInput](), result: typeOf[Collection](), handle: writeCollection},
		{method: http.MethodDelete, path: root + "/collections/{id}", id: "deleteCollection", guarded: true, tag: "Collections", summary: "Deletes a collection; an iteration is archived.", role: RoleAdmin, params: []parameter{{name: "type"}}, result: typeOf[Deleted](), handle: deleteCollection},
		{method: http.MethodGet, path: root + "/collections/{id}/progress", id: "getCollectionProgress", tag: "Collections", summary: "Counts the tickets of a collection by status.", result: typeOf[Progress](), shape: wrapped, handle: collectionProgress},
		{method: http.MethodGet, path: root + "/tags", id: "listTags", tag: "Tags", summary: "Lists tags.", list: tagListing(), params: []parameter{teamOnly}, result: typeOf[Tag](), shape: paged},
		{method: http.MethodPost, path: root + "/tags", id: "createTag", tag: "Tags", summary: "Creates a tag.", role: RoleAdmin, body: typeOf[TagInput](), result: typeOf[Tag](), status: http.StatusCreated, handle: writeTag},
		{method: http.MethodGet, path: root + "/tags/{id}", id: "getTag", tag: "Tags", summary: "Reads a tag.", result: typeOf[Tag](), handle: getTag},
		{method: http.MethodPatch, path: root + "/tags/{id}", id: "updateTag", guarded: true, tag: "Tags", summary: "Changes a tag.", role: RoleAdmin, body: typeOf[TagInput](), result: typeOf[Tag](), handle: writeTag},
		{method: http.MethodDelete, path: root + "/tags/{id}", id: "deleteTag", guarded: true, tag: "Tags", summary: "Deletes a tag.", role: RoleAdmin, result: typeOf[Deleted](), handle: deleteTag},
		{method: http.MethodPost, path: root + "/tags/{id}/retire", id: "retireTag", tag: "Tags", summary: "Keeps a tag from being put on more tickets.", role: RoleAdmin, result: typeOf[Tag](), shape: wrapped, handle: retireTag((*linearapi.Client).IssueLabelRetireNode)},
		{method: http.MethodPost, path: root + "/tags/{id}/restore", id: "restoreTag", tag: "Tags", summary: "Takes that back.", role: RoleAdmin, result: typeOf[Tag](), shape: wrapped, handle: retireTag((*linearapi.Client).IssueLabelRestoreNode)},
		{method: http.MethodGet, path: root + "/ticket_status", id: "listTicketStatus", tag: "Status", summary: "Lists the statuses of the teams.", list: statusListing(), result: typeOf[TicketStatus](), shape: paged},
		{method: http.MethodGet, path: root + "/ticket-status", id: "listTicketStatusDashed", tag: "Status", summary: "The same as ticket_status.", list: statusListing(), result: typeOf[TicketStatus](), shape: paged},
		{method: http.MethodPost, path: root + "/ticket_status", id: "createTicketStatus", tag: "Status", summary: "Creates a status of a team.", role: RoleAdmin, body: typeOf[TicketStatusInput](), result: typeOf[TicketStatus](), status: http.StatusCreated, handle: writeTicketStatus},
		{method: http.MethodGet, path: root + "/ticket_status/{id}", id: "getTicketStatus", tag: "Status", summary: "Reads a status.", result: typeOf[TicketStatus](), handle: getTicketStatus},
		{method: http.MethodPatch, path: root + "/ticket_status/{id}", id: "updateTicketStatus", guarded: true, tag: "Status", summary: "Changes a status.", role: RoleAdmin, body: typeOf[TicketStatusInput](), result: typeOf[TicketStatus](), handle: writeTicketStatus},
		{method: http.MethodDelete, path: root + "/ticket_status/{id}", id: "deleteTicketStatus", guarded: true, tag: "Status", summary: "Archives a status that no ticket has.", role: RoleAdmin, result: typeOf[Deleted](), handle: deleteTicketStatus},
		{method: http.MethodGet, path: root + "/ticket_priorities", id: "listTicketPriorities", tag: "Status", summary: "Lists the priorities.", result: typeOf[TicketPriority](), shape: paged, handle: listPriorities},
		{method: http.MethodGet, path: root + "/ticket_priorities/{id}", id: "getTicketPriority", tag: "Status", summary: "Reads a priority, by number or word.", result: typeOf[TicketPriority](), handle: getPriority},
		{method: http.MethodGet, path: root + "/ticket_types", id: "listTicketTypes", tag: "Status", summary: "Lists the types of ticket: the labels of the group that the setting ticket_type_group names.", result: typeOf[TicketType](), shape: paged, handle: listTicketTypes},
		{method: http.MethodGet, path: root + "/fields", id: "listFields", tag: "Status", summary: "Lists the fields of tickets, for a form.", params: []parameter{{name: "team_id", also: teamNames, description: "An id or a key: the options are those of this team."}}, result: typeOf[Field](), shape: paged, handle: listFields},
		{method: http.MethodGet, path: root + "/teams", id: "listTeams", tag: "People", summary: "Lists teams.", list: teamListing(), result: typeOf[Team](), shape: paged},
		{method: http.MethodGet, path: root + "/teams/{id}", id: "getTeam", tag: "People", summary: "Reads a team, by id or key.", result: typeOf[Team](), handle: getTeam},
		{method: http.MethodPost, path: root + "/teams", id: "createTeam", tag: "People", role: RoleAdmin, summary: "Creates a team.", body: typeOf[TeamInput](), result: typeOf[Team](), status: http.StatusCreated, handle: writeTeam},
		{method: http.MethodPatch, path: root + "/teams/{id}", id: "updateTeam", tag: "People", role: RoleAdmin, summary: "Changes a team, by id or key.", body: typeOf[TeamInput](), result: typeOf[Team](), handle: writeTeam},
		{method: http.MethodGet, path: root + "/teams/{id}/users", id: "listTeamUsers", tag: "People", summary: "Lists the users of a team.", list: userListing(), params: []parameter{inactive}, result: typeOf[User](), shape: paged, handle: listTeamUsers},
		{method: http.MethodGet, path: root + "/teams/{id}/entities", id: "getTeamEntities", tag: "People", summary: "Reads what a form for a new ticket chooses from.", params: []parameter{{name: "scope", description: "workspace: users of all teams. Defaults to team.", enum: []string{"team", "workspace"}}}, result: typeOf[Entities](), handle: teamEntities},
		{method: http.MethodGet, path: root + "/users", id: "listUsers", tag: "People", summary: "Lists users.", list: userListing(), params: []parameter{inactive}, result: typeOf[User](), shape: paged},
		{method: http.MethodGet, path: root + "/users/{id}", id: "getUser", tag: "People", summary: "Reads a user, by id, address or me.", result: typeOf[User](), handle: getUser},
		{method: http.MethodGet, path: root + "/workspaces", id: "listWorkspaces", tag: "People", summary: "Reads the workspace.", result: typeOf[Workspace](), shape: paged, handle: listWorkspaces},
		{method: http.MethodGet, path: "/unified/user-directory/me", id: "getMe", tag: "People", summary: "Reads the user of the connection.", params: append([]parameter{{name: "flat", flag: true, description: "true: the object itself, without the envelope."}, {name: "limit"}, {name: "next_cursor", also: []string{"cursor"}}, {name: "prev_cursor"}}, viewParams()...), result: typeOf[User](), shape: paged, handle: getMe},
		{method: http.MethodGet, path: "/unified/user-directory/users", id: "listDirectoryUsers", tag: "People", summary: "Lists users.", list: userListing(), params: []parameter{inactive}, result: typeOf[User](), shape: paged},
		{method: http.MethodGet, path: "/unified/user-directory/users/{id}", id: "getDirectoryUser", tag: "People", summary: "Reads a user.", result: typeOf[User](), handle: getUser},
		{method: http.MethodGet, path: "/unified/search/search", id: "search", tag: "Search", summary: "Searches tickets, and other types.", list: searchListing(), params: searchParams(), result: typeOf[Hit](), shape: paged},
	}
	return on(routes, func(r *route) {
		r.connection = true
		_, resource, _ := strings.Cut(strings.TrimPrefix(r.path, "/unified/"), "/")
		resource, _, _ = strings.Cut(resource, "/")
		switch resource {
		case "me":
			resource = "users"
		case "ticket-status", "ticket_priorities", "ticket_types", "fields":
			resource = "ticket_status"
		case "search":
			resource = "tickets"
		}
		r.scope = resource + ":" + access(r)
	})
}

func customerRoutes() []*route {
	const root = "/unified/ticketing"
	routes := []*route{
		{method: http.MethodGet, path: root + "/accounts", id: "listAccounts", summary: "Lists customers.", list: accountListing(), result: typeOf[CustomerAccount](), shape: paged},
		{method: http.MethodPost, path: root + "/accounts", id: "createAccount", summary: "Creates a customer, or changes the one that has the external_id.", body: typeOf[CustomerAccountInput](), result: typeOf[CustomerAccount](), status: http.StatusCreated, handle: writeCustomerAccount},
		{method: http.MethodGet, path: root + "/accounts/{id}", id: "getAccount", summary: "Reads a customer, by id or an id in another system.", result: typeOf[CustomerAccount](), handle: getCustomerAccount},
		{method: http.MethodPatch, path: root + "/accounts/{id}", id: "updateAccount", summary: "Changes a customer.", body: typeOf[CustomerAccountInput](), result: typeOf[CustomerAccount](), handle: writeCustomerAccount},
		{method: http.MethodDelete, path: root + "/accounts/{id}", id: "deleteAccount", summary: "Deletes a customer.", role: RoleAdmin, result: typeOf[Deleted](), handle: rawDelete("customers", "account")},
		{method: http.MethodGet, path: root + "/contacts", id: "listContacts", summary: "Lists people outside the workspace who wrote in it.", list: contactListing(), result: typeOf[Contact](), shape: paged},
		{method: http.MethodGet, path: root + "/contacts/{id}", id: "getContact", summary: "Reads a contact.", result: typeOf[Contact](), handle: getContact},
		{method: http.MethodGet, path: root + "/needs", id: "listNeeds", summary: "Lists requests of customers.", list: needListing(), result: typeOf[Need](), shape: paged},
		{method: http.MethodPost, path: root + "/needs", id: "createNeed", summary: "Records that a customer asks for a ticket or a project.", body: typeOf[NeedInput](), result: typeOf[Need](), status: http.StatusCreated, handle: writeNeed},
		{method: http.MethodGet, path: root + "/needs/{id}", id: "getNeed", summary: "Reads a request.", result: typeOf[Need](), handle: getNeed},
		{method: http.MethodPatch, path: root + "/needs/{id}", id: "updateNeed", summary: "Changes a request.", body: typeOf[NeedInput](), result: typeOf[Need](), handle: writeNeed},
		{method: http.MethodDelete, path: root + "/needs/{id}", id: "deleteNeed", summary: "Deletes a request.", result: typeOf[Deleted](), handle: rawDelete("customer_needs", "need")},
	}
	return on(routes, func(r *route) {
		r.tag, r.connection = "Customers", true
		resource, _, _ := strings.Cut(strings.TrimPrefix(r.path, root+"/"), "/")
		r.scope = resource + ":" + access(r)
	})
}
