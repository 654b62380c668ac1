package linear

import (
	"cmp"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// sessionRootText is the prefix of the comment that Linear writes when a
// session has no root comment.
const sessionRootText = "This thread is for an agent session with "

// sessionMessage is the prefix of the id of a message that is not a comment:
// the context of a session without a root comment.
const sessionMessage = "agent-session-"

// signalStop is the signal of a prompt with which a person stops the bot.
const signalStop = "stop"

// sessionStart says what started a session.
type sessionStart struct {
	// root is the comment that the session is attached to, and source the
	// comment that started it. Either may be empty.
	root, source string
	// artificial says that Linear itself wrote the root, so that the session
	// has one.
	artificial bool
	// delegated says that the issue was delegated to the bot. If it is false
	// and source is empty, the description mentioned the bot.
	delegated bool
	// known is false if a comment started the session but the payload does not
	// say which.
	known bool
}

// session decodes an AgentSessionEvent.
func (d *decoder) session() adapter.Event {
	var p sessionEventPayload
	if !d.read(&p) {
		return d.other(reasonMalformed)
	}
	s := &p.AgentSession
	app := cmp.Or(s.AppUserID, p.AppUserID)
	if bot := d.people.self.UserID; bot != "" && app != "" && app != bot {
		return d.other(reasonOtherApp)
	}
	d.meta.URL = s.URL
	start := d.sessionStart(s, p.PreviousComments)
	m := &adapter.Message{
		Thread:    d.meta.Thread,
		Addressed: adapter.TernaryYes,
		Issue:     d.issue(&s.Issue, cmp.Or(s.IssueID, d.place.thread.IssueID)),
		URL:       s.URL,
		Session: &adapter.Session{
			ID:              s.ID,
			CommentID:       start.root,
			SourceCommentID: start.source,
			Status:          s.Status,
			Context:         p.PromptContext,
			Parsed:          parseContext(p.PromptContext, start.root),
			Delegated:       start.delegated,
			Guidance:        guidance(p.Guidance, s.Issue.Team.ID),
			Creator:         d.people.userRef(&s.Creator, s.CreatorID),
		},
	}
	if in := d.place.thread; start.root != "" {
		in.CommentID, in.SessionID = start.root, ""
		m.Session.CommentThread = in.ID()
	}
	if d.header.Action == actionPrompted {
		return d.prompted(&p.AgentActivity, m)
	}
	return d.created(&p, start, m)
}

// sessionStart works out what started a session.
func (d *decoder) sessionStart(s *sessionPayload, earlier []commentChild) sessionStart {
	start := sessionStart{
		root:   cmp.Or(s.CommentID, s.Comment.ID),
		source: cmp.Or(s.SourceCommentID, s.SourceMetadata.AgentSessionMetadata.SourceCommentID),
		known:  true,
	}
	start.artificial = s.Comment.SessionRoot || strings.HasPrefix(s.Comment.Body, sessionRootText)
	if start.artificial && start.source == start.root {
		start.source = ""
	}
	switch {
	case start.source != "":
	case start.root == "" || start.artificial:
		start.delegated = !d.people.mentioned(s.Issue.Description.s)
	default:
		// The root is the source unless there were replies before.
		start.source = start.root
		for _, c := range earlier {
			if c.ID != "" && c.ID != start.root {
				start.source, start.known = "", false
				break
			}
		}
	}
	return start
}

// created decodes the beginning of a session. Its message is the comment that
// started it; if there is none, or the body lacks its text, the text is the
// context that Linear suggests.
func (d *decoder) created(p *sessionEventPayload, start sessionStart, m *adapter.Message) adapter.Event {
	s := &p.AgentSession
	m.Author = automation()
	if m.Session.Creator != nil {
		m.Author = *m.Session.Creator
	}
	d.meta.Actor = m.Author
	m.ID = cmp.Or(start.source, start.root, sessionMessage+s.ID)
	m.CreatedAt = s.CreatedAt.Time
	if start.root != m.ID {
		m.ParentID = start.root
	}
	if start.source == start.root {
		m.Body = s.Comment.Body
	}
	earlier := p.PreviousComments
	isRoot := func(c commentChild) bool { return c.ID == start.root }
	if start.source != start.root && s.Comment.ID != "" && !start.artificial && !slices.ContainsFunc(earlier, isRoot) {
		earlier = slices.Insert(slices.Clone(earlier), 0, s.Comment)
	}
	for _, c := range earlier {
		switch {
		case c.ID == start.source && c.ID != "":
			m.Body = cmp.Or(m.Body, c.Body)
		case !start.artificial || !isRoot(c):
			m.Session.Previous = append(m.Session.Previous, d.earlier(&c, start.root, m.Author))
		}
	}
	m.Session.New = true
	m.Session.Request = request(m, start, s.Comment.Body)
	m.Body = cmp.Or(m.Body, p.PromptContext)
	if m.Body == "" && !start.known {
		m.Body = s.Comment.Body
	}
	switch issue := d.place.thread.IssueID; {
	case start.source != "":
		d.meta.Act = actComment(start.source)
	case !start.known || issue == "":
	case start.delegated:
		d.meta.Act = actDelegate(issue, cmp.Or(s.AppUserID, p.AppUserID))
	default:
		d.meta.Act = actDescription(issue)
	}
	return &adapter.MessageEvent{Meta: d.meta, Message: m}
}

// request is what a new session asks for, in people's words: the comment, or the
// issue that was delegated or whose description mentions the bot. What Linear writes
// itself is not a request.
func request(m *adapter.Message, start sessionStart, root string) string {
	parsed := m.Session.Parsed
	switch {
	case m.Body != "":
		return m.Body
	case start.source != "", !start.known:
		if parsed != nil && parsed.Thread != nil && len(parsed.Thread.Comments) > 0 {
			return parsed.Thread.Comments[len(parsed.Thread.Comments)-1].Body
		}
		if !start.artificial {
			return root
		}
		return ""
	}
	var title, description string
	if parsed != nil {
		title, description = parsed.Title, parsed.Description
	}
	if m.Issue != nil {
		title, description = cmp.Or(m.Issue.Title, title), cmp.Or(m.Issue.Description, description)
	}
	return strings.TrimSpace(title + "\n\n" + description)
}

// guidance converts the rules for agents. Rules of the issue's team come first, then
// those of the teams above it, of other teams, and of the workspace: the nearest has
// the highest precedence.
func guidance(rules []guidancePayload, team string) []adapter.Guidance {
	above := make(map[string]string, len(rules)) // a team's parent
	for i := range rules {
		above[rules[i].Origin.Team.ID] = rules[i].Origin.Team.ParentID
	}
	near := make(map[string]int, len(rules)) // how near a team is
	for n := 0; team != "" && n <= len(rules); n++ {
		if _, seen := near[team]; seen {
			break
		}
		near[team] = n
		team = above[team]
	}
	rank := func(g *guidancePayload) int {
		n, ok := near[g.Origin.Team.ID]
		switch {
		case g.Origin.Team.ID == "" && !strings.EqualFold(g.Origin.Type, "team"):
			return len(rules) + 2 // the workspace
		case !ok:
			return len(rules) + 1
		default:
			return n
		}
	}
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(a, b guidancePayload) int { return rank(&a) - rank(&b) })
	var out []adapter.Guidance
	for i := range sorted {
		g := &sorted[i]
		if g.Body == "" {
			continue
		}
		rule := adapter.Guidance{Body: g.Body}
		if rank(g) <= len(rules)+1 {
			rule.Team = &adapter.Team{ID: g.Origin.Team.ID, Key: g.Origin.Team.Key, Name: g.Origin.Team.Name}
		}
		out = append(out, rule)
	}
	return out
}

// earlier is a comment of the thread from before the session.
func (d *decoder) earlier(c *commentChild, root string, creator adapter.User) *adapter.Message {
	m := &adapter.Message{
		ID:     c.ID,
		Thread: d.meta.Thread,
		Author: d.people.ref(c.UserID, creator),
		Body:   c.Body,
	}
	if c.ID != root {
		m.ParentID = root
	}
	if d.people.wrote(c.ID) && m.Author.ID == d.people.self.UserID {
		m.Author.Kind = adapter.UserSelf
	}
	return m
}

// prompted decodes a person's message to a session, or their request to stop
// it.
func (d *decoder) prompted(a *activityPayload, m *adapter.Message) adapter.Event {
	body := a.Content.Body
	if !body.ok {
		body = a.Body
	}
	m.ID = cmp.Or(a.SourceCommentID, a.ID)
	if m.Session.CommentID != m.ID {
		m.ParentID = m.Session.CommentID
	}
	wrote := a.ID
	if d.people.wrote(a.SourceCommentID) {
		wrote = a.SourceCommentID
	}
	m.Author, _ = d.people.who(&said{user: a.User, userID: a.UserID, wrote: wrote})
	m.Body = body.s
	m.CreatedAt = a.CreatedAt.Time
	m.Session.ActivityID, m.Session.Signal, m.Session.Request = a.ID, a.Signal, body.s
	d.meta.Actor = m.Author
	switch {
	case a.Signal == signalStop:
		m.Session.Signal = ""
		// No act: a stop must never be dropped as a duplicate.
		return &adapter.StopEvent{Meta: d.meta, Message: m}
	case !body.ok && a.Signal == "":
		return d.lacks("agentActivity.content.body")
	case a.SourceCommentID != "":
		d.meta.Act = actComment(a.SourceCommentID)
	}
	return &adapter.MessageEvent{Meta: d.meta, Message: m}
}
