package redisstate

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	type want struct {
		Addrs              []string
		User, Pass, Master string
		DB                 int
		Cluster, TLS       bool
	}
	for _, c := range []struct {
		url  string
		want want
	}{
		{"redis://localhost", want{Addrs: []string{"localhost:6379"}}},
		{"redis://localhost:7000/3", want{Addrs: []string{"localhost:7000"}, DB: 3}},
		{"redis://localhost/", want{Addrs: []string{"localhost:6379"}}},
		{"rediss://ada:p%40%2Fss@h:1/0", want{Addrs: []string{"h:1"}, User: "ada", Pass: "p@/ss", TLS: true}},
		{"redis://:pw@[::1]:7000", want{Addrs: []string{"[::1]:7000"}, Pass: "pw"}},
		{"redis://[::1]", want{Addrs: []string{"[::1]:6379"}}},
		{"redis://a,b:7000", want{Addrs: []string{"a:6379", "b:7000"}, Cluster: true}},
		{"redis+cluster://a", want{Addrs: []string{"a:6379"}, Cluster: true}},
		{"rediss+cluster://:x@a,b", want{Addrs: []string{"a:6379", "b:6379"}, Pass: "x", Cluster: true, TLS: true}},
		{"redis+sentinel://:x@a,b:1/main", want{Addrs: []string{"a:26379", "b:1"}, Pass: "x", Master: "main"}},
		{"redis+sentinel://a/main/2", want{Addrs: []string{"a:26379"}, Master: "main", DB: 2}},
	} {
		t.Run(c.url, func(t *testing.T) {
			t.Parallel()
			u, err := parseURL(c.url, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := want{u.Addrs, u.Username, u.Password, u.MasterName, u.DB, u.IsClusterMode, u.TLSConfig != nil}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenPrefix(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"redis://localhost":                         "linearbot",
		"redis+cluster://a,b?prefix=tickets":        "tickets",
		"redis+sentinel://:x@a/main/2?prefix=a.b:c": "a.b:c",
	} {
		s, err := Open(address)
		if err != nil {
			t.Fatal(err)
		}
		if s.o.Prefix != want {
			t.Errorf("%s: prefix %q", address, s.o.Prefix)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, url := range []string{
		"", "redis", "localhost:6379", "http://:hunter2@h", "redis+other://:hunter2@h", "redis://:hunter2@", "redis://:hunter2@h:x",
		"redis://:hunter2@h:70000", "redis://:hunter2@h/db", "redis://:hunter2@h/-1", "redis+cluster://:hunter2@h/1",
		"redis+sentinel://:hunter2@h", "redis://:hunter2%zz@h", "redis://:hunter2@h?db=1", "redis://h?prefix=", "redis://h?prefix=a{b}", "redis://h?prefix=:hunter2@h", "redis://h?prefix=a&prefix=b", "redis://:hunter2@a,,b", "redis://:hunter2#@h",
		"redis://:hunter2@a:b:c", "redis://:hunter2/x@h:1",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			_, err := Open(url)
			if !errors.Is(err, state.ErrInvalid) {
				t.Errorf("Open = %v, want ErrInvalid", err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"prefix":  {Prefix: "a{b"},
		"shards":  {Shards: -1},
		"many":    {Shards: 5000},
		"dedup":   {DedupTTL: -1},
		"entries": {MaxEntries: -1},
		"pool":    {PoolSize: -1},
	} {
		if _, err := OpenOptions("redis://localhost", o); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := New(nil, Options{}); !errors.Is(err, state.ErrInvalid) {
		t.Errorf("no client: %v, want ErrInvalid", err)
	}
}
