package redistest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerKeepsData(t *testing.T) {
	t.Parallel()
	s := redistest.Run(t, redistest.Options{AOF: true})
	c := s.Client()
	defer c.Close()
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Fatal("the server answers after Kill")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if v, err := c.Get(t.Context(), "k").Result(); v != "v" || err != nil {
		t.Fatalf("after the restart: %q, %v", v, err)
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	c := redistest.RunCluster(t)
	if len(c.Nodes) != 3 {
		t.Fatalf("%d nodes", len(c.Nodes))
	}
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	s := redistest.RunSentinel(t)
	c := s.Sentinel.Client()
	defer c.Close()
	got, err := c.Do(t.Context(), "sentinel", "get-master-addr-by-name", redistest.MasterName).StringSlice()
	if err != nil || len(got) != 2 || got[0]+":"+got[1] != s.Master.Addr() {
		t.Fatalf("master is %v, %v; want %s", got, err, s.Master.Addr())
	}
}

// tb records what a helper does to a test.
type tb struct {
	redistest.TB

	skipped, failed bool
}

func (*tb) Helper()        {}
func (b *tb) Skip(...any)  { b.skipped = true; panic(b) }
func (b *tb) Fatal(...any) { b.failed = true; panic(b) }

//nolint:paralleltest // sets the environment
func TestNotInstalled(t *testing.T) {
	for _, c := range []struct {
		ci   string
		skip bool
	}{{"", true}, {"false", true}, {"true", false}} {
		t.Setenv("PATH", "")
		t.Setenv("CI", c.ci)
		b := &tb{TB: t}
		func() {
			defer func() { _ = recover() }()
			redistest.Run(b, redistest.Options{})
		}()
		if b.skipped != c.skip || b.failed == c.skip {
			t.Errorf("CI=%q: skipped %v, failed %v", c.ci, b.skipped, b.failed)
		}
	}
}
