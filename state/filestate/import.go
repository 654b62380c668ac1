package filestate

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

// Import implements [state.Porter]. An entry whose id its lane has already,
// waiting, delayed or dead, is left as it is. An entry goes behind those that
// its lane has; a delayed one keeps the place among them that its Seq gives.
// The keys of an entry are recorded with it. A record that has expired is
// ignored. Other writes between imports are allowed but make the next one
// slow, as it reads all entries again. The backlog limit does not stop it.
func (s *Store) Import(ctx context.Context, r state.Record) error {
	if err := checkRecord(&r); err != nil {
		return err
	}
	o := &importOp{record: r, call: newCall(len(r.Value))}
	// Nothing of the caller's is kept.
	o.record.Value = bytes.Clone(r.Value)
	switch r.Kind {
	case state.RecordEntry:
		o.setEntry(*r.Entry, mark{})
	case state.RecordDelayed:
		o.setEntry(r.Delayed.Queued, mark{due: r.Delayed.Due, cause: r.Delayed.Cause})
	case state.RecordDead:
		dead := *r.Dead
		o.setEntry(dead.Queued, mark{})
		dead.Queued = o.entry
		o.record.Dead = &dead
	default:
	}
	return s.do(ctx, o)
}

func checkRecord(r *state.Record) error {
	switch r.Kind {
	case state.RecordEntry:
		if r.Entry != nil {
			return r.Entry.Entry.Validate()
		}
	case state.RecordDelayed:
		if r.Delayed != nil {
			return r.Delayed.Entry.Validate()
		}
	case state.RecordDead:
		if r.Dead != nil {
			return r.Dead.Entry.Validate()
		}
	case state.RecordDedup:
		if r.Dedup != "" && r.Key.Kind != "" && r.Key.ID != "" {
			return nil
		}
	case state.RecordNote:
		if r.Expires.IsZero() {
			return invalid("note %q of %s never expires", r.Note, r.Key)
		}
		w := state.NoteWrite{Name: r.Note, Value: r.Value, TTL: 1}
		return errors.Join(checkValue(r.Key, nil, 0), w.Validate())
	case state.RecordValue, state.RecordSubscription:
		return checkValue(r.Key, r.Value, 0)
	}
	return invalid("record of kind %q is incomplete or unknown", r.Kind)
}

// importOp adds a record. To see what is there already, the writer keeps the
// digests of all entries while nothing but imports happens.
type importOp struct {
	call

	record state.Record
	entry  state.Queued // of an entry record of any kind
	id     digest       // of entry
	mark   mark

	item *item // the entry that was added to its lane or the delayed ones
	dead bool  // a dead letter was added
}

func (o *importOp) setEntry(q state.Queued, m mark) {
	q.Body, q.Keys = bytes.Clone(q.Body), slices.Clone(q.Keys)
	o.entry = q
	o.id = digestOf(q.Lane, q.ID)
	m.attempt = q.Attempt
	o.mark = m
	o.size += len(q.Body)
}

func (o *importOp) stage(b *batch) error {
	o.item, o.dead = nil, false
	r := &o.record
	if !r.Expires.IsZero() && !r.Expires.After(b.now) {
		return nil
	}
	key := name(r.Key.String())
	switch r.Kind {
	case state.RecordEntry, state.RecordDelayed, state.RecordDead:
		return o.stageEntry(b)
	case state.RecordDedup:
		slot := b.s.dedup.slot(b.now)
		if !r.Expires.IsZero() {
			slot = b.s.dedup.slot(r.Expires.Add(-b.s.opts.DedupTTL - 1))
		}
		if d := digestOf(r.Key, r.Dedup); !b.known([]digest{d}) {
			b.remember(slot, r.Key, []string{r.Dedup}, []digest{d})
		}
	case state.RecordValue:
		return b.put(b.bucket(bucketValues), key, appendValue(&value{key: r.Key, expires: r.Expires, data: r.Value}))
	case state.RecordNote:
		w := newNotesWrite(r.Key, []state.NoteWrite{{
			Name: r.Note, Value: append([]byte{}, r.Value...), TTL: r.Expires.Sub(b.now),
		}})
		set, err := w.plan(b)
		if err != nil {
			return o.refuse(err)
		}
		return w.put(b, set)
	case state.RecordSubscription:
		return (&subscribeOp{thread: r.Key, on: true}).stage(b)
	}
	return nil
}

func (o *importOp) stageEntry(b *batch) error {
	if b.s.imported == nil {
		b.s.imported = b.presentEntries()
	}
	q := &o.entry
	if _, ok := b.s.imported[o.id]; ok || b.imports[o.id] || b.bucket(bucketDead).Get(pairName(q.Lane, q.ID)) != nil {
		return nil
	}
	b.imports[o.id] = true
	keys := append([]string{q.ID}, q.Keys...)
	for _, k := range keys {
		if d := digestOf(q.Lane, k); !b.known([]digest{d}) {
			b.remember(b.s.dedup.slot(b.now), q.Lane, []string{k}, []digest{d})
		}
	}
	if o.record.Kind == state.RecordDead {
		o.dead = true
		return b.bury(o.record.Dead)
	}
	n, err := b.number()
	if err != nil {
		return err
	}
	d := b.draft(q.Lane)
	switch {
	case q.Seq == 0:
		q.Seq = n
	case o.mark.due.IsZero():
		q.Seq = max(q.Seq, d.last+1)
	}
	if o.mark.due.IsZero() {
		d.last = q.Seq
		d.depth++
	}
	b.growth++
	// Entries that come later must get a greater number.
	if meta := b.bucket(bucketMeta); meta.Sequence() < q.Seq {
		if err := meta.SetSequence(q.Seq); err != nil {
			return err
		}
	}
	if err := b.put(b.bucket(bucketEntries), number(n), appendEntry(q)); err != nil {
		return err
	}
	o.item = &item{
		record: n, seq: q.Seq, at: q.EnqueuedAt.UnixNano(), size: bodySize(len(q.Body)), attempt: int32(min(max(q.Attempt, 0), 1<<30)),
	}
	if o.mark.attempt > 0 || !o.mark.due.IsZero() {
		o.item.marked = true
		return b.put(b.bucket(bucketMarks), number(n), appendMark(o.mark))
	}
	return nil
}

func (o *importOp) apply(s *Store, now time.Time) {
	switch {
	case o.dead:
	case o.item == nil:
		return
	case o.mark.due.After(now):
		s.index.delay(o.entry.Lane, o.item, o.mark.due)
	default:
		s.index.insert(s.index.lane(o.entry.Lane), o.item, now)
	}
	if s.imported != nil {
		s.imported[o.id] = struct{}{}
	}
}

// presentEntries returns the digests of the lanes and ids of all entries.
func (b *batch) presentEntries() map[digest]struct{} {
	out := map[digest]struct{}{}
	for k, v := range pairs(b.tx, bucketEntries) {
		if q, _, ok := parseEntry(v); ok && len(k) == 8 && binary.BigEndian.Uint64(k) > 0 {
			out[digestOf(q.Lane, q.ID)] = struct{}{}
		}
	}
	return out
}
