package play

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// maxText is the longest body of a request.
const maxText = 4 << 20

// order is what a person does, as the page sends it.
type order struct {
	Issue       string `json:"issue"`
	Comment     string `json:"comment"`
	Session     string `json:"session"`
	Text        string `json:"text"`
	Emoji       string `json:"emoji"`
	Title       string `json:"title"`
	Description string `json:"description"`
	State       string `json:"state"`
	// An empty handle takes the issue away from the one who has it.
	Assignee *string `json:"assignee"`
	Delegate *string `json:"delegate"`
}

// refusal is an error that the page shows as it is.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// answer writes the outcome of a request as JSON.
func answer(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadGateway
		if e, ok := errors.AsType[*refusal](err); ok {
			status = e.status
		}
		out = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) //nolint:errchkjson // maps of strings; the page may be gone
}

func decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var in T
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxText)).Decode(&in); err != nil {
		return in, refuse(http.StatusBadRequest, "the body is not what is expected: %v", err)
	}
	return in, nil
}

// act has the person of a request do something.
func (p *Playground) act(w http.ResponseWriter, r *http.Request) {
	in, err := decode[order](w, r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	me := p.me(r)
	if me == nil {
		answer(w, nil, refuse(http.StatusConflict, "there are no people in this world"))
		return
	}
	out, err := p.do(me, r.PathValue("verb"), in)
	answer(w, out, err)
}

func (p *Playground) do(me *linearsim.User, verb string, in order) (any, error) {
	ok := map[string]string{}
	text := strings.TrimSpace(in.Text)
	switch verb {
	case "comment", "reply", "edit", "prompt":
		if text == "" {
			return nil, refuse(http.StatusBadRequest, "there is no text")
		}
	}
	switch verb {
	case "issue":
		return p.createIssue(me, in)
	case "comment", "update":
		i := p.ws.Issue(in.Issue)
		if i == nil {
			return nil, refuse(http.StatusNotFound, "the issue is gone")
		}
		if verb == "update" {
			return ok, p.update(me, i, in)
		}
		return made(me.Comment(i, text))
	case "prompt", "stop":
		x := p.ws.Session(in.Session)
		if x == nil {
			return nil, refuse(http.StatusNotFound, "the session is gone")
		}
		if verb == "stop" {
			me.Stop(x)
			return ok, nil
		}
		me.Prompt(x, text)
		return ok, nil
	}
	c := p.ws.Comment(in.Comment)
	if c == nil {
		return nil, refuse(http.StatusNotFound, "the comment is gone")
	}
	switch verb {
	case "reply":
		return made(me.Reply(c, text))
	case "edit":
		return made(me.Edit(c, text))
	case "delete":
		return made(me.Delete(c))
	case "resolve":
		return made(me.Resolve(c))
	case "unresolve":
		return made(me.Unresolve(c))
	case "react":
		for _, r := range c.Reactions() {
			if r.User == me && r.Emoji == in.Emoji {
				me.Unreact(c, in.Emoji)
				return ok, nil
			}
		}
		before := len(c.Reactions())
		if me.React(c, in.Emoji); len(c.Reactions()) == before {
			me.Unreact(c, in.Emoji) // it was there under another spelling
		}
		return ok, nil
	}
	return nil, refuse(http.StatusNotFound, "people cannot %q", verb)
}

func made(c *linearsim.Comment) (any, error) {
	if c == nil {
		return nil, refuse(http.StatusConflict, "that is no longer possible")
	}
	return map[string]string{"id": c.ID}, nil
}

func (p *Playground) createIssue(me *linearsim.User, in order) (any, error) {
	title := strings.TrimSpace(in.Title)
	if title == "" {
		return nil, refuse(http.StatusBadRequest, "an issue needs a title")
	}
	teams := p.ws.Teams()
	if len(teams) == 0 {
		return nil, refuse(http.StatusConflict, "there is no team")
	}
	i := teams[0].AddIssue(me, title, strings.TrimSpace(in.Description))
	return map[string]string{"identifier": i.Identifier}, nil
}

func (p *Playground) update(me *linearsim.User, i *linearsim.Issue, in order) error {
	change := linearsim.IssueChange{Title: strings.TrimSpace(in.Title), Description: strings.TrimSpace(in.Description), State: in.State}
	for _, role := range []struct {
		handle *string
		to     **linearsim.User
		none   *bool
	}{{in.Assignee, &change.Assignee, &change.NoAssignee}, {in.Delegate, &change.Delegate, &change.NoDelegate}} {
		switch {
		case role.handle == nil:
		case *role.handle == "":
			*role.none = true
		default:
			if *role.to = p.user(*role.handle); *role.to == nil {
				return refuse(http.StatusNotFound, "there is no %q", *role.handle)
			}
		}
	}
	me.UpdateIssue(i, change)
	return nil
}
