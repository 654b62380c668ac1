package ticketing

import (
	"context"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/state"
)

func statusKey(p place) state.Key {
	return state.Key{Kind: "ticketing.status", ID: p.Account + "/" + p.Conversation}
}

// statusNow is the status of a conversation, as the helpdesk told it last; "" if
// it never did.
func (a *API) statusNow(ctx context.Context, p place) (string, error) {
	var s string
	_, err := a.docs.load(ctx, statusKey(p), &s)
	return s, err
}

// statusKnown remembers the status of a conversation and, if it is a new one, has
// it shown on the links in Linear, so that engineers see who still waits.
func (a *API) statusKnown(ctx context.Context, p place, status, unique string) error {
	before, err := a.statusNow(ctx, p)
	if err != nil || before == status {
		return err
	}
	if err := a.docs.save(ctx, statusKey(p), status, 0); err != nil {
		return err
	}
	conns, err := a.connected(ctx)
	if err != nil {
		return err
	}
	for i := range conns {
		have, err := a.links.of(ctx, conns[i].ID, p.Account, p.Conversation)
		if err != nil {
			return err
		}
		if len(have) == 0 {
			continue
		}
		if err := a.enqueue(ctx, job{Kind: jobSubtitle, Conn: conns[i].ID, Place: p}, mendingLane(p), "subtitle:"+conns[i].ID+":"+unique, 0); err != nil {
			return err
		}
	}
	return nil
}

// showStatus writes the status of a conversation below its links in Linear.
func (a *API) showStatus(ctx context.Context, j *job) error {
	conn, err := a.connection(ctx, j.Conn, "")
	if err != nil || conn == nil {
		return err
	}
	c := a.worker(ctx, conn)
	if err := c.use(conn); err != nil {
		return err
	}
	status, err := a.statusNow(ctx, j.Place)
	if err != nil || status == "" {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	have, err := a.links.of(ctx, conn.ID, j.Place.Account, j.Place.Conversation)
	if err != nil {
		return err
	}
	for _, v := range have {
		done := a.intend(ctx, conn.ID, v.ID)
		made, err := client.AttachmentUpdate(ctx, v.ID, linearapi.AttachmentUpdateInput{Title: v.Title, Subtitle: status})
		if remoteNotFound(err) {
			continue // removed in Linear meanwhile
		}
		if err != nil {
			return err
		}
		done(made.UpdatedAt)
	}
	return nil
}
