package ticketing

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// candidates are the connections that may hold what the request is about: the
// one that it names, or all of the account, the default one first.
func (c *call) candidates(account string) ([]*Connection, error) {
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
		if id != "" && v.ID != id || v.Account != "" && v.Account != account || v.Status != "" && v.Status != "active" {
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
	all, err := c.candidates(p.Account)
	if err != nil {
		return nil, nil, err
	}
	var last error
	for _, conn := range all {
		sub := c.in(conn)
		if key != "" {
			space, err := sub.workspace()
			if err != nil {
				last = err
				continue
			}
			if !strings.EqualFold(space.Organization.URLKey, key) {
				continue
			}
		}
		client, err := sub.client()
		if err != nil {
			return nil, nil, err
		}
		n, err := client.Ticket(c.ctx, id)
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
