package recast

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
)

// Origin is where a body comes from.
type Origin struct {
	Workspace string `json:"workspace,omitempty"` // the id of the organization
	URLKey    string `json:"urlKey,omitempty"`
	// ClientID is the OAuth client of the bot, BotID its app user, and Bot what
	// people write after "@" to mention it.
	ClientID string `json:"clientId,omitempty"`
	BotID    string `json:"botId,omitempty"`
	Bot      string `json:"bot,omitempty"`
}

// Read returns the origin of a body, as far as the body says.
func Read(body []byte) Origin {
	var b struct {
		OrganizationID string          `json:"organizationId"`
		OAuthClientID  string          `json:"oauthClientId"`
		AppUserID      string          `json:"appUserId"`
		Type           string          `json:"type"`
		Session        json.RawMessage `json:"agentSession"`
	}
	_ = json.Unmarshal(body, &b) // what is not there is unknown
	var session struct {
		AppUserID string `json:"appUserId"`
	}
	_ = json.Unmarshal(b.Session, &session)
	o := Origin{Workspace: b.OrganizationID, ClientID: b.OAuthClientID, BotID: cmp.Or(b.AppUserID, session.AppUserID)}
	if found := regexp.MustCompile(`https://linear\.app/([\w-]+)/(?:issue|profiles|document|project)/`).FindSubmatch(body); found != nil {
		o.URLKey = string(found[1])
	}
	return o
}

// Or returns the origin with what it lacks taken from another one of the same
// workspace. One of another workspace changes nothing.
func (o Origin) Or(other Origin) Origin {
	if o.Workspace != "" && other.Workspace != "" && !strings.EqualFold(o.Workspace, other.Workspace) {
		return o
	}
	return Origin{
		Workspace: cmp.Or(o.Workspace, other.Workspace), URLKey: cmp.Or(o.URLKey, other.URLKey), ClientID: cmp.Or(o.ClientID, other.ClientID),
		BotID: cmp.Or(o.BotID, other.BotID), Bot: cmp.Or(o.Bot, other.Bot),
	}
}

// To returns the mapping that makes bodies of o bodies of another workspace. What
// either does not name stays.
func (o Origin) To(other Origin) Mapping {
	m := Mapping{IDs: map[string]string{}, URLKeys: map[string]string{}, Handles: map[string]string{}, Issues: map[string]string{}}
	put := func(to map[string]string, from, now string) {
		if from != "" && now != "" && from != now {
			to[from] = now
		}
	}
	put(m.IDs, o.Workspace, other.Workspace)
	put(m.IDs, o.ClientID, other.ClientID)
	put(m.IDs, o.BotID, other.BotID)
	put(m.URLKeys, o.URLKey, other.URLKey)
	put(m.Handles, o.Bot, other.Bot)
	return m
}
