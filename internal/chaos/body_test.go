package chaos

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// delivery is the body of a Comment create event, as Linear sends it.
func delivery(ws *linearsim.Workspace, root *linearsim.Comment, n int, body string, sent time.Time) ([]byte, error) {
	type object = map[string]any
	issue, author := root.Issue, root.Author
	person := object{"id": author.ID, "name": author.Name, "email": author.Email, "url": author.URL}
	at := sent.UTC().Format("2006-01-02T15:04:05.000Z")
	data := object{
		"id": root.ID, "createdAt": at, "updatedAt": at, "body": body,
		"issueId": issue.ID,
		"issue": object{
			"id": issue.ID, "title": "Checkout fails", "teamId": issue.Team.ID,
			"team":       object{"id": issue.Team.ID, "key": issue.Team.Key, "name": issue.Team.Name},
			"identifier": issue.Identifier, "url": issue.URL(),
		},
		"userId": author.ID, "user": person,
		"reactionData": []any{}, "isArtificialAgentSessionRoot": false,
	}
	if n > 0 {
		data["id"] = uuid.NewString()
		data["parentId"] = root.ID
		data["parent"] = object{"id": root.ID, "body": root.Body(), "issueId": issue.ID, "userId": author.ID}
	}
	actor := object{"type": "user"}
	maps.Copy(actor, person)
	return json.Marshal(object{
		"action": "create", "type": "Comment", "actor": actor, "data": data, "url": root.URL(),
		"createdAt": at, "organizationId": ws.ID, "webhookTimestamp": sent.UnixMilli(),
		"webhookId": "8c1f4f0e-5b1d-4b52-9d0e-6a2f5d3b7a91",
	})
}
