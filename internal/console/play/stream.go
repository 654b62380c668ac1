package play

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/sse"
)

// maxRows is how many entries of the wire a page shows, maxLines how many lines
// of the program.
const (
	maxRows  = 250
	maxLines = 500
)

// pageView is the whole page.
type pageView struct {
	Title     string
	Workspace string
	Issues    []issueLine
	Issue     issueView
	Me        person
	People    []person
	Bot       person
	Status    Status
	Days      []day
	World     worldView
	Threads   []piece
	Rows      []piece
	Directory string // everyone, as JSON for the completion of mentions
	Talks     []talkEntry
	Desk      *deskView // nil if an issue is open
}

type issueLine struct {
	Identifier, Title string
	State             stateView
	Now               bool
}

type worldView struct {
	Ahead    string
	Alone    bool // the bot has no clock that can be moved
	Troubles []trouble
	Waiting  int // deliveries that are held back
}

// piece is a part of the page that is replaced as a whole.
type piece struct {
	ID      string        `json:"id"`
	HTML    template.HTML `json:"html"`
	version string
}

func (p *Playground) now() time.Time { return p.cfg.World.Now() }

// home leads to the first issue.
func (p *Playground) home(w http.ResponseWriter, r *http.Request) {
	for _, i := range p.ws.Issues() {
		http.Redirect(w, r, "/issue/"+i.Identifier, http.StatusFound)
		return
	}
	http.Error(w, "There is no issue in this world.", http.StatusNotFound)
}

// page shows an issue and everything around it.
func (p *Playground) page(w http.ResponseWriter, r *http.Request) {
	i := p.ws.Issue(r.PathValue("issue"))
	if i == nil {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	me := p.me(r)
	v := p.view(i, me)
	p.finish(&v, me)
	var err error
	if v.Threads, err = p.threadPieces(i, me); err == nil {
		v.Rows, err = p.rowPieces()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.render(w, "page", v)
}

// finish adds what only a whole page has.
func (p *Playground) finish(v *pageView, me *linearsim.User) {
	for _, u := range p.ws.Users() {
		v.People = append(v.People, p.person(u, me))
	}
	if raw, err := json.Marshal(v.People); err == nil {
		v.Directory = string(raw)
	}
}

func (p *Playground) view(i *linearsim.Issue, me *linearsim.User) pageView {
	v := pageView{
		Title: i.Title(), Workspace: p.ws.Name, Issue: p.issue(i, me), Me: p.person(me, me), Bot: p.person(p.cfg.App.User, me),
		Status: p.cfg.Bot.Status(), Days: days(), World: worldView{Troubles: p.troubles()},
	}
	if p.cfg.Desk != nil {
		v.Talks = p.cfg.Desk.entries("")
	}
	if c := p.cfg.World.Clock(); c != nil && c.Ahead() > 0 {
		v.World.Ahead = ahead(c.Ahead())
		p.mu.Lock()
		v.World.Alone = p.alone
		p.mu.Unlock()
	}
	for _, one := range p.ws.Issues() {
		v.Issues = append(v.Issues, issueLine{one.Identifier, one.Title(), state(one.State(), true), one == i})
	}
	return v
}

// ahead is how far the clock of the world is ahead.
func ahead(d time.Duration) string {
	d = d.Round(time.Second)
	days, d := d/(24*time.Hour), d%(24*time.Hour)
	var parts []string
	for _, u := range []struct {
		n    time.Duration
		unit string
	}{{days, "d"}, {d / time.Hour, "h"}, {d % time.Hour / time.Minute, "min"}, {d % time.Minute / time.Second, "s"}} {
		if u.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", u.n, u.unit))
		}
	}
	return strings.Join(parts, " ")
}

// render answers with a template.
func (p *Playground) render(w http.ResponseWriter, name string, v any) {
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, name, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the page may be gone
}

// piece renders a template as a part with a version.
func (p *Playground) piece(id, name string, v any) (piece, error) {
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, name, v); err != nil {
		return piece{}, err
	}
	h := fnv.New64a()
	_, _ = h.Write(b.Bytes()) // it never fails
	version := strconv.FormatUint(h.Sum64(), 16)
	return piece{ID: id, HTML: template.HTML(b.String()), version: version}, nil //nolint:gosec // made by html/template
}

// itemView is an item of a thread, rendered.
type itemView struct {
	ID, Version string
	HTML        template.HTML
}

type threadView struct {
	thread

	Parts []itemView
}

func (p *Playground) threadPieces(i *linearsim.Issue, me *linearsim.User) ([]piece, error) {
	out := []piece{}
	for _, t := range p.threads(i, me) {
		v := threadView{thread: t}
		for _, it := range t.Items {
			name, data := "comment", any(it.Comment)
			if it.Session != nil {
				name, data = "session", it.Session
			}
			part, err := p.piece(it.ID, name, data)
			if err != nil {
				return nil, err
			}
			v.Parts = append(v.Parts, itemView{part.ID, part.version, part.HTML})
		}
		one, err := p.piece("t-"+t.ID, "thread", v)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// list is how a list of parts has changed.
type list struct {
	Order   []string `json:"order"`
	Changed []piece  `json:"changed"`
}

// client is one open page.
type client struct {
	p      *Playground
	events []sse.Event       // to be sent together
	sent   map[string]string // versions by part
	line   int               // the number of the last line
	gen    <-chan struct{}   // of the hub, when the client looked last
}

// stream sends the parts of a page that change, until it is closed.
func (p *Playground) stream(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	talk := query.Get("talk")
	i := p.ws.Issue(query.Get("issue"))
	if all := p.ws.Issues(); talk != "" && p.cfg.Desk != nil && len(all) > 0 {
		i = all[0]
	}
	if i == nil {
		http.Error(w, "no such issue", http.StatusNotFound)
		return
	}
	me := p.me(r)
	cfg := sse.Config{}
	if talk != "" {
		cfg.Beat = deskPoll // the API has no stream for everything
	}
	out, err := sse.Open(w, cfg)
	if err != nil {
		return
	}
	defer out.Close()
	c := &client{p: p, sent: map[string]string{}}
	for {
		changed, more := p.hub.changed()
		if !more {
			return
		}
		c.gen = changed
		if talk != "" {
			err = c.deskParts(r.Context(), talk, i, me)
		} else {
			err = c.update(i, me)
		}
		if err != nil {
			return
		}
		if out.Send(c.events...) != nil {
			return
		}
		c.events = c.events[:0]
		select {
		case <-changed:
		case <-out.Beat():
			if out.Alive() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// update sends what differs from what was sent.
func (c *client) update(i *linearsim.Issue, me *linearsim.User) error {
	f := c.p.frames.of(c.p, i, me, c.gen)
	if f.err != nil {
		return f.err
	}
	if err := c.parts(f.parts); err != nil {
		return err
	}
	if err := c.list("threads", f.threads); err != nil {
		return err
	}
	return c.wire(f.rows)
}

// partPieces returns parts of a page.
func (p *Playground) partPieces(v pageView, names ...string) ([]piece, error) {
	var out []piece
	for _, name := range names {
		one, err := p.piece(name, name, v)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// parts sends the parts of a page that differ from what was sent.
func (c *client) parts(all []piece) error {
	for _, one := range all {
		if c.sent[one.ID] == one.version {
			continue
		}
		c.sent[one.ID] = one.version
		if err := c.event("part", one); err != nil {
			return err
		}
	}
	return nil
}

// wire sends what is new on the wire, and what the program has printed.
func (c *client) wire(rows []piece) error {
	if err := c.list("rows", rows); err != nil {
		return err
	}
	lines := c.p.cfg.Bot.Lines(c.line)
	lines = lines[max(0, len(lines)-maxLines):]
	if len(lines) == 0 {
		return nil
	}
	c.line = lines[len(lines)-1].Number
	var b bytes.Buffer
	if err := c.p.pages.ExecuteTemplate(&b, "lines", lines); err != nil {
		return err
	}
	return c.event("lines", piece{ID: "lines", HTML: template.HTML(b.String())}) //nolint:gosec // made by html/template
}

func (c *client) list(name string, pieces []piece) error {
	var l list
	var order strings.Builder
	for _, one := range pieces {
		l.Order = append(l.Order, one.ID)
		order.WriteString(one.ID + " ")
		if c.sent[one.ID] != one.version {
			c.sent[one.ID] = one.version
			l.Changed = append(l.Changed, one)
		}
	}
	if len(l.Changed) == 0 && c.sent["order "+name] == order.String() {
		return nil
	}
	c.sent["order "+name] = order.String()
	return c.event(name, l)
}

func (c *client) event(name string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	c.events = append(c.events, sse.Event{Name: name, Data: raw})
	return nil
}
