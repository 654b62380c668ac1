package linear

import (
	"cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
)

// Reasons why a delivery reaches no handler. These are the values of
// Route.Ignore and, with the reasons in decode.go, of OtherEvent.Reason.
const (
	// reasonMalformed: authentic, but a required field is missing.
	reasonMalformed = reason.Malformed
	// reasonNoThread: a comment or reaction attached to nothing known.
	reasonNoThread = reason.NoThread
	// reasonNoWorkspace: the organization id is missing, so the installation is
	// unknown.
	reasonNoWorkspace = reason.NoWorkspace
)

// TypeCheck is the type of the deliveries with which linearbot doctor and init look
// whether deliveries arrive. Linear has no such type, and no handler gets one.
const TypeCheck = "LinearbotCheck"

// The types that a bot can use.
const (
	typeComment       = "Comment"
	typeReaction      = "Reaction"
	typeIssue         = "Issue"
	typeSession       = "AgentSessionEvent"
	typeNotification  = "AppUserNotification"
	typeApp           = "OAuthApp"
	typeAuthorization = "OAuthAuthorization"
	typePermission    = "PermissionChange"
	typeSLA           = "IssueSLA"
)

// The actions that a bot can use.
const (
	actionCreate   = "create"
	actionUpdate   = "update"
	actionRemove   = "remove"
	actionCreated  = "created"
	actionPrompted = "prompted"
	actionRevoked  = "revoked"
)

// place is where a delivery belongs: a thread, or only a lane.
type place struct {
	thread Thread
	// lane says that thread is only a lane, not a conversation.
	lane bool
	// guess says that thread may be wrong.
	guess bool
	// rest says that the delivery has no event type of its own.
	rest bool
	// ignore is the reason to ignore the delivery, and missing what it lacks.
	ignore, missing string
}

// lacks returns the place of a delivery that lacks a required field.
func lacks(what string) place { return place{ignore: reasonMalformed, missing: what} }

// route names the workspace, the lane and the event key of a delivery. It reads the
// body unless d has a header that was kept. It fails, with code adapter.CodeInvalid,
// only for a body that is not a JSON object.
//
// The event key is
//
//	Comment, Reaction, Issue, …   create  type|create|id
//	                              update  type|update|id|updatedAt|digest of updatedFrom
//	                              remove  type|remove|id, and for all but comments and
//	                                      reactions |updatedAt|createdAt
//	AgentSessionEvent             created type|created|session id
//	                              prompted type|prompted|activity id
//	AppUserNotification                   type|action|notification id
//	IssueSLA                              type|action|issue id|createdAt
//	OAuthApp, PermissionChange,           type|action|organization id|client id|
//	OAuthAuthorization                    app user id|user id|createdAt
//
// An entity is created once, whatever the delivery says about its times. Two
// updates may carry the same updatedAt, and a reaction or a resolve arrives as
// an update of the comment: the changed fields tell them apart. If a field that
// a key needs is missing, the hash of the body takes its place. Keys exclude
// the time of sending, the webhook's id and the delivery's id, so a retry has
// the key of the original.
//
// The lane is the thread as far as the body identifies it. Reactions do not say
// whether their comment is a reply, so theirs is a guess. Events that belong to
// no conversation share the lane linear:workspace/{organizationId}.
func (f *forms) route(d *adapter.Delivery) (adapter.Route, error) {
	if r, _, ok := f.header.recall(d.Header); ok {
		return r, nil
	}
	if err := unmarshal(d.Body, &f.header); err != nil {
		return adapter.Route{}, err
	}
	r, p := f.header.route(d)
	return f.header.keep(r, &p), nil
}

func (h *header) route(d *adapter.Delivery) (adapter.Route, place) {
	p := h.place()
	if h.Type == TypeCheck {
		p.ignore = reason.Check
	}
	if p.ignore == "" && h.OrganizationID == "" {
		p.ignore, p.missing = reasonNoWorkspace, "organizationId"
	}
	if p.thread == (Thread{}) {
		p.thread, p.lane = h.workspaceLane(), true
	}
	deleted := ""
	if h.Type == typeComment && h.Action == actionRemove && p.ignore == "" {
		deleted = h.Data.ID
	}
	thread, key := h.names(p.thread, d)
	return adapter.Route{
		Deleted:   deleted,
		Workspace: h.OrganizationID,
		Thread:    thread,
		Key:       key,
		Type:      h.Type,
		Action:    h.Action,
		Message:   p.ignore == "" && !p.rest && h.isMessage(),
		Urgent:    p.ignore == "" && h.isStop(),
		Ignore:    p.ignore,
		Missing:   p.missing,
	}, p
}

// isMessage reports whether the event is a new message. A stop is not one: it
// must not wait for what it stops.
func (h *header) isMessage() bool {
	switch h.Type {
	case typeComment:
		return h.Action == actionCreate
	case typeSession:
		return h.AgentActivity.Signal != signalStop
	default:
		return false
	}
}

func (h *header) workspaceLane() Thread {
	return Thread{Kind: ParentWorkspace, ParentID: cmp.Or(h.OrganizationID, "unknown")}
}

// isStop reports whether the delivery is a person's request to stop.
func (h *header) isStop() bool {
	return h.Type == typeSession && h.Action == actionPrompted && h.AgentActivity.Signal == signalStop
}

// place finds the thread by type. Known types with an unknown action, and
// unknown types, have no event type of their own.
func (h *header) place() place {
	switch {
	case h.Type == "":
		return lacks("type")
	case h.Action == "":
		return lacks("action")
	}
	switch h.Type {
	case typeComment:
		return h.commentPlace()
	case typeReaction:
		return h.reactionPlace()
	case typeSession:
		return h.sessionPlace()
	case typeNotification:
		return h.notificationPlace()
	case typeIssue:
		return h.issuePlace()
	case typeSLA:
		if h.IssueData.ID == "" {
			return lacks("issueData.id")
		}
		return place{thread: Thread{IssueID: h.IssueData.ID}}
	case typeApp:
		return place{rest: h.Action != actionRevoked}
	case typePermission, typeAuthorization:
		return place{}
	default:
		return h.otherPlace()
	}
}

// isDataAction reports whether the action is one of the data-change actions.
func (h *header) isDataAction() bool {
	switch h.Action {
	case actionCreate, actionUpdate, actionRemove:
		return true
	default:
		return false
	}
}

func (h *header) commentPlace() place {
	c := &h.Data
	if c.ID == "" {
		return lacks("data.id")
	}
	t, ok := c.thread()
	if !ok {
		return place{ignore: reasonNoThread, missing: missingParent}
	}
	t.CommentID = cmp.Or(c.ParentID, c.Parent.ID, c.ID)
	p := place{thread: t, rest: !h.isDataAction()}
	if h.Action == actionCreate && !bool(c.Body) {
		p.ignore, p.missing = reasonMalformed, "data.body"
	}
	return p
}

func (h *header) reactionPlace() place {
	r := &h.Data
	if r.ID == "" {
		return lacks("data.id")
	}
	p := place{rest: h.Action != actionCreate && h.Action != actionRemove}
	t, ok := r.thread()
	comment := cmp.Or(r.CommentID, r.Comment.ID)
	if comment == "" {
		if !ok {
			return place{ignore: reasonNoThread, missing: "data.commentId or " + missingParent}
		}
		p.thread = t
		return p
	}
	if !ok {
		t, ok = r.Comment.thread()
	}
	p.guess = true
	if !ok {
		p.thread = Thread{Kind: ParentComment, ParentID: comment}
		return p
	}
	t.CommentID = comment
	if r.Comment.ParentID != "" {
		t.CommentID, p.guess = r.Comment.ParentID, false
	}
	p.thread = t
	return p
}

func (h *header) issuePlace() place {
	if h.Data.ID == "" {
		return lacks("data.id")
	}
	return place{thread: Thread{IssueID: h.Data.ID}, rest: !h.isDataAction()}
}

func (h *header) sessionPlace() place {
	s := &h.AgentSession
	if s.ID == "" {
		return lacks("agentSession.id")
	}
	t, ok := s.thread()
	if !ok {
		t, ok = s.Comment.thread()
	}
	p := place{guess: !ok}
	if !ok {
		t = h.workspaceLane()
	}
	t.SessionID = s.ID
	p.thread = t
	switch h.Action {
	case actionCreated:
	case actionPrompted:
		// A stop needs no more than the session.
		if cmp.Or(h.AgentActivity.ID, h.AgentActivity.SourceCommentID) == "" && !h.isStop() {
			p.ignore, p.missing = reasonMalformed, "agentActivity.id"
		}
	default:
		p.rest, p.guess = true, false
	}
	return p
}

func (h *header) notificationPlace() place {
	n := &h.Notification
	p := place{}
	t, ok := n.thread()
	if !ok {
		t, ok = n.Comment.thread()
	}
	comment := cmp.Or(n.CommentID, n.Comment.ID)
	switch {
	case ok:
		t.CommentID = cmp.Or(n.ParentCommentID, n.ParentComment.ID, comment)
		p.thread = t
	case comment != "":
		p.thread, p.guess = Thread{Kind: ParentComment, ParentID: comment}, true
	}
	return p
}

// missingParent names what a comment may be attached to.
const missingParent = "data.issueId, projectId, projectUpdateId, initiativeId, initiativeUpdateId or documentContentId"

// otherPlace routes deliveries without an event type of their own, of known or
// unknown types.
func (h *header) otherPlace() place {
	p := place{rest: true}
	if own := ownKind(h.Type); own != ParentWorkspace && h.Data.ID != "" {
		p.thread = Thread{Kind: own, ParentID: h.Data.ID}
	} else if t, ok := h.Data.thread(); ok {
		p.thread = t
	}
	return p
}

// ownKind returns the kind of parent under which entities of a type have
// conversations of their own. ParentWorkspace means that they have none.
func ownKind(name string) ParentKind {
	switch name {
	case "Project":
		return ParentProject
	case "ProjectUpdate":
		return ParentProjectUpdate
	case "Initiative":
		return ParentInitiative
	case "InitiativeUpdate":
		return ParentInitiativeUpdate
	default:
		return ParentWorkspace
	}
}
