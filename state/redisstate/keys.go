package redisstate

import (
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/state"
)

// shard holds the names of one shard's keys.
type shard struct {
	id     string // as it is written in wake-up messages
	base   string // {prefix:3}:
	queues string // what the names of lane lists begin with
	dedup  string // what the names of the hashes of dedup keys begin with

	ready, leased, leases, counts string
	later, parked, dead, asleep   string
	ping                          string
}

func newShards(prefix string, n int) []shard {
	out := make([]shard, n)
	for i := range out {
		id := strconv.Itoa(i)
		base := "{" + prefix + ":" + id + "}:"
		out[i] = shard{
			id: id, base: base, queues: base + "q:", dedup: base + "d:",
			ready: base + "ready", leased: base + "leased", leases: base + "leases", counts: base + "counts",
			later: base + "later", parked: base + "parked", dead: base + "dead", asleep: base + "asleep",
			ping: base + "ping",
		}
	}
	return out
}

// shardOf returns the index of the shard of name, by FNV-1a.
func shardOf(name string, shards int) int {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return int(h % uint64(shards)) //nolint:gosec // less than shards, which is an int
}

// leaseKeys are the keys of the lease script.
func (sh *shard) leaseKeys() []string {
	return []string{sh.ready, sh.leased, sh.leases, sh.counts, sh.later, sh.parked, sh.asleep, sh.queues}
}

func (sh *shard) queue(lane string) string { return sh.queues + lane }
func (sh *shard) value(key string) string  { return sh.base + "v:" + key }
func (sh *shard) list(key string) string   { return sh.base + "l:" + key }

// subs names the set of a workspace's subscriptions.
func (sh *shard) subs(workspace string) string { return sh.base + "s:" + workspace }

// pair joins two texts so that unpair finds them again.
func pair(a, b string) string {
	var buf [64]byte
	out := strconv.AppendInt(buf[:0], int64(len(a)), 10)
	out = append(out, ':')
	out = append(out, a...)
	out = append(out, b...)
	return string(out)
}

func unpair(s string) (a, b string, ok bool) {
	digits, rest, ok := strings.Cut(s, ":")
	if !ok {
		return "", "", false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > len(rest) {
		return "", "", false
	}
	return rest[:n], rest[n:], true
}

// at returns the lane's spelling and the shard it lives in.
func (s *Store) at(k state.Key) (string, int) {
	name := k.String()
	return name, shardOf(name, len(s.shards))
}

// globEscape quotes what MATCH patterns give a meaning to.
func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(s)
}
