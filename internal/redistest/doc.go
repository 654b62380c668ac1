// Package redistest starts real Redis servers for tests: one server, a server
// with a replica and a sentinel, or a cluster of three. They listen on free
// ports of the loopback interface, keep their data in a temporary directory
// and are ended by process id when the test is over.
//
// The program redis-server must be installed. Where it is not, the helpers
// skip the test, or fail it if the environment variable CI is "true".
package redistest

import (
	"errors"
	"os"
)

// ErrNotInstalled says that redis-server is not installed.
var ErrNotInstalled = errors.New("redistest: redis-server is not installed, try: apt-get install redis-server")

// TB is the part of *testing.T that this package uses.
type TB interface {
	Helper()
	Cleanup(f func())
	TempDir() string
	Skip(args ...any)
	Fatal(args ...any)
}

// check ends the test if err is not nil, by skipping it where redis-server is
// not expected to be installed.
func check(t TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrNotInstalled) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}
