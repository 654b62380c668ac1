package redisstate

import (
	"context"
	"errors"
	"iter"
	"regexp"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

// bodies is how many records with their bodies a view fetches at once.
const bodies = 50

// Stats counts. See [state.Inspector].
func (s *Store) Stats(ctx context.Context) (state.Stats, error) {
	if err := s.begin(ctx); err != nil {
		return state.Stats{}, err
	}
	return s.count(ctx)
}

func (s *Store) count(ctx context.Context) (state.Stats, error) {
	cmds := make([]*redis.Cmd, len(s.shards))
	p := s.client.Pipeline()
	keys := func(sh *shard) []string { return []string{sh.ready, sh.leased, sh.counts, sh.later, sh.dead} }
	for i := range s.shards {
		cmds[i] = s.scripts.stats.EvalSha(ctx, p, keys(&s.shards[i]))
	}
	// Each command has its own error.
	_, _ = p.Exec(ctx)
	var st state.Stats
	for i, cmd := range cmds {
		if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
			cmd = s.scripts.stats.Run(ctx, s.client, keys(&s.shards[i]))
		}
		items, err := cmd.Slice()
		if err == nil && len(items) < 5 {
			err = errAnswer
		}
		if err != nil {
			return state.Stats{}, s.fail(ctx, "stats", err)
		}
		a := answer(items)
		st.Lanes += int(a.num(0))
		st.Entries += int(a.num(1))
		st.Leased += int(a.num(2))
		st.Delayed += int(a.num(3))
		st.Dead += int(a.num(4))
	}
	return st, nil
}

// Lanes iterates over lanes. See [state.Inspector].
func (s *Store) Lanes(ctx context.Context) iter.Seq2[state.LaneInfo, error] {
	return func(yield func(state.LaneInfo, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.LaneInfo{}, err)
			return
		}
		for i := range s.shards {
			sh := &s.shards[i]
			for _, set := range []string{sh.ready, sh.leased} {
				for names, err := range s.scanSet(ctx, set) {
					var infos []state.LaneInfo
					if err == nil {
						infos, err = s.describe(ctx, sh, names)
					}
					if err != nil {
						yield(state.LaneInfo{}, s.fail(ctx, "lanes", err))
						return
					}
					for _, l := range infos {
						if !yield(l, nil) {
							return
						}
					}
				}
			}
		}
	}
}

// scored is a member of a sorted set.
type scored struct {
	name string
	at   int64
}

// scanSet iterates over the pages of a sorted set.
func (s *Store) scanSet(ctx context.Context, key string) iter.Seq2[[]scored, error] {
	return func(yield func([]scored, error) bool) {
		var cursor uint64
		for {
			pairs, next, err := s.client.ZScan(ctx, key, cursor, "", page).Result()
			if err != nil {
				yield(nil, err)
				return
			}
			out := make([]scored, 0, len(pairs)/2)
			for i := 0; i+1 < len(pairs); i += 2 {
				at, err := strconv.ParseFloat(pairs[i+1], 64)
				if err != nil {
					continue // not a score that the scripts write
				}
				out = append(out, scored{pairs[i], int64(at)})
			}
			if len(out) > 0 && !yield(out, nil) {
				return
			}
			if cursor = next; cursor == 0 {
				return
			}
		}
	}
}

// describe turns lanes of one shard into their descriptions.
func (s *Store) describe(ctx context.Context, sh *shard, lanes []scored) ([]state.LaneInfo, error) {
	keys := []string{sh.leases}
	args := make([]any, 0, len(lanes))
	for _, l := range lanes {
		keys = append(keys, sh.queue(l.name))
		args = append(args, l.name)
	}
	a, err := s.ask(ctx, s.scripts.lanes, len(lanes)+1, keys, args...)
	if err != nil {
		return nil, err
	}
	lease := regexp.MustCompile(`(?s)^\d+ \d+ (\d+) (.*)$`)
	now := a.num(0)
	out := make([]state.LaneInfo, 0, len(lanes))
	for i, l := range lanes {
		one := a.list(i + 1)
		key, ok := state.ParseKey(l.name)
		if !ok || len(one) < 3 || one.num(0) == 0 {
			continue
		}
		info := state.LaneInfo{Lane: key, Depth: int(one.num(0))}
		if h, err := decodeHeader(one.text(1)); err == nil {
			info.Oldest = h.at
		}
		held := l.at
		if m := lease.FindStringSubmatch(one.text(2)); m != nil {
			held, _ = strconv.ParseInt(m[1], 10, 64)
			if l.at > now {
				info.Holder, info.Expires = m[2], time.UnixMicro(l.at)
			}
		}
		if held > now {
			info.HeldUntil = time.UnixMicro(held)
		}
		out = append(out, info)
	}
	return out, nil
}

// Delayed iterates over the entries outside their lanes. See
// [state.Inspector].
func (s *Store) Delayed(ctx context.Context) iter.Seq2[state.DelayedEntry, error] {
	return func(yield func(state.DelayedEntry, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.DelayedEntry{}, err)
			return
		}
		for i := range s.shards {
			for d, err := range s.delayedIn(ctx, &s.shards[i]) {
				if err != nil {
					yield(state.DelayedEntry{}, s.fail(ctx, "delayed", err))
					return
				}
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

func (s *Store) delayedIn(ctx context.Context, sh *shard) iter.Seq2[state.DelayedEntry, error] {
	return func(yield func(state.DelayedEntry, error) bool) {
		for names, err := range s.scanSet(ctx, sh.later) {
			if err != nil {
				yield(state.DelayedEntry{}, err)
				return
			}
			for len(names) > 0 {
				part := names[:min(bodies, len(names))]
				names = names[len(part):]
				fields := make([]string, len(part))
				for i := range part {
					fields[i] = part[i].name
				}
				vs, err := s.client.HMGet(ctx, sh.parked, fields...).Result()
				if err != nil {
					yield(state.DelayedEntry{}, err)
					return
				}
				for i, v := range vs {
					text, ok := v.(string)
					if !ok {
						continue // it has moved meanwhile
					}
					d := decodeParked(text)
					d.Due = time.UnixMicro(part[i].at)
					if !yield(d, nil) {
						return
					}
				}
			}
		}
	}
}

// Dead iterates over the dead letters. See [state.Inspector].
func (s *Store) Dead(ctx context.Context) iter.Seq2[state.DeadEntry, error] {
	return func(yield func(state.DeadEntry, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.DeadEntry{}, err)
			return
		}
		for i := range s.shards {
			var cursor uint64
			for {
				pairs, next, err := s.client.HScan(ctx, s.shards[i].dead, cursor, "", bodies).Result()
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
		[]string{sh.queue(name), sh.ready, sh.counts, sh.dead, sh.asleep}, name, pair(name, id), s.channel, sh.id)
	switch {
	case err != nil:
		return s.fail(ctx, "requeue", err)
	case a.num(0) == 0:
		return state.ErrNotFound
	}
	s.room.add(1)
	s.news(i, a.num(1), a.num(2))
	return nil
}

// Purge forgets a dead letter. See [state.Inspector].
func (s *Store) Purge(ctx context.Context, lane state.Key, id string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	name, i := s.at(lane)
	n, err := s.client.HDel(ctx, s.shards[i].dead, pair(name, id)).Result()
	switch {
	case err != nil && !errors.Is(err, redis.Nil):
		return s.fail(ctx, "purge", err)
	case n == 0:
		return state.ErrNotFound
	}
	return nil
}
