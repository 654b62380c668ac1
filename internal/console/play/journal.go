package play

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// journalSize is how many deliveries and how many requests are kept.
const journalSize = 500

// entry is something that went over the wire: a delivery or a request.
type entry struct {
	Seq      int // in the order in which they were noticed
	ID       string
	Delivery *linearsim.Delivery // or
	Request  *linearsim.Request
	Version  string // differs if the entry looks different
}

// journal holds the newest entries of the wire.
type journal struct {
	mu      sync.Mutex
	seq     int
	entries []*entry
	byID    map[string]*entry
}

func newJournal() *journal { return &journal{byID: map[string]*entry{}} }

// read takes in what is new in the logs of a world, and drops what they no longer
// hold.
func (j *journal) read(world *linearsim.Server) {
	deliveries, requests := world.Newest(journalSize)
	j.mu.Lock()
	defer j.mu.Unlock()
	byID := make(map[string]*entry, len(deliveries)+len(requests))
	var fresh []*entry
	put := func(e *entry) {
		byID[e.ID] = e
		if old, ok := j.byID[e.ID]; ok {
			e.Seq = old.Seq
			return
		}
		fresh = append(fresh, e)
	}
	for _, d := range deliveries {
		version := fmt.Sprint(len(d.Attempts), d.Done, d.OK, d.Due.UnixMilli(), len(d.Body) > 0)
		put(&entry{ID: "d-" + d.ID, Delivery: &d, Version: version})
	}
	for _, r := range requests {
		if r.Number > 0 {
			put(&entry{ID: fmt.Sprint("r-", r.Number), Request: &r, Version: "1"})
		}
	}
	slices.SortStableFunc(fresh, func(a, b *entry) int { return a.at().Compare(b.at()) })
	for _, e := range fresh {
		j.seq++
		e.Seq = j.seq
	}
	j.byID = byID
	j.entries = slices.SortedFunc(maps.Values(byID), func(a, b *entry) int { return cmp.Compare(a.Seq, b.Seq) })
}

func (e *entry) at() time.Time {
	if e.Delivery != nil {
		return e.Delivery.At
	}
	return e.Request.At
}

// all returns copies of the entries, oldest first.
func (j *journal) all() []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]entry, len(j.entries))
	for i, e := range j.entries {
		out[i] = *e
	}
	return out
}

// find returns the entry with an id.
func (j *journal) find(id string) (entry, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, ok := j.byID[id]
	if !ok {
		return entry{}, false
	}
	return *e, true
}

// row is an entry as a line of the list.
type row struct {
	ID, Title, About string
	Seq              int
	Hook             bool
	At               time.Time
	Took             string
	Mark             string // ok, bad, wait
	Status           string
	Times            int // attempts, if there are several
}

func (e *entry) row(now time.Time) row {
	if d := e.Delivery; d != nil {
		r := row{ID: e.ID, Seq: e.Seq, Hook: true, Title: d.Type, About: d.Action, At: d.At, Times: len(d.Attempts), Mark: "wait", Status: "waiting"}
		if n := len(d.Attempts); n > 0 {
			last := d.Attempts[n-1]
			r.Took = took(last.Duration)
			r.Status, r.Mark = strconv.Itoa(last.Status), "bad"
			switch last.Status {
			case http.StatusOK:
				r.Mark = "ok"
			case 0:
				r.Status = "no answer"
			}
			if r.Mark == "bad" && !d.Due.IsZero() {
				r.About += " · again in " + short(d.Due.Sub(now))
			}
		}
		return r
	}
	q := e.Request
	r := row{ID: e.ID, Seq: e.Seq, Title: cmp.Or(strings.Join(q.Fields, ", "), q.OperationName, "request"), At: q.At, Took: took(q.Duration), Mark: "ok", Status: strconv.Itoa(q.Status)}
	if q.OperationName != "" && !strings.EqualFold(q.OperationName, r.Title) {
		r.About = q.OperationName
	}
	switch {
	case q.Status == 0:
		r.Mark, r.Status = "bad", "cut off"
	case len(q.Codes) > 0:
		r.Mark, r.Status = "bad", strings.Join(q.Codes, ", ")
	case q.Status != http.StatusOK:
		r.Mark = "bad"
	}
	return r
}

// took is a duration for people, empty for none.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// short is a wait for people.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return "a moment"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour).Hours()))
}
