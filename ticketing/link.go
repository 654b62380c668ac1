package ticketing

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/state"
)

// maxLinks bounds the links of one conversation, and the conversations of one
// issue.
const maxLinks = 1000

// link ties a conversation to an issue. Linear has it as an attachment of the
// issue; what is kept here answers when Linear cannot, and finds the way back.
type link struct {
	ID         string          `json:"id"` // of the attachment
	IssueID    string          `json:"issue_id"`
	Identifier string          `json:"identifier"`
	Title      string          `json:"title"`
	Origin     string          `json:"origin"` // created, linked, auto or found
	By         string          `json:"by,omitempty"`
	ByID       string          `json:"by_id,omitempty"`
	CreatedAt  time.Time       `json:"created_at"`
	Issue      json.RawMessage `json:"issue,omitempty"` // as Linear sent it last
	SnapshotAt time.Time       `json:"snapshot_at,omitzero"`
}

// place is a conversation.
type place struct {
	Account      string `json:"account"`
	Conversation string `json:"conversation"`
}

// links keeps them, by conversation and by issue.
type links struct{ docs documents }

func conversationKey(conn, account, conversation string) state.Key {
	return state.Key{Workspace: conn, Kind: "ticketing.links", ID: account + "/" + conversation}
}

func issueKey(conn, issue string) state.Key {
	return state.Key{Workspace: conn, Kind: "ticketing.issue", ID: issue}
}

// The short names of linked issues lead to their ids, for when Linear cannot be asked.
func shortNameKey(conn, identifier string) state.Key {
	return state.Key{Workspace: conn, Kind: "ticketing.shortname", ID: strings.ToUpper(identifier)}
}

// name remembers the short name of an issue.
func (l *links) name(ctx context.Context, conn string, v link) error {
	if v.Identifier == "" {
		return nil
	}
	_, err := change(ctx, l.docs, shortNameKey(conn, v.Identifier), 0, func(id *string) (bool, error) {
		was := *id
		*id = v.IssueID
		return was != v.IssueID, nil
	})
	return err
}

// named is the id of the issue with a short name, or "" if it is not linked.
func (l *links) named(ctx context.Context, conn, identifier string) (id string, err error) {
	_, err = l.docs.load(ctx, shortNameKey(conn, identifier), &id)
	return id, err
}

// of returns the links of a conversation.
func (l *links) of(ctx context.Context, conn, account, conversation string) ([]link, error) {
	var out []link
	_, err := l.docs.load(ctx, conversationKey(conn, account, conversation), &out)
	return out, err
}

// conversations returns those that an issue is linked to.
func (l *links) conversations(ctx context.Context, conn, issue string) ([]place, error) {
	var out []place
	_, err := l.docs.load(ctx, issueKey(conn, issue), &out)
	return out, err
}

// add keeps a link and reports whether it is new. The way back is written
// first: a link without it would be missed by what Linear says later, while the
// reverse is harmless.
func (l *links) add(ctx context.Context, conn string, p place, v link) (isNew bool, kept link, err error) {
	_, err = change(ctx, l.docs, issueKey(conn, v.IssueID), 0, func(all *[]place) (bool, error) {
		if slices.Contains(*all, p) {
			return false, nil
		}
		if len(*all) >= maxLinks {
			return false, invalidField("conversation", "too_many", "an issue can be linked to at most %d conversations", maxLinks)
		}
		*all = append(*all, p)
		return true, nil
	})
	if err != nil {
		return false, v, err
	}
	if err := l.name(ctx, conn, v); err != nil {
		return false, v, err
	}
	_, err = change(ctx, l.docs, conversationKey(conn, p.Account, p.Conversation), 0, func(all *[]link) (bool, error) {
		isNew = false
		if i := slices.IndexFunc(*all, func(o link) bool { return o.IssueID == v.IssueID }); i >= 0 {
			old := (*all)[i]
			kept = v
			// A link found by a listing may be ours, about to be stored.
			isNew = old.Origin == "found" && v.Origin != "found"
			if !isNew {
				kept.Origin, kept.By, kept.ByID, kept.CreatedAt = old.Origin, old.By, old.ByID, old.CreatedAt
			}
			(*all)[i] = kept
			return true, nil
		}
		if len(*all) >= maxLinks {
			return false, invalidField("issue", "too_many", "a conversation can have at most %d links", maxLinks)
		}
		isNew, kept = true, v
		*all = append(*all, v)
		return true, nil
	})
	return isNew, kept, err
}

// know adds conversations that an issue is linked to in Linear.
func (l *links) know(ctx context.Context, conn, issue string, places []place) error {
	have, err := l.conversations(ctx, conn, issue)
	missing := slices.DeleteFunc(slices.Clone(places), func(p place) bool { return slices.Contains(have, p) })
	if err != nil || len(missing) == 0 {
		return err
	}
	_, err = change(ctx, l.docs, issueKey(conn, issue), 0, func(all *[]place) (bool, error) {
		n := len(*all)
		for _, p := range missing {
			if !slices.Contains(*all, p) && len(*all) < maxLinks {
				*all = append(*all, p)
			}
		}
		return len(*all) > n, nil
	})
	return err
}

// remove deletes the link with an id, and returns it.
func (l *links) remove(ctx context.Context, conn string, p place, id string) (*link, error) {
	var gone *link
	_, err := change(ctx, l.docs, conversationKey(conn, p.Account, p.Conversation), 0, func(all *[]link) (bool, error) {
		gone = nil
		i := slices.IndexFunc(*all, func(o link) bool { return o.ID == id })
		if i < 0 {
			return false, nil
		}
		v := (*all)[i]
		gone = &v
		*all = slices.Delete(*all, i, i+1)
		return true, nil
	})
	if err != nil || gone == nil {
		return nil, err
	}
	_, err = change(ctx, l.docs, issueKey(conn, gone.IssueID), 0, func(all *[]place) (bool, error) {
		n := len(*all)
		*all = slices.DeleteFunc(*all, func(o place) bool { return o == p })
		return len(*all) < n, nil
	})
	return gone, err
}

// refresh replaces the links of a conversation by what Linear says stands there: one
// write for the conversation, and one for each issue that is new or gone. old are the links
// of before Linear was asked: what was made or removed meanwhile stays so.
func (l *links) refresh(ctx context.Context, conn string, p place, old, now []link) error {
	with := func(all []link, id string) bool {
		return slices.ContainsFunc(all, func(o link) bool { return o.IssueID == id })
	}
	for _, v := range now {
		if !slices.ContainsFunc(old, func(o link) bool { return o.IssueID == v.IssueID && o.Identifier == v.Identifier }) {
			if err := l.name(ctx, conn, v); err != nil {
				return err
			}
		}
		if with(old, v.IssueID) {
			continue
		}
		_, err := change(ctx, l.docs, issueKey(conn, v.IssueID), 0, func(all *[]place) (bool, error) {
			if slices.Contains(*all, p) || len(*all) >= maxLinks {
				return false, nil
			}
			*all = append(*all, p)
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	var gone []string
	_, err := change(ctx, l.docs, conversationKey(conn, p.Account, p.Conversation), 0, func(all *[]link) (bool, error) {
		gone = nil
		next := make([]link, 0, len(now))
		for _, v := range now {
			if i := slices.IndexFunc(*all, func(o link) bool { return o.IssueID == v.IssueID }); i >= 0 {
				was := (*all)[i]
				v.Origin, v.By, v.ByID, v.CreatedAt = was.Origin, was.By, was.ByID, was.CreatedAt
			} else if with(old, v.IssueID) {
				continue // removed while Linear was asked
			}
			next = append(next, v)
		}
		for _, v := range *all {
			switch {
			case with(now, v.IssueID):
			case !with(old, v.IssueID):
				next = append(next, v) // made while Linear was asked
			default:
				gone = append(gone, v.IssueID)
			}
		}
		*all = next
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, id := range gone {
		_, err := change(ctx, l.docs, issueKey(conn, id), 0, func(all *[]place) (bool, error) {
			n := len(*all)
			*all = slices.DeleteFunc(*all, func(o place) bool { return o == p })
			return len(*all) < n, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
