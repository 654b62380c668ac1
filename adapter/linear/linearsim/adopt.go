package linearsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/linearbot/linearbot/internal/recast"
)

// Recipient is the bot that a webhook body of another workspace was sent to. Empty
// fields are read from the body if it has them.
type Recipient struct {
	// UserID is the id of the bot's app user in that workspace.
	UserID string
	// DisplayName is what people of that workspace write after "@" to mention it.
	DisplayName string
}

// Adopted is a webhook body of another workspace that has become one of this
// workspace.
type Adopted struct {
	// Body is what this workspace would have sent.
	Body []byte
	// Issue is the issue that it is about, nil for none.
	Issue *Issue
	// Root is the first comment of the thread that it belongs to, nil for none.
	Root *Comment
	// Session is the agent session that it is about, nil for none.
	Session *Session
}

// Adopt creates in the app's workspace what a webhook body of another workspace refers
// to, and returns the body as this workspace would have sent it. to is the bot that
// the body was sent to there.
//
// People, the team, the issue, comments and the agent session that the workspace
// does not have are created under the ids of the body, so that several bodies of
// one recording fit together. Entities that it has follow the body: an edited comment
// gets the new text, a removed one is removed. The organization, the app and its user,
// addresses and mentions of the bot become those of this workspace, and a name or
// an identifier that is taken here is replaced by a free one. No webhooks are
// sent. Projects, documents and what belongs to them are not created.
//
// It returns an error if the body is not a JSON object with an organizationId.
func (in *Installation) Adopt(body []byte, to Recipient) (Adopted, error) {
	var root args
	if err := json.Unmarshal(body, &root); err != nil || root == nil {
		return Adopted{}, errors.New("linearsim: adopt: the body is not a JSON object")
	}
	read := recast.Read(body)
	if read.Workspace == "" {
		return Adopted{}, errors.New("linearsim: adopt: the body has no organizationId")
	}
	origin := recast.Origin{BotID: to.UserID, Bot: to.DisplayName}.Or(read)
	s := in.ws.srv
	s.mu.Lock()
	defer s.unlock()
	a := &adoption{s: s, ws: in.ws, app: in, body: root, bot: origin.BotID, making: make(map[string]bool)}
	a.m = origin.To(recast.Origin{
		Workspace: in.ws.ID, URLKey: in.ws.URLKey, ClientID: in.ClientID, BotID: in.User.ID, Bot: in.User.DisplayName,
	})
	if id := root.text("webhookId"); id != "" && in.hook != nil {
		a.m.IDs[id] = in.hook.ID
	}
	a.people()
	a.issues()
	a.comments()
	out := Adopted{Issue: a.issue, Session: a.session()}
	a.follow()
	if c := a.subject(); c != nil {
		out.Root = c.root()
	}
	var err error
	if out.Body, err = a.m.Body(body); err != nil {
		return Adopted{}, fmt.Errorf("linearsim: adopt: %w", err)
	}
	// What was created has the words of the other workspace until now.
	for _, c := range a.made {
		c.body = a.m.Text(c.body)
	}
	for _, i := range a.fresh {
		i.title, i.description = a.m.Text(i.title), a.m.Text(i.description)
	}
	return out, nil
}

// adoption is the work on one body.
type adoption struct {
	s    *Server
	ws   *Workspace
	app  *Installation
	body args
	bot  string // the id of the bot's user where the body comes from
	m    recast.Mapping

	issue *Issue     // the one that the body is about
	made  []*Comment // or changed
	fresh []*Issue   // likewise
	// making are the ids of the comments that are being created.
	making map[string]bool
}

// walk calls f with every object of a value and the name of its field. Elements of
// lists have the name of the list.
func walk(name string, v any, f func(name string, o args)) {
	switch v := v.(type) {
	case map[string]any:
		f(name, v)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(key, v[key], f)
		}
	case []any:
		for _, e := range v {
			walk(name, e, f)
		}
	}
}
