package linear

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// A write under an id that is taken fails with "conflict on insert". It is a
// repeat of an earlier write only if the existing entity is the bot's and in
// the right place. An entity that cannot be seen was removed, or was never the
// bot's: then the write is sent under the next id derived from its key, so that
// no answer is lost and every repeat has the same result.

const (
	// maxIDs is how many ids are tried for one write.
	maxIDs = 3
	// lookAgain is the first wait before looking something up again that was not
	// found: another request may be in flight, or a read replica may lag. The waits
	// double, up to about 8 s in total, after which the entity counts as removed.
	lookAgain = 250 * time.Millisecond
	looks     = 6
)

// idOf returns the n-th id that is tried for a write, counted from 0.
func (b *bot) idOf(key string, n int) string {
	if n == 0 {
		return b.writeID(key)
	}
	return b.writeID(key + "|again|" + strconv.Itoa(n))
}

// taken reports whether err says that an id is already in use.
func taken(err error, id string) bool {
	_, named, ok := linearapi.ConflictID(err)
	return ok && (named == "" || strings.EqualFold(named, id))
}

// errIDsTaken is the cause of errTaken.
var errIDsTaken = errors.New("what has them is not the bot's, or was removed")

// errTaken is the error of a write whose ids are all taken.
func errTaken(op string) error {
	return &adapter.Error{Code: adapter.CodeConflict, Op: op, Message: "the ids of this write are taken", Err: errIDsTaken}
}

// seen looks up an entity that exists but may be visible late, such as the one under a
// taken id, and retries for some seconds while it finds nothing. It returns nil without an error if nothing was found.
func seen[T any](ctx context.Context, look func() (*T, error)) (*T, error) {
	wait := lookAgain
	for n := 1; ; n++ {
		found, err := look()
		if found != nil || unless(adapter.CodeNotFound, err) != nil {
			return found, err
		}
		if n == looks {
			return nil, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, &adapter.Error{Code: adapter.CodeCanceled, Op: "lookup", Err: ctx.Err()}
		}
		wait *= 2
	}
}

// standing returns the comment under a taken id if the bot wrote it there. It
// returns nil without an error if another user wrote it, or if it cannot be
// seen. If patient is set, it retries while nothing is found.
func (a *Adapter) standing(ctx context.Context, b *bot, in *linearapi.CommentCreateInput, patient bool) (*linearapi.Comment, error) {
	look := func() (*linearapi.Comment, error) { return b.api.Comment(ctx, in.ID) }
	var c *linearapi.Comment
	var err error
	if patient {
		c, err = seen(ctx, look)
	} else if c, err = look(); err != nil {
		err = unless(adapter.CodeNotFound, err)
	}
	if err != nil || c == nil || !b.isAuthor(c, in.CreateAsUser != "") {
		return nil, err
	}
	same, err := a.samePlace(ctx, b, c, in)
	if err == nil && !same {
		err = opError("post", adapter.CodeConflict, "the key was used for a message in another thread: give each message a key of its own")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// isAuthor reports whether the bot wrote a comment whose id is its own. Linear
// may omit the user of a comment that was written under another name.
func (b *bot) isAuthor(c *linearapi.Comment, persona bool) bool {
	if c.User != nil && c.User.ID != "" {
		return c.User.ID == b.self.UserID
	}
	return persona && c.ExternalUser == nil
}

// samePlace reports whether a comment is in the place intended for a new one.
func (a *Adapter) samePlace(ctx context.Context, b *bot, c *linearapi.Comment, in *linearapi.CommentCreateInput) (bool, error) {
	root := c.Root()
	if root == c.ID {
		root = ""
	}
	if root == in.ParentID {
		return root != "" || sameParent(c, in), nil
	}
	if root == "" || in.ParentID == "" {
		return false, nil
	}
	// The thread may be named after a reply.
	parent, err := b.api.Comment(ctx, in.ParentID)
	if err != nil {
		return false, err
	}
	if above := parent.Root(); above != root {
		return false, nil
	}
	a.roots.put(b.key(in.ParentID), root)
	return true, nil
}

// sameParent reports whether a root comment has the parent intended for a new
// one. Fields that the answer leaves out count as equal.
func sameParent(c *linearapi.Comment, in *linearapi.CommentCreateInput) bool {
	if in.IssueID != "" {
		return c.IssueID == "" && c.Issue == nil || c.IssueID == in.IssueID ||
			c.Issue != nil && (c.Issue.ID == in.IssueID || strings.EqualFold(c.Issue.Identifier, in.IssueID))
	}
	for _, p := range [...][2]string{
		{c.ProjectID, in.ProjectID},
		{c.ProjectUpdateID, in.ProjectUpdateID},
		{c.InitiativeID, in.InitiativeID},
		{c.InitiativeUpdateID, in.InitiativeUpdateID},
		{c.DocumentContentID, in.DocumentContentID},
	} {
		if p[1] != "" {
			return p[0] == "" || p[0] == p[1]
		}
	}
	return false
}

// activity writes an activity under the ids of a key. existed reports that it
// was already there.
func (b *bot) activity(ctx context.Context, key string, in linearapi.AgentActivityCreateInput) (_ *linearapi.Activity, existed bool, err error) {
	for n := range maxIDs {
		in.ID = b.idOf(key, n)
		made, err := b.api.AgentActivityCreate(ctx, in)
		if err == nil {
			if made.ID == "" {
				made.ID = in.ID
			}
			return made, false, nil
		}
		if !taken(err, in.ID) {
			return nil, false, err
		}
		if in.Ephemeral { // it disappears by itself, so not finding it says nothing
			return &linearapi.Activity{ID: in.ID}, true, nil
		}
		there, err := seen(ctx, func() (*linearapi.Activity, error) { return b.findActivity(ctx, in.AgentSessionID, in.ID) })
		switch {
		case err != nil:
			return nil, false, err
		case there != nil:
			return there, true, nil
		}
	}
	return nil, false, errTaken("activity")
}

// findActivity returns the bot's activity with an id in a session, or nil.
func (b *bot) findActivity(ctx context.Context, session, id string) (*linearapi.Activity, error) {
	page, err := b.api.AgentSessionActivities(ctx, session, linearapi.Filter{"id": linearapi.Filter{"eq": id}}, linearapi.PageArgs{First: 1})
	if err != nil {
		return nil, err
	}
	for i := range page.Nodes {
		x := &page.Nodes[i]
		if x.ID == id && (x.User == nil || x.User.ID == "" || x.User.ID == b.self.UserID) {
			return x, nil
		}
	}
	return nil, nil
}
