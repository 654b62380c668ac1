package filestate

import (
	"context"
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
		if !s.opts.ReadOnly {
			if err := s.do(ctx, &pingOp{call: newCall(0)}); err != nil {
				yield(state.Record{}, err)
				return
			}
		}
		for _, part := range []iter.Seq2[state.Record, error]{
			s.exportEntries(ctx), s.exportDelayed(ctx), s.exportDead(ctx), s.exportDedup(ctx),
			s.exportValues(ctx), s.exportNotes(ctx), s.exportSubscriptions(ctx),
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
			if !ok || !expires.After(s.now()) {
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
			if expired(v.expires, s.now()) {
				continue
			}
			if !yield(state.Record{Kind: state.RecordValue, Key: v.key, Value: v.data, Expires: v.expires}, nil) {
				return
			}
		}
	}
}

func (s *Store) exportNotes(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		for p, err := range s.pages(ctx, at(bucketNotes, nil)) {
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			thread, set, ok := parseNotes(p.value)
			if !ok {
				yield(state.Record{}, errDamaged)
				return
			}
			now := s.now()
			for _, n := range set {
				if !n.Expires.After(now) {
					continue
				}
				r := state.Record{Kind: state.RecordNote, Key: thread, Note: n.Name, Value: n.Value, Expires: n.Expires}
				if !yield(r, nil) {
					return
				}
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
