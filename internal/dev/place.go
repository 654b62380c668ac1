package dev

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// placePrefix begins the name of a playground's directory among the temporary ones.
	placePrefix = "linearbot-dev-"
	// addressName is the file in it with the address of the page.
	addressName = "address"
	// botName is the directory in it with the state of the bot.
	botName = "bot"
	// dialTimeout bounds the question whether a playground still runs.
	dialTimeout = 200 * time.Millisecond
)

// Place is where a playground keeps the state of its bot, so that commands on this
// machine find it.
type Place struct {
	// Dir is the directory with the state: a temporary one, or the one that is kept.
	Dir string

	found string // where commands look for it
}

// NewPlace makes a place. Its directory is keep, or a temporary one if that is empty.
func NewPlace(keep string) (*Place, error) {
	found, err := os.MkdirTemp("", placePrefix)
	if err != nil {
		return nil, err
	}
	p := &Place{Dir: found, found: found}
	if keep == "" {
		return p, nil
	}
	p.Dir, err = filepath.Abs(keep)
	if err == nil {
		err = os.MkdirAll(p.Dir, 0o700)
	}
	if err == nil {
		err = os.Symlink(filepath.Join(p.Dir, botName), filepath.Join(found, botName))
	}
	if err != nil {
		return nil, errors.Join(err, p.Remove())
	}
	return p, nil
}

// Announce lets commands find the place while the playground answers at an address.
func (p *Place) Announce(address net.Addr) error {
	return os.WriteFile(filepath.Join(p.found, addressName), []byte(address.String()), 0o600)
}

// Remove removes the place. What is kept stays.
func (p *Place) Remove() error { return os.RemoveAll(p.found) }

// Running is a playground that runs on this machine.
type Running struct {
	// URL is the address of its page.
	URL string
	// State is the directory with the store of its bot.
	State string
}

// Playgrounds finds the playgrounds of this user that run on this machine.
func Playgrounds(ctx context.Context) []Running {
	found, err := filepath.Glob(filepath.Join(os.TempDir(), placePrefix+"*"))
	if err != nil {
		return nil
	}
	at := make(map[string]announced) // by address
	for _, dir := range found {
		one, ok := readPlace(dir)
		// One that was killed may have left its place at an address of today.
		if ok && one.since.After(at[one.URL].since) {
			at[one.URL] = one
		}
	}
	var all []Running
	for _, url := range slices.Sorted(maps.Keys(at)) {
		if answers(ctx, strings.TrimPrefix(url, "http://")) {
			all = append(all, at[url].Running)
		}
	}
	return all
}

// announced is what a place says.
type announced struct {
	Running

	since time.Time
}

// readPlace reads what a playground has announced in a directory. One that others can
// write to is not a playground's.
func readPlace(dir string) (one announced, ok bool) {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
		return one, false
	}
	name := filepath.Join(dir, addressName)
	if info, err = os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return one, false
	}
	raw, err := os.ReadFile(name) //nolint:gosec // its name is fixed
	if err != nil {
		return one, false
	}
	one.since, one.URL = info.ModTime(), "http://"+strings.TrimSpace(string(raw))
	one.State, err = filepath.EvalSymlinks(filepath.Join(dir, botName))
	return one, err == nil
}

// answers reports whether something listens at an address.
func answers(ctx context.Context, address string) bool {
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", address)
	return err == nil && conn.Close() == nil
}
