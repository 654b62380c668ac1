package dev

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// How often files are looked at, and how many of them.
const (
	lookEvery = 300 * time.Millisecond
	maxFiles  = 20_000
)

// Watch calls changed when files below dir change, until ctx ends. It looks at
// names, sizes and times, which works everywhere, and waits until a change is
// over. Hidden files but .env, dependencies, and the state of bots are left out.
func Watch(ctx context.Context, dir string, changed func()) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	before := fingerprint(dir)
	last := before
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := fingerprint(dir)
		if now == last && now != before {
			before = now
			changed()
		}
		last = now
	}
}

// fingerprint differs if a file below dir has changed.
func fingerprint(dir string) uint64 {
	h := fnv.New64a()
	n := 0
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // what cannot be read is left out
		name := d
		if err != nil || name == nil {
			return nil //nolint:nilerr // see above
		}
		if n++; n > maxFiles {
			return filepath.SkipAll
		}
		if path != dir && ignored(d.Name(), d.IsDir()) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it was deleted just now
		}
		_, _ = h.Write([]byte(path))                                                                                                                    // it never fails
		_, _ = h.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(info.Size())), uint64(info.ModTime().UnixNano()))) //nolint:gosec // a hash
		return nil
	})
	return h.Sum64()
}

// ignored reports whether a file or directory says nothing about the code.
func ignored(name string, dir bool) bool {
	switch {
	case name == ".env":
		return false
	case strings.HasPrefix(name, "."), strings.HasPrefix(name, "#"):
		return true
	case dir:
		return name == "node_modules" || name == "__pycache__" || name == "target" || strings.HasPrefix(name, "linearbot.")
	}
	for _, end := range []string{"~", ".log", ".tmp", ".swp", ".lock", ".pyc", ".db"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
