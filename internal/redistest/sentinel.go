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

// MasterName is the name under which the sentinel knows the master.
const MasterName = "main"

// Sentinel is a master with a replica and a sentinel that watches them and
// makes the replica the master if the master is gone for a second.
type Sentinel struct {
	Master, Replica, Sentinel *Server
}

// RunSentinel starts the three servers; they end with the test.
func RunSentinel(t TB) *Sentinel {
	t.Helper()
	s, err := StartSentinel(t.TempDir())
	check(t, err)
	t.Cleanup(s.Kill)
	return s
}

// StartSentinel starts the three servers with their files below dir.
func StartSentinel(dir string) (*Sentinel, error) {
	s := &Sentinel{}
	if err := s.start(dir); err != nil {
		s.Kill()
		return nil, err
	}
	return s, nil
}

func (s *Sentinel) start(dir string) error {
	dirs := make([]string, 3)
	for i := range dirs {
		dirs[i] = filepath.Join(dir, strconv.Itoa(i))
		if err := os.MkdirAll(dirs[i], 0o700); err != nil {
			return fmt.Errorf("redistest: sentinel: %w", err)
		}
	}
	var err error
	if s.Master, err = Start(dirs[0], Options{}); err != nil {
		return err
	}
	master := strconv.Itoa(s.Master.port)
	if s.Replica, err = Start(dirs[1], Options{Args: []string{"--replicaof", "127.0.0.1 " + master}}); err != nil {
		return err
	}
	if err := waitInfo(s.Replica, "replication", "master_link_status:up"); err != nil {
		return err
	}
	conf := filepath.Join(dirs[2], "sentinel.conf")
	text := "sentinel monitor " + MasterName + " 127.0.0.1 " + master + " 1\n" +
		"sentinel down-after-milliseconds " + MasterName + " 1000\n" +
		"sentinel failover-timeout " + MasterName + " 5000\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return fmt.Errorf("redistest: sentinel: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.Sentinel = &Server{dir: dirs[2], port: port, mode: []string{conf, "--sentinel"}}
	if err := s.Sentinel.Restart(); err != nil {
		return err
	}
	return waitInfo(s.Sentinel, "sentinel", "status=ok,address=127.0.0.1:"+master+",slaves=1")
}

// waitInfo returns once a section of INFO contains text.
func waitInfo(s *Server, section, text string) error {
	c := s.Client()
	err := until(s.exited, section, func(ctx context.Context) error {
		info, err := c.Info(ctx, section).Result()
		if err == nil && !strings.Contains(info, text) {
			err = errors.New("INFO does not say " + text)
		}
		return err
	})
	return errors.Join(err, c.Close())
}

// URL returns redis+sentinel://host:port/main.
func (s *Sentinel) URL() string { return "redis+sentinel://" + s.Sentinel.Addr() + "/" + MasterName }

// Kill ends all servers.
func (s *Sentinel) Kill() {
	for _, one := range []*Server{s.Sentinel, s.Replica, s.Master} {
		if one != nil {
			one.Kill()
		}
	}
}
