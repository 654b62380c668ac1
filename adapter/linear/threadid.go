package linear

import (
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// threadPrefix is the first part of every thread id of this adapter.
const threadPrefix = "linear:"

// ParentKind says what a conversation is attached to.
type ParentKind uint8

// The kinds of parent. The zero value is an issue, the only kind whose thread
// ids carry no kind.
const (
	// ParentIssue is an issue.
	ParentIssue ParentKind = iota
	// ParentProjectUpdate is a status update of a project.
	ParentProjectUpdate
	// ParentInitiativeUpdate is a status update of an initiative.
	ParentInitiativeUpdate
	// ParentDocument is the content of a document. Its id is the
	// documentContentId that comments carry, not the document's own id.
	ParentDocument
	// ParentProject is a project.
	ParentProject
	// ParentInitiative is an initiative.
	ParentInitiative
	// ParentComment is a comment whose parent is not known yet, as in reactions
	// that name neither issue nor root. Resolving such an event finds its real
	// thread.
	ParentComment
	// ParentWorkspace is the workspace itself: the lane of events that belong
	// to no conversation, and the parent of sessions that are attached to
	// nothing else.
	ParentWorkspace
)

// String returns the word that thread ids use for the kind.
func (k ParentKind) String() string {
	switch k {
	case ParentIssue:
		return "issue"
	case ParentProjectUpdate:
		return "project-update"
	case ParentInitiativeUpdate:
		return "initiative-update"
	case ParentDocument:
		return "document"
	case ParentProject:
		return "project"
	case ParentInitiative:
		return "initiative"
	case ParentComment:
		return "comment"
	case ParentWorkspace:
		return "workspace"
	default:
		return "unknown"
	}
}

// parentKind is the inverse of ParentKind.String for the kinds that thread ids
// spell out.
func parentKind(word string) (ParentKind, bool) {
	switch word {
	case "project-update":
		return ParentProjectUpdate, true
	case "initiative-update":
		return ParentInitiativeUpdate, true
	case "document":
		return ParentDocument, true
	case "project":
		return ParentProject, true
	case "initiative":
		return ParentInitiative, true
	case "comment":
		return ParentComment, true
	case "workspace":
		return ParentWorkspace, true
	default:
		return ParentIssue, false
	}
}

// Thread is a parsed thread id.
//
// The formats are
//
//	linear:{parent}                             the parent itself, its channel
//	linear:{parent}:c:{commentId}               the comments below a root comment
//	linear:{parent}:s:{sessionId}               an agent session
//	linear:{parent}:c:{commentId}:s:{sessionId} an agent session, older form
//
// where parent is the bare id of an issue, or {kind}/{id} for anything else.
// Ids hold no slash and no colon, so the two cannot be confused. If what
// follows "linear:" has none of the last three forms, all of it is the parent,
// colons included.
type Thread struct {
	// IssueID is the issue. Empty unless Kind is ParentIssue.
	IssueID string
	// Kind says what the thread is attached to. Defaults to ParentIssue.
	Kind ParentKind
	// ParentID is what the thread is attached to if that is not an issue.
	ParentID string
	// CommentID is the root comment. Empty outside comment threads.
	CommentID string
	// SessionID is the agent session. Empty outside sessions.
	SessionID string
}

// ParseThreadID parses a thread id. The error has code adapter.CodeInvalid.
func ParseThreadID(id adapter.ThreadID) (Thread, error) {
	rest, ok := strings.CutPrefix(string(id), threadPrefix)
	if !ok || rest == "" {
		return Thread{}, &adapter.Error{
			Code:    adapter.CodeInvalid,
			Op:      "parse thread id",
			Message: "not the id of a Linear thread",
		}
	}
	parent, comment, session := splitThread(rest)
	t := Thread{CommentID: comment, SessionID: session}
	if word, parentID, found := strings.Cut(parent, "/"); found && parentID != "" {
		if kind, known := parentKind(word); known {
			t.Kind, t.ParentID = kind, parentID
			return t, nil
		}
	}
	t.IssueID = parent
	return t, nil
}

// splitThread splits a thread id without its prefix into its three parts.
func splitThread(s string) (parent, comment, session string) {
	var parts [5]string
	n, rest := 0, s
	for more := true; more; n++ {
		var part string
		part, rest, more = strings.Cut(rest, ":")
		if part == "" || n == len(parts) {
			return s, "", ""
		}
		parts[n] = part
	}
	switch {
	case n == 3 && parts[1] == "c":
		return parts[0], parts[2], ""
	case n == 3 && parts[1] == "s":
		return parts[0], "", parts[2]
	case n == 5 && parts[1] == "c" && parts[3] == "s":
		return parts[0], parts[2], parts[4]
	default:
		return s, "", ""
	}
}

// ID returns the thread id. Empty parts are left out.
func (t Thread) ID() adapter.ThreadID {
	var b strings.Builder
	b.Grow(t.size())
	t.spell(&b)
	return adapter.ThreadID(b.String())
}

// size is about how many bytes spell writes.
func (t Thread) size() int {
	return len(threadPrefix) + 20 + len(t.IssueID) + len(t.ParentID) + len(t.CommentID) + len(t.SessionID)
}

// spell writes the thread id.
func (t Thread) spell(b *strings.Builder) {
	t.spellParent(b)
	if t.CommentID != "" {
		b.WriteString(":c:")
		b.WriteString(t.CommentID)
	}
	if t.SessionID != "" {
		b.WriteString(":s:")
		b.WriteString(t.SessionID)
	}
}

// Channel returns the thread of the parent alone.
func (t Thread) Channel() adapter.ThreadID {
	var b strings.Builder
	t.spellParent(&b)
	return adapter.ThreadID(b.String())
}

func (t Thread) spellParent(b *strings.Builder) {
	b.WriteString(threadPrefix)
	if t.Kind == ParentIssue {
		b.WriteString(t.IssueID)
		return
	}
	b.WriteString(t.Kind.String())
	b.WriteByte('/')
	b.WriteString(t.ParentID)
}
