package dev

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// placePrefix begins the name of a playground's directory among the temporary ones.
	placePrefix = "linearbot-dev-"
	// addressName is the file in it with the address of the page. The playground holds a
	// lock on it, which ends with the process, however that ends.
	addressName = "address"
	// botName is the directory in it with the state of the bot.
	botName = "bot"
)

// Place is where a playground keeps the state of its bot, so that commands on this
// machine find it.
type Place struct {
	// Dir is the directory with the state: a temporary one, or the one that is kept.
	Dir string

	found   string   // where commands look for it
	address *os.File // locked
}

// NewPlace makes a place, and removes those that killed playgrounds of this user have
// left. Its directory is keep, or a temporary one if that is empty.
func NewPlace(keep string) (*Place, error) {
	clean()
	found, err := os.MkdirTemp("", placePrefix)
	if err != nil {
		return nil, err
	}
	p := &Place{Dir: found, found: found}
	p.address, err = claim(found)
	if err == nil && keep != "" {
		err = p.keep(keep)
	}
	if err != nil {
		return nil, errors.Join(err, p.Remove())
	}
	return p, nil
}

// keep moves the state to a directory that stays.
func (p *Place) keep(dir string) (err error) {
	if p.Dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return err
	}
	return os.Symlink(filepath.Join(p.Dir, botName), filepath.Join(p.found, botName))
}

// claim makes the file for the address, which is locked before it has its name: under
// that name, a file without a lock is one of a playground that has ended.
func claim(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, addressName)
	if err != nil {
		return nil, err
	}
	if err = lock(f); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, addressName))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Announce lets commands find the place while the playground answers at an address.
func (p *Place) Announce(address net.Addr) error {
	_, err := p.address.WriteAt([]byte(address.String()), 0)
	return err
}

// Remove removes the place. What is kept stays.
func (p *Place) Remove() error {
	err := os.RemoveAll(p.found)
	_ = p.address.Close() // after the removal, nothing that it holds matters; a second call finds it closed
	return err
}

// Running is a playground that runs on this machine.
type Running struct {
	// URL is the address of its page.
	URL string
	// State is the directory with the store of its bot.
	State string
}

// Playgrounds finds the playgrounds of this user that run on this machine, by address.
func Playgrounds() []Running {
	var all []Running
	for _, dir := range places() {
		if fate(dir) != runs {
			continue
		}
		if one, ok := readPlace(dir); ok {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b Running) int { return strings.Compare(a.URL, b.URL) })
	return all
}

// clean removes the places of playgrounds that were killed. One that cannot be removed
// stays: it is not taken for a running one either.
func clean() {
	for _, dir := range places() {
		if fate(dir) == ended {
			_ = os.RemoveAll(dir)
		}
	}
}

// places returns the directories of this user that are named like a playground's. One
// that others can write to is not a playground's.
func places() []string {
	found, err := filepath.Glob(filepath.Join(os.TempDir(), placePrefix+"*"))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(found, func(dir string) bool {
		info, err := os.Lstat(dir)
		return err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 || !own(info)
	})
}

// life says whether the playground of a place runs.
type life int

const (
	unknown life = iota // such as that of a place that is being made
	runs
	ended
)

// fate looks whether the playground of a place runs: whether it holds its lock. That
// something answers at its address would not show it, because another program may have
// the port since.
func fate(dir string) life {
	name := filepath.Join(dir, addressName)
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return unknown
	}
	f, err := os.Open(name) //nolint:gosec // its name is fixed
	if err != nil {
		return unknown
	}
	defer f.Close() //nolint:errcheck // nothing was written; gives the lock back
	return holder(f)
}

// readPlace reads what a playground has announced in a directory.
func readPlace(dir string) (one Running, ok bool) {
	raw, err := os.ReadFile(filepath.Join(dir, addressName)) //nolint:gosec // its name is fixed
	address := strings.TrimSpace(string(raw))
	if err != nil || address == "" {
		return one, false
	}
	one.URL = "http://" + address
	one.State, err = filepath.EvalSymlinks(filepath.Join(dir, botName))
	return one, err == nil
}
