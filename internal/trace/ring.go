package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// ring writes the pages of a workspace. A counter in the store gives out their
// numbers, so that processes never write the same page, and the number names the
// place in the ring. It is not safe for concurrent use.
type ring struct {
	book      notes.Book
	workspace string
	life      time.Duration
	perPage   int
	now       func() time.Time

	// listed is when the workspace was put into the list, or was seen there.
	listed time.Time
	// last is the page that is being filled. Nil if there is none.
	last *sheet
	// spare are pages whose memory can be used again.
	spare []*sheet
}

// write writes parts, and returns those that it has not written. However many pages
// that takes, their numbers are taken in one step, and they are written at the same
// time, which a store can do together.
func (g *ring) write(ctx context.Context, parts []record) (left []record, err error) {
	if now := g.now(); now.Sub(g.listed) > g.life {
		if err := list(ctx, g.book, g.workspace, g.life); err != nil {
			return parts, fmt.Errorf("trace: list of workspaces: %w", err)
		}
		g.listed = now
	}
	if over := len(parts) - g.perPage*(pages-1); over > 0 {
		parts = parts[over:] // they would be replaced at once
	}
	var all []*sheet
	if g.last != nil && g.now().Sub(g.last.opened) <= g.life/8 {
		before := g.last.parts
		if parts = g.last.fill(parts, g.perPage); g.last.parts > before {
			all = append(all, g.last)
		}
	}
	opened := len(all)
	for len(parts) > 0 {
		l := g.blank()
		parts = l.fill(parts, g.perPage)
		all = append(all, l)
	}
	if err := g.number(ctx, all[opened:]); err != nil {
		g.last = nil // what it got may be written twice, which readers see through
		return unwritten(all), err
	}
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, l := range all {
		wg.Go(func() { errs[i] = g.value(l.number).Set(ctx, l.data()) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil { // it may have been written: what was on it goes to another page
			left = append(left, all[i].added...)
		}
		clear(all[i].added) // a page that is kept keeps no lines alive
		all[i].added = all[i].added[:0]
	}
	if err := errors.Join(errs...); err != nil {
		g.last = nil
		return left, fmt.Errorf("trace: page: %w", err)
	}
	if n := len(all); n > 0 && all[n-1] != g.last {
		if g.last != nil {
			g.spare = append(g.spare, g.last)
		}
		g.spare = append(g.spare, all[opened:n-1]...)
		g.spare = g.spare[:min(len(g.spare), maxSpare)]
		g.last = all[n-1]
	}
	return nil, nil
}

// maxSpare is how many pages are kept to be filled again.
const maxSpare = 8

func unwritten(all []*sheet) []record {
	var left []record
	for _, l := range all {
		left = append(left, l.added...)
	}
	return left
}

// sheet is a page that is being filled.
type sheet struct {
	number int64
	parts  int
	// lines are those of its parts, after room for the number.
	lines []byte
	// opened is when it was begun. A page lives as long as its first part may.
	opened time.Time
	// newest is when the newest of its parts began.
	newest time.Time
	// added are the parts that were added by this write.
	added []record
}

// numberRoom is how many bytes a number and a line feed take at most.
const numberRoom = 21

// blank returns a page without parts.
func (g *ring) blank() *sheet {
	l := &sheet{}
	if n := len(g.spare); n > 0 {
		l, g.spare = g.spare[n-1], g.spare[:n-1]
	}
	*l = sheet{lines: append(l.lines[:0], make([]byte, numberRoom)...), added: l.added[:0], opened: g.now()}
	return l
}

// fill adds parts and returns those that do not fit.
func (l *sheet) fill(parts []record, most int) []record {
	size := 0
	for i := range parts[:min(len(parts), max(0, most-l.parts))] {
		size += len(parts[i].line)
	}
	l.lines = slices.Grow(l.lines, min(size, pageBytes)) // at once: a page is large
	n := 0
	for n < len(parts) && l.parts < most && len(l.lines) < pageBytes {
		p := &parts[n]
		l.lines = append(l.lines, p.line...)
		if p.begun.After(l.newest) {
			l.newest = p.begun
		}
		l.parts++
		n++
	}
	l.added = append(l.added, parts[:n]...)
	return parts[n:]
}

// data returns the value of the page: its number is put right before its lines.
func (l *sheet) data() []byte {
	number := append(strconv.AppendInt(make([]byte, 0, numberRoom), l.number, 10), '\n')
	from := numberRoom - len(number)
	copy(l.lines[from:], number)
	return l.lines[from:]
}

// number takes numbers for new pages, and closes the page before and all of them but
// the last: the head then says how new each is.
func (g *ring) number(ctx context.Context, fresh []*sheet) error {
	if len(fresh) == 0 {
		return nil
	}
	at := g.book.Value(notes.TraceHead, g.workspace).For(2 * g.life)
	for {
		old, err := at.Get(ctx)
		if err != nil {
			return fmt.Errorf("trace: head: %w", err)
		}
		h := readHead(old)
		if g.last != nil {
			h.closed[g.last.number] = g.last.newest
		}
		for i, l := range fresh {
			h.number++
			if l.number = h.number; i < len(fresh)-1 {
				h.closed[l.number] = l.newest
			}
		}
		switch err := at.Swap(ctx, old, h.encode()); {
		case errors.Is(err, state.ErrConflict):
			continue // another process was first
		case err != nil:
			return fmt.Errorf("trace: head: %w", err)
		}
		return nil
	}
}

func (g *ring) value(number int64) notes.Value { return page(g.book, g.workspace, number).For(g.life) }

// page returns the value of a page.
func page(book notes.Book, workspace string, number int64) notes.Value {
	return book.Value(notes.TracePage, workspace, strconv.FormatInt(number%pages, 10))
}

// maxListed is the most workspaces in the list. Traces of further ones are kept
// and cannot be listed.
const maxListed = 10_000

// list adds a workspace to the list of those that have traces, or keeps it there.
func list(ctx context.Context, book notes.Book, workspace string, life time.Duration) error {
	v := book.Value(notes.TraceList, "").For(8 * life)
	for {
		old, err := v.Get(ctx)
		if err != nil {
			return err
		}
		all := listed(old)
		if !slices.Contains(all, workspace) {
			if len(all) >= maxListed {
				return nil
			}
			all = append(all, workspace)
		}
		next, err := json.Marshal(all)
		if err != nil {
			return err
		}
		if err := v.Swap(ctx, old, next); !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
}

func listed(data []byte) []string {
	var all []string
	if len(bytes.TrimSpace(data)) == 0 || json.Unmarshal(data, &all) != nil {
		return nil
	}
	return all
}
