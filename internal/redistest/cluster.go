package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// slots is the number of hash slots of a cluster.
const slots = 16384

// Cluster is a running cluster without replicas.
type Cluster struct {
	Nodes []*Server
}

// RunCluster starts a cluster of three nodes that ends with the test.
func RunCluster(t TB) *Cluster {
	t.Helper()
	c, err := StartCluster(t.TempDir(), 3)
	check(t, err)
	t.Cleanup(c.Kill)
	return c
}

// StartCluster starts a cluster of n nodes that keep their files below dir.
func StartCluster(dir string, n int) (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(dir, n); err != nil {
		c.Kill()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(dir string, n int) error {
	buses := make([]string, n)
	for i := range n {
		bus, err := freePort()
		if err != nil {
			return err
		}
		buses[i] = strconv.Itoa(bus)
		sub := filepath.Join(dir, strconv.Itoa(i))
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return fmt.Errorf("redistest: cluster: %w", err)
		}
		s, err := Start(sub, Options{Args: []string{
			"--cluster-enabled", "yes", "--cluster-port", buses[i], "--cluster-node-timeout", "3000",
		}})
		if err != nil {
			return err
		}
		c.Nodes = append(c.Nodes, s)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	first := c.Nodes[0]
	for i, node := range c.Nodes {
		cl := node.Client()
		err := cl.ClusterAddSlotsRange(ctx, i*slots/n, (i+1)*slots/n-1).Err()
		if err == nil {
			// Separate epochs save the nodes from having to agree on one.
			err = cl.Do(ctx, "cluster", "set-config-epoch", i+1).Err()
		}
		if err == nil && i > 0 {
			err = cl.Do(ctx, "cluster", "meet", "127.0.0.1", first.port, buses[0]).Err()
		}
		if err = errors.Join(err, cl.Close()); err != nil {
			return fmt.Errorf("redistest: cluster: %w", err)
		}
	}
	for _, node := range c.Nodes {
		cl := node.Client()
		err := until(node.exited, "cluster", func(ctx context.Context) error {
			info, err := cl.ClusterInfo(ctx).Result()
			if err != nil {
				return err
			}
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(n)) {
				return errors.New("the nodes do not know each other yet")
			}
			return nil
		})
		if err = errors.Join(err, cl.Close()); err != nil {
			return err
		}
	}
	return nil
}

// URL returns redis+cluster://host:port,host:port…
func (c *Cluster) URL() string {
	addrs := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		addrs[i] = n.Addr()
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// Kill ends all nodes.
func (c *Cluster) Kill() {
	for _, n := range c.Nodes {
		n.Kill()
	}
}
