package filestate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/linearbot/linearbot/state"
)

const (
	fileName = "linearbot.db"
	// tempName is the file that is written to take the place of fileName.
	tempName = "linearbot.db.new"
	// pageSize is the page size of new files. Three deliveries of the usual
	// size fit into a page; with 4 KiB half of each page would be lost.
	pageSize = 8 << 10
	// compactChunk bounds the transactions of a compaction.
	compactChunk = 16 << 20
)

// file is an open database file, locked for this process.
type file struct {
	bolt   *bolt.DB
	handle *os.File // the file behind bolt
	dir    string
	size   atomic.Int64 // the largest that the file was seen to have; it never shrinks
}

// fileError says that the file cannot be used and what to do about it. Trying
// again does not help.
type fileError struct {
	path, problem, advice string
	err                   error
}

func (e *fileError) Error() string {
	s := fmt.Sprintf("filestate: %s %s", e.path, e.problem)
	if e.err != nil {
		s += " (" + e.err.Error() + ")"
	}
	return s + ": " + e.advice
}

func (e *fileError) Unwrap() error { return e.err }

func isForeign(err error) bool {
	var f *fileError
	return errors.As(err, &f)
}

const (
	adviceDamaged = "restore it from a backup, or move it away to start with an empty store; " +
		"what it holds may be partly readable with the bbolt command"
	adviceForeign = "choose another directory, or move the file away to start with an empty store"
)

// damageError is what guard makes of a panic.
type damageError struct{ text string }

func (e *damageError) Error() string { return e.text }

func isDamage(err error) bool {
	var d *damageError
	return errors.As(err, &d)
}

// guard runs f. bbolt answers damaged pages by a panic or by an access outside
// of the file; guard turns both into an error.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			err = &damageError{text: fmt.Sprint(r)}
		}
	}()
	return f()
}

// openBolt opens and locks dir/name.
func openBolt(dir, name string, opts bolt.Options) (*file, error) {
	f := &file{dir: dir}
	opts.Timeout = lockPatience
	opts.FreelistType = bolt.FreelistMapType
	opts.NoFreelistSync = true
	opts.PageSize = max(pageSize, os.Getpagesize())
	opts.OpenFile = func(path string, flag int, mode os.FileMode) (h *os.File, err error) {
		h, err = os.OpenFile(path, flag, mode) //nolint:gosec // the file of the store
		f.handle = h
		return h, err
	}
	path := filepath.Join(dir, name)
	err := guard(func() (err error) {
		f.bolt, err = bolt.Open(path, 0o600, &opts)
		return err
	})
	if err != nil {
		if f.handle != nil {
			// After a panic bbolt has it open, mapped and locked.
			if isDamage(err) {
				_ = unlock(f.handle)
			}
			_ = f.handle.Close()
		}
		if errors.Is(err, berrors.ErrTimeout) {
			return nil, locked(dir, !opts.ReadOnly && onlyRead(path))
		}
		if isDamage(err) || errors.Is(err, berrors.ErrChecksum) {
			return nil, &fileError{path, "is damaged", adviceDamaged, err}
		}
		if errors.Is(err, berrors.ErrInvalid) || errors.Is(err, berrors.ErrVersionMismatch) ||
			strings.Contains(err.Error(), "file size too small") {
			return nil, &fileError{path, "is not a linearbot store, or its header is damaged", adviceForeign, err}
		}
		return nil, err
	}
	// The process that had the lock before may have replaced the file.
	have, err1 := f.handle.Stat()
	want, err2 := os.Stat(path)
	if err := errors.Join(err1, err2); err != nil || !os.SameFile(have, want) {
		return nil, errors.Join(errReplaced, err, f.bolt.Close())
	}
	return f, nil
}

// whole reports whether the file is as large as it was. The recorded size is read before
// the file's: in between, the writer may let it grow and record that.
func (f *file) whole() bool {
	most := f.size.Load()
	info, err := f.handle.Stat()
	if err != nil || info.Size() < most {
		return false
	}
	for info.Size() > most && !f.size.CompareAndSwap(most, info.Size()) {
		most = f.size.Load()
	}
	return true
}

var errReplaced = errors.New("filestate: the file was replaced while it was opened")

// close closes the file. If it is broken, bbolt may hold a lock that it never
// gives back, so only the lock on the file is released. With unclosed, the mark of a
// process that has not closed the file stays.
func (f *file) close(broken, unclosed bool) error {
	if !unclosed {
		_ = os.Remove(filepath.Join(f.dir, pidName)) //nolint:gosec // beside the file of the store
	}
	if broken {
		return errors.Join(unlock(f.handle), f.handle.Close())
	}
	return guard(f.bolt.Close)
}

// openFile opens the file of the store, shrinks it if that pays and loads it.
func (s *Store) openFile(ctx context.Context) error {
	open := s.patiently
	if s.opts.ReadOnly {
		open = s.openReadOnly
	} else if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	err := open(ctx)
	for tries := 0; errors.Is(err, errReplaced) && tries < 5; tries++ {
		err = open(ctx)
	}
	return err
}

// openReadOnly opens the file to look at it and loads it, unless ctx ends before.
func (s *Store) openReadOnly(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	_, err := os.Stat(filepath.Join(s.dir, pidName))
	s.unclosed = err == nil
	if err := cmp.Or(check(s.dir, s.unclosed, nil), context.Cause(ctx)); err != nil {
		return err
	}
	f, err := openBolt(s.dir, fileName, bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		return errors.Join(cause, f.close(false, true))
	}
	l := newLoader(s.opts.DedupTTL, s.now())
	load := func(tx *bolt.Tx) error {
		for _, name := range buckets() {
			if tx.Bucket([]byte(name)) == nil {
				return &fileError{filepath.Join(s.dir, fileName), "is not complete", "start the bot with it once", nil}
			}
		}
		return l.load(tx)
	}
	if err := guard(func() error { return f.bolt.View(load) }); err != nil {
		return errors.Join(err, f.close(isDamage(err), true))
	}
	s.db, s.index, s.dedup = f, l.index, l.dedup
	return nil
}

// openLocked opens the file for writing, makes it ready for use and loads it, unless ctx
// ends before one of the steps.
func (s *Store) openLocked(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	path := filepath.Join(s.dir, fileName)
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		// A store that was not closed may be damaged, and bbolt walks through
		// the pages in a goroutine of its own when it opens a file for
		// writing, where nothing can stop a panic.
		_, err := os.Stat(filepath.Join(s.dir, pidName))
		s.unclosed = err == nil
		if err := cmp.Or(check(s.dir, s.unclosed, nil), context.Cause(ctx)); err != nil {
			return err
		}
	}
	f, err := openBolt(s.dir, fileName, bolt.Options{NoSync: s.opts.NoSync})
	if err != nil {
		return err
	}
	fail := func(err error) error { return errors.Join(err, f.close(isDamage(err), s.unclosed)) }
	if cause := context.Cause(ctx); cause != nil {
		return fail(cause)
	}
	pid := strconv.AppendInt(nil, int64(os.Getpid()), 10)
	if err := os.WriteFile(filepath.Join(s.dir, pidName), append(pid, '\n'), 0o600); err != nil {
		return fail(err)
	}
	_ = os.Remove(filepath.Join(s.dir, tempName)) // left over from a crash
	if s.opts.CompactAbove >= 0 && f.wasteful(s.opts.CompactAbove) {
		to, err := f.compacted(s.opts)
		switch {
		case err == nil:
			_ = guard(f.bolt.Close)
			f = to
		case isForeign(err):
			return fail(err)
		}
		// After another error the file is as good as before.
	}
	if cause := context.Cause(ctx); cause != nil {
		return fail(cause)
	}
	s.db = f
	if err := s.update(s.prepare); err != nil {
		return fail(err)
	}
	if runtime.GOOS != "windows" {
		if err := syncDir(s.dir); err != nil {
			return fail(err)
		}
		_ = syncDir(filepath.Dir(filepath.Clean(s.dir)))
	}
	return nil
}

// wasteful reports whether the file is larger than min and mostly free.
func (f *file) wasteful(least int64) bool {
	info, err := f.handle.Stat()
	if err != nil || info.Size() <= least || runtime.GOOS == "windows" {
		return false
	}
	used := int64(0)
	err = guard(func() error {
		return f.bolt.View(func(tx *bolt.Tx) error {
			used = tx.Size()
			return nil
		})
	})
	used -= int64(f.bolt.Stats().FreePageN) * int64(f.bolt.Info().PageSize)
	return err == nil && used < info.Size()/2
}

// compacted writes everything in f to a new file, puts that in the place of the
// old one and returns it. After a crash at any point one of the two is in
// place, and complete. The caller closes f.
func (f *file) compacted(opts Options) (*file, error) {
	temp := filepath.Join(f.dir, tempName)
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	to, err := openBolt(f.dir, tempName, bolt.Options{NoSync: true})
	if err != nil {
		return nil, err
	}
	err = guard(func() error { return bolt.Compact(to.bolt, f.bolt, compactChunk) })
	if err == nil {
		err = to.bolt.Sync()
	}
	if err == nil {
		err = os.Rename(temp, filepath.Join(f.dir, fileName))
	}
	if err != nil {
		_ = guard(to.bolt.Close)
		_ = os.Remove(temp)
		return nil, err
	}
	to.bolt.NoSync = opts.NoSync
	// If this fails the name may point to either file after a crash of the
	// machine. Both are complete now, but only one is written from here on, so
	// the error counts.
	if err := syncDir(f.dir); err != nil {
		_ = guard(to.bolt.Close)
		return nil, &fileError{temp, "could not be put in place", "open the store again", err}
	}
	return to, nil
}

// inspectFailure finds out what a failed transaction left behind.
func (s *Store) inspectFailure(txid int, err error) {
	if isDamage(err) || errors.Is(err, berrors.ErrInvalidMapping) {
		s.broken = err
		return
	}
	verr := s.begun(func(begins func()) error {
		return s.db.bolt.View(func(tx *bolt.Tx) error {
			begins()
			if txid > 0 && tx.ID() >= txid {
				// The transaction can be read, but whether it is on the disk
				// is unknown, and syncing again would not tell.
				s.suspect = err
			}
			return nil
		})
	})
	if verr != nil {
		s.broken = verr
	}
}

// repair makes the store writable again after a commit whose outcome is not
// known: it writes all that can be read to a new file and begins from there.
func (s *Store) repair() error {
	if s.broken != nil {
		return fmt.Errorf("filestate: %w: the file cannot be used until the store is opened again: %w", state.ErrUnavailable, s.broken)
	}
	if s.suspect == nil {
		return nil
	}
	now := s.now()
	if now.Before(s.repairAt) {
		return classify(s.suspect)
	}
	s.repairAt = now.Add(repairPause)
	if err := s.replaceFile(); err != nil {
		return classify(err)
	}
	l := newLoader(s.opts.DedupTTL, now)
	if err := guard(func() error { return s.db.bolt.View(l.load) }); err != nil {
		return classify(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.index.adopt(s.index, now)
	s.index, s.dedup, s.imported = l.index, l.dedup, nil
	s.suspect = nil
	s.changed()
	return nil
}

func (s *Store) replaceFile() error {
	s.dbMu.Lock()
	defer s.dbMu.Unlock()
	to, err := s.db.compacted(s.opts)
	if isForeign(err) {
		s.broken = err
	}
	if err != nil {
		return err
	}
	_ = guard(s.db.bolt.Close)
	s.db = to
	return nil
}
