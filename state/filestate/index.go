package filestate

import (
	"cmp"
	"container/heap"
	"container/list"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// index is the queue as it is kept in memory: everything about the entries but
// their content. Store.mu guards it. Entries come and go by the writer only, so
// what the writer has read stays true until it commits, except for leases,
// attempts and delayed entries that fall due.
type index struct {
	lanes   map[state.Key]*lane
	ready   list.List // of *lane, longest waiting first
	alarms  alarms
	late    map[uint64]*late // delayed entries by record number
	entries int              // entries in lanes
	dead    int
	dropped int              // dead letters that were dropped
	dirty   map[uint64]*item // attempts that are not on the disk yet
	// dirtyAt is when the first of them was begun, or a little before.
	dirtyAt time.Time
}

func newIndex() *index {
	return &index{lanes: map[state.Key]*lane{}, late: map[uint64]*late{}, dirty: map[uint64]*item{}}
}

// item is an entry.
type item struct {
	record  uint64 // its number in the file
	seq     uint64 // its place in the lane
	at      int64  // when it was stored, Unix nanoseconds
	size    uint32 // of its body
	attempt int32
	marked  bool // has a mark in the file
	// suspect says that the entry may be what ended the process that had the
	// store before. Its next attempt is on the disk before it is handed out.
	suspect bool
}

// lane is one that has entries, or a hold that has not ended.
type lane struct {
	key   state.Key
	items []*item // by seq
	held  time.Time
	lease *lease        // the last lease until it is settled; it may have lapsed
	elem  *list.Element // in index.ready
	since time.Time     // when it was put there
	alarm alarm         // when the lease lapses or the hold ends
}

// lease is what the store knows of a lease.
type lease struct {
	token   uint64
	holder  string
	expires time.Time
	items   []*item
	ids     []string // of items
	// settling says that a transaction with the lease's verdicts is under way.
	// Until it ends the lane is not handed out, even if the lease lapses.
	settling bool
}

// late is an entry that waits outside its lane.
type late struct {
	*item
	lane  state.Key
	due   time.Time
	alarm alarm
}

// alarm is a moment at which something falls due, of a lane or a late entry.
type alarm struct {
	at   time.Time
	pos  int // position in the heap, counted from one; zero if it is off
	lane *lane
	late *late
}

type alarms []*alarm

// Len implements [heap.Interface].
func (a *alarms) Len() int { return len(*a) }

// Less implements [heap.Interface].
func (a *alarms) Less(i, j int) bool { return (*a)[i].at.Before((*a)[j].at) }

// Swap implements [heap.Interface].
func (a *alarms) Swap(i, j int) {
	s := *a
	s[i], s[j] = s[j], s[i]
	s[i].pos, s[j].pos = i+1, j+1
}

// Push implements [heap.Interface].
func (a *alarms) Push(x any) {
	if x, ok := x.(*alarm); ok {
		*a = append(*a, x)
		x.pos = len(*a)
	}
}

// Pop implements [heap.Interface].
func (a *alarms) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*a = old[:len(old)-1]
	last.pos = 0
	return last
}

func (x *index) ring(a *alarm, at time.Time) {
	switch {
	case a.pos == 0:
		a.at = at
		heap.Push(&x.alarms, a)
	case !a.at.Equal(at):
		a.at = at
		heap.Fix(&x.alarms, a.pos-1)
	}
}

func (x *index) silence(a *alarm) {
	if a.pos > 0 {
		heap.Remove(&x.alarms, a.pos-1)
	}
}

// next returns when something falls due, or the zero time.
func (x *index) next() time.Time {
	var at time.Time
	if len(x.alarms) > 0 {
		at = x.alarms[0].at
	}
	if due := x.dirtyAt.Add(attemptPatience); len(x.dirty) > 0 && (at.IsZero() || due.Before(at)) {
		at = due
	}
	return at
}

// advance lets happen what has fallen due.
func (x *index) advance(now time.Time) {
	for len(x.alarms) > 0 && !x.alarms[0].at.After(now) {
		a := x.alarms[0]
		x.silence(a)
		if l := a.late; l != nil {
			delete(x.late, l.record)
			x.insert(x.lane(l.lane), l.item, now)
			continue
		}
		x.place(a.lane, now)
	}
}

// lane returns the lane of k, made if need be. The caller then calls place.
func (x *index) lane(k state.Key) *lane {
	l := x.lanes[k]
	if l == nil {
		l = &lane{key: k}
		l.alarm.lane = l
		x.lanes[k] = l
	}
	return l
}

// place puts the lane where it belongs: with a live lease or a hold it waits
// for their end, with entries it is ready, otherwise it is dropped. It is called
// after every change. A lane that is ready keeps its turn.
func (x *index) place(l *lane, now time.Time) {
	switch {
	case l.leased(now):
		x.unready(l)
		if !l.lease.settling {
			x.ring(&l.alarm, l.lease.expires)
		}
	case l.held.After(now):
		x.unready(l)
		x.ring(&l.alarm, l.held)
	case len(l.items) == 0:
		x.unready(l)
		x.silence(&l.alarm)
		delete(x.lanes, l.key)
	default:
		x.silence(&l.alarm)
		if l.elem == nil {
			l.elem, l.since = x.ready.PushBack(l), now
		}
	}
}

func (x *index) unready(l *lane) {
	if l.elem != nil {
		x.ready.Remove(l.elem)
		l.elem = nil
	}
}

// leased reports whether the lane has a live lease.
func (l *lane) leased(now time.Time) bool {
	return l.lease != nil && (l.lease.settling || l.lease.expires.After(now))
}

// under returns the lane if token names its last lease.
func (x *index) under(k state.Key, token uint64) *lane {
	if l := x.lanes[k]; l != nil && l.lease != nil && l.lease.token == token {
		return l
	}
	return nil
}

// insert puts it into l where its seq says.
func (x *index) insert(l *lane, it *item, now time.Time) {
	i, _ := l.find(it)
	l.items = slices.Insert(l.items, i, it)
	x.entries++
	x.place(l, now)
}

// remove takes it out of l.
func (x *index) remove(l *lane, it *item) {
	i, ok := l.find(it)
	if !ok {
		return
	}
	if i == 0 { // nearly always
		l.items[0] = nil
		l.items = l.items[1:]
	} else {
		l.items = slices.Delete(l.items, i, i+1)
	}
	x.entries--
}

func (l *lane) find(it *item) (int, bool) {
	if n := len(l.items); n == 0 || order(l.items[n-1], it) < 0 {
		return n, false
	}
	return slices.BinarySearchFunc(l.items, it, order)
}

// front returns how many of the first entries fit a lease of so many entries and
// bytes, at least one.
func (l *lane) front(entries, bytes int) int {
	n, size := 1, int64(l.items[0].size)
	for n < min(entries, len(l.items)) {
		if size += int64(l.items[n].size); size > int64(bytes) {
			break
		}
		n++
	}
	return n
}

// order is that of a lane. Record numbers tell apart what was imported with
// the same seq.
func order(a, b *item) int {
	return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.record, b.record))
}

// delay makes it wait outside the lane until due.
func (x *index) delay(k state.Key, it *item, due time.Time) {
	l := &late{item: it, lane: k, due: due}
	l.alarm.late = l
	x.late[it.record] = l
	x.ring(&l.alarm, due)
}

// hold keeps the lane from being leased until at, or longer if it is already
// held longer.
func (l *lane) hold(at time.Time) {
	if at.After(l.held) {
		l.held = at
	}
}

// soil notes that the attempts of it are not on the disk.
func (x *index) soil(it *item, now time.Time) {
	if len(x.dirty) == 0 {
		x.dirtyAt = now
	}
	x.dirty[it.record] = it
}

// adopt takes over the leases and attempts of old, which was about the same
// file. A lease whose entries are gone was settled.
func (x *index) adopt(old *index, now time.Time) {
	known := map[uint64]*item{}
	for k, was := range old.lanes {
		l := x.lanes[k]
		if l == nil {
			continue
		}
		clear(known)
		for _, it := range l.items {
			known[it.record] = it
		}
		for _, it := range was.items {
			if have := known[it.record]; have != nil && have.attempt != it.attempt {
				have.attempt = it.attempt
				x.soil(have, now)
			}
		}
		if was.lease == nil {
			continue
		}
		moved := *was.lease
		moved.settling = false
		moved.items = nil
		for _, it := range was.lease.items {
			if now := known[it.record]; now != nil {
				moved.items = append(moved.items, now)
			}
		}
		if len(moved.items) == len(was.lease.items) {
			l.lease = &moved
			x.place(l, now)
		}
	}
}
