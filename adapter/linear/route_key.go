package linear

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/linearbot/linearbot/adapter"
)

// names returns the id of a thread and the event key; see forms.route. They are parts
// of one string, as what keeps one keeps the other.
func (h *header) names(t Thread, d *adapter.Delivery) (id adapter.ThreadID, key string) {
	var b strings.Builder
	b.Grow(t.size() + len(h.Type) + len(h.Action) + len(h.Data.ID) + 64)
	t.spell(&b)
	n := b.Len()
	h.key(&b, d)
	both := b.String()
	return adapter.ThreadID(both[:n]), both[n:]
}

// key writes the event key.
func (h *header) key(b *strings.Builder, d *adapter.Delivery) {
	switch h.Type {
	case typeSession:
		id := h.AgentSession.ID
		if h.Action == actionPrompted {
			id = cmp.Or(h.AgentActivity.ID, h.AgentActivity.SourceCommentID)
		}
		h.keyOf(b, d, id)
	case typeNotification:
		h.keyOf(b, d, h.Notification.ID)
	case typeSLA:
		h.keyOf(b, d, h.IssueData.ID, h.CreatedAt)
	case typeApp, typePermission, typeAuthorization:
		if h.CreatedAt == "" {
			h.keyOf(b, d, "")
			return
		}
		h.keyOf(b, d, h.OrganizationID+"|"+h.OAuthClientID+"|"+h.AppUserID+"|"+h.UserID, h.CreatedAt)
	default:
		h.entityKey(b, d)
	}
}

func (h *header) entityKey(b *strings.Builder, d *adapter.Delivery) {
	id := h.Data.ID
	switch h.Action {
	case actionCreate:
		h.keyOf(b, d, id)
		return
	case actionUpdate:
		version := cmp.Or(h.Data.UpdatedAt, h.CreatedAt)
		if changes := digest(h.UpdatedFrom); changes != "" && version != "" {
			version += "|" + changes
		}
		h.keyOf(b, d, id, version)
		return
	case actionRemove:
		if h.Type == typeComment || h.Type == typeReaction {
			h.keyOf(b, d, id)
			return
		}
	}
	version := h.Data.UpdatedAt
	if h.CreatedAt != "" {
		version += "|" + h.CreatedAt
	}
	h.keyOf(b, d, id, version)
}

// keyOf writes type, action and parts. If a part is empty, the hash of the body
// stands in for all of them.
func (h *header) keyOf(b *strings.Builder, d *adapter.Delivery, parts ...string) {
	b.WriteString(h.Type)
	b.WriteByte('|')
	b.WriteString(h.Action)
	if slices.Contains(parts, "") {
		b.WriteString("|sha256:")
		b.WriteString(d.Key())
		return
	}
	for _, part := range parts {
		b.WriteByte('|')
		b.WriteString(part)
	}
}

// digest is a short hash of a JSON object that does not depend on the order of
// its keys or on white space. It is empty if there is no object.
func digest(raw jsontext.Value) string {
	if raw.Kind() != '{' {
		return ""
	}
	canonical := raw.Clone()
	if err := canonical.Canonicalize(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return ""
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:8])
}
