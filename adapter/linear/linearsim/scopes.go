package linearsim

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// allowed checks that a token covers an operation. Any token may read. Writing
// needs the scope write, or the scope of the entity. Linear documents the scopes,
// but not everything that each covers.
func (r *request) allowed(op *ast.OperationDefinition) error {
	if op.Operation != ast.Mutation || r.srv.cfg.AnyScope || r.token.key {
		return nil
	}
	for _, field := range rootFields(nil, op.SelectionSet, 0) {
		if strings.HasPrefix(field, "__") {
			continue
		}
		enough := scopesFor(field)
		if !slices.ContainsFunc(enough, r.token.has) {
			return forbidden("Invalid scope: `" + strings.Join(enough, "` or `") + "` required")
		}
	}
	return nil
}

// scopesFor are the scopes of which one suffices for a mutation.
func scopesFor(field string) []string {
	switch {
	case field == "commentCreate":
		return []string{"write", "comments:create"}
	case field == "issueCreate", field == "issueUpdate":
		return []string{"write", "issues:create"}
	case strings.HasPrefix(field, "timeSchedule"):
		return []string{"write", "timeSchedule:write"}
	case strings.HasPrefix(field, "customer"):
		return []string{"write", "customer:write"}
	case strings.HasPrefix(field, "initiative"):
		return []string{"write", "initiative:write"}
	default:
		return []string{"write"}
	}
}

// mentionable reports whether people can mention the app, which makes it an
// agent. The latest token decides, as with Linear.
func (in *Installation) mentionable() bool { return in.can("app:mentionable") }

// assignable reports whether issues can be delegated to the app.
func (in *Installation) assignable() bool { return in.can("app:assignable") }

func (in *Installation) can(scope string) bool {
	return in.ws.srv.cfg.AnyScope || slices.Contains(in.scopes, scope)
}

// app returns the installation of an app user, nil for people.
func (u *User) app() *Installation {
	if !u.App {
		return nil
	}
	for _, in := range u.ws.apps {
		if in.User == u {
			return in
		}
	}
	return nil
}
