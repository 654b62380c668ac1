package linearsim

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// people creates the people of the body.
func (a *adoption) people() {
	roles := []string{"user", "actor", "creator", "assignee", "delegate", "resolvingUser"}
	walk("", map[string]any(a.body), func(name string, o args) {
		if slices.Contains(roles, name) {
			a.user(o.text("id"), o)
		}
	})
	walk("", map[string]any(a.body), func(_ string, o args) {
		for _, role := range roles {
			a.user(o.text(role+"Id"), nil)
		}
	})
}

// user returns the user with an id of the body, and creates one that the workspace
// does not have. It returns nil for an empty id and for what is no user.
func (a *adoption) user(id string, o args) *User {
	if id == "" || o.text("type") != "" && o.text("type") != "user" {
		return nil
	}
	if strings.EqualFold(id, a.bot) {
		return a.app.User
	}
	if u, ok := byID(a.ws.users, strings.ToLower(id), func(u *User) string { return u.ID }); ok {
		return u
	}
	mail := o.text("email")
	local, _, _ := strings.Cut(mail, "@")
	program := strings.HasSuffix(mail, "@oauthapp.linear.app")
	if program {
		local = ""
	}
	_, handle, _ := strings.Cut(o.text("url"), "/profiles/")
	handle = cmp.Or(handle, local, slug(o.text("name")), "someone")
	free := a.unused(handle, func(s string) bool {
		return slices.ContainsFunc(a.ws.users, func(u *User) bool { return strings.EqualFold(u.DisplayName, s) })
	})
	if free != handle && o != nil {
		a.m.Handles[handle] = free
	}
	u := person(a.ws, cmp.Or(o.text("name"), "Someone"), free, false)
	u.ID, u.App = strings.ToLower(id), program
	u.Email = cmp.Or(mail, u.Email)
	return a.ws.addUser(u)
}

// unused returns a name that is not taken, by adding a number.
func (*adoption) unused(name string, taken func(string) bool) string {
	free := name
	for n := 2; taken(free); n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	return free
}

// anyone returns someone who can have done what the body does not say.
func (a *adoption) anyone() *User {
	for _, u := range a.ws.users {
		if !u.App {
			return u
		}
	}
	return a.ws.addUser(person(a.ws, "Someone", "someone", false))
}

// issues creates the issues of the body, and finds the one that it is about.
func (a *adoption) issues() {
	data := a.body.object("data")
	about := []args{data.object("issue"), a.body.object("agentSession").object("issue"), a.body.object("notification").object("issue")}
	if a.body.text("type") == "Issue" {
		about = []args{data}
	}
	for _, holder := range []args{data, a.body.object("agentSession"), a.body.object("notification")} {
		about = append(about, args{"id": holder["issueId"]})
	}
	for _, o := range about {
		a.issue = cmp.Or(a.issue, a.issueOf(o))
	}
	walk("", map[string]any(a.body), func(name string, o args) {
		if name == "issue" {
			a.issueOf(o)
		}
		a.issueOf(args{"id": o["issueId"]})
	})
}

// issueOf returns the issue that an object of the body describes, and creates one
// that the workspace does not have.
func (a *adoption) issueOf(o args) *Issue {
	id := strings.ToLower(o.text("id"))
	if id == "" {
		return nil
	}
	if i, ok := byID(a.ws.issues, id, func(i *Issue) string { return i.ID }); ok {
		a.m.Issues[cmp.Or(a.identifierOf(o), i.Identifier)] = i.Identifier
		if o.set("state") {
			a.stateOf(i.Team, o)
		}
		return i
	}
	named := a.identifierOf(o)
	key, number, _ := strings.Cut(named, "-")
	t := a.teamOf(o, key)
	n, _ := strconv.Atoi(number)
	if n > math.MaxInt32 { // not of Linear, and there has to be a next one
		n = 0
	}
	taken := slices.ContainsFunc(a.ws.issues, func(i *Issue) bool { return i.Team == t && i.Number == n })
	if n <= 0 || taken || t.Key != key {
		n = t.last + 1
	}
	t.last = max(t.last, n)
	creator := a.user(o.text("creatorId"), nil)
	if creator == nil {
		creator = a.anyone()
	}
	i := &Issue{
		ID: id, Team: t, Creator: creator, Number: n, Identifier: identifier(t, n), record: a.s.newRecord(),
		issueFields: issueFields{
			title: cmp.Or(o.text("title"), "Recorded without a title"), description: o.text("description"), typed: true, subscribers: []*User{creator},
			sortOrder: -float64(n),
		},
	}
	i.CreatedAt = i.createdAt
	i.enter(a.stateOf(t, o), i.createdAt)
	i.assignee, i.delegate = a.user(o.text("assigneeId"), nil), a.user(o.text("delegateId"), nil)
	a.s.take("Issue", i.ID)
	a.ws.issues = append(a.ws.issues, i)
	a.fresh = append(a.fresh, i)
	if named != "" && named != i.Identifier {
		a.m.Issues[named] = i.Identifier
	}
	return i
}

// identifierOf returns the identifier of an issue that the body describes, empty if
// it does not say.
func (a *adoption) identifierOf(o args) string {
	if s := o.text("identifier"); s != "" {
		return s
	}
	for _, url := range []string{o.text("url"), a.body.text("url")} {
		if found := regexp.MustCompile(`/issue/([A-Z][A-Z0-9]*-\d+)`).FindStringSubmatch(url); found != nil {
			return found[1]
		}
	}
	return ""
}

// teamOf returns the team of an issue that the body describes.
func (a *adoption) teamOf(o args, key string) *Team {
	team := o.object("team")
	id := strings.ToLower(cmp.Or(team.text("id"), o.text("teamId")))
	if t, ok := byID(a.ws.teams, id, func(t *Team) string { return t.ID }); ok && id != "" {
		return t
	}
	key = cmp.Or(team.text("key"), key)
	t, ok := byID(a.ws.teams, key, func(t *Team) string { return t.Key })
	switch {
	case !ok && key == "" && len(a.ws.teams) > 0:
		t = a.ws.teams[0]
	case !ok:
		t = a.ws.addTeam(cmp.Or(key, "REC"), cmp.Or(team.text("name"), key, "Recorded"))
		if id != "" {
			t.ID = id
		}
	}
	if id != "" && id != t.ID {
		a.m.IDs[id] = t.ID
	}
	return t
}

// stateOf returns the state of an issue that the body describes.
func (a *adoption) stateOf(t *Team, o args) *State {
	in := o.object("state")
	st := t.State(in.text("name"))
	if st == nil {
		st, _ = byID(t.states, in.text("type"), func(st *State) string { return st.Type })
	}
	if st == nil {
		st = cmp.Or(t.State("Todo"), t.states[0])
	}
	if id := in.text("id"); id != "" && id != st.ID {
		a.m.IDs[id] = st.ID
	}
	return st
}

// comments creates the comments of the body.
func (a *adoption) comments() {
	if a.body.text("type") == "Comment" && a.body.text("action") != "remove" {
		a.comment(a.body.object("data"))
	}
	names := []string{"comment", "parentComment", "sourceComment", "rootComment", "previousComments"}
	walk("", map[string]any(a.body), func(name string, o args) {
		if slices.Contains(names, name) {
			a.comment(o)
		}
	})
	walk("", map[string]any(a.body), func(_ string, o args) {
		for _, name := range []string{"parentCommentId", "commentId"} {
			a.comment(args{"id": o[name], "issueId": o["issueId"]})
		}
	})
}

// elsewhere are the fields of a comment that is on something other than an
// issue.
func elsewhere(o args) bool {
	for _, name := range []string{"documentContentId", "projectUpdateId", "initiativeUpdateId", "projectId", "initiativeId"} {
		if o.set(name) && !o.set("issueId") {
			return true
		}
	}
	return false
}

// comment returns the comment that an object of the body describes, and creates one
// that the workspace does not have. It returns nil if the object is none.
func (a *adoption) comment(o args) *Comment {
	id := strings.ToLower(o.text("id"))
	if id == "" || elsewhere(o) {
		return nil
	}
	if c := a.s.comments[id]; c != nil {
		if c.ws != a.ws {
			return nil
		}
		return c
	}
	if elsewhere(a.body.object("data")) || a.making[id] {
		return nil
	}
	a.making[id] = true // it cannot be above itself
	defer delete(a.making, id)
	issue := a.issueOf(args{"id": cmp.Or(o.text("issueId"), o.object("issue").text("id"))})
	var parent *Comment
	if up := o.object("parent"); up.set("id") {
		parent = a.comment(up)
	} else if up := o.text("parentId"); up != "" {
		parent = a.comment(args{"id": up, "issueId": o["issueId"], "issue": o["issue"]})
	}
	if parent != nil {
		parent = parent.root()
		issue = parent.Issue
	}
	if issue == nil {
		issue = a.issue
	}
	if issue == nil { // a reaction does not say where its comment is
		issue = a.issueOf(args{"id": derivedID(a.ws.ID, "recorded"), "title": "Recorded without an issue"})
	}
	c := &Comment{
		ID: id, Issue: issue, Parent: parent, ws: a.ws, record: a.s.newRecord(), typed: true, quoted: o.text("quotedText"),
		body: cmp.Or(o.text("body"), "_The recording does not contain this comment._"),
	}
	switch outside := o.object("externalUser"); {
	case outside.set("id"):
		c.External = a.external(outside)
	default:
		c.Author = a.user(cmp.Or(o.text("userId"), o.object("user").text("id")), nil)
		if c.Author == nil {
			c.Author = a.anyone()
		}
		c.typed = !c.Author.App
	}
	c.CreatedAt = c.createdAt
	a.s.comments[c.ID] = c
	a.s.take("Comment", c.ID)
	a.ws.comments = append(a.ws.comments, c)
	issue.comments = append(issue.comments, c)
	if c.Author != nil {
		issue.subscribe(c.Author)
	}
	if parent != nil {
		parent.children = append(parent.children, c)
	}
	a.made = append(a.made, c)
	return c
}

func (a *adoption) external(o args) *ExternalUser {
	e, ok := byID(a.ws.external, o.text("id"), func(e *ExternalUser) string { return e.ID })
	if !ok {
		e = &ExternalUser{ID: o.text("id"), Name: cmp.Or(o.text("name"), "Someone"), Email: o.text("email"), record: a.s.newRecord(), ws: a.ws}
		a.ws.external = append(a.ws.external, e)
	}
	return e
}
