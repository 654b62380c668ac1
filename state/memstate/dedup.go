package memstate

import (
	"iter"
	"slices"
	"time"
)

// dedup are keys that became known in a lane at once. They are forgotten together:
// its moment is on the agenda expiry.
type dedup struct {
	moment

	lane *lane
	keys []string
}

// keys are the keys that are known in a lane. Most lanes have those of one delivery,
// and there are as many lanes as comments in a day, so a few are kept in a list. The
// zero value has none.
type keys struct {
	few  []*dedup
	many map[string]*dedup // all of them; nil while there are few
}

// fewKeys is how many records of keys are searched one after the other.
const fewKeys = 8

// none reports whether no key is known.
func (k *keys) none() bool { return len(k.few) == 0 && len(k.many) == 0 }

// find returns the record that has a key, or nil.
func (k *keys) find(key string) *dedup {
	if k.many != nil {
		return k.many[key]
	}
	for _, d := range k.few {
		if slices.Contains(d.keys, key) {
			return d
		}
	}
	return nil
}

// add adds a record whose keys are not known.
func (k *keys) add(d *dedup) {
	if k.many == nil && len(k.few) < fewKeys {
		k.few = append(k.few, d)
		return
	}
	if k.many == nil {
		k.many = make(map[string]*dedup, 4*fewKeys)
		for _, old := range k.few {
			for _, key := range old.keys {
				k.many[key] = old
			}
		}
		k.few = nil
	}
	for _, key := range d.keys {
		k.many[key] = d
	}
}

// remove removes a record.
func (k *keys) remove(d *dedup) {
	k.few = slices.DeleteFunc(k.few, func(other *dedup) bool { return other == d })
	for _, key := range d.keys {
		delete(k.many, key)
	}
}

// all returns the keys and when they are forgotten.
func (k *keys) all() iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		for key, d := range k.many {
			if !yield(key, d.at) {
				return
			}
		}
		for _, d := range k.few {
			for _, key := range d.keys {
				if !yield(key, d.at) {
					return
				}
			}
		}
	}
}

// due forgets the keys.
func (d *dedup) due(s *Store) {
	d.lane.known.remove(d)
	s.arrange(d.lane, d.at)
}

// remember records keys of the lane until at. One that is known for longer stays
// so.
func (s *Store) remember(l *lane, at time.Time, id string, more []string) {
	d := &dedup{lane: l, keys: make([]string, 0, 1+len(more))}
	s.learn(d, id, at)
	for _, key := range more {
		s.learn(d, key, at)
	}
	if len(d.keys) > 0 {
		l.known.add(d)
		s.expiry.set(d, at)
	}
}

// learn adds a key to a new record, unless it is in it or known for as long.
func (s *Store) learn(d *dedup, key string, at time.Time) {
	if slices.Contains(d.keys, key) {
		return
	}
	if old := d.lane.known.find(key); old != nil {
		if !at.After(old.at) {
			return
		}
		// The rest of its record stays.
		d.lane.known.remove(old)
		if old.keys = slices.DeleteFunc(old.keys, func(k string) bool { return k == key }); len(old.keys) > 0 {
			d.lane.known.add(old)
		} else {
			cancel(old)
		}
	}
	d.keys = append(d.keys, key)
}
