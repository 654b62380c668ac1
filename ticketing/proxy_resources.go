package ticketing

import (
	"net/http"
	"slices"
	"strings"
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

// entityOf is a resource that Linear names as it does most: the noun of issues is
// issue, and issueCreate takes an IssueCreateInput.
func entityOf(noun, list, fields string) proxied {
	typ := strings.ToUpper(noun[:1]) + noun[1:]
	return proxied{
		list: list, one: noun, filter: typ + "Filter", create: noun + "Create", update: noun + "Update", remove: noun + "Delete", payload: noun,
		inputs: [2]string{typ + "CreateInput", typ + "UpdateInput"}, fields: fields,
	}
}

// readOnly are resources that the proxy does not write.
func readOnly(noun, list, fields string) proxied {
	p := entityOf(noun, list, fields)
	return proxied{list: p.list, one: p.one, filter: p.filter, fields: fields}
}

// proxyResources are what the proxy knows.
func proxyResources() map[string]proxied {
	cycles := entityOf("cycle", "cycles", "id,number,name,startsAt,endsAt,completedAt,progress,createdAt,updatedAt,team.id")
	states := entityOf("workflowState", "workflowStates", "id,name,type,color,position,description,createdAt,updatedAt,team.id")
	cycles.remove, states.remove = "cycleArchive", "workflowStateArchive" // Linear deletes neither
	needs := entityOf("customerNeed", "customerNeeds", "id,body,priority,createdAt,updatedAt")
	needs.payload = "need"
	relations := entityOf("issueRelation", "issueRelations", "id,type,createdAt")
	relations.filter, relations.update, relations.inputs[1] = "", "", ""
	webhooks := entityOf("webhook", "webhooks", "id,label,url,enabled,resourceTypes,createdAt,updatedAt")
	webhooks.filter = ""
	outsiders := readOnly("externalUser", "externalUsers", "id,name,displayName,email,avatarUrl,lastSeen,createdAt,updatedAt")
	outsiders.filter = ""
	return map[string]proxied{
		"issues": entityOf("issue", "issues",
			"id,identifier,number,title,description,url,priority,estimate,dueDate,createdAt,updatedAt,startedAt,completedAt,canceledAt,archivedAt,"+
				"state.id,state.name,state.type,team.id,team.key,team.name,assignee.id,assignee.name,creator.id,creator.name"),
		"comments":           entityOf("comment", "comments", "id,body,url,createdAt,updatedAt,editedAt,issueId,parentId,user.id,user.name"),
		"attachments":        entityOf("attachment", "attachments", "id,title,subtitle,url,metadata,createdAt,updatedAt,issue.id,issue.identifier"),
		"projects":           entityOf("project", "projects", "id,name,description,url,slugId,progress,startDate,targetDate,createdAt,updatedAt"),
		"cycles":             cycles,
		"project_milestones": entityOf("projectMilestone", "projectMilestones", "id,name,description,targetDate,progress,createdAt,updatedAt,project.id"),
		"initiatives":        entityOf("initiative", "initiatives", "id,name,description,status,targetDate,url,createdAt,updatedAt"),
		"issue_labels":       entityOf("issueLabel", "issueLabels", "id,name,color,description,isGroup,createdAt,updatedAt"),
		"workflow_states":    states,
		"teams":              readOnly("team", "teams", "id,key,name,description,color,icon,timezone,createdAt,updatedAt"),
		"users":              readOnly("user", "users", "id,name,displayName,email,active,admin,app,url,createdAt,updatedAt"),
		"customers":          entityOf("customer", "customers", "id,name,domains,externalIds,createdAt,updatedAt"),
		"customer_needs":     needs,
		"issue_relations":    relations,
		"documents":          entityOf("document", "documents", "id,title,content,url,createdAt,updatedAt"),
		"webhooks":           webhooks,
		"external_users":     outsiders,
		"organization":       {list: "organization", plain: true, fields: "id,name,urlKey,logoUrl,createdAt"},
		"viewer":             {list: "viewer", plain: true, fields: "id,name,displayName,email,app,admin,createdAt"},
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
				return "", badRequest(codeInvalidRequest, "%s is not the name of a field", quoteID(name))
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
