package ticketing

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// holders are the connections that may hold what the request is about, whether
// they can be used now or not: the one that it names, or all of the account, the
// default one first.
func (c *call) holders(account string) ([]*Connection, error) {
	all, err := c.connections()
	if err != nil {
		return nil, err
	}
	id := cmp.Or(c.q.get("integrated_account_id"), c.r.Header.Get("X-Integrated-Account-Id"))
	if id == "" && c.input != nil {
		if s, given, _ := c.input.text(200, "integrated_account_id"); given {
			id = s
		}
	}
	var out []*Connection
	for i := range all {
		v := &all[i]
		if id != "" && v.ID != id || !v.serves(account) {
			continue
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(x, y *Connection) int {
		switch {
		case x.Default == y.Default:
			return 0
		case x.Default:
			return -1
		}
		return 1
	})
	if len(out) == 0 {
		return nil, &problem{status: http.StatusNotFound, code: codeNotFound, message: "no Linear workspace is connected to this account"}
	}
	return out, nil
}

// candidates are the holders that can be used now. If there are none, the error
// says what keeps the first one from it.
func (c *call) candidates(account string) ([]*Connection, error) {
	all, err := c.holders(account)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(slices.Clone(all), func(v *Connection) bool { return !v.usable() })
	if len(out) == 0 {
		return nil, c.in(all[0]).use(all[0])
	}
	return out, nil
}

// in returns the call as it is in one connection.
func (c *call) in(conn *Connection) *call {
	sub := *c
	sub.conn = conn
	return &sub
}

// locate finds the connection in which an issue is, and the issue. Addresses
// name their workspace; short names are looked up in one after the other.
func (c *call) locate(p place, ref string) (*Connection, *linearapi.Node[linearapi.Issue], error) {
	id, key := issueRef(ref)
	if id == "" {
		return nil, nil, notFound("issue", ref)
	}
	if _, err := c.candidates(p.Account); err != nil {
		return nil, nil, err
	}
	all, err := c.holders(p.Account)
	if err != nil {
		return nil, nil, err
	}
	var last error
	for _, conn := range all {
		sub := c.in(conn)
		if key != "" {
			theirs, err := sub.urlKey()
			if err != nil {
				last = err
				continue
			}
			if !strings.EqualFold(theirs, key) {
				continue
			}
			if err := sub.use(conn); err != nil {
				return nil, nil, err
			}
		}
		if !conn.usable() {
			continue
		}
		client, err := sub.client()
		if err != nil {
			return nil, nil, err
		}
		n, err := client.IssueNode(c.ctx, id)
		if err == nil {
			return conn, n, nil
		}
		if adapter.CodeOf(err) != adapter.CodeNotFound {
			last = err
		}
	}
	if last != nil {
		return nil, nil, last
	}
	return nil, nil, notFound("issue", ref)
}

// urlKey is the key of the connection's workspace in the addresses of its
// issues. It is empty if it is unknown and the connection cannot be used.
func (c *call) urlKey() (string, error) {
	if c.conn.Key != "" {
		return c.conn.Key, nil
	}
	if !c.conn.usable() {
		return c.api.spaces.remembered(c.conn.ID).Organization.URLKey, nil
	}
	space, err := c.workspace()
	return space.Organization.URLKey, err
}
