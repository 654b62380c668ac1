package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// clustered reports whether the server is a node of a Cluster.
func (s *Source) clustered(ctx context.Context) (bool, error) {
	if info, err := s.client.Info(ctx, "cluster").Result(); err == nil {
		return strings.Contains(info, "cluster_enabled:1"), nil
	}
	// Not everyone may ask. A node sends who asks for keys of others elsewhere.
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range 64 {
			p.Type(ctx, strconv.Itoa(i))
		}
		return nil
	})
	if err != nil && strings.HasPrefix(err.Error(), "MOVED ") {
		return true, nil
	}
	return false, err
}

// widen reads the whole Cluster from now on.
func (s *Source) widen(ctx context.Context) error {
	o := s.options
	whole := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{o.Addr}, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig, Protocol: o.Protocol,
		ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, DialerRetries: o.DialerRetries,
		ContextTimeoutEnabled: true, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	if _, err := masters(ctx, whole); err != nil {
		return errors.Join(fmt.Errorf("it is a node of a Cluster whose nodes cannot be asked for: %w", err), whole.Close())
	}
	one := s.client
	s.client = whole
	return one.Close()
}

// masters returns the nodes of a Cluster that hold keys, in the order of their
// addresses.
func masters(ctx context.Context, c *redis.ClusterClient) ([]*redis.Client, error) {
	var mu sync.Mutex
	var out []*redis.Client
	err := c.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		out = append(out, node)
		return node.Ping(ctx).Err()
	})
	slices.SortFunc(out, func(a, b *redis.Client) int { return strings.Compare(a.Options().Addr, b.Options().Addr) })
	return out, err
}

// nodes returns the clients that have to be scanned.
func (s *Source) nodes(ctx context.Context) ([]redis.Cmdable, error) {
	whole, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{s.client}, nil
	}
	all, err := masters(ctx, whole)
	out := make([]redis.Cmdable, len(all))
	for i, node := range all {
		out[i] = node
	}
	return out, err
}
