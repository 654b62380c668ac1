package linearsim

import (
	"slices"
	"strings"
)

// typeGuidance names what is kept of a rule for agents. No operation shows it.
const typeGuidance = "GuidanceRule"

// AddGuidance adds a rule for agents to the workspace, or to a team if team is not nil.
// The event of a new session carries the rules that apply to it.
func (w *Workspace) AddGuidance(team *Team, body string) {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	if team != nil && team.ws != w {
		return
	}
	w.addThing(typeGuidance, w.srv.newID(), map[string]any{"body": body, "team": team})
}

// guidance are the rules for a session on an issue: those of its team, then those of
// the workspace.
func (w *Workspace) guidance(i *Issue) []map[string]any {
	var near, far []map[string]any
	for _, t := range w.things[typeGuidance] {
		rule := map[string]any{"body": t.text("body")}
		switch team, _ := t.values["team"].(*Team); {
		case team == nil:
			rule["origin"] = map[string]any{"type": "Organization"}
			far = append(far, rule)
		case i != nil && team == i.Team:
			rule["origin"] = map[string]any{"type": "Team", "team": map[string]any{
				"id": team.ID, "key": team.Key, "name": team.Name, "displayName": team.Name, "parentId": nil,
			}}
			near = append(near, rule)
		}
	}
	return append(near, far...)
}

// promptContext is what Linear suggests as a prompt for a new session: pseudo-XML, in
// which the texts of people stand as they wrote them.
func (x *Session) promptContext() string {
	var b strings.Builder
	i, w := x.Issue, x.App.ws
	b.WriteString(`<issue identifier="` + i.Identifier + "\">\n")
	line := func(s string) { b.WriteString(s + "\n") }
	line("<title>" + i.title + "</title>")
	if i.description != "" {
		line("<description>" + withUsers(w, i.description, i.typed) + "</description>")
	}
	line(`<team name="` + i.Team.Name + `"/>`)
	for _, l := range i.labels {
		line("<label>" + l.Name + "</label>")
	}
	if i.parent != nil {
		line(`<parent-issue identifier="` + i.parent.Identifier + `"><title>` + i.parent.title + "</title></parent-issue>")
	}
	if i.project != nil {
		line(`<project name="` + i.project.text("name") + `"/>`)
	}
	b.WriteString("</issue>\n")
	if x.Root != nil && !x.Root.deleted && !x.Root.artificial {
		b.WriteString("\n")
		threadContext(&b, "primary-directive-thread", x.Root)
	}
	for _, c := range i.comments {
		if c.Parent == nil && c != x.Root && !c.deleted {
			b.WriteString("\n")
			threadContext(&b, "other-thread", c)
		}
	}
	if rules := w.guidance(i); len(rules) > 0 {
		b.WriteString("\n<guidance>\n")
		for _, r := range rules {
			body, _ := r["body"].(string)
			origin, _ := r["origin"].(map[string]any)
			if team, ok := origin["team"].(map[string]any); ok {
				name, _ := team["name"].(string)
				line(`<guidance-rule origin="team" team-name="` + name + `">` + body + "</guidance-rule>")
				continue
			}
			line(`<guidance-rule origin="organization">` + body + "</guidance-rule>")
		}
		b.WriteString("</guidance>\n")
	}
	return strings.TrimSpace(b.String())
}

func threadContext(b *strings.Builder, name string, root *Comment) {
	b.WriteString("<" + name + ` comment-id="` + root.ID + "\">\n")
	for _, c := range slices.Concat([]*Comment{root}, chronological(root.children)) {
		if c.deleted {
			continue
		}
		author := "Linear"
		switch {
		case c.Author != nil:
			author = c.Author.Name
		case c.External != nil:
			author = c.External.Name
		}
		b.WriteString(`<comment author="` + author + `" created-at="` + c.createdAt.Format("2006-01-02 15:04:05") + "\">\n")
		b.WriteString(withUsers(c.ws, c.body, c.typed) + "\n</comment>\n")
	}
	b.WriteString("</" + name + ">\n")
}

// withUsers writes the mentions in a text as a prompt context has them.
func withUsers(w *Workspace, text string, typed bool) string {
	var b strings.Builder
	for _, p := range split(w, text, typed) {
		if p.user == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(`<user id="` + p.user.ID + `">` + p.user.DisplayName + "</user>")
	}
	return b.String()
}
