package linearsim

import (
	"encoding/json"
	"errors"
	"net/http"
)

// controlPerson has a person do something.
func (s *Server) controlPerson(r *http.Request, in args) (any, error) {
	w, err := s.workspace(r)
	if err != nil {
		return nil, err
	}
	u, err := locked(s, func() (*User, error) {
		u, ok := byID(w.users, r.PathValue("who"), func(u *User) string { return u.DisplayName })
		if !ok || u.App {
			return nil, refused(http.StatusNotFound, "no person %q", r.PathValue("who"))
		}
		return u, nil
	})
	if err != nil {
		return nil, err
	}
	at := target{s: s, w: w, in: in}
	switch verb := r.PathValue("verb"); verb {
	case "comment":
		if in.set("replyTo") {
			c := at.comment("replyTo")
			return at.answer(func() *Comment { return u.Reply(c, in.text("body")) })
		}
		if !in.set("issue") {
			return at.answer(func() *Comment { return u.Comments(in.text("body")) })
		}
		i := at.issue()
		return at.answer(func() *Comment { return u.Comment(i, in.text("body")) })
	case "edit":
		c := at.comment("comment")
		return at.answer(func() *Comment { return u.Edit(c, in.text("body")) })
	case "delete":
		c := at.comment("comment")
		return at.answer(func() *Comment { return u.Delete(c) })
	case "resolve":
		c := at.comment("comment")
		return at.answer(func() *Comment { return u.Resolve(c) })
	case "unresolve":
		c := at.comment("comment")
		return at.answer(func() *Comment { return u.Unresolve(c) })
	case "react":
		c := at.comment("comment")
		return at.answer(func() *Comment { u.React(c, in.text("emoji")); return c })
	case "unreact":
		c := at.comment("comment")
		return at.answer(func() *Comment { u.Unreact(c, in.text("emoji")); return c })
	case "issue":
		return at.createIssue(u)
	case "update":
		return at.updateIssue(u)
	case "prompt", "stop", "choose", "queue", "send", "unqueue", "dismiss":
		return at.session(u, verb)
	case "key":
		return map[string]any{"apiKey": u.APIKey()}, nil
	default:
		return nil, refused(http.StatusNotFound, "a person cannot %q: use comment, edit, delete, resolve, unresolve, react, unreact, issue, "+
			"update, prompt, choose, queue, send, unqueue, stop, dismiss or key", verb)
	}
}

// target finds what a request of the control API is about, and keeps the first
// error.
type target struct {
	s   *Server
	w   *Workspace
	in  args
	err error
}

func (t *target) comment(name string) *Comment {
	c, err := locked(t.s, func() (*Comment, error) { return t.w.findComment(t.in.text(name)) })
	if err != nil {
		t.err = refused(http.StatusNotFound, "no comment %q", t.in.text(name))
	}
	return c
}

func (t *target) issue() *Issue {
	i, err := locked(t.s, func() (*Issue, error) { return t.w.findIssue(t.in.text("issue")) })
	if err != nil {
		t.err = refused(http.StatusNotFound, "no issue %q", t.in.text("issue"))
	}
	return i
}

// person finds a user by display name; empty means none.
func (t *target) person(name string) *User {
	text := t.in.text(name)
	if text == "" {
		return nil
	}
	u, err := locked(t.s, func() (*User, error) {
		u, ok := byID(t.w.users, text, func(u *User) string { return u.DisplayName })
		if !ok {
			return nil, refused(http.StatusNotFound, "no user %q", text)
		}
		return u, nil
	})
	if err != nil {
		t.err = err
	}
	return u
}

func (t *target) answer(f func() *Comment) (any, error) {
	if t.err != nil {
		return nil, t.err
	}
	c := f()
	if c == nil {
		return nil, refused(http.StatusConflict, "that cannot be done: the comment or issue is gone")
	}
	return view(c), nil
}

func (t *target) createIssue(u *User) (any, error) {
	team, err := locked(t.s, func() (*Team, error) { return t.w.findTeam(t.in.text("team")) })
	if err != nil {
		return nil, refused(http.StatusNotFound, "no team %q", t.in.text("team"))
	}
	i := team.AddIssue(u, t.in.text("title"), t.in.text("description"))
	return map[string]any{"id": i.ID, "identifier": i.Identifier, "url": i.URL()}, nil
}

func (t *target) updateIssue(u *User) (any, error) {
	i := t.issue()
	change := IssueChange{
		Title: t.in.text("title"), Description: t.in.text("description"), State: t.in.text("state"),
		Assignee: t.person("assignee"), NoAssignee: t.in.has("assignee") && t.in.text("assignee") == "",
		Delegate: t.person("delegate"), NoDelegate: t.in.has("delegate") && t.in.text("delegate") == "",
	}
	if t.err != nil {
		return nil, t.err
	}
	u.UpdateIssue(i, change)
	return done(), nil
}

func (t *target) session(u *User, verb string) (any, error) {
	x, err := locked(t.s, func() (*Session, error) { return t.w.findSession(t.in.text("session")) })
	if err != nil {
		return nil, refused(http.StatusNotFound, "no session %q", t.in.text("session"))
	}
	activity := t.in.text("activity")
	switch verb {
	case "stop":
		u.Stop(x)
		return done(), nil
	case "dismiss":
		u.Dismiss(x)
		return done(), nil
	case "queue":
		return map[string]any{"activity": u.Queue(x, t.in.text("body"))}, nil
	case "send", "unqueue":
		change := u.SendQueued
		if verb == "unqueue" {
			change = u.DeleteQueued
		}
		if !change(x, activity) {
			return nil, refused(http.StatusNotFound, "no queued prompt %q", activity)
		}
		return map[string]any{"activity": activity}, nil
	case "choose":
		id := u.Choose(x, t.in.text("body"))
		if id == "" {
			return nil, refused(http.StatusBadRequest, "the session does not offer %q", t.in.text("body"))
		}
		return map[string]any{"activity": id}, nil
	}
	return map[string]any{"activity": u.Prompt(x, t.in.text("body"))}, nil
}

// controlApp does something to an installed app.
func (s *Server) controlApp(r *http.Request, in args) (any, error) {
	w, err := s.workspace(r)
	if err != nil {
		return nil, err
	}
	app, err := locked(s, func() (*Installation, error) {
		for _, app := range w.apps {
			if app.User.DisplayName == r.PathValue("who") {
				return app, nil
			}
		}
		return nil, refused(http.StatusNotFound, "no app %q", r.PathValue("who"))
	})
	if err != nil {
		return nil, err
	}
	switch verb := r.PathValue("verb"); verb {
	case "revoke":
		app.RevokeTokens()
	case "uninstall":
		app.Uninstall()
	case "token":
		return map[string]any{"accessToken": app.Token()}, nil
	case "env":
		return map[string]any{"env": app.Env()}, nil
	case "send":
		body, err := json.Marshal(in["body"])
		if err != nil || len(in.object("body")) == 0 {
			return nil, refused(http.StatusBadRequest, `give "body" as a JSON object`)
		}
		issue := ""
		if in.flag("adopt") {
			from := in.object("from")
			a, err := app.Adopt(body, Recipient{UserID: from.text("botId"), DisplayName: from.text("bot")})
			if err != nil {
				return nil, refused(http.StatusBadRequest, "%v", err)
			}
			if body = a.Body; a.Issue != nil {
				issue = a.Issue.Identifier
			}
		}
		id, err := app.Send(r.Context(), body, true)
		if err != nil && !errors.Is(err, ErrRefused) {
			return nil, refused(http.StatusBadGateway, "%v", err)
		}
		d, err := s.Delivery(id)
		if err != nil || len(d.Attempts) == 0 {
			return nil, refused(http.StatusBadGateway, "there is no answer")
		}
		return map[string]any{"id": id, "status": d.Attempts[0].Status, "answer": d.Attempts[0].Answer, "issue": issue}, nil
	case "webhook":
		return changeHook(app, in)
	default:
		return nil, refused(http.StatusNotFound, "an app cannot %q: use token, env, send, webhook, revoke or uninstall", verb)
	}
	return done(), nil
}

// changeHook changes the webhook of an app. What a request leaves out stays as it is.
func changeHook(app *Installation, in args) (any, error) {
	hook, on := app.Webhook(), in["enabled"]
	if hook == nil && !in.set("url") {
		return nil, refused(http.StatusNotFound, "the app has no webhook")
	}
	if enabled, ok := on.(bool); ok && !in.set("url") && !in.set("secret") && !in.set("resourceTypes") {
		hook.SetEnabled(enabled)
		return map[string]any{"id": hook.ID, "enabled": enabled}, nil
	}
	var next Webhook
	enabled := true
	if hook != nil {
		next = read(app.ws.srv, func() Webhook { return Webhook{URL: hook.URL, Secret: hook.Secret, ResourceTypes: hook.types} })
		// One without an address is off because it has none.
		enabled = hook.Enabled() || next.URL == "" && in.set("url")
	}
	if given, ok := on.(bool); ok {
		enabled = given
	}
	if in.set("url") {
		next.URL = in.text("url")
	}
	if in.set("secret") {
		next.Secret = in.text("secret")
	}
	if in.set("resourceTypes") {
		next.ResourceTypes = in.texts("resourceTypes")
	}
	hook = app.setWebhook(next, enabled)
	return map[string]any{"id": hook.ID, "secret": hook.Secret}, nil
}
