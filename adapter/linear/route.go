package linear

import (
	"cmp"

	"github.com/linearbot/linearbot/adapter"
)

// Why a delivery is not for any handler. These are the values of Route.Ignore
// and, with the reasons in decode.go, of OtherEvent.Reason.
const (
	// reasonMalformed: authentic, but what it is about is missing.
	reasonMalformed = "malformed"
	// reasonUnknownType: a type that this package has never heard of.
	reasonUnknownType = "unknown_type"
	// reasonUnknownAction: a known type with an action that has no meaning.
	reasonUnknownAction = "unknown_action"
	// reasonNoThread: a comment or reaction that hangs on nothing known.
	reasonNoThread = "no_thread"
	// reasonNoWorkspace: no organization id, so no installation to act for.
	reasonNoWorkspace = "no_workspace"
)

// The types that mean something to a bot.
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

// The actions that mean something to a bot.
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
	// lane says that thread is a lane and no conversation.
	lane bool
	// guess says that the thread may be another one.
	guess bool
	// ignore is the reason to ignore the delivery.
	ignore string
}

// routeDelivery names the workspace, the lane and the event key of a delivery.
// It fails, with code adapter.CodeInvalid, only for a body that is not a JSON object.
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
// updates may carry the same updatedAt, and a reaction or a resolve comes as an
// update of the comment: what changed tells them apart. Where what a key needs
// is missing, the hash of the body takes its place. The time of sending, the
// webhook's id and the delivery's id are in no key, so a repeat has the key of
// the original.
//
// The lane is the thread as far as the body tells. Reactions do not say whether
// their comment is a reply, so theirs is a guess. Events that belong to no
// conversation share the lane linear:workspace/{organizationId}.
func routeDelivery(d *adapter.Delivery) (adapter.Route, error) {
	var h header
	if err := unmarshal(d.Body, &h); err != nil {
		return adapter.Route{}, err
	}
	r, _ := h.route(d)
	return r, nil
}

func (h *header) route(d *adapter.Delivery) (adapter.Route, place) {
	p := h.place()
	if p.ignore == "" && h.OrganizationID == "" {
		p.ignore = reasonNoWorkspace
	}
	if p.thread == (Thread{}) {
		p.thread, p.lane = h.workspaceLane(), true
	}
	deleted := ""
	if h.Type == typeComment && h.Action == actionRemove && p.ignore == "" {
		deleted = h.Data.ID
	}
	return adapter.Route{
		Deleted:   deleted,
		Workspace: h.OrganizationID,
		Thread:    p.thread.ID(),
		Key:       h.key(d),
		Type:      h.Type,
		Action:    h.Action,
		Message:   p.ignore == "" && h.isMessage(),
		Urgent:    p.ignore == "" && h.isStop(),
		Ignore:    p.ignore,
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

// isStop reports whether a person asks the bot to stop.
func (h *header) isStop() bool {
	return h.Type == typeSession && h.Action == actionPrompted && h.AgentActivity.Signal == signalStop
}

// place finds the thread by type.
func (h *header) place() place {
	switch h.Type {
	case "":
		return place{ignore: reasonMalformed}
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
			return place{ignore: reasonMalformed}
		}
		return place{thread: Thread{IssueID: h.IssueData.ID}, ignore: h.anyAction()}
	case typeApp:
		if h.Action != actionRevoked {
			return place{ignore: reasonUnknownAction}
		}
		return place{}
	case typePermission, typeAuthorization:
		return place{ignore: h.anyAction()}
	default:
		return h.otherPlace()
	}
}

// anyAction ignores events whose action is missing.
func (h *header) anyAction() string {
	if h.Action == "" {
		return reasonMalformed
	}
	return ""
}

// dataAction ignores data changes that are none.
func (h *header) dataAction() string {
	switch h.Action {
	case actionCreate, actionUpdate, actionRemove:
		return ""
	default:
		return reasonUnknownAction
	}
}

func (h *header) commentPlace() place {
	c := &h.Data
	if c.ID == "" {
		return place{ignore: reasonMalformed}
	}
	t, ok := c.thread()
	if !ok {
		return place{ignore: reasonNoThread}
	}
	t.CommentID = cmp.Or(c.ParentID, c.Parent.ID, c.ID)
	p := place{thread: t, ignore: h.dataAction()}
	if h.Action == actionCreate && !bool(c.Body) {
		p.ignore = reasonMalformed
	}
	return p
}

func (h *header) reactionPlace() place {
	r := &h.Data
	if r.ID == "" {
		return place{ignore: reasonMalformed}
	}
	p := place{ignore: h.reactionAction()}
	t, ok := r.thread()
	comment := cmp.Or(r.CommentID, r.Comment.ID)
	if comment == "" {
		if !ok {
			return place{ignore: reasonNoThread}
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

func (h *header) reactionAction() string {
	if h.Action == actionCreate || h.Action == actionRemove {
		return ""
	}
	return reasonUnknownAction
}

func (h *header) issuePlace() place {
	if h.Data.ID == "" {
		return place{ignore: reasonMalformed}
	}
	return place{thread: Thread{IssueID: h.Data.ID}, ignore: h.dataAction()}
}

func (h *header) sessionPlace() place {
	s := &h.AgentSession
	if s.ID == "" {
		return place{ignore: reasonMalformed}
	}
	t, ok := s.thread()
	if !ok {
		t, ok = s.Comment.thread()
	}
	if !ok {
		t = h.workspaceLane()
	}
	t.SessionID = s.ID
	p := place{thread: t}
	switch h.Action {
	case actionCreated:
	case actionPrompted:
		if cmp.Or(h.AgentActivity.ID, h.AgentActivity.SourceCommentID) == "" {
			p.ignore = reasonMalformed
		}
	default:
		p.ignore = reasonUnknownAction
	}
	return p
}

func (h *header) notificationPlace() place {
	n := &h.Notification
	p := place{ignore: h.anyAction()}
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

// otherPlace routes what has no event of its own.
func (h *header) otherPlace() place {
	known, own := otherType(h.Type)
	if !known {
		return place{ignore: reasonUnknownType}
	}
	p := place{ignore: h.anyAction()}
	if own != ParentWorkspace && h.Data.ID != "" {
		p.thread = Thread{Kind: own, ParentID: h.Data.ID}
	} else if t, ok := h.Data.thread(); ok {
		p.thread = t
	}
	return p
}

// otherType reports whether Linear is known to send deliveries of a type that
// mean nothing to a bot, and as which kind of parent the entity is a
// conversation of its own. ParentWorkspace means none.
func otherType(name string) (known bool, own ParentKind) {
	switch name {
	case "Project":
		return true, ParentProject
	case "ProjectUpdate":
		return true, ParentProjectUpdate
	case "Initiative":
		return true, ParentInitiative
	case "InitiativeUpdate":
		return true, ParentInitiativeUpdate
	case "AgentActivity", "AgentSession", "Attachment", "AuditEntry", "Customer",
		"CustomerNeed", "Cycle", "Document", "IssueLabel", "IssueRelation",
		"ProjectLabel", "Release", "ReleaseNote", "User":
		return true, ParentWorkspace
	default:
		return false, ParentWorkspace
	}
}
