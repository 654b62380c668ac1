package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// detailView is an entry of the wire, opened.
type detailView struct {
	Row      row
	Headers  [][2]string
	URL      string
	Body     template.HTML
	Long     bool // too long to be edited on the page
	Attempts []attemptView
	Trace    []Step
	Query    string
	Answer   template.HTML
	Request  *linearsim.Request
}

type attemptView struct {
	linearsim.Attempt

	Took string
	Good bool
}

// detail answers with an entry as a part of the page.
func (p *Playground) detail(w http.ResponseWriter, r *http.Request) {
	e, ok := p.journal.find(r.PathValue("id"))
	if !ok {
		http.Error(w, "It is no longer in the log.", http.StatusNotFound)
		return
	}
	v := detailView{Row: e.row(p.now())}
	if d := e.Delivery; d != nil {
		for _, name := range []string{"Linear-Event", "Linear-Delivery", "Linear-Signature", "Linear-Timestamp", "Content-Type", "User-Agent"} {
			if d.Header.Get(name) != "" {
				v.Headers = append(v.Headers, [2]string{name, d.Header.Get(name)})
			}
		}
		v.URL, v.Long = d.URL, len(indented(d.Body)) > maxShown
		v.Body = shown(d.Body)
		for _, a := range d.Attempts {
			v.Attempts = append(v.Attempts, attemptView{a, took(a.Duration), a.Status == http.StatusOK})
		}
		if p.cfg.Trace != nil {
			v.Trace = p.cfg.Trace(r.Context(), *d)
		}
	} else {
		q := e.Request
		v.Request, v.Query = q, strings.TrimSpace(q.Query)
		if len(q.Variables) > 0 {
			if raw, err := json.Marshal(q.Variables); err == nil {
				v.Body = shown(raw)
			}
		}
		v.Answer = shown([]byte(q.Answer))
	}
	p.render(w, "detail", v)
}

// decision answers with what the bot has decided about a delivery, for scripts and the
// shell. It is empty until the bot has decided, and if the bot does not tell.
func (p *Playground) decision(w http.ResponseWriter, r *http.Request) {
	id, _ := strings.CutPrefix(r.PathValue("id"), "d-")
	all := p.cfg.World.Deliveries()
	i := slices.IndexFunc(all, func(d linearsim.Delivery) bool { return d.ID == id })
	if i < 0 {
		answer(w, nil, errors.New("there is no such delivery"))
		return
	}
	decided := struct {
		Status string `json:"status"`
		Text   string `json:"text"`
	}{}
	if p.cfg.Trace != nil {
		for _, s := range p.cfg.Trace(r.Context(), all[i]) {
			switch {
			case s.Sum && s.Name == Advice:
				decided.Text += " " + s.Text
			case s.Sum:
				decided.Status, decided.Text = s.Name, s.Text
			}
		}
	}
	answer(w, decided, nil)
}

// shown returns JSON as the page shows it.
func shown(raw []byte) template.HTML {
	text, more := clipped(indented(raw))
	out := highlight(text)
	if more > 0 {
		out += template.HTML(fmt.Sprintf("…\n\n%d kB more are not shown.", more>>10+1)) //nolint:gosec // a number
	}
	return out
}

func indented(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// highlight returns JSON as HTML with its parts marked.
func highlight(text string) template.HTML {
	var b strings.Builder
	mark := func(class, s string) {
		b.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(s) + "</span>")
	}
	for i := 0; i < len(text); {
		n := 1
		switch c := text[i]; {
		case c == '"':
			for n < len(text)-i && text[i+n] != '"' {
				if text[i+n] == '\\' {
					n++
				}
				n++
			}
			n = min(n+1, len(text)-i)
			if strings.HasPrefix(strings.TrimLeft(text[i+n:], " "), ":") {
				mark("k", text[i:i+n])
			} else {
				mark("s", text[i:i+n])
			}
		case c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			for n < len(text)-i && strings.IndexByte("0123456789.+-eEabcdefghijklmnopqrstuvwxyz", text[i+n]) >= 0 {
				n++
			}
			mark("n", text[i:i+n])
		default:
			for c >= 0x80 && n < len(text)-i && text[i+n] >= 0x80 { // in broken JSON: the escape works on whole characters
				n++
			}
			b.WriteString(template.HTMLEscapeString(text[i : i+n]))
		}
		i += n
	}
	return template.HTML(b.String()) //nolint:gosec // everything is escaped above
}

// parcel is what a page asks of an entry.
type parcel struct {
	Body    string `json:"body"`
	Fresh   bool   `json:"fresh"`
	Seconds int    `json:"seconds"`
}

// maxDelay is the longest time after which a page can have something sent.
const maxDelay = time.Hour

// wire sends a delivery again, in one way or another.
func (p *Playground) wire(w http.ResponseWriter, r *http.Request) {
	in, err := decode[parcel](w, r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	id, ok := strings.CutPrefix(r.PathValue("id"), "d-")
	verb := r.PathValue("verb")
	if !ok || !slices.Contains([]string{"replay", "duplicate", "delay", "send"}, verb) {
		answer(w, nil, refuse(http.StatusNotFound, "deliveries can be replayed, duplicated, delayed and sent"))
		return
	}
	switch verb {
	case "replay":
		err = p.cfg.World.Redeliver(r.Context(), id)
	case "duplicate":
		var wg sync.WaitGroup
		var errs [2]error
		for i := range errs { // at the same time, so that they meet
			wg.Go(func() { errs[i] = p.cfg.World.Redeliver(r.Context(), id) }) //nolint:contextcheck // that of the request
		}
		wg.Wait()
		err = errors.Join(errs[:]...)
	case "delay":
		wait := time.Duration(in.Seconds) * time.Second
		if wait <= 0 || wait > maxDelay {
			err = refuse(http.StatusBadRequest, "give a delay of up to an hour")
			break
		}
		p.later(func(ctx context.Context) { //nolint:contextcheck // it outlives the request and ends with Run
			t := time.NewTimer(wait)
			defer t.Stop()
			select {
			case <-t.C:
				_ = p.cfg.World.Redeliver(ctx, id) // the log shows what comes of it
			case <-ctx.Done():
			}
		})
	case "send":
		var sent string
		sent, err = p.cfg.App.Send(r.Context(), []byte(in.Body), in.Fresh)
		if errors.Is(err, linearsim.ErrRefused) {
			err = nil // the log shows the answer
		}
		answer(w, map[string]string{"id": "d-" + sent}, err)
		return
	}
	if errors.Is(err, linearsim.ErrRefused) {
		err = nil
	}
	answer(w, map[string]string{}, err)
}
