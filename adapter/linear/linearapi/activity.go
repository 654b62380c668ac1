package linearapi

import (
	"context"
	"encoding/json"
	"time"
)

// Activity is an activity of an agent session.
type Activity struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Content, Ephemeral, Signal and User are set in lists only.
	Content        ActivityContent `json:"content"`
	Ephemeral      bool            `json:"ephemeral"`
	Signal         string          `json:"signal"`
	SignalMetadata json.RawMessage `json:"signalMetadata"`
	User           *User           `json:"user"`
	// SourceComment is the comment that Linear made from the activity. Nil if
	// it made none.
	SourceComment *struct {
		ID  string `json:"id"`
		URL string `json:"url"`
	} `json:"sourceComment"`
}

// ActivityContent is what an activity says. Type is one of thought, action,
// elicitation, response and error (linear.app/developers/agent-interaction).
type ActivityContent struct {
	Type string `json:"type"`
	// Body is Markdown, for all types but action.
	Body string `json:"body,omitempty"`
	// Action, Parameter and Result are those of an action.
	Action    string `json:"action,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Result    string `json:"result,omitempty"`
}

// MarshalJSON leaves out empty fields, except the parameter of an action, which
// Linear requires.
func (c ActivityContent) MarshalJSON() ([]byte, error) {
	type content ActivityContent
	if c.Type != ActivityAction {
		return json.Marshal(content(c))
	}
	return json.Marshal(struct {
		content

		Parameter string `json:"parameter"`
	}{content(c), c.Parameter})
}

// AgentActivityCreateInput describes the activity to create. Empty fields are
// not sent.
type AgentActivityCreateInput struct {
	// ID is the id for the new activity, a UUID of version 4. It makes the
	// creation safe to retry.
	ID             string          `json:"id,omitempty"`
	AgentSessionID string          `json:"agentSessionId"`
	Content        ActivityContent `json:"content"`
	// Ephemeral makes a thought or an action disappear with the next
	// activity.
	Ephemeral bool `json:"ephemeral,omitempty"`
	// Signal is auth or select, on an elicitation, and SignalMetadata what
	// belongs to it (linear.app/developers/agent-signals).
	Signal         string         `json:"signal,omitempty"`
	SignalMetadata map[string]any `json:"signalMetadata,omitempty"`
}

// The types of activity.
const (
	ActivityThought     = "thought"
	ActivityAction      = "action"
	ActivityElicitation = "elicitation"
	ActivityResponse    = "response"
	ActivityError       = "error"
	// ActivityPrompt is what people write.
	ActivityPrompt = "prompt"
)

// AgentActivityCreate creates an activity in an agent session of the token's
// own app. Linear itself writes the comment for a response. If in.ID is taken,
// the code of the error is Conflict and [ConflictID] returns the id.
func (c *Client) AgentActivityCreate(ctx context.Context, in AgentActivityCreateInput) (*Activity, error) {
	type data struct {
		AgentActivityCreate struct {
			Success       *bool
			AgentActivity *Activity
		}
	}
	op := operation{name: "agentActivityCreate", repeatable: in.ID != ""}
	return do(ctx, c, op, map[string]any{"input": in}, func(d *data) *Activity {
		return done(d.AgentActivityCreate.Success, d.AgentActivityCreate.AgentActivity)
	})
}
