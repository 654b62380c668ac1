package linear

import (
	"cmp"

	"github.com/go-json-experiment/json/jsontext"
)

// header is the part of a body that says where it belongs. Decoding it is the
// hot path.
type header struct {
	Type           string `json:"type"`
	Action         string `json:"action"`
	OrganizationID string `json:"organizationId"`
	CreatedAt      string `json:"createdAt"`
	OAuthClientID  string `json:"oauthClientId"`
	AppUserID      string `json:"appUserId"`
	UserID         string `json:"userId"`

	Data          headerData     `json:"data"`
	UpdatedFrom   jsontext.Value `json:"updatedFrom"`
	AgentSession  headerSession  `json:"agentSession"`
	AgentActivity headerActivity `json:"agentActivity"`
	Notification  headerNotice   `json:"notification"`
	IssueData     idRef          `json:"issueData"`
}

// parentRefs names what an entity is attached to. At most one is usually set.
type parentRefs struct {
	otherRefs

	IssueID string `json:"issueId"`
	Issue   idRef  `json:"issue"`
}

// otherRefs names what an entity is attached to if it is not an issue.
type otherRefs struct {
	ProjectUpdateID    string `json:"projectUpdateId"`
	ProjectUpdate      idRef  `json:"projectUpdate"`
	InitiativeUpdateID string `json:"initiativeUpdateId"`
	InitiativeUpdate   idRef  `json:"initiativeUpdate"`
	DocumentContentID  string `json:"documentContentId"`
	ProjectID          string `json:"projectId"`
	Project            idRef  `json:"project"`
	InitiativeID       string `json:"initiativeId"`
}

// thread returns the parent as a thread, nearest kind first.
func (p *parentRefs) thread() (Thread, bool) {
	if id := cmp.Or(p.IssueID, p.Issue.ID); id != "" {
		return Thread{IssueID: id}, true
	}
	for _, c := range [...]struct {
		kind ParentKind
		id   string
	}{
		{ParentProjectUpdate, cmp.Or(p.ProjectUpdateID, p.ProjectUpdate.ID)},
		{ParentInitiativeUpdate, cmp.Or(p.InitiativeUpdateID, p.InitiativeUpdate.ID)},
		{ParentDocument, p.DocumentContentID},
		{ParentProject, cmp.Or(p.ProjectID, p.Project.ID)},
		{ParentInitiative, p.InitiativeID},
	} {
		if c.id != "" {
			return Thread{Kind: c.kind, ParentID: c.id}, true
		}
	}
	return Thread{}, false
}

// headerComment is a nested comment and what it is attached to.
type headerComment struct {
	parentRefs

	ID       string `json:"id"`
	ParentID string `json:"parentId"`
}

// headerData is the entity of a data change.
type headerData struct {
	parentRefs

	ID        string        `json:"id"`
	UpdatedAt string        `json:"updatedAt"`
	Body      isText        `json:"body"`
	ParentID  string        `json:"parentId"`
	Parent    idRef         `json:"parent"`
	CommentID string        `json:"commentId"`
	Comment   headerComment `json:"comment"`
}

type headerSession struct {
	parentRefs

	ID      string        `json:"id"`
	Comment headerComment `json:"comment"`
}

type headerActivity struct {
	ID              string `json:"id"`
	Signal          string `json:"signal"`
	SourceCommentID string `json:"sourceCommentId"`
}

type headerNotice struct {
	parentRefs

	ID              string        `json:"id"`
	CommentID       string        `json:"commentId"`
	Comment         headerComment `json:"comment"`
	ParentCommentID string        `json:"parentCommentId"`
	ParentComment   idRef         `json:"parentComment"`
}
