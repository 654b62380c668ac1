package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/linearbot/linearbot/adapter"
)

// MentionUser returns the Markdown that mentions a user, "<@" and the id and ">".
// Whatever is posted has it replaced by the address of the user's profile, which
// is how platforms spell a mention. External people, integrations and
// automations have no account, and somebody without an id cannot be found: they
// are called by their name.
func MentionUser(u adapter.User) string {
	switch {
	case u.ID != "" && (u.Kind == adapter.Human || u.Kind == adapter.Self || u.Kind == adapter.App):
		return "<@" + u.ID + ">"
	case u.FullName != "":
		return escapeMarkdown(u.FullName)
	default:
		return escapeMarkdown(u.Name)
	}
}

// maxMentioned is how many users are looked up for one post. A text that names
// more of them was not written by anybody who knows them.
const maxMentioned = 50

// mentioner replaces the <@id> of one post or one stream. It looks each id up
// once.
type mentioner struct {
	thread *Thread
	// known are the addresses of the profiles by id, "" for ids that nobody
	// has.
	known map[string]string
}

// replace returns body with the address of a profile for every <@id> that
// somebody has. What nobody has, and what stands behind the first maxMentioned
// ids, stays as written. The error is that of a look-up that may work later.
func (m *mentioner) replace(ctx context.Context, body string) (string, error) {
	places := userPlaces(body)
	for _, p := range places {
		if _, ok := m.known[p.id]; ok || len(m.known) >= maxMentioned {
			continue
		}
		url, err := m.thread.profileURL(ctx, p.id)
		if err != nil {
			return "", err
		}
		if m.known == nil {
			m.known = make(map[string]string)
		}
		m.known[p.id] = url
	}
	return putUsers(body, places, func(id string) string { return m.known[id] }), nil
}

// mention replaces the <@id> of a text that is written at once.
func (t *Thread) mention(ctx context.Context, body string) (string, error) {
	m := mentioner{thread: t}
	return m.replace(ctx, body)
}

// profileURL returns the address of the profile of a user, or "" if there is
// none, or if the platform will never tell.
func (t *Thread) profileURL(ctx context.Context, id string) (string, error) {
	self, err := t.self(ctx)
	if err != nil {
		return "", fmt.Errorf("bot: mention of %s: %w", id, err)
	}
	if id == self.UserID && self.ProfileURL != "" {
		return self.ProfileURL, nil
	}
	u, err := t.bot.User(ctx, t.workspace, adapter.UserQuery{ID: id})
	switch code := adapter.CodeOf(err); {
	case err == nil && u != nil:
		return u.URL, nil
	case err != nil && (code.Retryable() || code == adapter.Canceled):
		return "", fmt.Errorf("bot: mention of %s: %w", id, err)
	case err != nil:
		t.bot.log.Debug().Err(err).Str(LogKeyThread, string(t.id)).Str("user", id).Msg("mention stays as it was written")
	}
	return "", nil
}

// self says who the bot is in the thread's workspace.
func (t *Thread) self(ctx context.Context) (*adapter.Identity, error) {
	turn := t.turnOf(ctx)
	if turn != nil && turn.self != nil && turn.event.Head().Workspace == t.workspace {
		return turn.self, nil
	}
	return t.bot.cfg.Adapter.Identity(ctx, t.workspace)
}

// userPlace is a <@id> in a text.
type userPlace struct {
	id string
	at span
}

// userPlaces finds the <@id> in a Markdown text, in order. Those in code, in
// HTML, in the text of links and behind a backslash are none.
func userPlaces(body string) []userPlace {
	if !strings.Contains(body, "<@") {
		return nil
	}
	var places []userPlace
	eachText(parseMarkdown(body).root, func(text span) {
		i, end := text.start, text.end
		for i < end {
			if body[i] == '\\' {
				i += 2
				continue
			}
			id, n := userMention(body[i:end])
			if n == 0 {
				i++
				continue
			}
			places = append(places, userPlace{id, span{i, i + n}})
			i += n
		}
	})
	return places
}

// putUsers puts the addresses of profiles in their places. profileURL returns ""
// for an id that is not known; it stays as it is.
func putUsers(body string, places []userPlace, profileURL func(id string) string) string {
	var b strings.Builder
	from := 0
	for _, p := range places {
		url := profileURL(p.id)
		if url == "" {
			continue
		}
		b.WriteString(body[from:p.at.start])
		if standsAlone(body[:p.at.start], body[p.at.end:]) {
			b.WriteString(url)
		} else {
			b.WriteString("<" + url + ">")
		}
		from = p.at.end
	}
	if from == 0 {
		return body
	}
	b.WriteString(body[from:])
	return b.String()
}

// standsAlone reports whether a bare address between before and after is read
// as that address: "'s" behind it, for example, would become a part of it.
func standsAlone(before, after string) bool {
	const blank = " \t\r\n"
	if before != "" && !strings.ContainsAny(before[len(before)-1:], blank+"*_~(") {
		return false
	}
	after = strings.TrimLeft(after, "?!.,:*_~)")
	return after == "" || strings.ContainsAny(after[:1], blank)
}

// userMention reads the <@id> that s begins with. n is its length, 0 if there
// is none. Where plain text was made Markdown, the id has escapes in it.
func userMention(s string) (id string, n int) {
	if !strings.HasPrefix(s, "<@") {
		return "", 0
	}
	end := strings.IndexByte(s, '>')
	if end <= len("<@") || strings.ContainsAny(s[len("<@"):end], " \t<@") {
		return "", 0
	}
	return decodeAll(s[len("<@"):end]), end + 1
}

// withoutOpenUser returns a text of which more is to come without the beginning
// of a <@id> at its end.
func withoutOpenUser(partial string) string {
	at := strings.LastIndexByte(partial, '<')
	if at < 0 {
		return partial
	}
	if rest := partial[at:]; len(rest) > maxUserID || len(rest) > 1 && rest[1] != '@' || strings.ContainsAny(rest, "> \t\r\n") {
		return partial
	}
	return partial[:at]
}

// maxUserID is from where on something behind "<" is no id of anybody any more.
const maxUserID = 100

// eachText calls f with where there is text below n, in order, but for code,
// links and images. The parser cuts text at signs that might have meant
// something; here it is whole again.
func eachText(n ast.Node, f func(at span)) {
	var run span
	flush := func() {
		if run.start < run.end {
			f(run)
		}
		run = span{}
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			if c.Segment.Start != run.end {
				flush()
				run.start = c.Segment.Start
			}
			run.end = c.Segment.Stop
			continue
		case *ast.CodeSpan, *ast.Link, *ast.Image:
		default:
			flush()
			eachText(c, f)
		}
		flush()
	}
	flush()
}
