package ticketing

import (
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// directory is what names are looked up in. Each part is read when it is
// needed first and kept for a minute.
type directory struct {
	labels []linearapi.Node[linearapi.Label]
}

// The kinds of what the cache keeps, as webhooks drop them.
const (
	kindTeams    = "dir.teams"
	kindStates   = "dir.states"
	kindLabels   = "dir.labels"
	kindUsers    = "dir.users"
	kindProjects = "dir.projects"
	kindCycles   = "dir.cycles"
	kindEntities = "entities"
	kindSearch   = "search"
	kindLinked   = "linked"

	kindTemplates = "dir.templates"
)

const directoryTTL = time.Minute

// pages reads a whole list, up to maxWalk entries.
func pages[T any](c *call, key string, price float64, get func(*linearapi.Client, linearapi.PageArgs) (*linearapi.Page[T], error)) ([]T, error) {
	return remember(c.api.cache, key, directoryTTL, func() ([]T, error) {
		var all []T
		before := c.partial
		args := linearapi.PageArgs{First: pageOf(price)}
		for {
			client, err := c.client()
			if err != nil {
				return nil, err
			}
			p, err := get(client, args)
			if err != nil {
				return nil, err
			}
			if c.partial != before {
				return nil, halfRead()
			}
			all = append(all, p.Nodes...)
			if !p.Info.HasNextPage || len(all) >= maxWalk || len(p.Nodes) == 0 {
				return all, nil
			}
			args.After = p.Info.EndCursor
		}
	})
}

func (c *call) directory() (*directory, error) {
	labels, err := c.labels()
	if err != nil {
		return nil, err
	}
	return &directory{labels}, nil
}

func (c *call) labels() ([]linearapi.Node[linearapi.Label], error) {
	return pages(c, cacheKey(c.conn.ID, kindLabels), priceOther, func(l *linearapi.Client, p linearapi.PageArgs) (*linearapi.Page[linearapi.Node[linearapi.Label]], error) {
		return l.IssueLabelNodes(c.ctx, nil, p)
	})
}

func (c *call) states() ([]linearapi.Node[linearapi.WorkflowState], error) {
	return pages(c, cacheKey(c.conn.ID, kindStates), priceOther, func(l *linearapi.Client, p linearapi.PageArgs) (*linearapi.Page[linearapi.Node[linearapi.WorkflowState]], error) {
		return l.WorkflowStateNodes(c.ctx, nil, p)
	})
}

func (c *call) teams() ([]linearapi.Node[linearapi.Team], error) {
	return pages(c, cacheKey(c.conn.ID, kindTeams), priceTeam, func(l *linearapi.Client, p linearapi.PageArgs) (*linearapi.Page[linearapi.Node[linearapi.Team]], error) {
		return l.TeamNodes(c.ctx, nil, p)
	})
}

func (c *call) users() ([]linearapi.Node[linearapi.Member], error) {
	return pages(c, cacheKey(c.conn.ID, kindUsers), priceUser, func(l *linearapi.Client, p linearapi.PageArgs) (*linearapi.Page[linearapi.Node[linearapi.Member]], error) {
		return l.UserNodes(c.ctx, linearapi.UserQuery{PageArgs: p})
	})
}

func (c *call) projects() ([]linearapi.Node[linearapi.Project], error) {
	return pages(c, cacheKey(c.conn.ID, kindProjects), priceProject, func(l *linearapi.Client, p linearapi.PageArgs) (*linearapi.Page[linearapi.Node[linearapi.Project]], error) {
		return l.ProjectNodes(c.ctx, linearapi.ListQuery{PageArgs: p})
	})
}

func (c *call) cycles() ([]linearapi.Node[linearapi.Cycle], error) {
	return pages(c, cacheKey(c.conn.ID, kindCycles), priceOther, func(l *linearapi.Client, p linearapi.PageArgs) (*linearapi.Page[linearapi.Node[linearapi.Cycle]], error) {
		return l.CycleNodes(c.ctx, linearapi.ListQuery{PageArgs: p})
	})
}

// lookUp finds something in a list of the directory. What is missing may be new,
// so the list is read again, at most every two seconds.
func lookUp[T any](c *call, kind string, read func() ([]linearapi.Node[T], error), is func(*T) bool) (*T, error) {
	for again := false; ; again = true {
		all, err := read()
		if err != nil {
			return nil, err
		}
		for i := range all {
			if is(&all[i].Value) {
				return &all[i].Value, nil
			}
		}
		if again {
			return nil, nil //nolint:nilnil // the caller says which field it is
		}
		if _, wait := c.api.limits.spend("d:"+c.conn.ID+kind, Rate{1, 2 * time.Second}); wait > 0 {
			return nil, nil //nolint:nilnil // it was read just now
		}
		c.api.cache.drop(c.conn.ID, kind)
	}
}

// teamOf finds a team by id, key or name.
func (c *call) teamOf(r reference) (*linearapi.Team, error) {
	if r.id == "" && r.name == "" {
		return nil, nil //nolint:nilnil // the caller says which field it is
	}
	return lookUp(c, kindTeams, c.teams, func(t *linearapi.Team) bool {
		return r.id != "" && (t.ID == r.id || strings.EqualFold(t.Key, r.id)) || r.name != "" && strings.EqualFold(t.Name, r.name)
	})
}

// userOf finds a user by id, address, handle or name; "me" is the connection's
// own.
func (c *call) userOf(r reference) (id string, err error) {
	want := r.id
	for _, alt := range []string{r.email, r.name} {
		if want == "" {
			want = alt
		}
	}
	if want == "me" {
		space, err := c.workspace()
		return space.Viewer.ID, err
	}
	if isUUID(want) {
		return want, nil
	}
	u, err := lookUp(c, kindUsers, c.users, func(u *linearapi.Member) bool {
		return want != "" && (strings.EqualFold(u.Email, want) || strings.EqualFold(u.DisplayName, want) || strings.EqualFold(u.Name, want))
	})
	if err != nil || u == nil {
		return "", err
	}
	return u.ID, nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		switch i {
		case 8, 13, 18, 23:
			if r != '-' {
				return false
			}
		default:
			if (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F') {
				return false
			}
		}
	}
	return true
}
