package linear

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/linearbot/linearbot/adapter"
)

// key returns the event key; see routeDelivery.
func (h *header) key(d *adapter.Delivery) string {
	switch h.Type {
	case typeSession:
		id := h.AgentSession.ID
		if h.Action == actionPrompted {
			id = cmp.Or(h.AgentActivity.ID, h.AgentActivity.SourceCommentID)
		}
		return h.keyOf(d, id)
	case typeNotification:
		return h.keyOf(d, h.Notification.ID)
	case typeSLA:
		return h.keyOf(d, h.IssueData.ID, h.CreatedAt)
	case typeApp, typePermission, typeAuthorization:
		if h.CreatedAt == "" {
			return h.keyOf(d, "")
		}
		return h.keyOf(d, h.OrganizationID+"|"+h.OAuthClientID+"|"+h.AppUserID+"|"+h.UserID, h.CreatedAt)
	default:
		return h.entityKey(d)
	}
}

func (h *header) entityKey(d *adapter.Delivery) string {
	id := h.Data.ID
	switch h.Action {
	case actionCreate:
		return h.keyOf(d, id)
	case actionUpdate:
		version := cmp.Or(h.Data.UpdatedAt, h.CreatedAt)
		if changes := digest(h.UpdatedFrom); changes != "" && version != "" {
			version += "|" + changes
		}
		return h.keyOf(d, id, version)
	case actionRemove:
		if h.Type == typeComment || h.Type == typeReaction {
			return h.keyOf(d, id)
		}
	}
	version := h.Data.UpdatedAt
	if h.CreatedAt != "" {
		version += "|" + h.CreatedAt
	}
	return h.keyOf(d, id, version)
}

// keyOf joins type, action and parts. If a part is empty, the hash of the body
// stands in for all of them.
func (h *header) keyOf(d *adapter.Delivery, parts ...string) string {
	size := len(h.Type) + 1 + len(h.Action)
	for _, part := range parts {
		size += 1 + len(part)
	}
	var b strings.Builder
	b.Grow(size) // it is kept for a day
	b.WriteString(h.Type)
	b.WriteByte('|')
	b.WriteString(h.Action)
	for _, part := range parts {
		if part == "" {
			return h.Type + "|" + h.Action + "|sha256:" + d.Key()
		}
		b.WriteByte('|')
		b.WriteString(part)
	}
	return b.String()
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
