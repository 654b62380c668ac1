package play

import (
	"slices"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// frame is what the pages that show an issue to a person have in common: all of it.
// It is rendered once for all of them after each change.
type frame struct {
	gen <-chan struct{} // of the hub: closed at the change that makes it old
	at  time.Time

	once    sync.Once
	parts   []piece
	threads []piece
	rows    []piece
	err     error
}

// frameLife is how long a frame is shown without a change: it says how long some
// things still take.
const frameLife = 5 * time.Second

// maxFrames is how many frames are kept.
const maxFrames = 64

type frameKey struct{ issue, me string }

// frames keeps the frames of the present.
type frames struct {
	mu  sync.Mutex
	all map[frameKey]*frame

	rowMu sync.Mutex
	rows  map[string]renderedRow // by entry
}

// renderedRow is a line of the wire with what it was rendered from.
type renderedRow struct {
	row   row
	piece piece
}

func newFrames() *frames {
	return &frames{all: map[frameKey]*frame{}, rows: map[string]renderedRow{}}
}

// of returns the frame of an issue and a person.
func (f *frames) of(p *Playground, i *linearsim.Issue, me *linearsim.User, gen <-chan struct{}) *frame {
	key := frameKey{issue: i.ID}
	if me != nil {
		key.me = me.ID
	}
	f.mu.Lock()
	one := f.all[key]
	if one == nil || one.gen != gen || time.Since(one.at) > frameLife {
		if one == nil && len(f.all) >= maxFrames {
			clear(f.all)
		}
		one = &frame{gen: gen, at: time.Now()}
		f.all[key] = one
	}
	f.mu.Unlock()
	one.once.Do(func() { one.err = one.render(p, i, me) })
	return one
}

func (f *frame) render(p *Playground, i *linearsim.Issue, me *linearsim.User) (err error) {
	if f.parts, err = p.partPieces(p.view(i, me), "alarm", "head", "side", "status", "skies"); err != nil {
		return err
	}
	if f.threads, err = p.threadPieces(i, me); err != nil {
		return err
	}
	f.rows, err = p.rowPieces()
	return err
}

// rowPieces returns the wire, newest first. A line that looks as before is not
// rendered again.
func (p *Playground) rowPieces() ([]piece, error) {
	all := p.journal.all()
	all = all[max(0, len(all)-maxRows):]
	f := p.frames
	f.rowMu.Lock()
	defer f.rowMu.Unlock()
	kept := make(map[string]renderedRow, len(all))
	out := make([]piece, 0, len(all))
	for _, e := range slices.Backward(all) {
		r := e.row(p.now())
		one, ok := f.rows[e.ID]
		if !ok || one.row != r {
			rendered, err := p.piece(e.ID, "row", r)
			if err != nil {
				return nil, err
			}
			one = renderedRow{r, rendered}
		}
		kept[e.ID] = one
		out = append(out, one.piece)
	}
	f.rows = kept
	return out, nil
}
