package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/scheduled"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// Letter is a dead letter without its body.
type Letter struct {
	ID       string    `json:"id"`
	Lane     state.Key `json:"lane"`
	Attempts int       `json:"attempts"`
	BuriedAt time.Time `json:"buried_at"`
	Code     string    `json:"code"`
	Message  string    `json:"message,omitempty"`
	// Stack and Trace are there if one is shown.
	Stack string `json:"stack,omitempty"`
	Trace *Told  `json:"trace,omitempty"`
}

// Letters is a list of dead letters.
type Letters struct {
	Letters []Letter `json:"letters"`
	More    bool     `json:"more,omitempty"`
}

// Chosen says what a change is about.
type Chosen struct {
	// ID is the id of a letter, or at least its first 6 characters.
	ID string `json:"id,omitempty"`
	// Lane narrows that down. May be empty.
	Lane string `json:"lane,omitempty"`
	// All means all of them.
	All bool `json:"all,omitempty"`
}

// Changed says what was changed.
type Changed struct {
	IDs []string `json:"ids"`
	N   int      `json:"n"`
}

// ShownID is how the id of an entry is shown: some hold zero bytes.
func ShownID(id string) string { return wording.ID(id) }

func letter(d *state.DeadEntry) Letter {
	return Letter{
		ID: ShownID(d.ID), Lane: d.Lane, Attempts: d.Attempt, BuriedAt: d.BuriedAt, Code: d.Cause.Code, Message: d.Cause.Message,
	}
}

func (a *API) dead(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	var l Letters
	for d, err := range a.cfg.Inspector.Dead(r.Context()) {
		if err != nil {
			return nil, err
		}
		l.Letters = append(l.Letters, letter(&d))
	}
	slices.SortStableFunc(l.Letters, func(x, y Letter) int { return y.BuriedAt.Compare(x.BuriedAt) })
	l.More = len(l.Letters) > n
	l.Letters = l.Letters[:min(len(l.Letters), n)]
	return l, nil
}

// shortest is the minimum length of the beginning of an id, unless the id itself
// is shorter.
const shortest = 6

// choose returns the dead letters that are asked for: all, or the one with the id,
// or else the only one whose id begins with it.
func (a *API) choose(ctx context.Context, c Chosen) ([]state.DeadEntry, error) {
	if c.All == (c.ID != "") {
		return nil, invalid("give an id, or all")
	}
	var lane *state.Key
	if c.Lane != "" {
		k, ok := state.ParseKey(c.Lane)
		if !ok {
			return nil, invalid("%q is not a lane", c.Lane)
		}
		lane = &k
	}
	var exact, begin []state.DeadEntry
	for d, err := range a.cfg.Inspector.Dead(ctx) {
		if err != nil {
			return nil, err
		}
		if lane != nil && d.Lane != *lane {
			continue
		}
		d.Body = nil // all of them may be much
		switch shown := ShownID(d.ID); {
		case c.All || d.ID == c.ID || shown == c.ID:
			exact = append(exact, d)
		case len(c.ID) >= shortest && strings.HasPrefix(shown, c.ID):
			begin = append(begin, d)
		}
	}
	if len(exact) == 0 {
		exact = begin
	}
	switch {
	case c.All || len(exact) == 1:
		return exact, nil
	case len(exact) > 1:
		return nil, &httpError{http.StatusConflict, fmt.Sprintf("%d dead letters match %s: give more of the id, or the lane", len(exact), c.ID)}
	case len(c.ID) < shortest:
		return nil, &httpError{http.StatusNotFound, fmt.Sprintf("there is no dead letter %s; the beginning of an id needs at least %d characters", c.ID, shortest)}
	default:
		return nil, &httpError{http.StatusNotFound, "there is no dead letter " + c.ID}
	}
}

func (a *API) showDead(r *http.Request) (any, error) {
	found, err := a.choose(r.Context(), Chosen{ID: r.FormValue("id"), Lane: r.FormValue("lane")})
	if err != nil {
		return nil, err
	}
	l := letter(&found[0])
	l.Stack = found[0].Cause.Stack
	traces, err := a.cfg.Traces.Find(r.Context(), trace.Query{Text: found[0].ID})
	if err != nil {
		return nil, err
	}
	if len(traces) > 0 {
		l.Trace = &a.tell(r.Context(), traces[:1])[0]
	}
	return l, nil
}

func (a *API) requeue(r *http.Request) (any, error) {
	return a.change(r, "requeued", a.cfg.Inspector.Requeue)
}

func (a *API) drop(r *http.Request) (any, error) {
	return a.change(r, "dropped", a.cfg.Inspector.Purge)
}

// change applies f to the dead letters that are asked for.
func (a *API) change(r *http.Request, done string, f func(ctx context.Context, lane state.Key, id string) error) (any, error) {
	var c Chosen
	if err := read(r, &c); err != nil {
		return nil, err
	}
	found, err := a.choose(r.Context(), c)
	if err != nil {
		return nil, err
	}
	var out Changed
	for _, d := range found {
		err := f(r.Context(), d.Lane, d.ID)
		if c.All && errors.Is(err, state.ErrNotFound) {
			continue // another request got there first
		}
		if err != nil {
			return nil, fmt.Errorf("dead letter %s: %w", ShownID(d.ID), err)
		}
		if out.N++; out.N <= MaxList {
			out.IDs = append(out.IDs, ShownID(d.ID))
		}
	}
	a.cfg.Logger.Info().Int("letters", out.N).Msg("dead letters were " + done + " by hand")
	return out, nil
}

// Post is a scheduled post.
type Post struct {
	ID   string    `json:"id"`
	Lane state.Key `json:"lane"`
	Due  time.Time `json:"due"`
	// Canceled says that it will not be posted.
	Canceled bool `json:"canceled,omitempty"`
}

// Posts is a list of scheduled posts.
type Posts struct {
	Posts []Post `json:"posts"`
	More  bool   `json:"more,omitempty"`
}

func (a *API) posts(ctx context.Context) ([]Post, error) {
	var all []Post
	for d, err := range a.cfg.Inspector.Delayed(ctx) {
		if err != nil {
			return nil, err
		}
		if id, ok := strings.CutPrefix(d.ID, notes.PostPrefix); ok {
			all = append(all, Post{ID: id, Lane: d.Lane, Due: d.Due})
		}
	}
	slices.SortStableFunc(all, func(x, y Post) int { return x.Due.Compare(y.Due) })
	return all, nil
}

func (a *API) scheduled(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	all, err := a.posts(r.Context())
	if err != nil {
		return nil, err
	}
	p := Posts{Posts: all[:min(len(all), n)], More: len(all) > n}
	for i := range p.Posts {
		post := scheduled.Post{Workspace: p.Posts[i].Lane.Workspace, Name: p.Posts[i].ID}
		p.Posts[i].Canceled, err = post.IsCanceled(r.Context(), a.cfg.Book)
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (a *API) cancel(r *http.Request) (any, error) {
	var c Chosen
	if err := read(r, &c); err != nil {
		return nil, err
	}
	if c.All || len(c.ID) < shortest {
		return nil, invalid("give the id of a scheduled post, or at least its first %d characters", shortest)
	}
	all, err := a.posts(r.Context())
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p Post) bool { return !strings.HasPrefix(p.ID, c.ID) })
	switch len(all) {
	case 0:
		return nil, &httpError{http.StatusNotFound, "there is no scheduled post " + c.ID}
	case 1:
	default:
		return nil, &httpError{http.StatusConflict, fmt.Sprintf("%d scheduled posts begin with %s: give more of the id", len(all), c.ID)}
	}
	p := all[0]
	post := scheduled.Post{Workspace: p.Lane.Workspace, Name: p.ID}
	canceled, err := post.Cancel(r.Context(), a.cfg.Book, p.Due.Sub(a.cfg.Now()))
	if err != nil {
		return nil, err
	}
	if !canceled {
		return nil, &httpError{http.StatusConflict, "the message was posted already"}
	}
	a.cfg.Logger.Info().Str("post", p.ID).Msg("scheduled post was canceled by hand")
	return Changed{IDs: []string{p.ID}, N: 1}, nil
}

// Lanes is a list of lanes.
type Lanes struct {
	Lanes []state.LaneInfo `json:"lanes"`
	More  bool             `json:"more,omitempty"`
}

func (a *API) lanes(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	var l Lanes
	for info, err := range a.cfg.Inspector.Lanes(r.Context()) {
		if err != nil {
			return nil, err
		}
		l.Lanes = append(l.Lanes, info)
	}
	slices.SortStableFunc(l.Lanes, func(x, y state.LaneInfo) int {
		return cmp.Or(x.Oldest.Compare(y.Oldest), cmp.Compare(x.Lane.ID, y.Lane.ID))
	})
	l.More = len(l.Lanes) > n
	l.Lanes = l.Lanes[:min(len(l.Lanes), n)]
	return l, nil
}

// Delayed is a list of what waits outside the lanes: scheduled posts, questions and
// retries.
type Delayed struct {
	Delayed []state.DelayedEntry `json:"delayed"`
	More    bool                 `json:"more,omitempty"`
}

func (a *API) delayed(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	var l Delayed
	for d, err := range a.cfg.Inspector.Delayed(r.Context()) {
		if err != nil {
			return nil, err
		}
		d.Body, d.Cause.Stack = nil, "" // what people wrote is not shown
		l.Delayed = append(l.Delayed, d)
	}
	slices.SortStableFunc(l.Delayed, func(x, y state.DelayedEntry) int { return x.Due.Compare(y.Due) })
	l.More = len(l.Delayed) > n
	l.Delayed = l.Delayed[:min(len(l.Delayed), n)]
	return l, nil
}
