package ticketing

import (
	"context"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// rescue makes the link and the customer request that belong to a created issue,
// if they are not there. A job of a link that was only to be made to an existing
// issue (Action is "complete") adds what a process that died left out: the link
// stands in Linear, but its conversation does not know.
func (a *API) rescue(ctx context.Context, j *job) error {
	conn, err := a.connection(ctx, j.Conn, "")
	if err != nil || conn == nil {
		return err
	}
	if !conn.usable() {
		return a.worker(ctx, conn).use(conn)
	}
	done, err := a.linkSettled(ctx, j)
	if err != nil || done && j.Customer == nil {
		return err
	}
	c := a.worker(ctx, conn)
	client, err := c.client()
	if err != nil {
		return err
	}
	if j.Action == "complete" && !done {
		if _, err := client.AttachmentNode(ctx, j.LinkID); err != nil {
			if remoteNotFound(err) {
				return nil // it was never made, and the client was told so
			}
			return err
		}
	}
	var n *linearapi.Node[linearapi.Issue]
	if n, err = client.IssueNode(ctx, j.IssueID); err != nil {
		if remoteNotFound(err) {
			return nil // the create never succeeded
		}
		return err
	}
	c.customer = j.Customer
	if !done {
		origin := "created"
		if j.Action == "complete" {
			origin = "linked"
		}
		if _, _, err = c.tie(conn, j.Place, n, j.Title, origin, Agent{ID: j.ByID, Name: j.By}, j.LinkID); err != nil {
			return err
		}
	}
	if j.Customer == nil {
		return nil
	}
	if off, err := a.requestsOff(ctx, conn.ID); err != nil || off {
		return err
	}
	occasion := n.Value.ID
	if j.Action == "complete" {
		occasion = linkOccasion(j.Place, n.Value.ID)
	}
	return c.customerRequest(j.Customer, n.Value.ID, occasion)
}

// linkSettled reports whether the link of a job is known, or was removed since.
func (a *API) linkSettled(ctx context.Context, j *job) (bool, error) {
	have, err := a.links.of(ctx, j.Conn, j.Place.Account, j.Place.Conversation)
	if err != nil {
		return false, err
	}
	for _, v := range have {
		if v.IssueID == j.IssueID && v.Origin != "found" {
			return true, nil
		}
	}
	// A link that was made and then removed is not made again.
	var log []Activity
	if _, err := a.docs.load(ctx, activityKey(j.Place), &log); err != nil {
		return false, err
	}
	for _, v := range log {
		if v.IssueID == j.IssueID && v.Kind == ActivityUnlinked {
			return true, nil
		}
	}
	return false, nil
}

// A conversation's links are compared with Linear an hour after one was made, and
// daily until the newest is a month old.
const (
	firstRepair = time.Hour
	nextRepair  = 24 * time.Hour
	lastRepair  = 30 * 24 * time.Hour
)

// repairLater has the links of a conversation compared with Linear, once on the
// day that is then.
func (a *API) repairLater(ctx context.Context, conn string, p place, delay time.Duration) error {
	due := a.cfg.Now().Add(delay).UTC().Format(time.DateOnly)
	return a.enqueue(ctx, job{Kind: jobRepair, Conn: conn, Place: p}, mendingLane(p), "repair:"+conn+":"+due, delay)
}

// repair reads the links of a conversation from Linear, for those of which no
// webhook told.
func (a *API) repair(ctx context.Context, j *job) error {
	conn, err := a.connection(ctx, j.Conn, "")
	if err != nil || conn == nil {
		return err
	}
	have, err := a.links.of(ctx, conn.ID, j.Place.Account, j.Place.Conversation)
	if err != nil {
		return err
	}
	if conn.usable() {
		if have, err = a.worker(ctx, conn).readLinks(j.Place); err != nil {
			return err
		}
		a.cache.drop(conn.ID, kindLinked)
	}
	now := a.cfg.Now()
	if slices.ContainsFunc(have, func(v link) bool { return now.Sub(v.CreatedAt) < lastRepair }) {
		return a.repairLater(ctx, conn.ID, j.Place, nextRepair)
	}
	return nil
}
