package filestate

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/linearbot/linearbot/state"
)

// Check examines the store in dir without changing it: the structure of the
// file, page by page, and the checksum of every record. It returns nil if all of
// it is whole, and otherwise an error that says what is damaged and what to do.
// It reads the whole file, so it takes as long as the disk. While a process has
// the store open it fails within a second with [state.ErrLocked].
//
// The check that bbolt brings along trusts the numbers in the pages that it
// examines: damage makes it end the process instead of reporting it.
//
// [Open] checks the structure by itself if the store was not closed, which is
// when a crash of the machine may have damaged it.
func Check(ctx context.Context, dir string) error {
	return check(dir, true, func(tx *bolt.Tx) error {
		return checkRecords(ctx, tx, filepath.Join(dir, fileName))
	})
}

// Exists reports whether there is a store in dir, so that it can be looked at
// without making one.
func Exists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, fileName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// check examines the file in dir: that it is one of ours and complete, if wanted
// its structure, and then what records says, which may be nil.
func check(dir string, structure bool, records func(tx *bolt.Tx) error) error {
	path := filepath.Join(dir, fileName)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("filestate: %w", err) // bbolt would create it
	}
	f, err := openBolt(dir, fileName, bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	err = guard(func() error {
		return f.bolt.View(func(tx *bolt.Tx) error {
			info, err := f.handle.Stat()
			if err != nil {
				return err
			}
			if info.Size() < tx.Size() {
				return fmt.Errorf("%d bytes of %d are missing at the end", tx.Size()-info.Size(), tx.Size())
			}
			if structure {
				if err := checkPages(tx, f.handle, f.bolt.Info().PageSize); err != nil {
					return err
				}
			}
			if err := checkFormat(tx, path); err != nil {
				return err
			}
			if structure {
				if err := checkBuckets(tx); err != nil {
					return err
				}
			}
			if records != nil {
				return records(tx)
			}
			return nil
		})
	})
	_ = guard(f.bolt.Close)
	if err != nil && !isForeign(err) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return &fileError{path, "is damaged", adviceDamaged, err}
	}
	return err
}

// checkFormat refuses files that are not ours to change. A file without any
// bucket is a new one.
func checkFormat(tx *bolt.Tx, path string) error {
	meta := tx.Bucket([]byte(bucketMeta))
	if meta == nil {
		if k, _ := tx.Cursor().First(); k != nil {
			return &fileError{path, "belongs to another program", adviceForeign, nil}
		}
		return nil
	}
	v := meta.Get([]byte(keyFormat))
	if len(v) != 8 {
		return &fileError{path, "belongs to another program", adviceForeign, nil}
	}
	switch n := binary.BigEndian.Uint64(v); {
	case n > formatVersion:
		return &fileError{
			path, fmt.Sprintf("has format %d and this linearbot reads %d", n, formatVersion),
			"use the newer linearbot that wrote it", nil,
		}
	case n < formatVersion:
		return &fileError{
			path, fmt.Sprintf("has format %d and this linearbot reads %d", n, formatVersion),
			"export it with the older linearbot that wrote it and import that into an empty directory", nil,
		}
	}
	return nil
}

// checkBuckets walks through all buckets.
func checkBuckets(tx *bolt.Tx) error {
	return tx.ForEach(func(name []byte, in *bolt.Bucket) error {
		if _, err := walk(in, 0); err != nil {
			return fmt.Errorf("bucket %q: %w", name, err)
		}
		return nil
	})
}

// walk touches all of a bucket. What it returns says nothing; it is there so
// that the reads are made.
func walk(in *bolt.Bucket, depth int) (seen byte, err error) {
	if depth > 2 {
		return 0, errors.New("buckets are nested too deep")
	}
	var prev []byte
	c := in.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if prev != nil && bytes.Compare(prev, k) >= 0 {
			return 0, errors.New("keys are out of order")
		}
		prev = k
		switch {
		case v == nil:
			child := in.Bucket(k)
			if child == nil {
				return 0, errors.New("a bucket is missing")
			}
			n, err := walk(child, depth+1)
			if err != nil {
				return 0, err
			}
			seen ^= n
		case len(v) > 0:
			seen ^= v[0] ^ v[len(v)-1]
		}
	}
	return seen, nil
}

// checkRecords reports how many records cannot be read. They do not keep the
// store from being used: what is damaged goes to the dead letters.
func checkRecords(ctx context.Context, tx *bolt.Tx, path string) error {
	readable := map[string]func(v []byte) bool{
		bucketEntries: func(v []byte) bool { _, whole, ok := parseEntry(v); return whole && ok },
		bucketMarks:   func(v []byte) bool { _, ok := parseMark(v); return ok },
		bucketHolds:   func(v []byte) bool { _, _, ok := parseHold(v); return ok },
		bucketDead:    func(v []byte) bool { _, ok := parseDead(v); return ok },
		bucketDedup:   func(v []byte) bool { return eachKey(v, func(state.Key, string) {}) },
		bucketValues:  func(v []byte) bool { _, ok := parseValue(v); return ok },
		bucketNotes:   func(v []byte) bool { _, _, ok := parseNotes(v); return ok },
		bucketSubs:    func(v []byte) bool { _, err := parseThread(v); return err == nil },
	}
	var found []string
	for _, name := range buckets() {
		in := tx.Bucket([]byte(name))
		if in == nil || readable[name] == nil {
			continue
		}
		n, err := unreadable(ctx, in, readable[name])
		if err != nil {
			return err
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d in %s", n, name))
		}
	}
	if found == nil {
		return nil
	}
	return &fileError{
		path, "has damaged records: " + strings.Join(found, ", "),
		"open the store, which moves damaged entries and notes to the dead letters, or restore it from a backup", nil,
	}
}

// unreadable counts the records of a bucket, and of those in it, that readable
// refuses.
func unreadable(ctx context.Context, in *bolt.Bucket, readable func(v []byte) bool) (n int, err error) {
	c := in.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		switch {
		case v == nil:
			within, err := unreadable(ctx, in.Bucket(k), readable)
			if n += within; err != nil {
				return n, err
			}
		case !readable(v):
			n++
		}
	}
	return n, nil
}
