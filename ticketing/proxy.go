package ticketing

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// proxied is a resource of Linear as the proxy reaches it. Names are Linear's.
type proxied struct {
	list, one      string // root fields
	filter         string // type of the filter
	create, update string // mutations, empty if there are none
	remove         string
	payload        string // field of the payload
	inputs         [2]string
	fields         string
	plain          bool // the list field is an object, not a list
}

// proxyResources are what the proxy knows.
func proxyResources() map[string]proxied {
	return map[string]proxied{
		"issues": {
			list: "issues", one: "issue", filter: "IssueFilter", create: "issueCreate", update: "issueUpdate", remove: "issueDelete",
			payload: "issue", inputs: [2]string{"IssueCreateInput", "IssueUpdateInput"},
			fields: "id,identifier,number,title,description,url,priority,estimate,dueDate,createdAt,updatedAt,startedAt,completedAt,canceledAt,archivedAt,state.id,state.name,state.type,team.id,team.key,team.name,assignee.id,assignee.name,creator.id,creator.name",
		},
		"comments": {
			list: "comments", one: "comment", filter: "CommentFilter", create: "commentCreate", update: "commentUpdate", remove: "commentDelete",
			payload: "comment", inputs: [2]string{"CommentCreateInput", "CommentUpdateInput"},
			fields: "id,body,url,createdAt,updatedAt,editedAt,issueId,parentId,user.id,user.name",
		},
		"attachments": {
			list: "attachments", one: "attachment", filter: "AttachmentFilter", create: "attachmentCreate", update: "attachmentUpdate", remove: "attachmentDelete",
			payload: "attachment", inputs: [2]string{"AttachmentCreateInput", "AttachmentUpdateInput"},
			fields: "id,title,subtitle,url,metadata,createdAt,updatedAt,issue.id,issue.identifier",
		},
		"projects": {
			list: "projects", one: "project", filter: "ProjectFilter", create: "projectCreate", update: "projectUpdate", remove: "projectDelete",
			payload: "project", inputs: [2]string{"ProjectCreateInput", "ProjectUpdateInput"},
			fields: "id,name,description,url,slugId,progress,startDate,targetDate,createdAt,updatedAt",
		},
		"cycles": {
			list: "cycles", one: "cycle", filter: "CycleFilter", create: "cycleCreate", update: "cycleUpdate", payload: "cycle",
			inputs: [2]string{"CycleCreateInput", "CycleUpdateInput"}, fields: "id,number,name,startsAt,endsAt,completedAt,progress,createdAt,updatedAt,team.id",
		},
		"project_milestones": {
			list: "projectMilestones", one: "projectMilestone", filter: "ProjectMilestoneFilter", create: "projectMilestoneCreate", update: "projectMilestoneUpdate",
			remove: "projectMilestoneDelete", payload: "projectMilestone", inputs: [2]string{"ProjectMilestoneCreateInput", "ProjectMilestoneUpdateInput"},
			fields: "id,name,description,targetDate,progress,createdAt,updatedAt,project.id",
		},
		"initiatives": {list: "initiatives", one: "initiative", filter: "InitiativeFilter", fields: "id,name,description,createdAt,updatedAt"},
		"issue_labels": {
			list: "issueLabels", one: "issueLabel", filter: "IssueLabelFilter", create: "issueLabelCreate", update: "issueLabelUpdate", remove: "issueLabelDelete",
			payload: "issueLabel", inputs: [2]string{"IssueLabelCreateInput", "IssueLabelUpdateInput"},
			fields: "id,name,color,description,isGroup,createdAt,updatedAt",
		},
		"workflow_states": {
			list: "workflowStates", one: "workflowState", filter: "WorkflowStateFilter", create: "workflowStateCreate", update: "workflowStateUpdate",
			payload: "workflowState", inputs: [2]string{"WorkflowStateCreateInput", "WorkflowStateUpdateInput"},
			fields: "id,name,type,color,position,description,createdAt,updatedAt,team.id",
		},
		"teams":          {list: "teams", one: "team", filter: "TeamFilter", fields: "id,key,name,description,color,icon,timezone,createdAt,updatedAt"},
		"users":          {list: "users", one: "user", filter: "UserFilter", fields: "id,name,displayName,email,active,admin,app,url,createdAt,updatedAt"},
		"customers":      {list: "customers", one: "customer", filter: "CustomerFilter", fields: "id,name,domains,externalIds,createdAt,updatedAt"},
		"customer_needs": {list: "customerNeeds", one: "customerNeed", filter: "CustomerNeedFilter", fields: "id,body,priority,createdAt,updatedAt"},
		"issue_relations": {
			list: "issueRelations", one: "issueRelation", create: "issueRelationCreate", remove: "issueRelationDelete", payload: "issueRelation",
			inputs: [2]string{"IssueRelationCreateInput", ""}, fields: "id,type,createdAt",
		},
		"documents":    {list: "documents", one: "document", filter: "DocumentFilter", fields: "id,title,content,url,createdAt,updatedAt"},
		"webhooks":     {list: "webhooks", one: "webhook", fields: "id,label,url,enabled,resourceTypes,createdAt,updatedAt"},
		"organization": {list: "organization", plain: true, fields: "id,name,urlKey,logoUrl,createdAt"},
		"viewer":       {list: "viewer", plain: true, fields: "id,name,displayName,email,app,admin,createdAt"},
	}
}

// Limits of what a client selects.
const (
	maxFields     = 200
	maxFieldDepth = 5
)

// selection turns a list of paths into a selection set. Only names of GraphQL
// get through, so nothing else can be put into the query.
func selection(paths []string) (string, error) {
	if len(paths) > maxFields {
		return "", badRequest(codeInvalidRequest, "fields must hold at most %d names", maxFields)
	}
	type node map[string]any
	root := node{}
	var order []string
	for _, p := range paths {
		at := root
		parts := strings.Split(p, ".")
		if len(parts) > maxFieldDepth {
			return "", badRequest(codeInvalidRequest, "fields may be at most %d levels deep", maxFieldDepth)
		}
		for i, name := range parts {
			if !isName(name) {
				return "", badRequest(codeInvalidRequest, "%s is no name of a field", quoteID(name))
			}
			next, isNode := at[name].(node)
			if i == len(parts)-1 {
				if !isNode {
					at[name] = true
				}
				break
			}
			if !isNode {
				next = node{}
				at[name] = next
			}
			at = next
		}
		order = append(order, parts[0])
	}
	var write func(n node, names []string) string
	write = func(n node, names []string) string {
		var b strings.Builder
		done := map[string]bool{}
		for _, name := range names {
			if done[name] {
				continue
			}
			done[name] = true
			b.WriteString(" " + name)
			if sub, isNode := n[name].(node); isNode {
				keys := make([]string, 0, len(sub))
				for k := range sub {
					keys = append(keys, k)
				}
				slices.Sort(keys)
				b.WriteString(" {" + write(sub, keys) + " }")
			}
		}
		return b.String()
	}
	return write(root, order), nil
}

func isName(s string) bool {
	if s == "" || len(s) > 60 {
		return false
	}
	for i, r := range s {
		if letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'; !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}

// proxied finds the resource of the path, in whatever case it is written.
func (c *call) proxied() (proxied, error) {
	name := c.path["resource"]
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	all := proxyResources()
	p, known := all[strings.ReplaceAll(b.String(), "-", "_")]
	if !known {
		names := make([]string, 0, len(all))
		for n := range all {
			names = append(names, n)
		}
		slices.Sort(names)
		return p, &problem{status: http.StatusNotFound, code: codeNotFound, message: "the proxy knows " + strings.Join(names, ", ")}
	}
	return p, nil
}

func (c *call) selected(p proxied) (string, error) {
	paths := c.q.all("fields")
	if len(paths) == 0 {
		paths = strings.Split(p.fields, ",")
	}
	return selection(paths)
}

// rawField sends an operation that can be repeated and returns the root field.
func (c *call) rawField(name, query string, vars map[string]any, field string) (json.RawMessage, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	data, err := client.Raw(c.ctx, linearapi.RawRequest{Name: name, Query: query, Variables: vars, Repeatable: true})
	if err != nil {
		return nil, err
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	return root[field], nil
}

// proxyList answers GET /proxy/{resource}, with Linear's names.
func proxyList(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	fields, err := c.selected(p)
	if err != nil {
		return nil, err
	}
	if p.plain {
		one, err := c.rawField("proxyOne", "query proxyOne { "+p.list+" {"+fields+" } }", nil, p.list)
		if err != nil {
			return nil, err
		}
		return ok(one), nil
	}
	v, err := c.view()
	if err != nil {
		return nil, err
	}
	l := &listing{resource: "proxy." + p.list}
	text := []string{c.q.get("filter"), c.q.get("order_by", "orderBy"), c.q.get("include_archived"), fields}
	hash := shortHash(append(text, l.resource)...)
	place, err := c.place(l, hash)
	if err != nil {
		return nil, err
	}
	vars := map[string]any{"first": v.limit}
	back := place != nil && place.Back
	if back {
		vars = map[string]any{"last": v.limit, "before": place.Place}
	} else if place != nil {
		vars["after"] = place.Place
	}
	decl, args := "$first: Int, $after: String, $last: Int, $before: String", "first: $first, after: $after, last: $last, before: $before"
	filter, err := c.rawFilter()
	if err != nil {
		return nil, err
	}
	if filter != nil {
		if p.filter == "" {
			return nil, badRequest(codeInvalidRequest, "this resource takes no filter")
		}
		decl, args, vars["filter"] = decl+", $filter: "+p.filter, args+", filter: $filter", filter
	}
	switch order := text[1]; order {
	case "":
	case "createdAt", "updatedAt", "created_at", "updated_at":
		decl, args = decl+", $orderBy: PaginationOrderBy", args+", orderBy: $orderBy"
		vars["orderBy"] = map[string]string{"c": "createdAt", "u": "updatedAt"}[order[:1]]
	default:
		return nil, badRequest(codeInvalidRequest, "order_by must be createdAt or updatedAt")
	}
	if on, _ := c.q.flag("include_archived"); on {
		decl, args, vars["archived"] = decl+", $archived: Boolean", args+", includeArchived: $archived", true
	}
	if err := c.strict([]string{"integrated_account_id", "limit", "next_cursor", "prev_cursor", "fields", "filter", "order_by", "include_archived"}); err != nil {
		return nil, err
	}
	q := "query proxyList(" + decl + ") { " + p.list + "(" + args + ") { nodes {" + fields + " } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
	raw, err := c.rawField("proxyList", q, vars, p.list)
	if err != nil {
		return nil, err
	}
	var page struct {
		Nodes    []json.RawMessage  `json:"nodes"`
		PageInfo linearapi.PageInfo `json:"pageInfo"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return nil, err
	}
	out := &List{Result: page.Nodes, ResultCount: len(page.Nodes), Limit: v.limit}
	if page.Nodes == nil {
		out.Result = []any{}
	}
	if (page.PageInfo.HasNextPage || back) && len(page.Nodes) > 0 {
		if out.NextCursor, err = c.cursor(l, hash, &cursor{Place: page.PageInfo.EndCursor}); err != nil {
			return nil, err
		}
	}
	if (place != nil && !back || page.PageInfo.HasPreviousPage && back) && len(page.Nodes) > 0 {
		if out.PrevCursor, err = c.cursor(l, hash, &cursor{Place: page.PageInfo.StartCursor, Back: true}); err != nil {
			return nil, err
		}
	}
	return ok(out), nil
}

func proxyGet(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	if p.one == "" {
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET", message: "this resource is one object: read it without an id"}
	}
	fields, err := c.selected(p)
	if err != nil {
		return nil, err
	}
	one, err := c.rawField("proxyOne", "query proxyOne($id: String!) { "+p.one+"(id: $id) {"+fields+" } }", map[string]any{"id": c.path["id"]}, p.one)
	if err != nil {
		return nil, missing(err, c.path["resource"], c.path["id"])
	}
	return ok(one), nil
}

// proxyWrite answers POST and PATCH: the body is Linear's input.
func proxyWrite(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	id, updating := c.path["id"]
	name, inputType := p.create, p.inputs[0]
	if updating {
		name, inputType = p.update, p.inputs[1]
	}
	if name == "" {
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET", message: "the proxy cannot write this resource"}
	}
	fields, err := c.selected(p)
	if err != nil {
		return nil, err
	}
	in := c.input.fields
	delete(in, "integrated_account_id")
	vars := map[string]any{"input": in}
	decl, args := "$input: "+inputType+"!", "input: $input"
	status := http.StatusOK
	if updating {
		decl, args, vars["id"] = "$id: String!, "+decl, "id: $id, "+args, id
	} else {
		status = http.StatusCreated
		if _, has := in["id"]; !has {
			in["id"] = c.make
		}
	}
	raw, err := c.rawField("proxyWrite", "mutation proxyWrite("+decl+") { "+name+"("+args+") { success "+p.payload+" {"+fields+" } } }", vars, name)
	if err != nil {
		return nil, err
	}
	var payload map[string]json.RawMessage
	if err := json.Unmarshal(raw, &payload); err != nil {
		return nil, err
	}
	if string(payload["success"]) != "true" {
		return nil, &problem{status: http.StatusBadGateway, code: codeUpstream, remote: true, retryable: true, message: "Linear did not do it and did not say why"}
	}
	return &reply{status: status, body: payload[p.payload]}, nil
}

func proxyDelete(c *call) (*reply, error) {
	p, err := c.proxied()
	if err != nil {
		return nil, err
	}
	if p.remove == "" {
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET", message: "the proxy cannot delete this resource"}
	}
	id := c.path["id"]
	_, err = c.rawField("proxyDelete", "mutation proxyDelete($id: String!) { "+p.remove+"(id: $id) { success } }", map[string]any{"id": id}, p.remove)
	if err != nil {
		return nil, missing(err, c.path["resource"], id)
	}
	return ok(Deleted{id}), nil
}

// GraphQLRequest is a request to Linear's own API.
type GraphQLRequest struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables,omitempty"`
	OperationName string         `json:"operationName,omitempty"`
}

// GraphQLReply is Linear's own answer.
type GraphQLReply struct {
	Data any `json:"data"`
}

// proxyGraphQL answers POST /proxy/graphql and POST /custom/graphql: one
// operation in Linear's own language.
func proxyGraphQL(c *call) (*reply, error) {
	query, given, _ := c.input.text(100_000, "query")
	name, _, _ := c.input.text(100, "operationName")
	if !given || strings.TrimSpace(query) == "" {
		return nil, invalidField("query", "required", "is required")
	}
	var vars map[string]any
	if v, has := c.input.any("variables"); has && v != nil {
		o, isObject := v.(map[string]any)
		if !isObject {
			return nil, invalidField("variables", "type", "must be an object")
		}
		vars = o
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, 20_000)
	if err != nil {
		return nil, badRequest(codeInvalidRequest, "the query is not valid GraphQL: %s", clip(err.Error(), 200))
	}
	if len(doc.Operations) != 1 {
		return nil, badRequest(codeInvalidRequest, "send one operation")
	}
	op := doc.Operations[0]
	if name != "" && op.Name != name {
		return nil, badRequest(codeInvalidRequest, "there is no operation %s", quoteID(name))
	}
	look := survey{fragments: doc.Fragments, depths: map[string]int{}}
	depth := look.depth(op.SelectionSet)
	switch {
	case op.Operation == ast.Subscription:
		return nil, badRequest(codeInvalidRequest, "subscriptions are not served")
	case op.Operation == ast.Mutation && c.who.Role != RoleAdmin:
		return nil, forbidden(codeForbidden, "mutations need the role admin")
	case depth > maxQueryDepth:
		return nil, badRequest(codeInvalidRequest, "the query is nested more than %d levels deep", maxQueryDepth)
	case look.introspects:
		return nil, forbidden(codeForbidden, "introspection is switched off")
	}
	if op.Name == "" {
		// The name goes along with the request, so it needs one.
		i := byteAt(query, op.Position.Start)
		rest := query[i:]
		switch {
		case strings.HasPrefix(rest, "{"):
			query = query[:i] + "query proxied " + rest
		default:
			word := string(op.Operation)
			query = query[:i] + word + " proxied" + strings.TrimPrefix(rest, word)
		}
		op.Name = "proxied"
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	data, err := client.Raw(c.ctx, linearapi.RawRequest{
		Name: op.Name, Query: query, Variables: vars, Repeatable: op.Operation == ast.Query,
	})
	if err != nil {
		return nil, err
	}
	return ok(GraphQLReply{data}), nil
}

// byteAt is where the rune n of a text begins: the parser counts runes.
func byteAt(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}

// maxQueryDepth is how deep a query may nest.
const maxQueryDepth = 15

// survey looks through a query with its fragments, which the parser does not
// resolve. Each fragment is looked at once, however often it is spread.
type survey struct {
	fragments ast.FragmentDefinitionList
	depths    map[string]int
	// introspects says that a field asks for the schema.
	introspects bool
}

// depth returns how many levels a selection has.
func (v *survey) depth(set ast.SelectionSet) int {
	deepest := 0
	for _, s := range set {
		below := 0
		switch s := s.(type) {
		case *ast.Field:
			if strings.HasPrefix(s.Name, "__") && s.Name != "__typename" {
				v.introspects = true
			}
			below = v.depth(s.SelectionSet)
		case *ast.InlineFragment:
			below = v.depth(s.SelectionSet)
		case *ast.FragmentSpread:
			below = v.fragment(s.Name)
		}
		deepest = max(deepest, 1+below)
	}
	return deepest
}

func (v *survey) fragment(name string) int {
	if d, seen := v.depths[name]; seen {
		return d
	}
	f := v.fragments.ForName(name)
	if f == nil {
		return 0 // Linear says so
	}
	v.depths[name] = maxQueryDepth // one that spreads itself has no end
	v.depths[name] = v.depth(f.SelectionSet)
	return v.depths[name]
}
