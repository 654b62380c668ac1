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
	notes  string // what the names of the hashes of notes begin with
	subs   string // what the names of the sets of subscriptions begin with

	ready, leased, leases, counts string
	later, parked, asleep         string
	dead, buried                  string
	ping                          string

	// The keys that calls of the three frequent scripts begin with. They are kept as
	// the client takes them.
	enqueueKeys, leaseKeys, settleKeys []any
}

func newShards(prefix string, n int) []shard {
	out := make([]shard, n)
	for i := range out {
		id := strconv.Itoa(i)
		base := "{" + prefix + ":" + id + "}:"
		out[i] = shard{
			id: id, base: base, queues: base + "q:", dedup: base + "d:", notes: base + "n:", subs: base + "s:",
			ready: base + "ready", leased: base + "leased", leases: base + "leases", counts: base + "counts",
			later: base + "later", parked: base + "parked", dead: base + "dead", buried: base + "buried", asleep: base + "asleep",
			ping: base + "ping",
		}
		sh := &out[i]
		sh.enqueueKeys = []any{sh.ready, sh.leases, sh.counts, sh.later, sh.parked, sh.asleep, sh.dedup, sh.leased, sh.notes, sh.subs}
		sh.leaseKeys = []any{sh.ready, sh.leased, sh.leases, sh.counts, sh.later, sh.parked, sh.asleep, sh.queues, sh.notes, sh.subs, sh.dead, sh.buried}
		sh.settleKeys = []any{sh.ready, sh.leased, sh.leases, sh.counts, sh.later, sh.parked, sh.dead, sh.asleep, sh.buried}
	}
	return out
}

// shardOf returns the index of the shard of what k names, by FNV-1a over the
// workspace and the ID of its thread: a thread, its notes, its subscription and
// all of its lanes are in one shard.
func shardOf(k state.Key, shards int) int {
	if shards == 1 {
		return 0
	}
	h := uint64(14695981039346656037)
	for _, part := range []string{k.Workspace, "/", k.Thread().ID} {
		for i := range len(part) {
			h = (h ^ uint64(part[i])) * 1099511628211
		}
	}
	return int(h % uint64(shards)) //nolint:gosec // less than shards, which is an int
}

// texts returns keys as texts.
func texts(keys []any) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i], _ = k.(string)
	}
	return out
}

func (sh *shard) queue(lane string) string { return sh.queues + lane }
func (sh *shard) value(key string) string  { return sh.base + "v:" + key }

// subscriptions names the set of a workspace's subscriptions in this shard.
func (sh *shard) subscriptions(workspace string) string { return sh.subs + workspaceName(workspace) }

// workspaceName is the workspace as it stands in the spelling of a key.
func workspaceName(workspace string) string {
	return strings.TrimSuffix(state.Key{Workspace: workspace}.String(), "//")
}

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

// at returns the spelling of k and the shard it lives in.
func (s *Store) at(k state.Key) (string, int) {
	return k.String(), shardOf(k, len(s.shards))
}

// globEscape quotes what MATCH patterns give a meaning to.
func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(s)
}
