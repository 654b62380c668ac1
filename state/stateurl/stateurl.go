// Package stateurl opens a store by its address, so that a program can leave
// the choice to whoever runs it.
//
//	memory                                 in memory, gone with the process
//	file:DIR                               one directory, durable, for one process
//	redis://[user:password@]host:port/db   one Redis server, for many processes
//	rediss://…                             the same over TLS
//	redis+sentinel://…, redis+cluster://…  see package redisstate
package stateurl

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/state/redisstate"
)

// Default is the address that FromEnv uses if the environment names none.
const Default = "file:linearbot.data"

// FromEnv opens the store that LINEARBOT_STATE names, or [Default].
func FromEnv() (state.Store, error) {
	address := os.Getenv("LINEARBOT_STATE")
	if address == "" {
		address = Default
	}
	return Open(address)
}

// Options are what the stores have in common.
type Options struct {
	// MaxEntries is the backlog from which deliveries are refused, so that
	// the sender keeps them. Defaults to none.
	MaxEntries int
}

// Open opens the store at address with the default options.
func Open(address string) (state.Store, error) { return OpenOptions(address, Options{}) }

// OpenOptions opens the store at address. A file store is opened and locked; a
// Redis store connects later, when it is used first. Errors hold no passwords.
func OpenOptions(address string, opts Options) (state.Store, error) {
	switch {
	case address == "":
		return nil, errors.New("stateurl: address is empty: use memory, file:DIR or redis://host:port/db")
	case address == "memory":
		return memstate.New(memstate.Options{MaxEntries: opts.MaxEntries}), nil
	case strings.HasPrefix(address, "file:"):
		dir := strings.TrimPrefix(strings.TrimPrefix(address, "file:"), "//")
		if dir == "" {
			return nil, errors.New("stateurl: file: needs a directory, for example file:linearbot.data")
		}
		return filestate.OpenOptions(dir, filestate.Options{MaxEntries: opts.MaxEntries})
	case strings.HasPrefix(address, "redis"):
		return redisstate.OpenOptions(address, redisstate.Options{MaxEntries: opts.MaxEntries})
	default:
		scheme, _, _ := strings.Cut(address, ":")
		return nil, fmt.Errorf("stateurl: unknown store %q: use memory, file:DIR or redis://host:port/db", scheme)
	}
}
