package linear

import (
	"bytes"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// entityPayload is the envelope of a data change.
type entityPayload[T any] struct {
	Actor       actorPayload               `json:"actor"`
	URL         string                     `json:"url"`
	UpdatedFrom map[string]json.RawMessage `json:"updatedFrom"`
	Data        T                          `json:"data"`
}

// changed reports whether the field had another value before.
func (p *entityPayload[T]) changed(field string) bool {
	_, ok := p.UpdatedFrom[field]
	return ok
}

// previous returns the old value of a text field.
func (p *entityPayload[T]) previous(field string) text {
	return textOf(p.UpdatedFrom[field])
}

// commentPayload is the data of a Comment event.
type commentPayload struct {
	ID             string          `json:"id"`
	Body           text            `json:"body"`
	CreatedAt      timestamp       `json:"createdAt"`
	EditedAt       timestamp       `json:"editedAt"`
	ResolvedAt     timestamp       `json:"resolvedAt"`
	ParentID       string          `json:"parentId"`
	Parent         idRef           `json:"parent"`
	IssueID        string          `json:"issueId"`
	Issue          issuePayload    `json:"issue"`
	User           userPayload     `json:"user"`
	UserID         string          `json:"userId"`
	ExternalUser   userPayload     `json:"externalUser"`
	ExternalUserID string          `json:"externalUserId"`
	BotActor       botActorPayload `json:"botActor"`
	SyncedWith     syncPayload     `json:"syncedWith"`
	// SessionRoot marks a comment that Linear itself wrote as the root of a
	// session.
	SessionRoot bool `json:"isArtificialAgentSessionRoot"`
}

// commentDelivery is the whole body of a Comment event: what its header says,
// and what it is about. Comments are most of what a bot handles, so they are read
// in one pass.
type commentDelivery struct {
	Type           string         `json:"type"`
	Action         string         `json:"action"`
	OrganizationID string         `json:"organizationId"`
	CreatedAt      string         `json:"createdAt"`
	Actor          actorPayload   `json:"actor"`
	URL            string         `json:"url"`
	UpdatedFrom    jsontext.Value `json:"updatedFrom"`
	Data           struct {
		commentPayload
		otherRefs

		UpdatedAt string        `json:"updatedAt"`
		CommentID string        `json:"commentId"`
		Comment   headerComment `json:"comment"`
	} `json:"data"`
}

// forms is what a delivery is read into. They are large and needed for a moment, so
// an adapter keeps some. The zero value is empty.
type forms struct {
	header  header
	comment commentDelivery
}

// takeForms returns empty forms.
func (a *Adapter) takeForms() *forms {
	if f, ok := a.forms.Get().(*forms); ok {
		return f
	}
	return new(forms)
}

// giveForms takes forms back. Nothing of them may still be in use.
func (a *Adapter) giveForms(f *forms) {
	*f = forms{}
	a.forms.Put(f)
}

// mayBeComment spares other events a pass.
func mayBeComment(body []byte) bool { return bytes.Contains(body, []byte(`"`+typeComment+`"`)) }

// readComment reads the body of a Comment event. It returns nil if the body is
// that of another event, or invalid; the header then says more.
func (f *forms) readComment(body []byte) *commentDelivery {
	if unmarshal(body, &f.comment) != nil || f.comment.Type != typeComment {
		return nil
	}
	return &f.comment
}

// header returns what a header of the same body says.
func (c *commentDelivery) header() header {
	d := &c.Data
	return header{
		Type: c.Type, Action: c.Action, OrganizationID: c.OrganizationID, CreatedAt: c.CreatedAt, UpdatedFrom: c.UpdatedFrom,
		Data: headerData{
			parentRefs: parentRefs{IssueID: d.IssueID, Issue: idRef{d.Issue.ID}, otherRefs: d.otherRefs},
			ID:         d.ID, UpdatedAt: d.UpdatedAt, Body: isText(d.Body.ok), ParentID: d.ParentID, Parent: d.Parent,
			CommentID: d.CommentID, Comment: d.Comment,
		},
	}
}

// changes returns the values that an update has replaced.
func (c *commentDelivery) changes() map[string]json.RawMessage {
	var from map[string]json.RawMessage
	if len(c.UpdatedFrom) == 0 || unmarshal(c.UpdatedFrom, &from) != nil {
		return nil
	}
	return from
}

// commentChild is a nested comment.
type commentChild struct {
	ID          string `json:"id"`
	Body        string `json:"body"`
	UserID      string `json:"userId"`
	SessionRoot bool   `json:"isArtificialAgentSessionRoot"`
}

// reactionPayload is the data of a Reaction event.
type reactionPayload struct {
	Emoji          string      `json:"emoji"`
	CommentID      string      `json:"commentId"`
	Comment        idRef       `json:"comment"`
	IssueID        string      `json:"issueId"`
	Issue          idRef       `json:"issue"`
	User           userPayload `json:"user"`
	UserID         string      `json:"userId"`
	ExternalUserID string      `json:"externalUserId"`
}

// issuePayload is the data of an Issue event, and, with fewer fields, an issue
// nested in something else.
type issuePayload struct {
	ID                    string          `json:"id"`
	Identifier            string          `json:"identifier"`
	Title                 string          `json:"title"`
	Description           text            `json:"description"`
	URL                   string          `json:"url"`
	TeamID                string          `json:"teamId"`
	Team                  teamPayload     `json:"team"`
	StateID               string          `json:"stateId"`
	State                 statePayload    `json:"state"`
	Priority              float64         `json:"priority"`
	AssigneeID            string          `json:"assigneeId"`
	Assignee              userPayload     `json:"assignee"`
	DelegateID            string          `json:"delegateId"`
	Delegate              userPayload     `json:"delegate"`
	CreatorID             string          `json:"creatorId"`
	Creator               userPayload     `json:"creator"`
	ExternalUserCreator   userPayload     `json:"externalUserCreator"`
	ExternalUserCreatorID string          `json:"externalUserCreatorId"`
	BotActor              botActorPayload `json:"botActor"`
	SyncedWith            syncPayload     `json:"syncedWith"`
	LabelIDs              []string        `json:"labelIds"`
	Labels                []labelPayload  `json:"labels"`
	ProjectID             string          `json:"projectId"`
	Project               labelPayload    `json:"project"`
	CycleID               string          `json:"cycleId"`
	Cycle                 idRef           `json:"cycle"`
	DueDate               string          `json:"dueDate"`
	CreatedAt             timestamp       `json:"createdAt"`
	UpdatedAt             timestamp       `json:"updatedAt"`
}

type teamPayload struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

type statePayload struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// labelPayload is a nested thing with an id and a name.
type labelPayload struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// restPayload is the body of deliveries without an event type of their own.
type restPayload struct {
	entityPayload[restData]

	User   userPayload `json:"user"`
	UserID string      `json:"userId"`
}

// restData is the few fields that are read from data of any kind.
type restData struct {
	ID             string          `json:"id"`
	URL            string          `json:"url"`
	User           userPayload     `json:"user"`
	UserID         string          `json:"userId"`
	Creator        userPayload     `json:"creator"`
	CreatorID      string          `json:"creatorId"`
	ExternalUser   userPayload     `json:"externalUser"`
	ExternalUserID string          `json:"externalUserId"`
	BotActor       botActorPayload `json:"botActor"`
}

// sessionEventPayload is the body of an AgentSessionEvent.
type sessionEventPayload struct {
	AppUserID        string            `json:"appUserId"`
	PromptContext    string            `json:"promptContext"`
	Guidance         []guidancePayload `json:"guidance"`
	PreviousComments []commentChild    `json:"previousComments"`
	AgentSession     sessionPayload    `json:"agentSession"`
	AgentActivity    activityPayload   `json:"agentActivity"`
}

type guidancePayload struct {
	Body   string `json:"body"`
	Origin struct {
		Type string `json:"type"`
		Team struct {
			ID       string `json:"id"`
			Key      string `json:"key"`
			Name     string `json:"name"`
			ParentID string `json:"parentId"`
		} `json:"team"`
	} `json:"origin"`
}

type sessionPayload struct {
	ID              string       `json:"id"`
	AppUserID       string       `json:"appUserId"`
	CreatedAt       timestamp    `json:"createdAt"`
	CommentID       string       `json:"commentId"`
	Comment         commentChild `json:"comment"`
	SourceCommentID string       `json:"sourceCommentId"`
	SourceMetadata  struct {
		AgentSessionMetadata struct {
			SourceCommentID string `json:"sourceCommentId"`
		} `json:"agentSessionMetadata"`
	} `json:"sourceMetadata"`
	CreatorID string       `json:"creatorId"`
	Creator   userPayload  `json:"creator"`
	IssueID   string       `json:"issueId"`
	Issue     issuePayload `json:"issue"`
	Status    string       `json:"status"`
	URL       string       `json:"url"`
}

type activityPayload struct {
	ID      string `json:"id"`
	Body    text   `json:"body"`
	Content struct {
		Body text `json:"body"`
	} `json:"content"`
	CreatedAt       timestamp   `json:"createdAt"`
	Signal          string      `json:"signal"`
	SourceCommentID string      `json:"sourceCommentId"`
	User            userPayload `json:"user"`
	UserID          string      `json:"userId"`
}

// notificationEventPayload is the body of an AppUserNotification.
type notificationEventPayload struct {
	AppUserID    string              `json:"appUserId"`
	Notification notificationPayload `json:"notification"`
}

type notificationPayload struct {
	ID              string       `json:"id"`
	Type            string       `json:"type"`
	CreatedAt       timestamp    `json:"createdAt"`
	Actor           userPayload  `json:"actor"`
	ActorID         string       `json:"actorId"`
	ExternalActorID string       `json:"externalUserActorId"`
	IssueID         string       `json:"issueId"`
	Issue           issuePayload `json:"issue"`
	CommentID       string       `json:"commentId"`
	Comment         commentChild `json:"comment"`
	ParentCommentID string       `json:"parentCommentId"`
	ParentComment   idRef        `json:"parentComment"`
	ReactionEmoji   string       `json:"reactionEmoji"`
}

// appPayload is the body of the events that concern the app itself: OAuthApp,
// OAuthAuthorization and PermissionChange.
type appPayload struct {
	OAuthClientID  string      `json:"oauthClientId"`
	OAuthClient    idRef       `json:"oauthClient"`
	UserID         string      `json:"userId"`
	User           userPayload `json:"user"`
	ActiveTokens   float64     `json:"activeTokensForUser"`
	AllPublicTeams bool        `json:"canAccessAllPublicTeams"`
	AddedTeamIDs   []string    `json:"addedTeamIds"`
	RemovedTeamIDs []string    `json:"removedTeamIds"`
}

// slaPayload is the body of an IssueSLA event.
type slaPayload struct {
	IssueData issuePayload `json:"issueData"`
	URL       string       `json:"url"`
}
