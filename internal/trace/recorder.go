package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
)

// Config configures a [Recorder]. Book is required.
type Config struct {
	// Book is where traces are kept.
	Book notes.Book
	// Keep is about how many traces are kept of each workspace. Defaults to
	// 5000.
	Keep int
	// For is how long they are kept. Defaults to 7 days.
	For time.Duration
	// Text keeps what people wrote, too. Defaults to false.
	Text bool
	// Every is how often what has ended is written to the store. Defaults to one
	// second.
	Every time.Duration
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger hears of traces that cannot be kept. Defaults to none.
	Logger zerolog.Logger
}

const (
	// pages is how many values a ring has.
	pages = 128
	// partsOf is about how many parts a trace has: the request and the turn.
	partsOf = 2
	// pageBytes bounds a page, whatever is in it.
	pageBytes = 192 << 10
	// writeTimeout bounds the writing of what has ended.
	writeTimeout = 10 * time.Second
	// maxUnverified is how many requests that were refused may wait to be written,
	// so that anyone who sends nonsense displaces nothing else.
	maxUnverified = 500
	// early is how many parts are written without waiting for the time, so that
	// little is kept in memory.
	early = 1000
	// watched is how many parts a follower may be behind before it misses some.
	watched = 256
)

// Recorder is the tracer of a process. Make one with [New]. It is safe for
// concurrent use.
type Recorder struct {
	cfg Config

	mu sync.Mutex
	// done are the parts that have ended and are not written yet, oldest first.
	// With more than most of them, the oldest are dropped.
	done []record
	// lines is where the lines of the newest of them are.
	lines   []byte
	most    int
	dropped int64
	// unverified counts those of them that anyone could have caused.
	unverified int
	// open are the turns that run.
	open map[*live]struct{}
	// followers get each part that ends.
	followers map[chan Part]struct{}
	named     atomic.Int64

	// full asks for a flush before its time.
	full chan struct{}

	writing sync.Mutex
	spare   []record         // the list that was written last, to be used again
	rings   map[string]*ring // by workspace; only with writing
	down    bool

	forms sync.Pool // of *form
	texts sync.Pool // of *[]byte, for a line each
}

// record is a part that has ended, as it will be written.
type record struct {
	workspace string
	begun     time.Time
	line      []byte
}

// linesSize is how much memory is taken for lines at once.
const linesSize = 32 << 10

// form is what a part needs while it is being recorded, and the next part again. The
// memory of its line is not part of it: thousands of turns may wait for a model, and
// a line is written when a part ends.
type form struct{ steps []Step }

var _ adapter.Tracer = (*Recorder)(nil)

// New returns a Recorder. It does no I/O.
func New(cfg Config) *Recorder {
	cfg.Keep = cmp.Or(cfg.Keep, 5000)
	cfg.For = cmp.Or(cfg.For, notes.TracePage.Life())
	cfg.Every = cmp.Or(cfg.Every, time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Recorder{
		cfg: cfg, most: partsOf * cfg.Keep, open: make(map[*live]struct{}), followers: make(map[chan Part]struct{}),
		rings: make(map[string]*ring), full: make(chan struct{}, 1),
	}
}

// Begin begins a part.
func (r *Recorder) Begin(kind adapter.TracePart) adapter.Trace {
	f, ok := r.forms.Get().(*form)
	if !ok {
		f = &form{steps: make([]Step, 0, 8)} // as many as a turn has until its handler waits
	}
	l := &live{rec: r, form: f, part: Part{Kind: kind, Begun: r.cfg.Now(), Steps: f.steps[:0]}}
	if kind == adapter.TraceTurn {
		r.mu.Lock()
		r.open[l] = struct{}{}
		r.mu.Unlock()
	}
	return l
}

// ended takes a part that has ended. Only its line is kept: it is written once, and
// is less for the collector to look at than the steps and their texts.
func (r *Recorder) ended(l *live) {
	p, f := &l.part, l.form
	line, ok := r.texts.Get().(*[]byte)
	if !ok {
		line = new([]byte)
	}
	*line = (*line)[:0]
	if len(p.Steps) > 0 {
		if p.ID == "" { // a request that was refused: it has no name that could be trusted
			p.ID = fmt.Sprintf("refused-%x-%d", p.Begun.UnixMicro(), r.named.Add(1))
		}
		*line = appendPart(*line, p)
	}
	r.keep(l, *line)
	clear(p.Steps) // the next part shall keep no texts of this one alive
	f.steps = p.Steps[:0]
	l.part, l.form = Part{}, nil
	r.forms.Put(f)
	r.texts.Put(line)
}

// keep adds the line of a part to those that are to be written. It keeps a copy of line.
func (r *Recorder) keep(l *live, line []byte) {
	p := &l.part
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, l)
	if len(p.Steps) == 0 {
		return
	}
	if p.Workspace == "" {
		if r.unverified >= maxUnverified {
			r.dropped++
			return
		}
		r.unverified++
	}
	if len(r.done) >= r.most {
		over := max(1, r.most/8) // many at once, so that moving the others is cheap
		r.unverified -= unverified(r.done[:over])
		n := copy(r.done, r.done[over:])
		clear(r.done[n:])
		r.done = r.done[:n]
		r.dropped += int64(over)
	}
	if r.done = append(r.done, record{p.Workspace, p.Begun, r.put(line)}); len(r.done) >= early {
		select {
		case r.full <- struct{}{}:
		default: // it was asked for
		}
	}
	if len(r.followers) == 0 {
		return
	}
	own := *p
	own.Steps = slices.Clone(p.Steps)
	for c := range r.followers {
		select {
		case c <- own:
		default: // it is too slow, and misses this one
		}
	}
}

// put copies a line to where lines are kept. Called with mu.
func (r *Recorder) put(line []byte) []byte {
	if len(line) > cap(r.lines)-len(r.lines) {
		r.lines = make([]byte, 0, max(linesSize, len(line)))
	}
	from := len(r.lines)
	r.lines = append(r.lines, line...)
	return r.lines[from:len(r.lines):len(r.lines)]
}

// unverified counts the parts that anyone could have caused.
func unverified(parts []record) int {
	n := 0
	for i := range parts {
		if parts[i].workspace == "" {
			n++
		}
	}
	return n
}

// Dropped returns how many parts were dropped because they could not be written
// fast enough.
func (r *Recorder) Dropped() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Follow returns the parts that end in this process from now on, until stop is
// called, which closes the channel. A reader that is too slow misses some.
func (r *Recorder) Follow() (parts <-chan Part, stop func()) {
	c := make(chan Part, watched)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.followers[c] = struct{}{}
	return c, sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.followers, c)
		close(c)
	})
}

// running returns the turns that run now.
func (r *Recorder) running() []Part {
	r.mu.Lock()
	open := make([]*live, 0, len(r.open))
	for l := range r.open {
		open = append(open, l)
	}
	r.mu.Unlock()
	parts := make([]Part, 0, len(open))
	for _, l := range open {
		if p, ok := l.snapshot(); ok {
			parts = append(parts, p)
		}
	}
	return parts
}

// Run writes what has ended to the store until ctx ends. It returns nil. What
// ends later is written by [Recorder.Flush].
func (r *Recorder) Run(ctx context.Context) error {
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			r.try(ctx)
		case <-r.full:
			if !r.down { // then it waits for its time
				r.try(ctx)
			}
		}
	}
}

// try flushes, and logs the begin of an outage.
func (r *Recorder) try(ctx context.Context) {
	err := r.Flush(ctx)
	if err != nil && !r.down && ctx.Err() == nil {
		r.cfg.Logger.Warn().Err(err).Msg("traces cannot be kept now")
	}
	r.down = err != nil
}

// Flush writes what has ended to the store. It blocks for a few writes. What
// could not be written is kept for the next time, as far as there is room.
func (r *Recorder) Flush(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	done := r.done
	r.done, r.unverified = r.spare, 0
	r.spare, r.lines = nil, nil
	r.mu.Unlock()
	if len(done) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	order, of := byWorkspace(done)
	for i, workspace := range order {
		left, err := r.ring(workspace).write(ctx, of[workspace])
		if err == nil {
			continue
		}
		for _, w := range order[i+1:] {
			left = append(left, of[w]...)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		over := max(0, len(left)+len(r.done)-r.most)
		over = min(over, len(left))
		r.dropped += int64(over)
		r.done = append(left[over:], r.done...)
		r.unverified = unverified(r.done)
		return err
	}
	clear(done)
	r.spare = done[:0]
	return nil
}

// byWorkspace returns the parts of each workspace, and the workspaces in their order.
func byWorkspace(done []record) (order []string, of map[string][]record) {
	of = make(map[string][]record, 1)
	if !slices.ContainsFunc(done, func(p record) bool { return p.workspace != done[0].workspace }) { // nearly always
		of[done[0].workspace] = done
		return []string{done[0].workspace}, of
	}
	for _, p := range done {
		if _, ok := of[p.workspace]; !ok {
			order = append(order, p.workspace)
		}
		of[p.workspace] = append(of[p.workspace], p)
	}
	return order, of
}

// maxRings bounds what is remembered of rings, not the rings.
const maxRings = 10_000

// ring returns the ring of a workspace.
func (r *Recorder) ring(workspace string) *ring {
	g := r.rings[workspace]
	if g == nil {
		if len(r.rings) >= maxRings {
			clear(r.rings)
		}
		g = &ring{book: r.cfg.Book, workspace: workspace, life: r.cfg.For, perPage: max(1, partsOf*r.cfg.Keep/pages), now: r.cfg.Now}
		r.rings[workspace] = g
	}
	return g
}
