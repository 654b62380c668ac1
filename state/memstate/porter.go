package memstate

import (
	"context"
	"iter"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Export implements [state.Porter]. It is a snapshot of everything.
func (s *Store) Export(ctx context.Context) iter.Seq2[state.Record, error] {
	return snapshot(ctx, s, func(add func(state.Record)) {
		now := time.Now()
		s.each(inLane, func(it *item) {
			q := copied(it.Queued)
			add(state.Record{Kind: state.RecordEntry, Entry: &q})
		})
		s.each(aside, func(it *item) {
			d := it.delayed()
			add(state.Record{Kind: state.RecordDelayed, Delayed: &d})
		})
		s.each(dead, func(it *item) {
			d := it.deadEntry()
			add(state.Record{Kind: state.RecordDead, Dead: &d})
		})
		for _, l := range s.lanes {
			for k, at := range l.known.all() {
				add(state.Record{Kind: state.RecordDedup, Key: l.key, Dedup: k, Expires: at})
			}
		}
		for k, v := range s.values {
			add(state.Record{Kind: state.RecordValue, Key: k, Value: append([]byte{}, v.data...), Expires: expires(v)})
		}
		for k, t := range s.notes {
			for _, n := range t.set {
				if n.Expires.After(now) {
					add(state.Record{Kind: state.RecordNote, Key: k, Note: n.Name, Value: append([]byte{}, n.Value...), Expires: n.Expires})
				}
			}
		}
		for _, threads := range s.subscriptions {
			for k := range threads {
				add(state.Record{Kind: state.RecordSubscription, Key: k})
			}
		}
	})
}

// Import implements [state.Porter]. An entry whose id is in its lane already,
// waiting, delayed or dead, is left as it is. An entry goes behind those that
// its lane has; a delayed one keeps the place among them that its Seq gives.
// A record that has expired is ignored.
func (s *Store) Import(ctx context.Context, r state.Record) error {
	it, err := itemOf(r)
	if err != nil {
		return err
	}
	now, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if !r.Expires.IsZero() && !r.Expires.After(now) {
		return nil
	}
	switch r.Kind {
	case state.RecordEntry, state.RecordDelayed, state.RecordDead:
		l := s.lane(it.Lane)
		if l.items[it.ID] == nil {
			s.adopt(l, it)
		}
		s.arrange(l, now)
	case state.RecordDedup:
		l := s.lane(r.Key)
		at := r.Expires
		if at.IsZero() {
			at = now.Add(s.dedupTTL)
		}
		s.remember(l, at, r.Dedup, nil)
	case state.RecordValue:
		s.setValue(r.Key, r.Value, r.Expires)
	case state.RecordNote:
		return s.writeNotes(r.Key, now, importedNote(r, now))
	case state.RecordSubscription:
		s.subscribe(r.Key)
	}
	return nil
}

// importedNote is the write that makes the note of r.
func importedNote(r state.Record, now time.Time) state.NoteWrite {
	return state.NoteWrite{Name: r.Note, Value: append([]byte{}, r.Value...), TTL: r.Expires.Sub(now)}
}

// adopt makes it an entry of l. Seq stays as it is where it can.
func (s *Store) adopt(l *lane, it *item) {
	it.lane = l
	l.add(it)
	if n := len(l.order); it.place == inLane && n > 0 {
		it.Seq = max(it.Seq, l.order[n-1].Seq+1)
	}
	s.seq = max(s.seq, it.Seq)
	switch it.place {
	case inLane:
		s.backlog++
		l.insert(it)
	case aside:
		s.backlog++
		s.setAside(it, it.at)
	case dead:
		s.bury(it, it.since)
	}
}

// itemOf returns the entry in r, or nil if r is a record of another kind.
func itemOf(r state.Record) (*item, error) {
	var it *item
	switch r.Kind {
	case state.RecordEntry:
		if r.Entry == nil {
			return nil, invalid("record of kind %q is empty", r.Kind)
		}
		it = &item{Queued: copied(*r.Entry)}
	case state.RecordDelayed:
		if r.Delayed == nil {
			return nil, invalid("record of kind %q is empty", r.Kind)
		}
		it = &item{place: aside, Queued: copied(r.Delayed.Queued), cause: r.Delayed.Cause, moment: moment{at: r.Delayed.Due}}
	case state.RecordDead:
		if r.Dead == nil {
			return nil, invalid("record of kind %q is empty", r.Kind)
		}
		it = &item{place: dead, Queued: copied(r.Dead.Queued), cause: r.Dead.Cause, since: r.Dead.BuriedAt}
	case state.RecordDedup:
		if r.Dedup == "" || r.Key.Kind == "" || r.Key.ID == "" {
			return nil, invalid("record of kind %q has no full key", r.Kind)
		}
		return nil, nil
	case state.RecordNote:
		w := importedNote(r, r.Expires.Add(-1))
		switch {
		case r.Key.Kind == "" || r.Key.ID == "":
			return nil, invalid("note %q has no full key", r.Note)
		case r.Expires.IsZero():
			return nil, invalid("note %q of %s never expires", r.Note, r.Key)
		}
		return nil, w.Validate()
	case state.RecordValue, state.RecordSubscription:
		return nil, nil
	default:
		return nil, invalid("record of kind %q", r.Kind)
	}
	return it, it.Entry.Validate()
}
