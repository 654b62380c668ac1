package adaptertest

import (
	"cmp"
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

var _ adapter.Directory = (*Platform)(nil)

// AddUser adds a user to the directory of a workspace, or updates the one with
// the same id. The name defaults to the id, the kind to adapter.UserHuman.
func (p *Platform) AddUser(workspace string, u adapter.User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.at(workspace, "")
	u.Name, u.Kind = cmp.Or(u.Name, u.ID), cmp.Or(u.Kind, adapter.UserHuman)
	for i, known := range p.users[at] {
		if known.ID == u.ID {
			p.users[at][i] = u
			return
		}
	}
	p.users[at] = append(p.users[at], u)
}

// User implements adapter.Directory. It knows the bot, the actors of applied
// events and users added with AddUser.
func (p *Platform) User(ctx context.Context, workspace string, q adapter.UserQuery) (*adapter.User, error) {
	const op = "user"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failReads); err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(strings.TrimSpace(q.Name), "@")
	switch q {
	case adapter.UserQuery{ID: q.ID}, adapter.UserQuery{Name: q.Name}, adapter.UserQuery{Email: q.Email}:
	default:
		return nil, fakeError(op, adapter.CodeInvalid, "exactly one of id, name and email must be given")
	}
	if q.ID+name+q.Email == "" {
		return nil, fakeError(op, adapter.CodeInvalid, "one of id, name and email must be given")
	}
	for _, u := range append([]adapter.User{p.self()}, p.users[p.at(workspace, "")]...) {
		if q.ID != "" && u.ID == q.ID || name != "" && strings.EqualFold(u.Name, name) || q.Email != "" && strings.EqualFold(u.Email, q.Email) {
			return &u, nil
		}
	}
	return nil, fakeError(op, adapter.CodeNotFound, "there is no such user")
}

// meet returns the directory's entry for an actor, and adds new actors to the
// directory. It is called with the lock held.
func (p *Platform) meet(workspace string, u adapter.User) adapter.User {
	u.Name = cmp.Or(u.Name, u.ID)
	if u.ID == p.Self.UserID {
		return p.self()
	}
	if u.ID == "" {
		return u // an automation, for example
	}
	bare := u == adapter.User{ID: u.ID, Name: u.ID}
	u.Kind = cmp.Or(u.Kind, adapter.UserHuman)
	at := p.at(workspace, "")
	for _, known := range p.users[at] {
		if known.ID == u.ID {
			if bare {
				return known
			}
			return u
		}
	}
	p.users[at] = append(p.users[at], u)
	return u
}
