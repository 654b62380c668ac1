package ticketing

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// maxChatwootPages is how many pages of messages are read to find those that are
// named. A page has 20.
const maxChatwootPages = 20

// chatwootMessage is a message as Chatwoot has it.
type chatwootMessage struct {
	ID        int64  `json:"id"`
	Content   string `json:"content"`
	Type      int    `json:"message_type"` // 0 from the contact, 1 from an agent, 2 activity, 3 template
	Private   bool   `json:"private"`
	CreatedAt int64  `json:"created_at"`

	Attributes map[string]any `json:"content_attributes"`
	Sender     struct {
		Name string `json:"name"`
	} `json:"sender"`
}

// Transcript returns messages of a conversation. Private notes are included only if ids
// has them, activities never.
func (w *Chatwoot) Transcript(ctx context.Context, account, conversation string, ids []string) ([]TranscriptMessage, error) {
	var out []TranscriptMessage
	before := ""
	for range maxChatwootPages {
		page, err := w.page(ctx, account, conversation, before)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		var said []TranscriptMessage
		for _, m := range page {
			id := strconv.FormatInt(m.ID, 10)
			named := slices.Contains(ids, id)
			if m.Content == "" || m.Type != 0 && m.Type != 1 || len(ids) > 0 && !named || m.Private && !named {
				continue
			}
			said = append(said, TranscriptMessage{ID: id, Author: m.Sender.Name, Text: m.Content, At: time.Unix(m.CreatedAt, 0)})
		}
		out = append(said, out...)
		if len(ids) == 0 || len(out) >= len(ids) {
			break // the last page is enough, or all are found
		}
		before = strconv.FormatInt(page[0].ID, 10)
	}
	return out, nil
}

// page reads the last messages of a conversation, or those before one, the oldest
// first.
func (w *Chatwoot) page(ctx context.Context, account, conversation, before string) ([]chatwootMessage, error) {
	var page struct {
		Payload []chatwootMessage `json:"payload"`
	}
	path := w.path(account, conversation, "/messages")
	if before != "" {
		path += "?before=" + before
	}
	if _, err := w.send(ctx, http.MethodGet, path, w.auth(), nil, &page); err != nil {
		return nil, err
	}
	slices.SortFunc(page.Payload, func(a, b chatwootMessage) int { return int(a.ID - b.ID) })
	return page.Payload, nil
}
