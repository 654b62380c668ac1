package redisstate

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/statetest"
)

func BenchmarkStore(b *testing.B) {
	statetest.Bench(b, func(b *testing.B) state.Store {
		b.Helper()
		s, err := OpenOptions(server(b).URL(), fresh(Options{}))
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}

// BenchmarkCluster is BenchmarkStore on three nodes.
func BenchmarkCluster(b *testing.B) {
	c := redistest.RunCluster(b)
	statetest.Bench(b, func(b *testing.B) state.Store {
		b.Helper()
		s, err := OpenOptions(c.URL(), fresh(Options{}))
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}

// BenchmarkLongLane settles one of 200 leased entries of a lane of 100,000.
func BenchmarkLongLane(b *testing.B) {
	s := openAt(b, server(b).URL(), Options{})
	e := state.Entry{Lane: lane("a"), Body: make([]byte, 512)}
	var wg sync.WaitGroup
	const workers = 32
	for w := range workers {
		wg.Go(func() {
			e := e
			for i := w; i < 100_000; i += workers {
				e.ID = strconv.Itoa(i)
				if _, err := s.Enqueue(b.Context(), e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	settle := time.Duration(0)
	for b.Loop() {
		ls, err := s.Lease(b.Context(), state.LeaseRequest{TTL: time.Minute, Entries: 200})
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		how := state.Settlement{Verdicts: []state.Verdict{state.Ack(ls[0].Entries[0].ID)}}
		if err := s.Settle(b.Context(), ls[0], how); err != nil {
			b.Fatal(err)
		}
		settle += time.Since(start)
	}
	b.ReportMetric(float64(settle.Nanoseconds())/float64(b.N), "settle-ns/op")
}

// BenchmarkFlat has a server of its own for each number of threads.
func BenchmarkFlat(b *testing.B) {
	statetest.BenchBacklog(b, func(b *testing.B) state.Store {
		b.Helper()
		s, err := Open(redistest.Run(b, redistest.Options{}).URL())
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}

// BenchmarkParallel is many callers that append and many that drain, on servers
// that keep what they acknowledged in several ways. server-ns/op and
// client-ns/op are the processor time of the servers and of this process.
func BenchmarkParallel(b *testing.B) {
	aof := func(fsync string) func(b *testing.B) (string, []*redistest.Server) {
		return func(b *testing.B) (string, []*redistest.Server) {
			b.Helper()
			args := []string{"--appendonly", "no"}
			if fsync != "" {
				// A rewrite of the log would be measured, too, by chance.
				args = []string{"--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0"}
			}
			s := redistest.Run(b, redistest.Options{Args: args})
			return s.URL(), []*redistest.Server{s}
		}
	}
	cluster := func(b *testing.B) (string, []*redistest.Server) {
		b.Helper()
		c := redistest.RunCluster(b)
		return c.URL(), c.Nodes
	}
	for _, on := range []struct {
		name  string
		start func(b *testing.B) (string, []*redistest.Server)
	}{
		{"aof=no", aof("")},
		{"aof=everysec", aof("everysec")},
		{"aof=always", aof("always")},
		{"cluster", cluster},
	} {
		for _, lanes := range []int{1000, 100_000} {
			b.Run(fmt.Sprintf("%s/lanes=%d", on.name, lanes), func(b *testing.B) {
				url, servers := on.start(b)
				open := func(b *testing.B) *statetest.Load {
					b.Helper()
					return &statetest.Load{Store: openAt(b, url, Options{}), Lanes: lanes}
				}
				b.Run("enqueue", func(b *testing.B) {
					c := open(b)
					done := measure(b, servers)
					c.Enqueue(b)
					done()
				})
				b.Run("drain", func(b *testing.B) {
					c := open(b)
					c.Fill(b)
					done := measure(b, servers)
					c.Drain(b)
					done()
				})
			})
		}
	}
}

// measure begins to count processor time; what it returns reports it.
func measure(b *testing.B, servers []*redistest.Server) func() {
	b.Helper()
	server, client := serverTime(b, servers), processTime()
	return func() {
		b.Helper()
		client := processTime() - client
		b.ReportMetric((serverTime(b, servers)-server)*1e9/float64(b.N), "server-ns/op")
		b.ReportMetric(float64(client.Nanoseconds())/float64(b.N), "client-ns/op")
	}
}

// serverTime returns the processor time that servers have spent, in seconds.
func serverTime(b *testing.B, servers []*redistest.Server) float64 {
	b.Helper()
	sum := 0.0
	for _, s := range servers {
		c := s.Client()
		info, err := c.Info(b.Context(), "cpu").Result()
		if err != nil {
			b.Fatal(err)
		}
		_ = c.Close() // nothing depends on it
		for line := range strings.Lines(info) {
			for _, name := range []string{"used_cpu_sys:", "used_cpu_user:"} {
				v, ok := strings.CutPrefix(strings.TrimSpace(line), name)
				if !ok {
					continue
				}
				n, err := strconv.ParseFloat(v, 64)
				if err != nil {
					b.Fatal(err)
				}
				sum += n
			}
		}
	}
	return sum
}
