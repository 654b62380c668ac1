package linearsim

import (
	"slices"
	"time"
)

// Activity is one entry of a [Session]. Type is one of prompt, thought, action,
// elicitation, response and error, and what else the schema has.
type Activity struct {
	ID   string
	At   time.Time
	By   *User
	Type string
	Body string // empty for an action
	// Action, Parameter and Result are those of an action.
	Action, Parameter, Result string
	// Signal is stop, select or auth, for example; Metadata belongs to it. Empty and nil
	// if there is none.
	Signal   string
	Metadata any
	// Ephemeral says that the next activity replaces it.
	Ephemeral bool
	// Comment is the comment that shows the activity in the thread, or nil.
	Comment *Comment
}

// Activities returns the activities, prompts included, oldest first.
func (x *Session) Activities() []Activity {
	return read(x.App.ws.srv, func() []Activity {
		out := make([]Activity, 0, len(x.activities))
		for _, t := range x.activities {
			a := Activity{ID: t.id, At: t.createdAt, Type: t.text("type"), Signal: t.text("signal"), Metadata: t.values["signalMetadata"], Ephemeral: t.is("ephemeral", true)}
			a.By, _ = t.values["user"].(*User)
			if c, ok := t.values["sourceComment"].(*Comment); ok && c != nil && !c.deleted {
				a.Comment = c
			}
			if content, ok := t.values["content"].(payload); ok {
				for name, to := range map[string]*string{"body": &a.Body, "action": &a.Action, "parameter": &a.Parameter, "result": &a.Result} {
					*to, _ = content.values[name].(string)
				}
			}
			out = append(out, a)
		}
		return out
	})
}

// PlanStep is a step of the plan that an agent shows. Status is pending,
// inProgress, completed or canceled.
type PlanStep struct {
	Content string
	Status  string
}

// Plan returns the steps of the plan, nil if there is no plan.
func (x *Session) Plan() []PlanStep {
	return read(x.App.ws.srv, func() []PlanStep {
		steps, _ := x.values["plan"].([]any)
		if in, ok := x.values["plan"].(map[string]any); ok {
			steps, _ = in["steps"].([]any)
		}
		var out []PlanStep
		for _, raw := range steps {
			step := asArgs(raw)
			out = append(out, PlanStep{Content: step.text("content"), Status: step.text("status")})
		}
		return out
	})
}

// SessionLink is a link of a session to a page that shows its work.
type SessionLink struct {
	Label string
	URL   string
}

// Links returns the external links of the session, in the order in which they were
// added.
func (x *Session) Links() []SessionLink {
	return read(x.App.ws.srv, func() []SessionLink {
		links, _ := x.values["externalLinks"].([]payload)
		var out []SessionLink
		for _, l := range links {
			label, _ := l.values["label"].(string)
			url, _ := l.values["url"].(string)
			out = append(out, SessionLink{label, url})
		}
		return out
	})
}

// Creator returns the person who started the session, or nil.
func (x *Session) Creator() *User {
	return read(x.App.ws.srv, func() *User {
		u, _ := x.values["creator"].(*User)
		return u
	})
}

// CreatedAt returns when the session was created.
func (x *Session) CreatedAt() time.Time {
	return read(x.App.ws.srv, func() time.Time { return x.createdAt })
}

// Users returns everyone in the workspace, apps included, in the order in which
// they were added.
func (w *Workspace) Users() []*User {
	return read(w.srv, func() []*User { return slices.Clone(w.users) })
}

// Apps returns the installed apps, in the order in which they were installed.
func (w *Workspace) Apps() []*Installation {
	return read(w.srv, func() []*Installation { return slices.Clone(w.apps) })
}

// Teams returns the teams, in the order in which they were added.
func (w *Workspace) Teams() []*Team {
	return read(w.srv, func() []*Team { return slices.Clone(w.teams) })
}

// States returns the workflow states of the team, in their order.
func (t *Team) States() []*State {
	return read(t.ws.srv, func() []*State { return slices.Clone(t.states) })
}

// Workspaces returns the workspaces, in the order in which they were added.
func (s *Server) Workspaces() []*Workspace {
	return read(s, func() []*Workspace { return slices.Clone(s.workspaces) })
}

// Issues returns the issues that are not in the trash, oldest first.
func (w *Workspace) Issues() []*Issue {
	return read(w.srv, func() []*Issue { return issuesWhere(w, false, func(*Issue) bool { return true }) })
}

// Comment returns the comment with an id, or nil.
func (w *Workspace) Comment(id string) *Comment {
	return read(w.srv, func() *Comment {
		c, err := w.findComment(id)
		if err != nil {
			return nil
		}
		return c
	})
}

// Session returns the session with an id, or nil.
func (w *Workspace) Session(id string) *Session {
	return read(w.srv, func() *Session {
		x, err := w.findSession(id)
		if err != nil {
			return nil
		}
		return x
	})
}

// Artificial reports whether Linear itself wrote the comment, as the place of a
// session that no comment started.
func (c *Comment) Artificial() bool { return read(c.srv(), func() bool { return c.artificial }) }

// Priority returns the priority: 1 urgent to 4 low, 0 for none.
func (i *Issue) Priority() int { return read(i.srv(), func() int { return i.priority }) }

// Changes returns a number that grows with every change of the server: call it in the
// condition of a [Server.Wait] to wait for the next change.
func (s *Server) Changes() int { return read(s, func() int { return s.act }) }

// Newest returns the newest deliveries and requests, at most n of each, oldest
// first.
func (s *Server) Newest(n int) ([]Delivery, []Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return logged(s.deliveries[max(0, len(s.deliveries)-n):]), slices.Clone(s.requests[max(0, len(s.requests)-n):])
}

// Delivery returns the log entry with an id. The error is [ErrNoDelivery] if the log
// does not hold it.
func (s *Server) Delivery(id string) (Delivery, error) {
	return locked(s, func() (Delivery, error) {
		i := slices.IndexFunc(s.deliveries, func(d *delivery) bool { return d.id == id })
		if i < 0 {
			return Delivery{}, ErrNoDelivery
		}
		return logged(s.deliveries[i : i+1])[0], nil
	})
}

// Held reports whether deliveries are kept back; see [Registration.Hold].
func (reg *Registration) Held() bool {
	return read(reg.ws.srv, func() bool { return reg.held })
}

// Now returns the time of the server.
func (s *Server) Now() time.Time { return s.now() }

// Clock returns the virtual clock, or nil.
func (s *Server) Clock() *Clock { return s.cfg.Clock }

// Workspace returns the workspace of the issue.
func (i *Issue) Workspace() *Workspace { return i.Team.ws }

// Workspace returns the workspace that the app is installed in.
func (in *Installation) Workspace() *Workspace { return in.ws }
