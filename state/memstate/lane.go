package memstate

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// lane is everything that the store knows under one lane key. It is dropped
// once it knows nothing. Its moment is on the agenda ready since when it may
// be leased, or on the agenda work when its hold ends or its lease lapses.
type lane struct {
	moment

	key       state.Key
	items     map[string]*item // by entry id, wherever the entry is; nil if there is none
	order     []*item          // the entries in the lane, by Seq; nil if there is none
	known     keys
	heldUntil time.Time
	lease     *lease // the last lease, until it is settled
}

// lease is what the store knows of a lease.
type lease struct {
	token   uint64
	holder  string
	expires time.Time
	lapsed  bool // expired; the lane was not leased again yet
	items   []*item
}

// place says where an entry is.
type place uint8

const (
	inLane place = iota
	aside
	dead
)

// item is an entry. Its moment is on the agenda work while it is aside, and on
// the agenda dead while it is dead.
type item struct {
	moment

	state.Queued
	lane  *lane
	place place
	cause state.Cause
	since time.Time // when it was buried
}

// lane returns the lane of k, made if need be. The caller then calls arrange.
func (s *Store) lane(k state.Key) *lane {
	l := s.lanes[k]
	if l == nil {
		if k.Workspace == s.workspace {
			k.Workspace = s.workspace // most stores serve one, and have a lane for each comment of a day
		}
		s.workspace = k.Workspace
		l = &lane{key: k}
		s.lanes[k] = l
	}
	return l
}

// leased reports whether the lane has a live lease.
func (l *lane) leased() bool { return l.lease != nil && !l.lease.lapsed }

// knows reports whether one of the keys is recorded. The id of an entry that
// is still here counts even if its key has expired, since verdicts go by id.
func (l *lane) knows(id string, keys []string) bool {
	if l.items[id] != nil || l.known.find(id) != nil {
		return true
	}
	return slices.ContainsFunc(keys, func(k string) bool { return l.known.find(k) != nil })
}

// add makes it an entry of the lane, which is still to be put somewhere.
func (l *lane) add(it *item) {
	if l.items == nil {
		l.items = make(map[string]*item, 1)
	}
	l.items[it.ID] = it
}

// delete removes it from the lane. Most lanes are empty then, and live on for their
// keys: they keep no memory for entries.
func (l *lane) delete(it *item) {
	if delete(l.items, it.ID); len(l.items) == 0 {
		l.items, l.order = nil, nil
	}
}

// arrange puts the lane on the agenda that it belongs on since at, keeping its
// turn if it is ready already, or drops it. It is called after every change.
func (s *Store) arrange(l *lane, at time.Time) {
	switch {
	case len(l.order) == 0:
		cancel(l)
		if len(l.items) == 0 && l.known.none() {
			delete(s.lanes, l.key)
		}
	case l.leased():
		s.schedule(l, l.lease.expires)
	case l.heldUntil.After(at):
		s.schedule(l, l.heldUntil)
	case l.on != &s.ready:
		s.ready.set(l, at)
		s.wake()
	}
}

// schedule puts d on the agenda work. Waiters look again if nothing comes
// before it, because their timers are set to what was first until now.
func (s *Store) schedule(d dated, at time.Time) {
	s.work.set(d, at)
	if s.work.first() == d {
		s.wake()
	}
}

// due ends the hold or the lease.
func (l *lane) due(s *Store) {
	if l.leased() && !l.lease.expires.After(l.at) {
		l.lease.lapsed = true
	}
	s.arrange(l, l.at)
}

// due puts the entry back, or drops the dead letter.
func (it *item) due(s *Store) {
	if it.place == dead {
		s.drop(it)
		return
	}
	it.lane.insert(it)
	s.arrange(it.lane, it.at)
}

// insert puts it into the lane where its Seq says.
func (l *lane) insert(it *item) {
	it.place = inLane
	i, _ := l.find(it)
	l.order = slices.Insert(l.order, i, it)
}

// remove takes it out of the lane.
func (l *lane) remove(it *item) {
	switch i, ok := l.find(it); {
	case !ok:
	case i == 0: // nearly always
		l.order[0] = nil
		l.order = l.order[1:]
	default:
		l.order = slices.Delete(l.order, i, i+1)
	}
}

func (l *lane) find(it *item) (int, bool) {
	return slices.BinarySearchFunc(l.order, it, bySeq)
}

// setAside keeps it out of its lane until at.
func (s *Store) setAside(it *item, at time.Time) {
	it.place = aside
	s.schedule(it, at)
}

// bury makes it a dead letter of that time and drops the oldest ones beyond the
// limit.
func (s *Store) bury(it *item, since time.Time) {
	it.place, it.since = dead, since
	end := since.Add(s.deadTTL)
	if s.deadTTL < 0 {
		end = since.AddDate(1000, 0, 0)
	}
	s.dead.set(it, end)
	for s.maxDead >= 0 && s.dead.heap.Len() > s.maxDead {
		if oldest, ok := s.dead.first().(*item); ok {
			s.drop(oldest)
		}
	}
}

// drop forgets a dead letter that is over the limits.
func (s *Store) drop(it *item) {
	s.dropped++
	s.forget(it, it.at)
}

// forget removes a dead letter from the store.
func (s *Store) forget(it *item, now time.Time) {
	cancel(it)
	it.lane.delete(it)
	s.arrange(it.lane, now)
}

// copied returns a copy of q that shares nothing with it, with its head in its body.
func copied(q state.Queued) state.Queued {
	if len(q.Head) > 0 {
		q.Body = slices.Concat(q.Head, q.Body)
	} else {
		q.Body = bytes.Clone(q.Body)
	}
	q.Head, q.Lease = nil, nil
	q.Keys = slices.Clone(q.Keys)
	return q
}

// bySeq orders the entries of a lane. An imported entry may share its Seq with
// another one; ids are unique in a lane.
func bySeq(a, b *item) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.ID, b.ID))
}
