package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// The kinds of job.
const (
	jobInbound  = "inbound"  // a delivery of Linear
	jobActivity = "activity" // an activity for the sink
	jobLink     = "link"     // a link that a create may have left out
	jobRepair   = "repair"   // links of a conversation, as Linear has them
	jobDeliver  = "deliver"  // an outgoing webhook
	jobMirror   = "mirror"   // a comment for the sink
	jobStatus   = "status"   // the status of a conversation
	jobSubtitle = "subtitle" // the same, on its links in Linear
)

// job is an entry of the queue.
type job struct {
	Kind     string          `json:"kind"`
	Conn     string          `json:"conn,omitempty"`
	Place    place           `json:"place,omitzero"`
	IssueID  string          `json:"issue_id,omitempty"`
	LinkID   string          `json:"link_id,omitempty"`
	Title    string          `json:"title,omitempty"`
	By       string          `json:"by,omitempty"`
	ByID     string          `json:"by_id,omitempty"`
	Status   string          `json:"status,omitempty"`
	Action   string          `json:"action,omitempty"`
	Customer *CustomerInput  `json:"customer,omitempty"`
	Activity *Activity       `json:"activity,omitempty"`
	Message  *Message        `json:"message,omitempty"`
	Hook     string          `json:"hook,omitempty"`
	Event    string          `json:"event,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
}

// laneOf is the lane of what happens in a conversation.
func laneOf(p place) state.Key {
	return state.Key{Kind: "ticketing.conversation", ID: p.Account + "/" + p.Conversation}
}

// mendingLane is the lane of what puts links in order. It is none of the
// conversation's: while Linear is away, its activities do not wait.
func mendingLane(p place) state.Key {
	return state.Key{Kind: "ticketing.mending", ID: p.Account + "/" + p.Conversation}
}

// enqueue stores a job. A job of the same id in the same lane is stored once.
func (a *API) enqueue(ctx context.Context, j job, lane state.Key, id string, delay time.Duration) error {
	raw, err := json.Marshal(j)
	if err != nil {
		return err
	}
	_, err = a.cfg.Store.Enqueue(ctx, state.Entry{ID: id, Lane: lane, Body: raw, Delay: delay})
	return err
}

// The pace of the queue.
const (
	leaseTTL   = 2 * time.Minute
	jobTimeout = time.Minute
	lanesAt    = 16
)

// Run works the queue until ctx ends: it processes Linear's deliveries, writes
// activities and mirrored comments into the helpdesk, delivers outgoing webhooks,
// and makes links that are missing. It finishes the jobs in progress and returns
// nil, or the error of a store that was closed; other errors of the store are logged,
// and it tries again. Call it once in each process; several processes may run it on one
// store. The streams of events end with ctx, so that a server can stop.
func (a *API) Run(ctx context.Context) error {
	defer a.hooks.CloseIdleConnections()
	var wg sync.WaitGroup
	defer wg.Wait()
	a.events.open()
	defer a.events.close()
	wg.Go(func() { a.watch(ctx) })
	places := make(chan struct{}, lanesAt)
	for {
		leases, err := a.cfg.Store.Lease(ctx, state.LeaseRequest{Holder: "ticketing", TTL: leaseTTL, Lanes: 4})
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, state.ErrClosed), errors.Is(err, state.ErrInvalid):
			return err
		case err != nil:
			a.log.Warn().Err(err).Msg("the queue cannot be read; trying again")
			timer := time.NewTimer(time.Second)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
			continue
		}
		for _, l := range leases {
			places <- struct{}{}
			wg.Go(func() {
				defer func() { <-places }()
				a.work(context.WithoutCancel(ctx), l)
			})
		}
	}
}

// work runs the jobs of a lease and settles them.
func (a *API) work(ctx context.Context, l *state.Lease) {
	var verdicts []state.Verdict
	for _, e := range l.Entries {
		verdicts = append(verdicts, a.verdict(ctx, &e))
	}
	if err := a.cfg.Store.Settle(ctx, l, state.Settlement{Verdicts: verdicts}); err != nil {
		a.log.Warn().Err(err).Msg("a job could not be settled; it runs again")
	}
}

// verdict runs one job and returns how to settle it.
func (a *API) verdict(ctx context.Context, e *state.Queued) state.Verdict {
	var j job
	if err := json.Unmarshal(e.Body, &j); err != nil {
		return state.Bury(e.ID, state.Cause{Code: "invalid", Message: "the job cannot be read"})
	}
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	err := a.run(ctx, &j, e)
	if err == nil {
		return state.Ack(e.ID)
	}
	cause := state.Cause{Code: problemOf(err).code, Message: wording.Clip(err.Error(), 500)}
	p := problemOf(err)
	final := p.status < 500 && p.status != 429 && p.status != 401
	if j.Kind == jobDeliver {
		final = false
	}
	retries := a.cfg.Retries
	if final || e.Attempt > len(retries) {
		a.log.Warn().Str("kind", j.Kind).Str("error", cause.Message).Msg("a job failed for good")
		if j.Kind == jobDeliver {
			a.gaveUp(ctx, &j)
		}
		return state.Bury(e.ID, cause)
	}
	return state.Retry(e.ID, max(retries[e.Attempt-1], p.retryAfter), cause)
}

func (a *API) run(ctx context.Context, j *job, e *state.Queued) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	switch j.Kind {
	case jobInbound:
		return a.inbound(ctx, j)
	case jobActivity:
		if a.cfg.Helpdesk.Sink == nil || j.Activity == nil {
			return nil
		}
		return a.cfg.Helpdesk.Sink.Activity(ctx, *j.Activity)
	case jobLink:
		return a.rescue(ctx, j)
	case jobRepair:
		return a.repair(ctx, j)
	case jobDeliver:
		return a.deliver(ctx, j, e.Attempt)
	case jobMirror:
		return a.mirrorOut(ctx, j)
	case jobStatus:
		if r, can := a.cfg.Helpdesk.Sink.(Reopener); can {
			if err := r.SetStatus(ctx, j.Place.Account, j.Place.Conversation, j.Status); err != nil {
				return err
			}
			return a.statusKnown(ctx, j.Place, j.Status, e.ID)
		}
		return nil
	case jobSubtitle:
		return a.showStatus(ctx, j)
	default:
		return fmt.Errorf("ticketing: unknown kind of job %q", j.Kind)
	}
}

// worker is a call without a request, for jobs.
func (a *API) worker(ctx context.Context, conn *Connection) *call {
	q, _ := parseQuery("")
	return &call{
		ctx: ctx, api: a, conn: conn, q: q, id: random64(), header: map[string][]string{},
		who: &identity{Token: Token{ID: "system", Name: "Linear", Role: RoleAdmin}}, path: map[string]string{},
		route: &route{},
	}
}

func random64() string { return shortHash(string(random(16))) }

// connection finds a connection by its id, or by the organization.
func (a *API) connection(ctx context.Context, id, organization string) (*Connection, error) {
	all, err := a.connected(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id || organization != "" && all[i].ID == organization {
			return &all[i], nil
		}
	}
	if organization == "" {
		return nil, nil //nolint:nilnil // a connection that is gone is an answer
	}
	for i := range all {
		if s := all[i].Status; s != "" && s != "active" {
			continue
		}
		space, err := a.spaces.of(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		if space.Organization.ID == organization {
			return &all[i], nil
		}
	}
	return nil, nil //nolint:nilnil // an unknown organization is an answer
}

// remoteNotFound reports whether Linear has no such thing.
func remoteNotFound(err error) bool { return adapter.CodeOf(err) == adapter.CodeNotFound }
