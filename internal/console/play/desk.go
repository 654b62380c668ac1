package play

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// Desk is a helpdesk beside the issues: a few conversations with customers, which
// the ticketing API of the bot links to issues. Its agent uses the API as a
// helpdesk would, and its token stays in this process.
type Desk struct {
	// API is the address below which the bot serves the ticketing API.
	API string
	// Token opens it.
	Token string
	// Agent is who answers customers.
	Agent string

	client *http.Client
	mu     sync.Mutex
	last   int
	all    []*talk
	synced bool // notes and comments go both ways
}

// talk is a conversation with a customer.
type talk struct {
	ID, Customer, Subject string
	Lines                 []talkLine
}

// talkLine is a message in a conversation: from the customer, the agent, a note
// between agents, a comment on a linked issue, or what happened to one.
type talkLine struct {
	By    person
	Kind  string // customer, agent, note, linear or system
	Issue string // of a comment
	Text  string
	At    time.Time
}

// deskView is a conversation as the page shows it.
type deskView struct {
	Talk   talk
	Links  []deskLink
	Down   string // why the API does not answer
	Issues []issueLine
}

type deskLink struct{ ID, Identifier, Title, State, Type string }

type talkEntry struct {
	ID, Customer, Subject string
	Now                   bool
}

// open prepares the conversations.
func (d *Desk) open() {
	d.client = &http.Client{Timeout: 5 * time.Second}
	d.Agent = cmp.Or(d.Agent, "Support")
	for i, c := range []struct{ who, subject, text string }{
		{"Bob Noyce", "Card is declined", "Hello, my card is declined at checkout since yesterday. My bank says everything is fine. Can you help?"},
		{"Lin Chen", "Search takes forever", "Since we are more than two hundred people, the search takes several seconds."},
	} {
		t := &talk{ID: strconv.Itoa(i + 1), Customer: c.who, Subject: c.subject}
		t.Lines = []talkLine{{By: guest(c.who), Kind: "customer", Text: c.text, At: time.Now()}}
		d.all = append(d.all, t)
	}
}

func guest(name string) person {
	return person{Name: name, Initials: initials(name), Tint: len(name) % 8}
}

func (d *Desk) routes(mux *http.ServeMux, p *Playground) {
	d.open()
	mux.HandleFunc("GET /desk/{talk}", p.deskPage)
	mux.HandleFunc("POST /desk/{talk}/{verb}", func(w http.ResponseWriter, r *http.Request) {
		in, err := decode[deskOrder](w, r)
		if err == nil {
			err = d.do(r.Context(), p, r.PathValue("talk"), r.PathValue("verb"), in)
		}
		p.hub.tell()
		answer(w, map[string]string{}, err)
	})
}

// find returns a copy of a conversation.
func (d *Desk) find(id string) (talk, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.all {
		if t.ID == id {
			c := *t
			c.Lines = slices.Clone(t.Lines)
			return c, true
		}
	}
	return talk{}, false
}

// entries lists the conversations.
func (d *Desk) entries(now string) []talkEntry {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []talkEntry
	for _, t := range d.all {
		out = append(out, talkEntry{t.ID, t.Customer, t.Subject, t.ID == now})
	}
	return out
}

// deskOrder is what the agent does.
type deskOrder struct {
	Text  string `json:"text"`
	Kind  string `json:"kind"`
	Issue string `json:"issue"`
	Link  string `json:"link"`
}

func (d *Desk) do(ctx context.Context, p *Playground, id, verb string, in deskOrder) error {
	t, ok := d.find(id)
	if !ok {
		return refuse(http.StatusNotFound, "the conversation is gone")
	}
	base := "/conversations/" + id
	switch verb {
	case "say":
		text := strings.TrimSpace(in.Text)
		if text == "" {
			return refuse(http.StatusBadRequest, "there is no text")
		}
		n := d.add(id, cmp.Or(in.Kind, "note"), text)
		return d.call(ctx, http.MethodPost, base+"/messages", map[string]any{
			"id": n, "text": text, "kind": cmp.Or(in.Kind, "note"), "user": map[string]string{"name": d.Agent},
		}, nil)
	case "create":
		teams := p.ws.Teams()
		if len(teams) == 0 {
			return refuse(http.StatusConflict, "there is no team")
		}
		return d.call(ctx, http.MethodPost, base+"/issues", map[string]any{
			"name": cmp.Or(strings.TrimSpace(in.Text), t.Subject), "description": "> " + t.Lines[0].Text, "team": teams[0].ID,
			"link": map[string]string{"title": t.Subject + " (#" + t.ID + ") with " + t.Customer},
		}, nil)
	case "link":
		return d.call(ctx, http.MethodPost, base+"/links", map[string]any{"issue": in.Issue, "title": t.Subject + " (#" + t.ID + ")"}, nil)
	case "unlink":
		return d.call(ctx, http.MethodDelete, base+"/links/"+url.PathEscape(in.Link), nil, nil)
	}
	return refuse(http.StatusNotFound, "agents cannot %q", verb)
}

// add adds a message of the agent and returns its id.
func (d *Desk) add(id, kind, text string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last++
	for _, t := range d.all {
		if t.ID == id {
			t.Lines = append(t.Lines, talkLine{By: guest(d.Agent), Kind: kind, Text: text, At: time.Now()})
		}
	}
	return fmt.Sprint("m", d.last)
}

// view asks the API what a conversation is linked to.
func (d *Desk) view(ctx context.Context, p *Playground, id string) (deskView, bool) {
	t, ok := d.find(id)
	if !ok {
		return deskView{}, false
	}
	v := deskView{Talk: t}
	var links struct {
		Result []struct {
			ID    string `json:"id"`
			Issue struct {
				Identifier string `json:"identifier"`
				Name       string `json:"name"`
			} `json:"issue"`
		} `json:"result"`
	}
	var log struct {
		Result []struct {
			Kind       string    `json:"kind"`
			Text       string    `json:"text"`
			Identifier string    `json:"identifier"`
			Actor      string    `json:"actor"`
			At         time.Time `json:"at"`
		} `json:"result"`
	}
	err := d.sync(ctx)
	if err == nil {
		err = d.call(ctx, http.MethodGet, "/conversations/"+id+"/issues", nil, &links)
	}
	if err == nil {
		err = d.call(ctx, http.MethodGet, "/conversations/"+id+"/activities", nil, &log)
	}
	if err != nil {
		v.Down = err.Error()
	}
	linked := map[string]bool{}
	for _, l := range links.Result {
		one := deskLink{ID: l.ID, Identifier: l.Issue.Identifier, Title: l.Issue.Name}
		if i := p.ws.Issue(one.Identifier); i != nil {
			one.State, one.Type = i.State().Name, i.State().Type
		}
		linked[one.Identifier] = true
		v.Links = append(v.Links, one)
	}
	for _, a := range log.Result {
		line := talkLine{Kind: "system", Text: a.Text, At: a.At}
		if _, text, ok := strings.Cut(a.Text, ": "); ok && a.Kind == "issue_commented" {
			line.By, line.Kind, line.Issue, line.Text = guest(a.Actor), "linear", a.Identifier, text
		}
		v.Talk.Lines = append(v.Talk.Lines, line)
	}
	slices.SortStableFunc(v.Talk.Lines, func(a, b talkLine) int { return a.At.Compare(b.At) })
	for _, i := range p.ws.Issues() {
		if !linked[i.Identifier] {
			v.Issues = append(v.Issues, issueLine{Identifier: i.Identifier, Title: i.Title(), State: state(i.State(), true)})
		}
	}
	return v, true
}

// sync has notes of a conversation become comments on its issues, and comments on
// them messages of the conversation.
func (d *Desk) sync(ctx context.Context) error {
	d.mu.Lock()
	synced := d.synced
	d.mu.Unlock()
	if synced {
		return nil
	}
	var all struct {
		Result []struct {
			ID string `json:"id"`
		} `json:"result"`
	}
	if err := d.call(ctx, http.MethodGet, "/integrated-account", nil, &all); err != nil {
		return err
	}
	for _, one := range all.Result {
		err := d.call(ctx, http.MethodPatch, "/integrated-account/"+url.PathEscape(one.ID), map[string]any{
			"settings": map[string]any{"send_note_on_comment": true, "mirror_comments": "to_linear"},
		}, nil)
		if err != nil {
			return err
		}
	}
	d.mu.Lock()
	d.synced = true
	d.mu.Unlock()
	return nil
}

// call asks the API. An error is for people.
func (d *Desk) call(ctx context.Context, method, path string, body, to any) error {
	var send io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		send = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.API+path, send) //nolint:gosec // the bot of this process; ids in paths are escaped or known
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+d.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := d.client.Do(req) //nolint:gosec // see above
	if err != nil {
		return refuse(http.StatusBadGateway, "The ticketing API does not answer: the bot is not running.")
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 300 {
		var bad struct {
			Message string `json:"message"`
		}
		_ = json.NewDecoder(res.Body).Decode(&bad) // the status says enough
		return refuse(http.StatusBadGateway, "%s", cmp.Or(bad.Message, "The ticketing API answers "+res.Status+"."))
	}
	if to == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(to)
}

// deskPage shows a conversation.
func (p *Playground) deskPage(w http.ResponseWriter, r *http.Request) {
	me := p.me(r)
	d, ok := p.cfg.Desk.view(r.Context(), p, r.PathValue("talk"))
	issues := p.ws.Issues()
	if !ok || len(issues) == 0 {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	v := p.view(issues[0], me)
	v.Title, v.Desk = d.Talk.Subject, &d
	p.mark(&v)
	var err error
	if v.Rows, err = p.rowPieces(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.finish(&v, me)
	p.render(w, "page", v)
}

// mark shows which conversation is open instead of an issue.
func (p *Playground) mark(v *pageView) {
	for i := range v.Issues {
		v.Issues[i].Now = false
	}
	v.Talks = p.cfg.Desk.entries(v.Desk.Talk.ID)
}

// deskPoll is how often an open conversation looks for what the API has done since.
const deskPoll = time.Second

// deskParts sends the parts of a page with a conversation.
func (c *client) deskParts(ctx context.Context, id string, i *linearsim.Issue, me *linearsim.User) error {
	d, ok := c.p.cfg.Desk.view(ctx, c.p, id)
	if !ok {
		return nil
	}
	v := c.p.view(i, me)
	v.Desk = &d
	c.p.mark(&v)
	all, err := c.p.partPieces(v, "alarm", "talk", "side", "status", "skies")
	if err != nil {
		return err
	}
	if err := c.parts(all); err != nil {
		return err
	}
	rows, err := c.p.rowPieces()
	if err != nil {
		return err
	}
	return c.wire(rows)
}
