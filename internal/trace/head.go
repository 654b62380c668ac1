package trace

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"time"
)

// head is the value that gives out the numbers of a ring's pages. It also says of
// each page that is full when the newest of its parts began, so that a reader can
// stop before it reads what is too old:
//
//	412
//	410 1760000000000000
//	411 1760000004000000
//
// Times are microseconds since 1970. A page without a line is being filled by a
// process, or was when that process ended.
type head struct {
	// number is that of the newest page. Zero if there is none.
	number int64
	closed map[int64]time.Time
}

// readHead reads a head. What cannot be read is left out.
func readHead(data []byte) head {
	h := head{closed: make(map[int64]time.Time)}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	n, err := strconv.ParseInt(string(first), 10, 64)
	if err != nil || n < 0 {
		return h
	}
	h.number = n
	for line := range bytes.Lines(rest) {
		page, at, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		number, err := strconv.ParseInt(string(page), 10, 64)
		micro, bad := strconv.ParseInt(string(at), 10, 64)
		if err == nil && bad == nil && number >= h.oldest() {
			h.closed[number] = time.UnixMicro(micro)
		}
	}
	return h
}

// oldest is the number of the oldest page that can be there.
func (h head) oldest() int64 { return max(1, h.number-pages+1) }

// encode writes a head without the pages that were replaced.
func (h head) encode() []byte {
	b := append(strconv.AppendInt(nil, h.number, 10), '\n')
	for _, n := range slices.Sorted(maps.Keys(h.closed)) {
		if n < h.oldest() {
			continue
		}
		b = append(strconv.AppendInt(b, n, 10), ' ')
		b = append(strconv.AppendInt(b, h.closed[n].UnixMicro(), 10), '\n')
	}
	return b
}
