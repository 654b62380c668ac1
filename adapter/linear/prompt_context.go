package linear

import (
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Linear suggests a prompt for each new session: pseudo-XML, in which the texts of
// people stand as they wrote them. So a text can pretend to be an element. What
// else is known of the session decides: the thread that counts is the one with the
// root comment of the session, whose id cannot have been known to the writer of a
// description; rules are taken from the event itself. Anyone who writes in the thread
// can speak to the bot anyway.

// maxContextParts bounds the comments, threads, labels and rules of a context, each.
const maxContextParts = 500

// parseContext takes a prompt context apart. root is the root comment of the
// session's thread; if it is empty, the first thread counts. It returns nil for
// text without any of the elements.
func parseContext(text, root string) *adapter.SessionContext {
	c := &adapter.SessionContext{}
	issue, after, found := element(text, "issue")
	if found {
		c.Identifier = attribute(issue.attributes, "identifier")
		readIssue(c, issue.inner)
		text = after
	}
	for range maxContextParts {
		thread, _, ok := element(text, "primary-directive-thread")
		if !ok {
			break
		}
		id := attribute(thread.attributes, "comment-id")
		if root == "" || id == root {
			c.Thread = &adapter.ContextThread{CommentID: id, Comments: readComments(thread.inner)}
			found = true
			break
		}
		text = text[thread.end:]
	}
	rest := text
	for range maxContextParts {
		thread, after, ok := element(rest, "other-thread")
		if !ok {
			break
		}
		found, rest = true, after
		c.Others = append(c.Others, adapter.ContextThread{
			CommentID: attribute(thread.attributes, "comment-id"), Comments: readComments(thread.inner),
		})
	}
	if rules, _, ok := lastElement(text, "guidance"); ok {
		found = true
		readRules(c, rules.inner)
	}
	if !found {
		return nil
	}
	return c
}

// readIssue reads what is within an issue.
func readIssue(c *adapter.SessionContext, inner string) {
	if e, after, ok := element(inner, "title"); ok {
		c.Title, inner = plainUsers(e.inner), after
	}
	if e, after, ok := lastElement(inner, "description"); ok {
		c.Description, inner = plainUsers(e.inner), after
	}
	if e, _, ok := element(inner, "team"); ok {
		c.Team = attribute(e.attributes, "name")
	}
	if e, _, ok := element(inner, "project"); ok {
		c.Project = attribute(e.attributes, "name")
	}
	if e, _, ok := element(inner, "parent-issue"); ok {
		c.Parent.Identifier = attribute(e.attributes, "identifier")
		c.Parent.Title = strings.TrimSpace(e.inner)
		if title, _, ok := element(e.inner, "title"); ok {
			c.Parent.Title = plainUsers(title.inner)
		}
	}
	for range maxContextParts {
		e, after, ok := element(inner, "label")
		if !ok {
			return
		}
		inner = after
		if name := strings.TrimSpace(e.inner); name != "" {
			c.Labels = append(c.Labels, name)
		}
	}
}

func readComments(inner string) []adapter.ContextComment {
	var all []adapter.ContextComment
	for range maxContextParts {
		e, after, ok := element(inner, "comment")
		if !ok {
			break
		}
		inner = after
		all = append(all, adapter.ContextComment{
			Author: attribute(e.attributes, "author"), At: contextTime(attribute(e.attributes, "created-at")), Body: plainUsers(e.inner),
		})
	}
	return all
}

func readRules(c *adapter.SessionContext, inner string) {
	for range maxContextParts {
		e, after, ok := element(inner, "guidance-rule")
		if !ok {
			return
		}
		inner = after
		rule := adapter.Guidance{Body: strings.TrimSpace(e.inner)}
		if team := attribute(e.attributes, "team-name"); team != "" || strings.EqualFold(attribute(e.attributes, "origin"), "team") {
			rule.Team = &adapter.Team{Name: team}
		}
		c.Guidance = append(c.Guidance, rule)
	}
}

// contextTime reads a time of a context. It is zero if it has another form.
func contextTime(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05", time.RFC3339Nano, "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at
		}
	}
	return time.Time{}
}

// xmlElement is an element of pseudo-XML. end is where its opening tag ends.
type xmlElement struct {
	attributes, inner string
	end               int
}

// element finds the first element of a name and what follows it. One that is not
// closed reaches to the end.
func element(s, name string) (e xmlElement, after string, ok bool) {
	return elementTo(s, name, strings.Index)
}

// lastElement is element with the last closing tag, for texts that may hold one.
func lastElement(s, name string) (e xmlElement, after string, ok bool) {
	return elementTo(s, name, strings.LastIndex)
}

func elementTo(s, name string, find func(s, of string) int) (e xmlElement, after string, ok bool) {
	open := "<" + name
	from := 0
	for {
		i := strings.Index(s[from:], open)
		if i < 0 {
			return e, "", false
		}
		from += i + len(open)
		if from >= len(s) || strings.IndexByte(" \t\r\n/>", s[from]) >= 0 {
			break // and not the beginning of a longer name
		}
	}
	end := strings.IndexByte(s[from:], '>')
	if end < 0 {
		return e, "", false
	}
	e.attributes, e.end = s[from:from+end], from+end+1
	rest := s[e.end:]
	if attributes, empty := strings.CutSuffix(e.attributes, "/"); empty {
		e.attributes = attributes
		return e, rest, true
	}
	closing := "</" + name + ">"
	i := find(rest, closing)
	if i < 0 {
		e.inner = rest
		return e, "", true
	}
	e.inner = rest[:i]
	return e, rest[i+len(closing):], true
}

// attribute returns the value of an attribute, or "".
func attribute(attributes, name string) string {
	for rest := attributes; ; {
		i := strings.Index(rest, name+`="`)
		if i < 0 {
			return ""
		}
		value := rest[i+len(name)+2:]
		if i == 0 || strings.IndexByte(" \t\r\n", rest[i-1]) >= 0 {
			value, _, _ = strings.Cut(value, `"`)
			return value
		}
		rest = value
	}
}

// maxUser is the most bytes of a user that a text mentions.
const maxUser = 400

// plainUsers writes the users that a text mentions as they are written in
// comments: "@name".
func plainUsers(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "<user")
		if i < 0 {
			break
		}
		window := s[i:min(len(s), i+maxUser)]
		e, after, ok := element(window, "user")
		if !ok || !strings.HasPrefix(window[len("<user"):], e.attributes) || e.inner == "" || strings.ContainsAny(e.inner, "<\n") {
			b.WriteString(s[:i+len("<user")])
			s = s[i+len("<user"):]
			continue
		}
		b.WriteString(s[:i])
		b.WriteByte('@')
		b.WriteString(strings.TrimPrefix(e.inner, "@"))
		s = s[i+len(window)-len(after):]
	}
	b.WriteString(s)
	return strings.TrimSpace(b.String())
}
