package filestate

import (
	"context"
	"iter"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// Subscribe implements [state.Subscriptions].
func (s *Store) Subscribe(ctx context.Context, thread state.Key) error {
	return s.subscribe(ctx, thread, true)
}

// Unsubscribe implements [state.Subscriptions].
func (s *Store) Unsubscribe(ctx context.Context, thread state.Key) error {
	return s.subscribe(ctx, thread, false)
}

func (s *Store) subscribe(ctx context.Context, thread state.Key, on bool) error {
	if err := checkValue(thread, nil, 0); err != nil {
		return err
	}
	return s.do(ctx, &subscribeOp{call: newCall(0), thread: thread, on: on})
}

type subscribeOp struct {
	call

	thread state.Key
	on     bool
}

func (o *subscribeOp) stage(b *batch) error {
	subs, ws, key := b.bucket(bucketSubs), name(o.thread.Workspace), name(o.thread.String())
	in := subs.Bucket(ws)
	have := in != nil && in.Get(key) != nil
	switch {
	case have == o.on:
		return nil
	case !o.on:
		return b.delete(in, key)
	}
	b.writes++
	in, err := subs.CreateBucketIfNotExists(ws)
	if err != nil {
		return err
	}
	return b.put(in, key, seal(appendKey(nil, o.thread)))
}

// Subscribed implements [state.Subscriptions].
func (s *Store) Subscribed(ctx context.Context, thread state.Key) (bool, error) {
	if err := checkValue(thread, nil, 0); err != nil {
		return false, err
	}
	found := false
	err := s.view(ctx, func(tx *bolt.Tx) error {
		found = isSubscribed(tx, thread)
		return nil
	})
	return found, err
}

func isSubscribed(tx *bolt.Tx, thread state.Key) bool {
	in := tx.Bucket([]byte(bucketSubs)).Bucket(name(thread.Workspace))
	return in != nil && in.Get(name(thread.String())) != nil
}

// Threads implements [state.Subscriptions].
func (s *Store) Threads(ctx context.Context, workspace string) iter.Seq2[state.Key, error] {
	return func(yield func(state.Key, error) bool) {
		at := func(tx *bolt.Tx) *bolt.Bucket {
			return tx.Bucket([]byte(bucketSubs)).Bucket(name(workspace))
		}
		for p, err := range s.pages(ctx, at) {
			if err != nil {
				yield(state.Key{}, err)
				return
			}
			k, err := parseThread(p.value)
			if !yield(k, err) || err != nil {
				return
			}
		}
	}
}

func parseThread(v []byte) (state.Key, error) {
	p, ok := unseal(v)
	r := scanner{rest: p}
	k := r.key()
	if !ok || r.bad {
		return state.Key{}, errDamaged
	}
	return k, nil
}
