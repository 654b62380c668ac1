// Package access has rules about who may use a bot, for bot.Config.Access and for
// the Access of handlers and commands:
//
//	cfg.Access = access.All(access.Teams("ENG"), access.NotGuests()).
//		Else(bot.DenyWithReply("Please ask in #eng."))
//
// A rule decides about a whole event: all people who have a part in it must be
// allowed. Rules refuse silently; bot.Access.Else gives a refusal a sign. What a
// rule cannot find out for the moment is an error and no refusal: the turn is
// retried.
//
// Rules are safe for concurrent use. Those that look people or issues up block for
// a request to the platform; their doc comments say so.
package access

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// Users allows people and programs by id, and people by email address without
// regard to case. With no users it refuses everyone.
func Users(idsOrEmails ...string) bot.Access {
	wanted := slices.Clone(idsOrEmails)
	return everyone(func(ctx context.Context, t *bot.Turn, u adapter.User) (bool, error) {
		if u.ID != "" && slices.Contains(wanted, u.ID) {
			return true, nil
		}
		if !slices.ContainsFunc(wanted, func(s string) bool { return strings.Contains(s, "@") }) {
			return false, nil
		}
		email, err := emailOf(ctx, t, u)
		return email != "" && slices.ContainsFunc(wanted, func(s string) bool { return strings.EqualFold(s, email) }), err
	})
}

// Domains allows people whose email address is in one of the domains
// ("example.com"), subdomains not included. The addresses of external people and
// of programs are not verified, so it never allows those.
func Domains(domains ...string) bot.Access {
	wanted := slices.Clone(domains)
	return everyone(func(ctx context.Context, t *bot.Turn, u adapter.User) (bool, error) {
		email, err := emailOf(ctx, t, u)
		at := strings.LastIndexByte(email, '@')
		return at > 0 && slices.ContainsFunc(wanted, func(s string) bool {
			return strings.EqualFold(strings.TrimPrefix(s, "@"), email[at+1:])
		}), err
	})
}

// NotExternal refuses people without an account in the workspace, who are
// synced in from elsewhere, and events that name no one. It allows everyone else.
// A user of whom the event tells nothing but the id is looked up.
func NotExternal() bot.Access {
	return everyone(func(ctx context.Context, t *bot.Turn, u adapter.User) (bool, error) {
		if u.Kind == adapter.UserUnknown && u.ID != "" {
			found, err := t.User(ctx, u.ID)
			if found == nil {
				return false, err
			}
			u = *found
		}
		return u.Kind == adapter.UserHuman || u.IsBot(), nil
	})
}

// NotGuests refuses guests of the workspace. Like [NotExternal] it refuses
// people without an account, too, and events that name no one, and allows everyone
// else. Deliveries do not say who is a guest, so people are looked up. People whom
// the platform does not know are refused, and so are all people where it cannot be
// asked.
func NotGuests() bot.Access {
	return everyone(func(ctx context.Context, t *bot.Turn, u adapter.User) (bool, error) {
		switch {
		case u.IsBot():
			return true, nil
		case u.Kind == adapter.UserExternal, u.ID == "", u.Guest:
			return false, nil
		}
		found, err := t.User(ctx, u.ID)
		return found != nil && (found.IsBot() || found.Kind == adapter.UserHuman && !found.Guest), err
	})
}

// NotSynced refuses what happens in threads that are synced with Slack, GitHub,
// mail or another service, where the bot's answer would reach people outside of the
// workspace. A reply in a thread of which no event has said so far whether it is
// synced costs a request for its first message.
func NotSynced() bot.Access {
	return func(ctx context.Context, t *bot.Turn) (bot.Decision, error) {
		with, err := t.SyncedWith(ctx)
		return bot.Decision{Allowed: err == nil && len(with) == 0}, err
	}
}

// If allows those whom test allows: all who have a part in the event. Use
// it for rules of your own.
func If(test func(ctx context.Context, u adapter.User) (bool, error)) bot.Access {
	return everyone(func(ctx context.Context, _ *bot.Turn, u adapter.User) (bool, error) { return test(ctx, u) })
}

// Teams allows what happens on issues of the teams, named by key ("ENG")
// or id. If the event does not name the team the issue is looked up. What
// belongs to no issue is refused.
func Teams(keysOrIDs ...string) bot.Access {
	wanted := slices.Clone(keysOrIDs)
	return func(ctx context.Context, t *bot.Turn) (bot.Decision, error) {
		team, err := t.Team(ctx)
		if err != nil {
			return bot.Decision{}, err
		}
		return bot.Decision{Allowed: slices.ContainsFunc(wanted, func(s string) bool {
			return s != "" && (s == team.ID || strings.EqualFold(s, team.Key))
		})}, nil
	}
}

// All allows what all of rules allow, and decides like the first that
// refuses. Without rules it allows everything.
func All(rules ...bot.Access) bot.Access {
	return func(ctx context.Context, t *bot.Turn) (bot.Decision, error) {
		for _, a := range rules {
			if d, err := ask(ctx, a, t); err != nil || !d.Allowed {
				return d, err
			}
		}
		return bot.Allow(), nil
	}
}

// Any allows what one of rules allows, and otherwise decides like the first
// of them. An error of one counts only if no other allows. Without rules it
// allows nothing.
func Any(rules ...bot.Access) bot.Access {
	return func(ctx context.Context, t *bot.Turn) (bot.Decision, error) {
		var (
			refusal bot.Decision
			failed  error
		)
		for i, a := range rules {
			d, err := ask(ctx, a, t)
			switch {
			case err != nil:
				failed = errors.Join(failed, err)
			case d.Allowed:
				return d, nil
			case i == 0:
				refusal = d
			}
		}
		if failed != nil {
			return bot.Decision{}, failed
		}
		return refusal, nil
	}
}

// Not allows what rule refuses, and refuses silently what it allows. A rule
// that refuses what it cannot find out lets that pass here: prefer rules that
// say who is allowed.
func Not(rule bot.Access) bot.Access {
	return func(ctx context.Context, t *bot.Turn) (bot.Decision, error) {
		d, err := ask(ctx, rule, t)
		return bot.Decision{Allowed: err == nil && !d.Allowed}, err
	}
}

// everyone allows an event if test allows all who have a part in it: see
// bot.Turn.People. An edit of another user's text takes both of them.
func everyone(test func(ctx context.Context, t *bot.Turn, u adapter.User) (bool, error)) bot.Access {
	return func(ctx context.Context, t *bot.Turn) (bot.Decision, error) {
		for _, u := range t.People() {
			if ok, err := test(ctx, t, u); err != nil || !ok {
				return bot.Decision{}, err
			}
		}
		return bot.Allow(), nil
	}
}

// emailOf returns the address of a person, looked up if the event does not tell
// it. It is empty if no address counts.
func emailOf(ctx context.Context, t *bot.Turn, u adapter.User) (string, error) {
	switch {
	case u.Kind == adapter.UserHuman && u.Email != "":
		return u.Email, nil
	case u.ID == "", u.Kind != adapter.UserHuman && u.Kind != adapter.UserUnknown:
		return "", nil
	}
	found, err := t.User(ctx, u.ID)
	if err != nil || found == nil || found.Kind != adapter.UserHuman {
		return "", err
	}
	return found.Email, nil
}

// ask asks a rule. A nil rule refuses, and nothing is allowed together with an
// error.
func ask(ctx context.Context, rule bot.Access, t *bot.Turn) (bot.Decision, error) {
	if rule == nil {
		return bot.Decision{}, nil
	}
	d, err := rule(ctx, t)
	if err != nil {
		return bot.Decision{}, err
	}
	return d, nil
}
