package filestate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	bolt "go.etcd.io/bbolt"
)

// The layout of bbolt's pages, as far as checkPages reads it. Numbers are in
// the byte order of the machine.
//
//	page:           id (8) | flags (2) | count (2) | overflow (4) | elements
//	branch element: position (4) | key size (4) | page id (8)
//	leaf element:   flags (4) | position (4) | key size (4) | value size (4)
//	bucket value:   root page id (8) | sequence (8) | a leaf, if the root is 0
//
// Positions count from the beginning of their element.
const (
	pageHeader    = 16
	elementSize   = 16
	bucketHeader  = 16
	flagBranch    = 1
	flagLeaf      = 2
	flagSubBucket = 1
	maxNesting    = 3 // buckets below each other
	maxHeight     = 64
)

// pageChecker walks the tree of pages. bbolt trusts what pages say about
// themselves: one damaged number makes it read beyond the file, run in circles
// or ask for all memory, partly in goroutines of its own that cannot be guarded.
type pageChecker struct {
	file  io.ReaderAt
	size  int64 // of a page
	count uint64
	seen  []uint64 // one bit per page
	spare [][]byte // pages that are not in use
}

// checkPages checks the structure of the file that tx reads.
func checkPages(tx *bolt.Tx, file io.ReaderAt, pageSize int) error {
	size := int64(pageSize)
	c := &pageChecker{file: file, size: size, count: uint64(tx.Size() / size)} //nolint:gosec // not negative
	c.seen = make([]uint64, c.count/64+1)
	return c.page(uint64(tx.Cursor().Bucket().RootPage()), 0, 0)
}

// visit marks the pages from id on. It fails if one does not exist or was
// visited before.
func (c *pageChecker) visit(id, n uint64) error {
	if id < 2 || n > c.count || id > c.count-n {
		return fmt.Errorf("page %d does not exist", id)
	}
	for i := id; i < id+n; i++ {
		if c.seen[i/64]&(1<<(i%64)) != 0 {
			return fmt.Errorf("page %d is used twice", i)
		}
		c.seen[i/64] |= 1 << (i % 64)
	}
	return nil
}

// page checks the page id and what is below it.
func (c *pageChecker) page(id uint64, height, nesting int) error {
	if height > maxHeight {
		return fmt.Errorf("page %d is too deep in the tree", id)
	}
	if err := c.visit(id, 1); err != nil {
		return err
	}
	b := c.buffer()
	defer func() { c.spare = append(c.spare, b) }()
	if err := c.read(b, id, 0); err != nil {
		return err
	}
	flags, overflow := binary.NativeEndian.Uint16(b[8:]), binary.NativeEndian.Uint32(b[12:])
	if binary.NativeEndian.Uint64(b) != id || flags != flagBranch && flags != flagLeaf {
		return fmt.Errorf("page %d is not what it should be", id)
	}
	if overflow > 0 {
		if err := c.visit(id+1, uint64(overflow)); err != nil {
			return err
		}
	}
	total := (int64(overflow) + 1) * c.size
	elements, err := c.elements(b, id, total)
	if err != nil {
		return err
	}
	if flags == flagLeaf {
		return c.leaf(elements, total-pageHeader, nesting, func(p []byte, off int64) error {
			return c.read(p, id, pageHeader+off)
		})
	}
	for at := 0; at < len(elements); at += elementSize {
		e := elements[at:]
		pos, key := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
		if int64(at)+int64(pos)+int64(key) > total-pageHeader || int(pos) < len(elements)-at {
			return fmt.Errorf("a key of page %d is outside of it", id)
		}
		if err := c.page(binary.NativeEndian.Uint64(e[8:]), height+1, nesting); err != nil {
			return err
		}
	}
	if len(elements) == 0 {
		return fmt.Errorf("page %d has no children", id)
	}
	return nil
}

func (c *pageChecker) buffer() []byte {
	n := len(c.spare)
	if n == 0 {
		return make([]byte, c.size)
	}
	b := c.spare[n-1]
	c.spare = c.spare[:n-1]
	return b
}

// elements returns the elements of the page whose beginning is b.
func (c *pageChecker) elements(b []byte, id uint64, total int64) ([]byte, error) {
	size := int64(binary.NativeEndian.Uint16(b[10:])) * elementSize
	if pageHeader+size > total {
		return nil, fmt.Errorf("page %d has too many elements", id)
	}
	if pageHeader+size <= int64(len(b)) {
		return b[pageHeader : pageHeader+size], nil
	}
	out := make([]byte, size)
	return out, c.read(out, id, pageHeader)
}

// leaf checks the elements of a leaf with size bytes, which read reads, and
// goes down into buckets.
func (c *pageChecker) leaf(elements []byte, size int64, nesting int, read func(p []byte, off int64) error) error {
	for at := 0; at < len(elements); at += elementSize {
		e := elements[at:]
		flags, pos := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
		key, value := binary.NativeEndian.Uint32(e[8:]), binary.NativeEndian.Uint32(e[12:])
		from := int64(at) + int64(pos) + int64(key)
		if from+int64(value) > size || int(pos) < len(elements)-at || key == 0 || flags > flagSubBucket {
			return errors.New("an element of a page is outside of it")
		}
		if flags == 0 {
			continue
		}
		if nesting == maxNesting || value < bucketHeader || value > uint32(c.size) { //nolint:gosec // a small number
			return fmt.Errorf("a bucket has %d bytes at depth %d", value, nesting)
		}
		b := make([]byte, value)
		if err := read(b, from); err != nil {
			return err
		}
		if err := c.bucket(b, nesting+1); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks the value of a bucket and what is in it.
func (c *pageChecker) bucket(v []byte, nesting int) error {
	if root := binary.NativeEndian.Uint64(v); root != 0 {
		return c.page(root, 0, nesting)
	}
	inline := v[bucketHeader:]
	if len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != flagLeaf {
		return errors.New("a bucket is not what it should be")
	}
	size := int(binary.NativeEndian.Uint16(inline[10:])) * elementSize
	inline = inline[pageHeader:]
	if size > len(inline) {
		return errors.New("a bucket has too many elements")
	}
	return c.leaf(inline[:size], int64(len(inline)), nesting, func(p []byte, off int64) error {
		copy(p, inline[off:])
		return nil
	})
}

func (c *pageChecker) read(p []byte, id uint64, off int64) error {
	_, err := c.file.ReadAt(p, int64(id)*c.size+off) //nolint:gosec // visit has checked id
	return err
}
