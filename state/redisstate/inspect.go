package redisstate

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
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

// count counts what is in all shards.
func (s *Store) count(ctx context.Context) (state.Stats, error) {
	if err := s.tidy(ctx); err != nil {
		return state.Stats{}, s.fail(ctx, "stats", err)
	}
	answers, err := s.everywhere(ctx, s.scripts.stats, 6, func(sh *shard) ([]string, []any) {
		return []string{sh.ready, sh.leased, sh.counts, sh.later, sh.dead}, nil
	})
	if err != nil {
		return state.Stats{}, s.fail(ctx, "stats", err)
	}
	var st state.Stats
	for _, a := range answers {
		st.Lanes += int(a.num(0))
		st.Entries += int(a.num(1))
		st.Leased += int(a.num(2))
		st.Delayed += int(a.num(3))
		st.Dead += int(a.num(4))
		st.Dropped += int(a.num(5))
	}
	return st, nil
}

// tidy ends leases, waits and dead letters that are due, so that views are right
// in a store that is not leased from. It stops after a bounded amount of work.
func (s *Store) tidy(ctx context.Context) error {
	most, ttl := s.deadLimits()
	for range 64 {
		answers, err := s.everywhere(ctx, s.scripts.lease.Script, 5, func(sh *shard) ([]string, []any) {
			return texts(sh.leaseKeys), []any{0, 0, 0, "", 0, most, ttl}
		})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(answers, func(a answer) bool { return a.num(3) == 0 }) {
			return nil
		}
	}
	return nil
}

// everywhere runs a script in every shard.
func (s *Store) everywhere(
	ctx context.Context, sc *redis.Script, n int, args func(sh *shard) ([]string, []any),
) ([]answer, error) {
	cmds := make([]*redis.Cmd, len(s.shards))
	p := s.client.Pipeline()
	for i := range s.shards {
		keys, argv := args(&s.shards[i])
		cmds[i] = sc.EvalSha(ctx, p, keys, argv...)
	}
	// Each command has its own error.
	_, _ = p.Exec(ctx)
	out := make([]answer, len(cmds))
	for i, cmd := range cmds {
		if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
			keys, argv := args(&s.shards[i])
			cmd = sc.Run(ctx, s.client, keys, argv...)
		}
		items, err := cmd.Slice()
		if err == nil && len(items) < n {
			err = errAnswer
		}
		if err != nil {
			return nil, err
		}
		out[i] = items
	}
	return out, nil
}

// present returns, for each shard, those of its keys that exist. It saves the
// views a call for every key of every shard.
func (s *Store) present(ctx context.Context, keys func(sh *shard) []string) ([][]string, error) {
	cmds := make([][]*redis.IntCmd, len(s.shards))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range s.shards {
			for _, k := range keys(&s.shards[i]) {
				cmds[i] = append(cmds[i], p.Exists(ctx, k))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(s.shards))
	for i := range s.shards {
		for j, k := range keys(&s.shards[i]) {
			if cmds[i][j].Val() > 0 {
				out[i] = append(out[i], k)
			}
		}
	}
	return out, nil
}

// Lanes iterates over lanes. See [state.Inspector].
func (s *Store) Lanes(ctx context.Context) iter.Seq2[state.LaneInfo, error] {
	return func(yield func(state.LaneInfo, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.LaneInfo{}, err)
			return
		}
		if err := s.tidy(ctx); err != nil {
			yield(state.LaneInfo{}, s.fail(ctx, "lanes", err))
			return
		}
		keys, err := s.present(ctx, func(sh *shard) []string { return []string{sh.ready, sh.leased} })
		if err != nil {
			yield(state.LaneInfo{}, s.fail(ctx, "lanes", err))
			return
		}
		for i := range s.shards {
			sh := &s.shards[i]
			for _, set := range keys[i] {
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
	now := a.num(0)
	out := make([]state.LaneInfo, 0, len(lanes))
	for i, l := range lanes {
		one := a.list(i + 1)
		key, ok := state.ParseKey(l.name)
		if !ok || len(one) < 3 || one.num(0) == 0 {
			continue
		}
		info := state.LaneInfo{Lane: key, Depth: int(one.num(0))}
		if h, err := decodeHead(one.text(1)); err == nil {
			info.Oldest = h.at
		}
		held := l.at
		if lease, ok := parseLease(one.text(2)); ok {
			held = lease.held
			if l.at > now {
				info.Holder, info.Expires = lease.holder, time.UnixMicro(l.at)
			}
		}
		if held > now {
			info.HeldUntil = time.UnixMicro(held)
		}
		out = append(out, info)
	}
	return out, nil
}

// storedLease is the lease of a lane as Redis keeps it.
type storedLease struct {
	entries int
	held    int64 // until when the lane is held after the lease
	holder  string
}

// parseLease reads "token entries held holder".
func parseLease(v string) (storedLease, bool) {
	f := strings.SplitN(v, " ", 4)
	if len(f) != 4 {
		return storedLease{}, false
	}
	n, err1 := strconv.Atoi(f[1])
	held, err2 := strconv.ParseInt(f[2], 10, 64)
	return storedLease{entries: n, held: held, holder: f[3]}, err1 == nil && err2 == nil
}

// Delayed iterates over the entries outside their lanes. See
// [state.Inspector].
func (s *Store) Delayed(ctx context.Context) iter.Seq2[state.DelayedEntry, error] {
	return func(yield func(state.DelayedEntry, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.DelayedEntry{}, err)
			return
		}
		if err := s.tidy(ctx); err != nil {
			yield(state.DelayedEntry{}, s.fail(ctx, "delayed", err))
			return
		}
		keys, err := s.present(ctx, func(sh *shard) []string { return []string{sh.later} })
		if err != nil {
			yield(state.DelayedEntry{}, s.fail(ctx, "delayed", err))
			return
		}
		for i := range s.shards {
			if len(keys[i]) == 0 {
				continue
			}
			for d, err := range s.delayedIn(ctx, &s.shards[i]) {
				if err != nil {
					yield(state.DelayedEntry{}, s.fail(ctx, "delayed", err))
					return
				}
				if !yield(d.entry, nil) {
					return
				}
			}
		}
	}
}

// parked is an entry outside its lane with the member that stands for it.
type parked struct {
	entry  state.DelayedEntry
	member scored
}

func (s *Store) delayedIn(ctx context.Context, sh *shard) iter.Seq2[parked, error] {
	return func(yield func(parked, error) bool) {
		for names, err := range s.scanSet(ctx, sh.later) {
			if err != nil {
				yield(parked{}, err)
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
					yield(parked{}, err)
					return
				}
				for i, v := range vs {
					text, ok := v.(string)
					if !ok {
						continue // it has moved meanwhile
					}
					d := decodeParked(text)
					d.Due = time.UnixMicro(part[i].at)
					if !yield(parked{d, part[i]}, nil) {
						return
					}
				}
			}
		}
	}
}
