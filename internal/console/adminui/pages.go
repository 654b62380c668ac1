package adminui

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state"
)

// The names of the pages, which are those of their templates.
const (
	loginPage      = "login"
	overviewPage   = "overview"
	deliveriesPage = "deliveries"
	deliveryPage   = "delivery"
	lanesPage      = "lanes"
	deadPage       = "dead"
	letterPage     = "letter"
	scheduledPage  = "scheduled"
)

// view is what a template shows.
type view struct {
	Title string
	// Page is the entry of the menu that is current.
	Page string
	// Problem says what went wrong, Notice what was done. May be empty.
	Problem, Notice string
	// Live is the address whose changes are sent. Empty for none.
	Live string
	Data any
}

// parse reads the templates: each page with the frame.
func parse(now func() time.Time) (map[string]*template.Template, error) {
	pages := make(map[string]*template.Template)
	for _, name := range []string{loginPage, overviewPage, deliveriesPage, deliveryPage, lanesPage, deadPage, letterPage, scheduledPage} {
		t, err := template.New("frame.html").Funcs(functions(now)).ParseFS(files, "templates/frame.html", "templates/parts.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		pages[name] = t
	}
	return pages, nil
}

// render writes a page.
func (c *Console) render(w http.ResponseWriter, status int, name string, v view) {
	var b bytes.Buffer
	if err := c.pages[name].Execute(&b, v); err != nil {
		c.cfg.Logger.Error().Err(err).Str("page", name).Msg("console: page cannot be rendered")
		http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// content returns the part of a page that changes.
func (c *Console) content(name string, v view) ([]byte, error) {
	var b bytes.Buffer
	err := c.pages[name].ExecuteTemplate(&b, "content", v)
	return b.Bytes(), err
}

// page serves a page. What cannot be loaded is said on it.
func (c *Console) page(name string, load func(r *http.Request, query url.Values) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query, status := r.URL.Query(), http.StatusOK
		if id := r.PathValue("id"); id != "" {
			query.Set("id", id)
		}
		v, err := load(r, query)
		if err != nil {
			status = statusOf(err)
			v.Problem = err.Error()
		}
		v.Notice = notice(query.Get("done"), query.Get("n"))
		c.render(w, status, name, v)
	}
}

// notice says what was done. Only these sentences can be shown.
func notice(done, n string) string {
	what := map[string]string{
		"requeue": "Requeued: it is handled again.", "drop": "Dropped for good.", "cancel": "Canceled: it will not be posted.",
		"replay": "Replayed: it is handled again, and what was posted already is not posted twice.",
	}[done]
	if what != "" && n != "" && n != "1" && strings.Trim(n, "0123456789") == "" {
		return strings.Replace(what, ":", " "+n+":", 1)
	}
	return what
}

// list is the data of the list of deliveries.
type list struct {
	Traces []admin.Told
	More   bool
	// Status and Query are what is looked for.
	Status, Query string
	Statuses      []trace.Status
	Hints         []string
}

func (c *Console) deliveries(r *http.Request, query url.Values) (view, error) {
	l := list{Status: query.Get("status"), Query: strings.TrimSpace(query.Get("q")), Statuses: trace.Statuses()}
	v := view{Title: "Deliveries", Page: deliveriesPage, Data: &l, Live: Prefix + "deliveries?" + url.Values{"status": {l.Status}, "q": {l.Query}}.Encode()}
	if l.Query != "" {
		var e admin.Explanation
		err := c.get(r.Context(), "explain", url.Values{"q": {l.Query}}, &e)
		l.Traces, l.Hints = e.Traces, e.Hints
		return v, err
	}
	ask := url.Values{"limit": {"100"}}
	if l.Status != "" {
		ask.Set("status", l.Status)
	}
	var d admin.Deliveries
	err := c.get(r.Context(), "deliveries", ask, &d)
	l.Traces, l.More = d.Traces, d.More
	return v, err
}

// errNoDelivery says that there is no trace.
var errNoDelivery = &admin.Error{Status: http.StatusNotFound, Text: "there is no trace of this delivery, or no longer one"}

func (c *Console) delivery(r *http.Request, query url.Values) (view, error) {
	id := query.Get("id")
	v := view{Title: "Delivery", Page: deliveriesPage, Live: Prefix + "deliveries/" + url.PathEscape(id)}
	var e admin.Explanation
	if err := c.get(r.Context(), "explain", url.Values{"q": {id}}, &e); err != nil {
		return v, err
	}
	for i := range e.Traces {
		if e.Traces[i].ID == id {
			v.Data = &e.Traces[i]
			return v, nil
		}
	}
	return v, errNoDelivery
}

// work is the data of the lanes: what waits in them, and what waits outside.
type work struct {
	Now   admin.Lanes
	Later []later
	// More says that there is more for later.
	More bool
}

// later is something that waits outside its lane.
type later struct {
	Due       time.Time
	What, Why string
	Attempt   int
	Lane      state.Key
	Delivery  string // of its trace; empty if it has none
}

func (c *Console) lanes(r *http.Request, _ url.Values) (view, error) {
	var w work
	v := view{Title: "Lanes", Page: lanesPage, Data: &w, Live: Prefix + "lanes"}
	limit := url.Values{"limit": {"200"}}
	if err := c.get(r.Context(), "lanes", limit, &w.Now); err != nil {
		v.Data = nil
		return v, err
	}
	var waits admin.Delayed
	if err := c.get(r.Context(), "delayed", limit, &waits); err != nil {
		v.Data = nil
		return v, err
	}
	w.More = waits.More
	for i := range waits.Delayed {
		w.Later = append(w.Later, laterOf(&waits.Delayed[i]))
	}
	return v, nil
}

// laterOf says what waits and why.
func laterOf(d *state.DelayedEntry) later {
	l := later{Due: d.Due, Attempt: d.Attempt, Lane: d.Lane}
	kind, _, own := strings.Cut(d.ID, "\x00")
	switch {
	case strings.HasPrefix(d.ID, notes.PostPrefix):
		l.What = "Scheduled post"
	case strings.HasPrefix(d.ID, notes.ResumePrefix):
		l.What = "Question that waits for an answer"
	case own && kind != "replay":
		l.What = "Work that the bot gave itself"
	default:
		l.What, l.Delivery = "Message", admin.ShownID(d.ID)
	}
	if d.Cause.Code != "" {
		l.What, l.Why = "Retry", reason.Of(d.Cause.Code).Says
		if d.Cause.Message != "" {
			l.Why = strings.TrimSuffix(l.Why, ".") + " (" + d.Cause.Message + ")."
		}
	}
	return l
}

func (c *Console) dead(r *http.Request, _ url.Values) (view, error) {
	var l admin.Letters
	err := c.get(r.Context(), "dead", url.Values{"limit": {"200"}}, &l)
	return view{Title: "Dead letters", Page: deadPage, Data: &l, Live: Prefix + "dead"}, err
}

func (c *Console) letter(r *http.Request, query url.Values) (view, error) {
	var l admin.Letter
	v := view{Title: "Dead letter", Page: deadPage}
	if err := c.get(r.Context(), "dead/show", url.Values{"id": {query.Get("id")}, "lane": {query.Get("lane")}}, &l); err != nil {
		return v, err
	}
	v.Data = &l
	return v, nil
}

func (c *Console) scheduled(r *http.Request, _ url.Values) (view, error) {
	var p admin.Posts
	err := c.get(r.Context(), "scheduled", url.Values{"limit": {"200"}}, &p)
	return view{Title: "Scheduled posts", Page: scheduledPage, Data: &p, Live: Prefix + "scheduled"}, err
}

// change has the admin API change what a form names, and goes back to a page. If it
// fails, the page says why.
func (c *Console) change(path, name string, load func(r *http.Request, query url.Values) (view, error)) http.HandlerFunc {
	_, verb, _ := strings.Cut(path, "/")
	return func(w http.ResponseWriter, r *http.Request) {
		chosen := admin.Chosen{ID: r.PostFormValue("id"), Lane: r.PostFormValue("lane"), All: r.PostFormValue("all") == "yes"}
		var done admin.Changed
		if err := c.post(r.Context(), path, chosen, &done); err != nil {
			c.failed(w, r, name, load, url.Values{}, err)
			return
		}
		to := url.Values{"done": {verb}, "n": {strconv.Itoa(done.N)}}
		http.Redirect(w, r, Prefix+name+"?"+to.Encode(), http.StatusSeeOther)
	}
}

// replay has a delivery handled again.
func (c *Console) replay(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := c.post(r.Context(), "replay", admin.Chosen{ID: id}, nil); err != nil {
		c.failed(w, r, deliveryPage, c.delivery, url.Values{"id": {id}}, err)
		return
	}
	http.Redirect(w, r, Prefix+"deliveries/"+url.PathEscape(id)+"?done=replay", http.StatusSeeOther)
}

// failed shows a page with what went wrong on it.
func (c *Console) failed(w http.ResponseWriter, r *http.Request, name string, load func(r *http.Request, query url.Values) (view, error), query url.Values, why error) {
	v, err := load(r, query)
	if v.Problem = why.Error(); err != nil {
		v.Problem += ". " + err.Error()
	}
	c.render(w, statusOf(why), name, v)
}
