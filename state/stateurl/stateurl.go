// Package stateurl opens a store by its address, so that the operator of a
// program chooses the store.
//
//	memory                                 in memory, lost with the process
//	file:DIR                               one directory, durable, for one process
//	redis://[user:password@]host:port/db   one Redis server, for many processes
//	rediss://…                             the same over TLS
//	redis+sentinel://…, redis+cluster://…  see package redisstate
//
// ?prefix=NAME after the address of a Redis store separates it from others there.
package stateurl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/state/redisstate"
)

// Default is the address of the store that programs use unless they are told
// otherwise.
const Default = "file:linearbot.data"

// Options are what the stores have in common.
type Options struct {
	// MaxEntries is the backlog from which deliveries are refused, so that
	// the sender keeps them. Defaults to none.
	MaxEntries int
	// Workers is how many turns run at once. A Redis store keeps connections
	// for as many, and some for those who enqueue. Defaults to 64.
	Workers int
	// ReadOnly opens a file store to look at it, without changing anything in
	// its directory (see [filestate.Options]). It has no effect on the others.
	ReadOnly bool
	// Ahead is how far the clock of a file store is ahead of this machine's, for
	// development. Other stores have no such clock. Defaults to 0.
	Ahead time.Duration
}

// Open opens the store at address with the default options.
func Open(address string) (state.Store, error) { return OpenOptions(address, Options{}) }

// OpenOptions is [OpenContext] with a context that does not end.
func OpenOptions(address string, opts Options) (state.Store, error) {
	return OpenContext(context.Background(), address, opts)
}

// OpenContext opens the store at address. A file store is opened and locked, unless ctx
// ends meanwhile (see [filestate.OpenContext]); a Redis store connects later, when it is
// used first. An error about the address is an [*AddressError]; none holds a password.
// The store outlives ctx.
func OpenContext(ctx context.Context, address string, opts Options) (state.Store, error) {
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	if dir, ok := directory(address); ok {
		return filestate.OpenContext(ctx, dir, filestate.Options{MaxEntries: opts.MaxEntries, ReadOnly: opts.ReadOnly, Ahead: opts.Ahead})
	}
	if address == memory {
		return memstate.New(memstate.Options{MaxEntries: opts.MaxEntries}), nil
	}
	return redisstate.OpenOptions(address, redisstate.Options{MaxEntries: opts.MaxEntries, PoolSize: poolSize(opts.Workers)})
}

// poolSize returns the most connections to a Redis server: one for each turn
// that waits for an answer of its own, and as many as the store itself may use
// at once besides. Turns that wait for a model hold none, so the number stays
// far below what a server takes, however many workers there are.
func poolSize(workers int) int {
	const own, most = 16, 256
	if workers <= 0 {
		workers = 64
	}
	return min(workers+own, most)
}

// Check examines the store at address without changing it. For a file store
// that no process has open, an error says what is damaged (see
// [filestate.Check]). For Redis it returns the settings by which the servers may
// lose what they acknowledged, one sentence each (see [redisstate.Store.Check]).
// A store in memory has nothing to look at. An error about the address is an
// [*AddressError].
func Check(ctx context.Context, address string) (warnings []string, err error) {
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	if dir, ok := directory(address); ok {
		return nil, filestate.Check(ctx, dir)
	}
	store, err := OpenContext(ctx, address, Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if s, ok := store.(*redisstate.Store); ok {
		return s.Check(ctx)
	}
	return nil, nil
}

// Exists reports whether there is a store at address that can be looked at. It
// makes none: [Open] would make the directory of a file store. Whether a Redis
// server has anything is not asked, and a store in memory is always new. An error
// about the address is an [*AddressError].
func Exists(address string) (bool, error) {
	if err := CheckURL(address); err != nil {
		return false, err
	}
	if dir, ok := directory(address); ok {
		return filestate.Exists(dir)
	}
	return true, nil
}

// AddressError says what is wrong with the address of a store.
type AddressError struct {
	// Reason continues a sentence that begins with what holds the address. It
	// shows no password.
	Reason string
}

// Error returns the reason.
func (e *AddressError) Error() string { return "stateurl: the address " + e.Reason }

// memory is the address of a store in memory.
const memory = "memory"

// forms says what addresses look like.
const forms = "use memory, file:DIR or redis://host:port/db"

// CheckURL reports what is wrong with an address, as an [*AddressError], without
// opening or making anything. The directory of a file store need not exist, but
// what exists of its path must be directories.
func CheckURL(address string) error {
	dir, isFile := directory(address)
	switch {
	case address == "":
		return &AddressError{"is empty: " + forms}
	case address == memory:
		return nil
	case isFile && dir == "":
		return &AddressError{"names no directory: give it as in " + Default}
	case isFile:
		return checkDirectory(dir)
	case strings.HasPrefix(address, "redis"):
		if err := redisstate.CheckURL(address); err != nil {
			return &AddressError{"cannot be read: " + err.Error()}
		}
		return nil
	default:
		scheme, _, ok := strings.Cut(address, ":")
		if !ok {
			return &AddressError{"names no kind of store: " + forms}
		}
		return &AddressError{fmt.Sprintf("is of an unknown kind, %q: %s", scheme, forms)}
	}
}

// directory returns the directory of a file store.
func directory(address string) (string, bool) {
	dir, ok := strings.CutPrefix(address, "file:")
	return strings.TrimPrefix(dir, "//"), ok
}

// checkDirectory reports what is wrong with the nearest part of a path that
// exists.
func checkDirectory(dir string) error {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err == nil && !info.IsDir():
			return &AddressError{"leads to a directory that cannot exist: " + at + " is a file"}
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at):
		case errors.Is(err, syscall.ENOTDIR) && at != filepath.Dir(at):
			// A part further up is a file; it is found below.
		default:
			return &AddressError{"leads to a directory that cannot be used: " + err.Error()}
		}
	}
}
