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
			list: "cycles", one: "cycle", filter: "CycleFilter", create: "cycleCreate", update: "cycleUpdate", remove: "cycleArchive", payload: "cycle",
			inputs: [2]string{"CycleCreateInput", "CycleUpdateInput"}, fields: "id,number,name,startsAt,endsAt,completedAt,progress,createdAt,updatedAt,team.id",
		},
		"project_milestones": {
			list: "projectMilestones", one: "projectMilestone", filter: "ProjectMilestoneFilter", create: "projectMilestoneCreate", update: "projectMilestoneUpdate",
			remove: "projectMilestoneDelete", payload: "projectMilestone", inputs: [2]string{"ProjectMilestoneCreateInput", "ProjectMilestoneUpdateInput"},
			fields: "id,name,description,targetDate,progress,createdAt,updatedAt,project.id",
		},
		"initiatives": {
			list: "initiatives", one: "initiative", filter: "InitiativeFilter", create: "initiativeCreate", update: "initiativeUpdate", remove: "initiativeDelete",
			payload: "initiative", inputs: [2]string{"InitiativeCreateInput", "InitiativeUpdateInput"}, fields: "id,name,description,status,targetDate,url,createdAt,updatedAt",
		},
		"issue_labels": {
			list: "issueLabels", one: "issueLabel", filter: "IssueLabelFilter", create: "issueLabelCreate", update: "issueLabelUpdate", remove: "issueLabelDelete",
			payload: "issueLabel", inputs: [2]string{"IssueLabelCreateInput", "IssueLabelUpdateInput"},
			fields: "id,name,color,description,isGroup,createdAt,updatedAt",
		},
		"workflow_states": {
			list: "workflowStates", one: "workflowState", filter: "WorkflowStateFilter", create: "workflowStateCreate", update: "workflowStateUpdate", remove: "workflowStateArchive",
			payload: "workflowState", inputs: [2]string{"WorkflowStateCreateInput", "WorkflowStateUpdateInput"},
			fields: "id,name,type,color,position,description,createdAt,updatedAt,team.id",
		},
		"teams": {list: "teams", one: "team", filter: "TeamFilter", fields: "id,key,name,description,color,icon,timezone,createdAt,updatedAt"},
		"users": {list: "users", one: "user", filter: "UserFilter", fields: "id,name,displayName,email,active,admin,app,url,createdAt,updatedAt"},
		"customers": {
			list: "customers", one: "customer", filter: "CustomerFilter", create: "customerCreate", update: "customerUpdate", remove: "customerDelete",
			payload: "customer", inputs: [2]string{"CustomerCreateInput", "CustomerUpdateInput"}, fields: "id,name,domains,externalIds,createdAt,updatedAt",
		},
		"customer_needs": {
			list: "customerNeeds", one: "customerNeed", filter: "CustomerNeedFilter", create: "customerNeedCreate", update: "customerNeedUpdate", remove: "customerNeedDelete",
			payload: "need", inputs: [2]string{"CustomerNeedCreateInput", "CustomerNeedUpdateInput"}, fields: "id,body,priority,createdAt,updatedAt",
		},
		"issue_relations": {
			list: "issueRelations", one: "issueRelation", create: "issueRelationCreate", remove: "issueRelationDelete", payload: "issueRelation",
			inputs: [2]string{"IssueRelationCreateInput", ""}, fields: "id,type,createdAt",
		},
		"documents": {
			list: "documents", one: "document", filter: "DocumentFilter", create: "documentCreate", update: "documentUpdate", remove: "documentDelete",
			payload: "document", inputs: [2]string{"DocumentCreateInput", "DocumentUpdateInput"}, fields: "id,title,content,url,createdAt,updatedAt",
		},
		"webhooks": {
			list: "webhooks", one: "webhook", create: "webhookCreate", update: "webhookUpdate", remove: "webhookDelete",
			payload: "webhook", inputs: [2]string{"WebhookCreateInput", "WebhookUpdateInput"}, fields: "id,label,url,enabled,resourceTypes,createdAt,updatedAt",
		},
		"external_users": {list: "externalUsers", one: "externalUser", fields: "id,name,displayName,email,avatarUrl,lastSeen,createdAt,updatedAt"},
		"organization":   {list: "organization", plain: true, fields: "id,name,urlKey,logoUrl,createdAt"},
		"viewer":         {list: "viewer", plain: true, fields: "id,name,displayName,email,app,admin,createdAt"},
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
