package filestate

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// Export implements [state.Porter].
func (s *Store) Export(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		// Attempts that were begun belong to the export.
		if err := s.do(ctx, &pingOp{call: newCall(0)}); err != nil {
			yield(state.Record{}, err)
			return
		}
		for _, part := range []iter.Seq2[state.Record, error]{
			s.exportEntries(ctx), s.exportDelayed(ctx), s.exportDead(ctx), s.exportDedup(ctx),
			s.exportValues(ctx), s.exportLists(ctx), s.exportSubscriptions(ctx),
		} {
			for r, err := range part {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// at returns a function that finds a bucket, or a bucket within it.
func at(bucket string, within []byte) func(tx *bolt.Tx) *bolt.Bucket {
	return func(tx *bolt.Tx) *bolt.Bucket {
		in := tx.Bucket([]byte(bucket))
		if within != nil {
			return in.Bucket(within)
		}
		return in
	}
}

// exportEntries goes lane by lane, since the order in the file is not always
// that of a lane.
func (s *Store) exportEntries(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		var items []item
		err := s.snapshot(ctx, func(x *index, _ time.Time) {
			for _, l := range x.lanes {
				for _, it := range l.items {
					items = append(items, *it)
				}
			}
		})
		for page := range slices.Chunk(items, pageRecords/8) {
			var out []state.Queued
			if err == nil {
				err = s.view(ctx, func(tx *bolt.Tx) error {
					in := tx.Bucket([]byte(bucketEntries))
					for _, it := range page {
						if q, _, ok := parseEntry(in.Get(number(it.record))); ok {
							q.Seq, q.Attempt = it.seq, int(it.attempt)
							out = append(out, q)
						}
					}
					return nil
				})
			}
			for i := range out {
				if !yield(state.Record{Kind: state.RecordEntry, Entry: &out[i]}, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(state.Record{}, err)
		}
	}
}

func (s *Store) exportDelayed(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for d, err := range s.Delayed(ctx) {
			if !yield(state.Record{Kind: state.RecordDelayed, Delayed: &d}, err) {
				return
			}
		}
	}
}

func (s *Store) exportDead(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for d, err := range s.Dead(ctx) {
			if !yield(state.Record{Kind: state.RecordDead, Dead: &d}, err) {
				return
			}
		}
	}
}

func (s *Store) exportDedup(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for slotted, err := range s.pages(ctx, at(bucketDedup, nil)) {
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			slot, ok := slotOf(slotted.key)
			expires := time.Unix(0, slot).Add(s.opts.DedupTTL)
			if !ok || !expires.After(time.Now()) {
				continue
			}
			for p, err := range s.pages(ctx, at(bucketDedup, slotted.key)) {
				var out []state.Record
				if err == nil && !eachKey(p.value, func(lane state.Key, key string) {
					out = append(out, state.Record{Kind: state.RecordDedup, Key: lane, Dedup: key, Expires: expires})
				}) {
					err = errDamaged
				}
				if err != nil {
					yield(state.Record{}, err)
					return
				}
				for _, r := range out {
					if !yield(r, nil) {
						return
					}
				}
			}
		}
	}
}

func (s *Store) exportValues(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for p, err := range s.pages(ctx, at(bucketValues, nil)) {
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			v, ok := parseValue(p.value)
			if !ok {
				yield(state.Record{}, errDamaged)
				return
			}
			if v.expired(time.Now()) {
				continue
			}
			if !yield(state.Record{Kind: state.RecordValue, Key: v.key, Value: v.data, Expires: v.expires}, nil) {
				return
			}
		}
	}
}

func (s *Store) exportLists(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for p, err := range s.pages(ctx, at(bucketLists, nil)) {
			var head *value
			var items [][]byte
			if err == nil {
				err = s.view(ctx, func(tx *bolt.Tx) (err error) {
					if in := at(bucketLists, p.key)(tx); in != nil {
						head, items, err = readList(in, time.Now())
					}
					return err
				})
			}
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			if head != nil && !yield(state.Record{Kind: state.RecordList, Key: head.key, Items: items, Expires: head.expires}, nil) {
				return
			}
		}
	}
}

func (s *Store) exportSubscriptions(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for ws, err := range s.pages(ctx, at(bucketSubs, nil)) {
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			for p, err := range s.pages(ctx, at(bucketSubs, ws.key)) {
				var k state.Key
				if err == nil {
					k, err = parseThread(p.value)
				}
				if !yield(state.Record{Kind: state.RecordSubscription, Key: k}, err) || err != nil {
					return
				}
			}
		}
	}
}

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
	size := len(r.Value)
	for _, i := range r.Items {
		size += len(i)
	}
	o := &importOp{record: r, call: newCall(size)}
	// Nothing of the caller's is kept.
	o.record.Value = bytes.Clone(r.Value)
	o.record.Items = nil
	for _, i := range r.Items {
		o.record.Items = append(o.record.Items, bytes.Clone(i))
	}
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
	}
	return s.do(ctx, o)
}

func checkRecord(r *state.Record) error {
	switch r.Kind {
	case state.RecordEntry:
		if r.Entry != nil {
			return checkEntry(&r.Entry.Entry)
		}
	case state.RecordDelayed:
		if r.Delayed != nil {
			return checkEntry(&r.Delayed.Entry)
		}
	case state.RecordDead:
		if r.Dead != nil {
			return checkEntry(&r.Dead.Entry)
		}
	case state.RecordDedup:
		if r.Dedup != "" && r.Key.Kind != "" && r.Key.ID != "" {
			return nil
		}
	case state.RecordValue, state.RecordList, state.RecordSubscription:
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
	case state.RecordList:
		if err := b.dropList(key); err != nil {
			return err
		}
		head, in, err := b.list(r.Key)
		for i := 0; err == nil && i < len(r.Items); i++ {
			err = b.put(in, number(head.next), seal(r.Items[i]))
			head.next++
		}
		if err != nil {
			return err
		}
		head.expires = r.Expires
		return b.put(in, []byte(listHead), appendValue(head))
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
		var err error
		o.dead, err = b.bury(o.record.Dead)
		return err
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
	o.item = &item{record: n, seq: q.Seq, at: q.EnqueuedAt.UnixNano(), attempt: int32(min(max(q.Attempt, 0), 1<<30))} //nolint:gosec // bounded
	if o.mark.attempt > 0 || !o.mark.due.IsZero() {
		o.item.marked = true
		return b.put(b.bucket(bucketMarks), number(n), appendMark(o.mark))
	}
	return nil
}

func (o *importOp) apply(s *Store, now time.Time) {
	switch {
	case o.dead:
		s.index.dead++
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
