package ticketing

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// maxAutoLinks is how many issues of one message are linked.
const maxAutoLinks = 10

// mentioned is an address of an issue, or a bare short name.
var mentioned = regexp.MustCompile(`https?://linear\.app/[A-Za-z0-9_-]+/issue/[A-Za-z][A-Za-z0-9_]{0,9}-[0-9]{1,9}|\b[A-Z][A-Z0-9_]{0,9}-[0-9]{1,9}\b`)

// mentions finds issues in a text: addresses, then bare short names.
func mentions(body string) []string {
	if len(body) > maxText {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, m := range mentioned.FindAllString(body, 50) {
		ref, _ := issueRef(m)
		if !seen[ref] {
			seen[ref] = true
			out = append(out, m)
		}
	}
	return out[:min(len(out), maxAutoLinks)]
}

// autoLink links the issues that a message names.
func (c *call) autoLink(conns []*Connection, p place, message, body, kind string, by Agent, out *MessageResult) error {
	found := mentions(body)
	if len(found) == 0 {
		return nil
	}
	// The widest setting of the connections decides; each issue then goes
	// through its own.
	allowed := func(s Settings) bool {
		switch s.AutoLink {
		case "private_notes":
			return kind == "note"
		case "all_agent":
			return kind == "note" || kind == "agent" || kind == ""
		case "all":
			return true
		}
		return false
	}
	may := map[string]bool{}
	for _, conn := range conns {
		s, err := c.api.settings(c.ctx, conn.ID)
		if err != nil {
			return err
		}
		may[conn.ID] = allowed(s)
	}
	if !slices.ContainsFunc(conns, func(v *Connection) bool { return may[v.ID] }) {
		return nil
	}
	keys, err := c.teamKeys(conns)
	if err != nil {
		return err
	}
	var failed, reasons []string
	for _, m := range found {
		ref, _ := issueRef(m)
		key, _, _ := strings.Cut(ref, "-")
		isURL := strings.HasPrefix(m, "http")
		if !isURL && !keys[key] {
			continue // a word that only looks like one
		}
		conn, n, err := c.locate(p, m)
		if err == nil && !may[conn.ID] {
			continue
		}
		if err == nil {
			var v link
			var isNew bool
			if v, isNew, err = c.tie(conn, p, n, "", "auto", by, derive(c.make, "auto", m)); err == nil && isNew {
				out.Linked = append(out.Linked, c.shown(conn, p, v, false))
			}
		}
		if err == nil {
			continue
		}
		reason := problemOf(err).message
		if problemOf(err).status == http.StatusNotFound {
			reason = "there is no such issue, or it cannot be seen from here"
		}
		out.Warnings = append(out.Warnings, ref+" could not be linked: "+reason)
		failed = append(failed, ref)
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	// The agent is told where they work: a link that fails silently is missed later.
	return c.api.record(c.ctx, Activity{
		ID: ActivityNotLinked + ":" + message + ":" + shortHash(failed...), Account: p.Account, Conversation: p.Conversation,
		Kind: ActivityNotLinked, Identifier: strings.Join(failed, ", "), Actor: by.Name,
	}, strings.Join(reasons, "; "))
}

// teamKeys are the keys of all teams.
func (c *call) teamKeys(conns []*Connection) (map[string]bool, error) {
	keys := map[string]bool{}
	for _, conn := range conns {
		all, err := c.in(conn).teams()
		if err != nil {
			return nil, err
		}
		for _, t := range all {
			keys[strings.ToUpper(t.Value.Key)] = true
		}
	}
	return keys, nil
}
