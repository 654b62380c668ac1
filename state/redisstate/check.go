package redisstate

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Check reads the settings of the servers and reports those by which they may
// lose or evict what they acknowledged, one sentence each. If the server does
// not show its settings, one sentence says so. An error means that a server
// could not be asked at all.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	nodes, err := s.nodes(ctx)
	if err != nil {
		return nil, s.fail(ctx, "check", err)
	}
	var out []string
	for _, node := range nodes {
		warnings, err := checkNode(ctx, node)
		if err != nil {
			return nil, s.fail(ctx, "check", err)
		}
		for _, w := range warnings {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out, nil
}

func checkNode(ctx context.Context, node redis.Cmdable) ([]string, error) {
	conf := map[string]string{}
	for _, name := range []string{"appendonly", "appendfsync", "maxmemory-policy", "maxmemory", "min-replicas-to-write"} {
		got, err := node.ConfigGet(ctx, name).Result()
		// An answer of the server, whatever it says, is a refusal.
		if err != nil && !unavailable(err) {
			return []string{"CONFIG GET is refused, so the settings that protect the data cannot be checked"}, nil
		}
		if err != nil {
			return nil, err
		}
		conf[name] = got[name]
	}
	var out []string
	switch {
	case conf["appendonly"] == "no":
		out = append(out, "appendonly is no: what was acknowledged since the last snapshot is lost when the server stops")
	case conf["appendfsync"] != "" && conf["appendfsync"] != "always":
		out = append(out, "appendfsync is "+conf["appendfsync"]+": a crash of the machine may lose the last seconds")
	}
	if p := conf["maxmemory-policy"]; p != "" && p != "noeviction" {
		out = append(out, "maxmemory-policy is "+p+", not noeviction: the server may drop entries and dedup keys when its memory is full")
	}
	if conf["min-replicas-to-write"] == "0" {
		info, err := node.Info(ctx, "replication").Result()
		if err == nil && replicas(info) > 0 {
			out = append(out, "min-replicas-to-write is 0 although there are replicas: a fail-over may lose the last writes")
		}
	}
	return out, nil
}

// replicas finds the number of connected replicas in INFO.
func replicas(info string) int {
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "connected_slaves:"); ok {
			n, _ := strconv.Atoi(v)
			return n
		}
	}
	return 0
}
