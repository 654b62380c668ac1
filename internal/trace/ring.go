package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
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
	// page is the page that is being filled: its number, its parts and its
	// content. Its number is 0 if there is none.
	number int64
	parts  int
	data   []byte
	// opened is when it was begun. A page lives as long as its first part may.
	opened time.Time
	// newest is when the newest of its parts began.
	newest time.Time
}

// write writes parts, and returns those that it has not written.
func (g *ring) write(ctx context.Context, parts []*Part) (left []*Part, err error) {
	if now := g.now(); now.Sub(g.listed) > g.life {
		if err := list(ctx, g.book, g.workspace, g.life); err != nil {
			return parts, fmt.Errorf("trace: list of workspaces: %w", err)
		}
		g.listed = now
	}
	if over := len(parts) - g.perPage*(pages-1); over > 0 {
		parts = parts[over:] // they would be replaced at once
	}
	for len(parts) > 0 {
		if g.number == 0 || g.parts >= g.perPage || len(g.data) >= pageBytes || g.now().Sub(g.opened) > g.life/8 {
			if err := g.open(ctx); err != nil {
				return parts, err
			}
		}
		data, n := g.data, 0
		for n < len(parts) && g.parts+n < g.perPage && len(data) < pageBytes {
			data = appendPart(data, parts[n])
			if begun := parts[n].Begun; begun.After(g.newest) {
				g.newest = begun
			}
			n++
		}
		if err := g.value(g.number).Set(ctx, data); err != nil {
			g.number = 0 // it may have been written: what is left goes to another page
			return parts, fmt.Errorf("trace: page: %w", err)
		}
		g.data, g.parts = data, g.parts+n
		parts = parts[n:]
	}
	return nil, nil
}

// open takes the next number for a page, and closes the page before: the head
// then says how new it is.
func (g *ring) open(ctx context.Context) error {
	at := g.book.Value(notes.TraceHead, g.workspace).For(2 * g.life)
	for {
		old, err := at.Get(ctx)
		if err != nil {
			return fmt.Errorf("trace: head: %w", err)
		}
		h := readHead(old)
		h.number++
		if g.number > 0 {
			h.closed[g.number] = g.newest
		}
		switch err := at.Swap(ctx, old, h.encode()); {
		case errors.Is(err, state.ErrConflict):
			continue // another process was first
		case err != nil:
			return fmt.Errorf("trace: head: %w", err)
		}
		g.number, g.parts, g.opened, g.newest = h.number, 0, g.now(), time.Time{}
		g.data = append(strconv.AppendInt(g.data[:0], h.number, 10), '\n')
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
