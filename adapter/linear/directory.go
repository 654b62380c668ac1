package linear

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var _ adapter.BulkDirectory = (*Adapter)(nil)

const (
	// userTTL is how long a user is cached, and noUserTTL how long the absence
	// of one is.
	userTTL   = 10 * time.Minute
	noUserTTL = time.Minute
	// userTimeout bounds one look-up, with all its attempts.
	userTimeout = time.Minute
)

// directory caches users.
type directory struct {
	users  *recent[userKey, userAnswer]
	flight singleflight.Group
}

// userKey is a lookup: which user of a workspace has a field with a value.
type userKey struct{ workspace, field, value string }

// userAnswer is Linear's answer to it.
type userAnswer struct {
	user  adapter.User
	found bool
	until time.Time
}

func newDirectory() *directory {
	return &directory{users: newRecent[userKey, userAnswer](remembered)}
}

// User returns the user with an id, a handle or an email address; handles and
// addresses are compared without regard to case. Suspended users are found by
// id only. A user is cached for ten minutes and the absence of one for one
// minute; failures are not cached. Concurrent calls share one request, which
// outlives a caller whose context ends.
func (a *Adapter) User(ctx context.Context, workspace string, q adapter.UserQuery) (*adapter.User, error) {
	key, err := userKeyOf(q)
	if err != nil {
		return nil, err
	}
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	key.workspace = b.self.Workspace
	answer, ok := a.directory.users.get(key)
	if !ok || !time.Now().Before(answer.until) {
		if answer, err = a.directory.ask(ctx, b, key); err != nil {
			return nil, err
		}
	}
	if !answer.found {
		return nil, opError("user", adapter.CodeNotFound, "there is no user with this "+key.field)
	}
	user := answer.user
	return &user, nil
}

// usersAtOnce is how many users one request looks up.
const usersAtOnce = 50

// UsersByID implements adapter.BulkDirectory, with one request for each 50 users
// that are not cached. Ids that are not UUIDs belong to no user and cost no request.
func (a *Adapter) UsersByID(ctx context.Context, workspace string, ids []string) (map[string]*adapter.User, error) {
	b, err := a.bot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*adapter.User, len(ids))
	var unknown []string
	for _, id := range ids {
		answer, ok := a.directory.users.get(userKey{b.self.Workspace, "id", id})
		switch {
		case ok && time.Now().Before(answer.until):
			if answer.found {
				found[id] = &answer.user
			}
		case isUUID(id) && !slices.Contains(unknown, id):
			unknown = append(unknown, id)
		}
	}
	for some := range slices.Chunk(unknown, usersAtOnce) {
		page, err := b.api.Users(ctx, linearapi.UserQuery{
			Filter: linearapi.Filter{"id": linearapi.Filter{"in": some}}, IncludeDisabled: true,
			PageArgs: linearapi.PageArgs{First: len(some)},
		})
		if err != nil {
			return nil, err
		}
		for i := range page.Nodes {
			user := b.people.account(&page.Nodes[i])
			found[user.ID] = &user
		}
		for _, id := range some {
			answer := userAnswer{until: time.Now().Add(noUserTTL)}
			if u := found[id]; u != nil {
				answer = userAnswer{user: *u, found: true, until: time.Now().Add(userTTL)}
			}
			a.directory.put(userKey{b.self.Workspace, "id", id}, answer)
		}
	}
	return found, nil
}

func userKeyOf(q adapter.UserQuery) (userKey, error) {
	var key userKey
	given := 0
	for _, f := range [...]userKey{
		{field: "id", value: strings.TrimSpace(q.ID)},
		{field: "name", value: strings.ToLower(strings.TrimPrefix(strings.TrimSpace(q.Name), "@"))},
		{field: "email", value: strings.ToLower(strings.TrimSpace(q.Email))},
	} {
		if f.value != "" {
			key = f
			given++
		}
	}
	if given != 1 {
		return userKey{}, opError("user", adapter.CodeInvalid, "exactly one of id, name and email must be given")
	}
	return key, nil
}

// ask asks Linear, with one request for all concurrent callers.
func (d *directory) ask(ctx context.Context, b *bot, key userKey) (userAnswer, error) {
	if err := ctx.Err(); err != nil {
		return userAnswer{}, &adapter.Error{Code: adapter.CodeCanceled, Op: "user", Err: err}
	}
	flight := d.flight.DoChan(key.workspace+"\x00"+key.field+"\x00"+key.value, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), userTimeout)
		defer cancel()
		answer, err := lookUp(ctx, b, key)
		if err != nil {
			if adapter.CodeOf(err) == adapter.CodeCanceled { // a timeout, not a cancellation
				err = opError("user", adapter.CodeUnavailable, "Linear did not answer in time")
			}
			return userAnswer{}, err
		}
		d.put(key, answer)
		return answer, nil
	})
	select {
	case r := <-flight:
		answer, ok := r.Val.(userAnswer)
		if r.Err == nil && !ok {
			return userAnswer{}, opError("user", adapter.CodeUnavailable, "the look-up ended without an answer")
		}
		return answer, r.Err
	case <-ctx.Done():
		return userAnswer{}, &adapter.Error{Code: adapter.CodeCanceled, Op: "user", Err: ctx.Err()}
	}
}

func (d *directory) put(key userKey, answer userAnswer) {
	d.users.put(key, answer)
	if answer.found && key.field != "id" && answer.user.ID != "" {
		key.field, key.value = "id", answer.user.ID
		d.users.put(key, answer)
	}
}

// lookUp asks Linear for a user.
func lookUp(ctx context.Context, b *bot, key userKey) (userAnswer, error) {
	none := userAnswer{until: time.Now().Add(noUserTTL)}
	var found *linearapi.User
	if key.field == "id" {
		u, err := b.api.User(ctx, key.value)
		switch {
		case err == nil:
			found = u
		case adapter.CodeOf(err) == adapter.CodeNotFound:
			return none, nil
		default:
			return userAnswer{}, err
		}
	} else {
		field := "displayName"
		if key.field == "email" {
			field = "email"
		}
		page, err := b.api.Users(ctx, linearapi.UserQuery{
			Filter:   linearapi.Filter{field: linearapi.Filter{"eqIgnoreCase": key.value}},
			PageArgs: linearapi.PageArgs{First: 1},
		})
		if err != nil {
			return userAnswer{}, err
		}
		if len(page.Nodes) == 0 {
			return none, nil
		}
		found = &page.Nodes[0]
	}
	return userAnswer{user: b.people.account(found), found: true, until: time.Now().Add(userTTL)}, nil
}
