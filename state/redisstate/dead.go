package redisstate

import (
	"context"
	"iter"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

// Dead iterates over the dead letters. See [state.Inspector].
func (s *Store) Dead(ctx context.Context) iter.Seq2[state.DeadEntry, error] {
	return func(yield func(state.DeadEntry, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.DeadEntry{}, err)
			return
		}
		if err := s.tidy(ctx); err != nil {
			yield(state.DeadEntry{}, s.fail(ctx, "dead letters", err))
			return
		}
		keys, err := s.present(ctx, func(sh *shard) []string { return []string{sh.dead} })
		if err != nil {
			yield(state.DeadEntry{}, s.fail(ctx, "dead letters", err))
			return
		}
		for _, key := range slices.Concat(keys...) {
			var cursor uint64
			for {
				pairs, next, err := s.client.HScan(ctx, key, cursor, "", bodies).Result()
				if err != nil {
					yield(state.DeadEntry{}, s.fail(ctx, "dead letters", err))
					return
				}
				for j := 0; j+1 < len(pairs); j += 2 {
					if !yield(decodeDead(pairs[j], pairs[j+1]), nil) {
						return
					}
				}
				if cursor = next; cursor == 0 {
					break
				}
			}
		}
	}
}

// Requeue puts a dead letter back. See [state.Inspector].
func (s *Store) Requeue(ctx context.Context, lane state.Key, id string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	name, i := s.at(lane)
	sh := &s.shards[i]
	a, err := s.ask(ctx, s.scripts.requeue, 3,
		[]string{sh.queue(name), sh.ready, sh.counts, sh.dead, sh.asleep, sh.buried}, name, pair(name, id), s.channel, sh.id)
	switch {
	case err != nil:
		return s.fail(ctx, "requeue", err)
	case a.num(0) == 0:
		return state.ErrNotFound
	}
	s.room.add(1)
	s.became(i, a.num(1), a.num(2))
	return nil
}

// Purge forgets a dead letter. See [state.Inspector].
func (s *Store) Purge(ctx context.Context, lane state.Key, id string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	name, i := s.at(lane)
	sh, field := &s.shards[i], pair(name, id)
	var n *redis.IntCmd
	_, err := s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		n = p.HDel(ctx, sh.dead, field)
		p.ZRem(ctx, sh.buried, field)
		return nil
	})
	switch {
	case err != nil:
		return s.fail(ctx, "purge", err)
	case n.Val() == 0:
		return state.ErrNotFound
	}
	return nil
}
