package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
)

// leaf is a page that can be read.
type leaf struct {
	workspace string
	number    int64
	// newest is when the newest of its parts began. Of a page that may still be
	// filled it is as late as can be.
	newest time.Time
}

// unknownNewest is newer than any part.
func unknownNewest() time.Time { return time.Unix(1<<40, 0) }

// leaves lists the pages of workspaces, newest first.
func (v *View) leaves(ctx context.Context, workspaces []string) ([]leaf, error) {
	var all []leaf
	for _, w := range workspaces {
		data, err := v.book.Value(notes.TraceHead, w).Get(ctx)
		if err != nil {
			return nil, fmt.Errorf("trace: head: %w", err)
		}
		h := readHead(data)
		for n := h.oldest(); n <= h.number; n++ {
			newest, ok := h.closed[n]
			if !ok {
				newest = unknownNewest()
			}
			all = append(all, leaf{w, n, newest})
		}
	}
	slices.SortStableFunc(all, func(a, b leaf) int {
		return cmp.Or(b.newest.Compare(a.newest), cmp.Compare(b.number, a.number))
	})
	return all, nil
}

// scan reads pages, newest first, until it has what is wanted.
type scan struct {
	merger

	// keep chooses traces; limit is how many, the newest first.
	keep  func(t *Trace) bool
	limit int
	// since leaves out what began earlier.
	since time.Time
	// only is the id of the one delivery that is wanted, besides its replays, which
	// are newer. Empty for any.
	only string
	// part chooses parts: a trace none of whose parts is chosen is not even put
	// together. Nil chooses all.
	part func(p *Part) bool
	// dropped hears of each delivery that was read and not chosen, by the first of
	// its parts that was read. May be nil.
	dropped func(p *Part)

	found map[string]*finding
}

// finding is what is known of a delivery.
type finding struct {
	parts []*Part
	// trace is nil while no part is chosen.
	trace *Trace
	// stale says that parts came since it was put together.
	stale bool
	kept  bool
	// since is from when on there can be other parts.
	since time.Time
	// order tells apart traces that began at the same time: the one that was
	// written last is the newer.
	order int64
}

// add adds parts that were read. order is larger for what was written later.
func (s *scan) add(parts []Part, order int64) {
	for i := range parts {
		p := &parts[i]
		f := s.found[p.ID]
		if f == nil {
			f = &finding{since: p.since(), order: order + int64(i)}
			s.found[p.ID] = f
		}
		if since := p.since(); since.Before(f.since) {
			f.since = since
		}
		f.parts = append(f.parts, p)
		f.stale = f.trace != nil || f.stale || s.part == nil || s.part(p)
	}
	for _, f := range s.found {
		if f.stale {
			t := s.merge(slices.Clone(f.parts))
			f.trace, f.stale, f.kept = &t, false, s.keep(&t) && !t.At.Before(s.since)
		}
	}
}

// forget drops what is not chosen, and no longer can be, before pages are read
// whose parts all began before a time.
func (s *scan) forget(before time.Time) {
	for id, f := range s.found {
		if !f.kept && f.since.After(before) {
			if s.dropped != nil {
				s.dropped(f.parts[0])
			}
			delete(s.found, id)
		}
	}
}

// wants says what is still to be read, if the newest part that was not read began
// at a time: all pages, or those of some workspaces down to a time each.
func (s *scan) wants(newest time.Time) (all bool, back map[string]time.Time) {
	newer := 0
	for _, f := range s.found {
		if f.kept && f.trace.At.After(newest) {
			newer++
		}
	}
	if newer < s.limit && !newest.Before(s.since) && s.found[s.only] == nil {
		return true, nil
	}
	back = make(map[string]time.Time)
	for _, f := range s.chosen() {
		if f.since.After(newest) {
			continue
		}
		for _, w := range []string{f.trace.Workspace, ""} { // it may have been refused first
			if at, ok := back[w]; !ok || f.since.Before(at) {
				back[w] = f.since
			}
		}
	}
	return false, back
}

// next returns the index of the page to read next, or -1.
func (s *scan) next(unread []leaf) int {
	if len(unread) == 0 {
		return -1
	}
	s.forget(unread[0].newest)
	all, back := s.wants(unread[0].newest)
	if all {
		return 0
	}
	return slices.IndexFunc(unread, func(l leaf) bool {
		at, ok := back[l.workspace]
		return ok && !l.newest.Before(at)
	})
}

// chosen returns what is wanted, newest first.
func (s *scan) chosen() []*finding {
	var all []*finding
	for _, f := range s.found {
		if f.kept {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *finding) int {
		return cmp.Or(b.trace.At.Compare(a.trace.At), cmp.Compare(b.order, a.order), cmp.Compare(a.trace.ID, b.trace.ID))
	})
	return all[:min(len(all), s.limit)]
}

// scan has s read what it wants of the rings of workspaces, and what runs now.
func (v *View) scan(ctx context.Context, workspace string, s *scan) ([]Trace, error) {
	s.kinds, s.found = reason.Kinds(), make(map[string]*finding)
	var running []Part
	if v.rec != nil {
		for _, p := range v.rec.running() { // first: what ends meanwhile is then there twice, and not missing
			if workspace == "" || p.Workspace == workspace {
				running = append(running, p)
			}
		}
		if err := v.rec.Flush(ctx); err != nil {
			return nil, err
		}
	}
	workspaces := []string{workspace, ""} // what was refused first has no workspace
	if workspace == "" {
		var err error
		if workspaces, err = v.Workspaces(ctx); err != nil {
			return nil, err
		}
	}
	unread, err := v.leaves(ctx, workspaces)
	if err != nil {
		return nil, err
	}
	s.add(running, 1<<62)
	const most = 1 << 20 // parts of a page
	for i := s.next(unread); i >= 0; i = s.next(unread) {
		l := unread[i]
		unread = slices.Delete(unread, i, i+1)
		data, err := page(v.book, l.workspace, l.number).Get(ctx)
		if err != nil {
			return nil, fmt.Errorf("trace: page: %w", err)
		}
		s.add(readPage(data, l.number), l.number*most)
	}
	s.forget(time.Time{})
	return s.traces(), nil
}

func (s *scan) traces() []Trace {
	chosen := s.chosen()
	all := make([]Trace, len(chosen))
	for i, f := range chosen {
		all[i] = *f.trace
	}
	return all
}
