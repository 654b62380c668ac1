package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/sse"
	"github.com/linearbot/linearbot/internal/trace"
)

// Told is a trace and its story.
type Told struct {
	trace.Trace
	Story trace.Story `json:"story"`
}

// Explanation answers what a query is about.
type Explanation struct {
	// Traces are what was found, newest first, with the bot's own messages and
	// duplicates behind the others.
	Traces []Told `json:"traces"`
	// Hints say, in sentences, what may be the cause if nothing was found.
	Hints []string `json:"hints,omitempty"`
}

// Deliveries is a list of traces.
type Deliveries struct {
	Traces []Told `json:"traces"`
	// More says that there are others.
	More bool `json:"more,omitempty"`
}

func (a *API) tell(ctx context.Context, all []trace.Trace) []Told {
	told := make([]Told, len(all))
	now := a.cfg.Now()
	var lanes map[string]wait
	for i := range all {
		t := &all[i]
		told[i] = Told{t.Shown(), t.Story(now)}
		if t.Status != trace.StatusWaiting || t.Reason != reason.Waiting {
			continue
		}
		if lanes == nil {
			lanes = a.busyLanes(ctx)
		}
		if why, ok := lanes[t.Workspace+"\x00"+string(t.Thread)]; ok {
			told[i].Story.What, told[i].Story.Do = why.what+" ["+reason.Waiting+"]", why.do
		}
	}
	return told
}

// wait says why something waits, and what to do about it.
type wait struct{ what, do string }

// busyLanes says of lanes why what is in them waits.
func (a *API) busyLanes(ctx context.Context) map[string]wait {
	why := make(map[string]wait)
	for l, err := range a.cfg.Inspector.Lanes(ctx) {
		if err != nil || len(why) >= 10*MaxList {
			break // what is known is better than nothing
		}
		key := l.Lane.Workspace + "\x00" + l.Lane.ID
		switch {
		case l.Holder != "":
			why[key] = wait{
				fmt.Sprintf("It waits because the bot is busy in its thread: process %s handles an earlier message, and %d are in the queue.", l.Holder, l.Depth),
				"Nothing, unless it waits for long: then linearbot explain the earlier message.",
			}
		case !l.HeldUntil.IsZero():
			why[key] = wait{
				fmt.Sprintf("It waits until %s, when the bot retries an earlier message of its thread.", l.HeldUntil.UTC().Format("15:04:05 UTC")),
				"To see why that one failed, linearbot explain it.",
			}
		default:
			why[key] = wait{
				"It waits for a worker: no bot is running, or all of its workers are busy.",
				"Start the bot if it is not running, or raise LINEARBOT_WORKERS.",
			}
		}
	}
	return why
}

func (a *API) explain(r *http.Request) (any, error) {
	q, err := trace.ParseQuery(r.FormValue("q"))
	if err != nil {
		return nil, invalid("%s", err)
	}
	found, seen, err := a.cfg.Traces.Explain(r.Context(), q)
	if err != nil {
		return nil, err
	}
	if found, err = a.withUnopened(r.Context(), q, found); err != nil {
		return nil, err
	}
	if found, err = a.withRivals(r.Context(), found); err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(x, y trace.Trace) int { return weight(&x, q) - weight(&y, q) })
	e := Explanation{Traces: a.tell(r.Context(), found)}
	if len(found) == 0 {
		e.Hints = a.hints(r.Context(), q, &seen)
	}
	return e, nil
}

// withUnopened adds the deliveries about an issue that were not decoded yet, because
// the bot does not know who it is or has not come to them. Their traces lack the
// short name of the issue, so its id is taken from others that have it.
func (a *API) withUnopened(ctx context.Context, q trace.Query, found []trace.Trace) ([]trace.Trace, error) {
	if q.Subject == "" {
		return found, nil
	}
	var looked []string
	for _, t := range slices.Clone(found) {
		_, rest, _ := strings.Cut(string(t.Thread), ":")
		issue, _, _ := strings.Cut(rest, ":")
		if issue == "" || slices.Contains(looked, issue) {
			continue
		}
		if looked = append(looked, issue); len(looked) > maxRivals {
			break
		}
		others, _, err := a.cfg.Traces.Explain(ctx, trace.Query{Text: issue, Thread: true})
		if err != nil {
			return nil, err
		}
		for _, o := range others {
			if o.Subject == "" && o.Workspace == t.Workspace {
				found = append(found, o)
			}
		}
	}
	slices.SortStableFunc(found, func(x, y trace.Trace) int { return y.At.Compare(x.At) })
	return found, nil
}

// maxRivals is how many deliveries that are handled as another event lead to it.
const maxRivals = 5

// withRivals adds the deliveries by which the bot handles what is told twice, such
// as the session of a mention: how that stands is what people ask about.
func (a *API) withRivals(ctx context.Context, found []trace.Trace) ([]trace.Trace, error) {
	looked := 0
	for _, t := range slices.Clone(found) {
		if t.Reason != reason.SameAct || t.Detail == "" || slices.ContainsFunc(found, func(o trace.Trace) bool { return o.Event == t.Detail }) {
			continue
		}
		if looked++; looked > maxRivals {
			break // each look reads pages of the store, and the newest are what people ask about
		}
		others, _, err := a.cfg.Traces.Explain(ctx, trace.Query{Text: t.Detail})
		if err != nil {
			return nil, err
		}
		for _, o := range others {
			if o.Event == t.Detail && o.Workspace == t.Workspace {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// weight orders what was found: what the bot wrote itself, or handles as another
// event, comes after what it answers, and a duplicate after what it repeats.
func weight(t *trace.Trace, q trace.Query) int {
	switch {
	case t.Status == trace.StatusDuplicate:
		return 2
	case t.Reason == reason.SameAct, t.Reason == reason.Yields, (t.Reason == reason.Self || t.Reason == reason.OwnSession) && !t.Names(q):
		return 1
	default:
		return 0
	}
}

// hints says why there may be no trace of what q asks about.
func (a *API) hints(ctx context.Context, q trace.Query, seen *trace.Seen) []string {
	if a.cfg.Removed != nil && q.URLKey != "" {
		// Otherwise requests that were refused for another reason would seem to be the cause.
		if removed, err := a.cfg.Removed(ctx, q.URLKey); err == nil && removed {
			row := reason.Of(reason.NotInstalled)
			return []string{fmt.Sprintf("The workspace %s has removed the app. [%s]", q.URLKey, row.Code), "To do: " + row.Do}
		}
	}
	var all []string
	for _, of := range seen.Refused {
		row := reason.Of(of.Reason)
		what := fmt.Sprintf("%d requests were refused within the last day, the last one at %s", of.N, clock(of.Last))
		if of.N == 1 {
			what = "1 request was refused within the last day, at " + clock(of.Last)
		}
		all = append(all, fmt.Sprintf("%s, for this reason: %s [%s]", what, row.Says, row.Code))
		if row.Do != "" {
			all = append(all, "To do: "+row.Do)
		}
	}
	switch {
	case len(all) > 0:
	case seen.Last.IsZero():
		all = append(all, "No request has arrived at all.", "To do: Check in Linear that the webhook is enabled, that it sends this type of event, and that its URL leads to this server. linearbot doctor tests it.")
	default:
		all = append(all, "Linear has sent no request about it. The last request about anything came at "+clock(seen.Last)+".",
			"To do: Check in Linear that the webhook sends this type of event, and that the app has access to the team. linearbot doctor tests it. If the server could not be reached, Linear retries after a minute, an hour and six hours, and the bot asks Linear every five minutes (LINEARBOT_CATCH_UP) for what it missed.")
	}
	return all
}

// clock is how hints write a time.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func (a *API) deliveries(r *http.Request) (any, error) {
	f, err := filter(r)
	if err != nil {
		return nil, err
	}
	want := f.Limit
	f.Limit++
	all, err := a.cfg.Traces.List(r.Context(), f)
	if err != nil {
		return nil, err
	}
	more := len(all) > want
	return Deliveries{Traces: a.tell(r.Context(), all[:min(len(all), want)]), More: more}, nil
}

// filter reads which deliveries are asked for.
func filter(r *http.Request) (trace.Filter, error) {
	f := trace.Filter{
		Workspace: r.FormValue("workspace"), Thread: adapter.ThreadID(r.FormValue("thread")), Status: trace.Status(r.FormValue("status")),
	}
	var err error
	if f.Limit, err = limit(r); err != nil {
		return f, err
	}
	if f.Status != "" && !slices.Contains(trace.Statuses(), f.Status) {
		return f, invalid("status is %q: give one of %v", f.Status, trace.Statuses())
	}
	if since := r.FormValue("since"); since != "" {
		if f.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return f, invalid("since is %q: give a time like 2026-12-31T18:00:00Z", since)
		}
	}
	return f, nil
}

// follow sends what ends from now on, one event for each part of a delivery's
// way.
func (a *API) follow(w http.ResponseWriter, r *http.Request) {
	if a.cfg.Recorder == nil {
		fail(w, &httpError{http.StatusConflict, "no bot runs here whose deliveries could be followed"})
		return
	}
	f, err := filter(r)
	if err != nil {
		fail(w, err)
		return
	}
	parts, stop := a.cfg.Recorder.Follow()
	defer stop()
	out, err := sse.Open(w, sse.Config{})
	if err != nil {
		return
	}
	defer out.Close()
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-out.Beat():
			err = out.Alive()
		case p, more := <-parts:
			if !more {
				return
			}
			t := trace.Merge([]trace.Part{p})[0]
			if !f.Keeps(&t) {
				continue
			}
			data, jsonErr := json.Marshal(Told{t.Shown(), t.Story(a.cfg.Now())})
			if jsonErr != nil {
				continue
			}
			err = out.Send(sse.Event{Data: data})
		}
	}
}
