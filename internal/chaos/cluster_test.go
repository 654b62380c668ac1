package chaos

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/internal/faultproxy"
	"github.com/linearbot/linearbot/internal/redistest"
)

// slots is the number of hash slots of a cluster.
const slots = 16384

// clusterStore is three nodes that keep what they acknowledge. Each announces
// the address of a proxy in front of it, so that all clients connect through it.
type clusterStore struct {
	nodes servers
	net   network
}

func newClusterStore(t *testing.T, _ int) store {
	t.Helper()
	s := &clusterStore{}
	dir := t.TempDir()
	buses := make([]string, 3)
	for i := range buses {
		bus, err := address()
		if err != nil {
			t.Fatal(err)
		}
		_, buses[i], _ = net.SplitHostPort(bus)
		sub := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		node, err := redistest.Start(sub, redistest.Options{AOF: true, Args: []string{
			"--cluster-enabled", "yes", "--cluster-port", buses[i], "--cluster-node-timeout", "3000",
		}})
		skipWithout(t, err)
		t.Cleanup(node.Kill)
		s.nodes, s.net = append(s.nodes, node), append(s.net, faultproxy.Run(t, node.Addr()))
	}
	_, firstPort, _ := net.SplitHostPort(s.nodes[0].Addr())
	for i, node := range s.nodes {
		c := node.Client()
		defer c.Close()
		err := c.ClusterAddSlotsRange(t.Context(), i*slots/3, (i+1)*slots/3-1).Err()
		if err == nil {
			err = c.Do(t.Context(), "cluster", "set-config-epoch", i+1).Err()
		}
		if err == nil && i > 0 {
			err = c.Do(t.Context(), "cluster", "meet", "127.0.0.1", firstPort, buses[0]).Err()
		}
		if err == nil {
			err = s.announce(t.Context(), node)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := until(t.Context(), "cluster", s.complete); err != nil {
		t.Fatal(err)
	}
	return s
}

// announce makes a node tell clients the address of its proxy.
func (s *clusterStore) announce(ctx context.Context, node *redistest.Server) error {
	i := 0
	for s.nodes[i] != node {
		i++
	}
	_, port, err := net.SplitHostPort(s.net[i].Addr())
	if err != nil {
		return err
	}
	c := node.Client()
	return errors.Join(c.ConfigSet(ctx, "cluster-announce-port", port).Err(), c.Close())
}

// complete reports whether each node knows the proxies of all nodes.
func (s *clusterStore) complete(ctx context.Context) error {
	for _, node := range s.nodes {
		c := node.Client()
		info, err1 := c.ClusterInfo(ctx).Result()
		nodes, err2 := c.ClusterNodes(ctx).Result()
		if err := errors.Join(err1, err2, c.Close()); err != nil {
			return err
		}
		if !strings.Contains(info, "cluster_state:ok") {
			return errors.New(info)
		}
		for _, p := range s.net {
			if !strings.Contains(nodes, p.Addr()+"@") {
				return errors.New("no node is announced at " + p.Addr() + ":\n" + nodes)
			}
		}
	}
	return nil
}

func (s *clusterStore) address(int) string {
	addrs := make([]string, len(s.net))
	for i, p := range s.net {
		addrs[i] = p.Addr()
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// direct is the same: the nodes tell every client to use the proxies.
func (s *clusterStore) direct() string { return s.address(0) }

func (s *clusterStore) kinds() []kind { return append(s.net.kinds(), s.nodes.kinds()...) }

func (s *clusterStore) strike(ctx context.Context, e event) error {
	announce := func(node *redistest.Server) error { return s.announce(ctx, node) }
	if ok, err := s.nodes.strike(ctx, e, announce); ok || err != nil {
		return err
	}
	return s.net.strike(ctx, e)
}

// finale restarts all nodes at the same time.
func (s *clusterStore) finale(ctx context.Context) error {
	for _, node := range s.nodes {
		node.Kill()
	}
	for _, node := range s.nodes {
		if err := restart(ctx, node); err != nil {
			return err
		}
		if err := s.announce(ctx, node); err != nil {
			return err
		}
	}
	return until(ctx, "cluster", s.complete)
}
