package main

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/ticketing"
)

//go:embed page.html
var page []byte

//go:embed ada.html
var adaHTML string

var adaPage = template.Must(template.New("ada").Parse(adaHTML))

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'"

// web serves the pages, the conversations, and the API below /desk.
type web struct {
	in    *inbox
	api   *ticketing.API
	token string
	town  *linearTown
}

func (s *web) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		html(w)
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /conversations", s.conversations)
	mux.HandleFunc("GET /conversations/{id}/events", s.events)
	mux.HandleFunc("POST /conversations/{id}/reply", s.reply)
	mux.HandleFunc("GET /ada/{issue}", s.show)
	mux.HandleFunc("POST /ada/{issue}", s.act)
	mux.HandleFunc("GET /linear", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]bool{"away": len(s.town.srv.Faults()) > 0})
	})
	mux.HandleFunc("POST /linear", s.takeAway)
	mux.HandleFunc("/desk/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/desk/webhooks/linear" {
			s.authorize(r)
		}
		s.api.ServeHTTP(w, r)
	})
	// A page of another origin must not act through the token.
	return http.NewCrossOriginProtection().Handler(mux)
}

// authorize adds the token, so that the browser never sees it.
func (s *web) authorize(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s.token) }

func html(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
}

func answer(w http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "The answer cannot be encoded.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw) // the client may be gone
}

func (s *web) conversations(w http.ResponseWriter, _ *http.Request) {
	s.in.mu.Lock()
	raw, err := json.Marshal(s.in.all)
	s.in.mu.Unlock() // the reader may be slow
	if err != nil {
		http.Error(w, "The answer cannot be encoded.", http.StatusInternalServerError)
		return
	}
	answer(w, json.RawMessage(raw))
}

// events is the API's stream of a conversation, with the changes of the inbox in
// it. A browser has six connections to a server, so a page must do with one.
func (s *web) events(w http.ResponseWriter, r *http.Request) {
	changed, end := s.in.watch()
	defer end()
	out := &shared{ResponseWriter: w}
	var wg sync.WaitGroup
	over := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-changed:
				out.send("event: inbox\ndata: {}\n\n")
			case <-over:
				return
			}
		}
	})
	s.authorize(r)
	r.URL.Path, r.URL.RawPath = "/desk"+r.URL.Path, ""
	s.api.ServeHTTP(out, r) // until the page is gone
	close(over)
	wg.Wait()
}

// shared is an answer that two write to. The API writes whole events.
type shared struct {
	http.ResponseWriter
	mu   sync.Mutex
	open bool
}

func (w *shared) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = true
	return w.ResponseWriter.Write(p)
}

// FlushError is what http.ResponseController calls.
func (w *shared) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap gives http.ResponseController the deadlines.
func (w *shared) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *shared) send(event string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.open { // the API has not begun to answer
		return
	}
	if _, err := w.ResponseWriter.Write([]byte(event)); err != nil {
		return // the API notices too
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (s *web) reply(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Text string `json:"text"`
		Kind string `json:"kind"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<17)).Decode(&body); err != nil || strings.TrimSpace(body.Text) == "" {
		http.Error(w, "The body must be JSON with a text.", http.StatusBadRequest)
		return
	}
	id := ""
	if !s.in.change(r.PathValue("id"), func(c *conversation) { id = s.in.add(c, "Support", body.Kind, body.Text) }) {
		http.NotFound(w, r)
		return
	}
	answer(w, map[string]string{"id": id})
}

// show is an issue as Ada sees it, with the conversations that are linked to it.
func (s *web) show(w http.ResponseWriter, r *http.Request) {
	issue := s.town.ws.Issue(r.PathValue("issue"))
	if issue == nil {
		http.NotFound(w, r)
		return
	}
	html(w)
	_ = adaPage.Execute(w, issue) // the client may be gone
}

// act is Ada's side of the demo: she works in Linear.
func (s *web) act(w http.ResponseWriter, r *http.Request) {
	var body struct {
		State   string `json:"state"`
		Comment string `json:"comment"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&body); err != nil {
		http.Error(w, "The body must be JSON.", http.StatusBadRequest)
		return
	}
	issue := s.town.ws.Issue(r.PathValue("issue"))
	if issue == nil {
		http.NotFound(w, r)
		return
	}
	if body.State != "" {
		s.town.ada.UpdateIssue(issue, linearsim.IssueChange{State: body.State})
	}
	if body.Comment != "" {
		s.town.ada.Comment(issue, body.Comment)
	}
	w.WriteHeader(http.StatusNoContent)
}

// takeAway makes Linear answer nothing but errors, until it is brought back.
func (s *web) takeAway(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Away bool `json:"away"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body); err != nil {
		http.Error(w, "The body must be JSON.", http.StatusBadRequest)
		return
	}
	s.town.srv.ClearFaults()
	if body.Away {
		s.town.srv.Fault(linearsim.Fault{Times: 1 << 30, Status: http.StatusServiceUnavailable})
	}
	s.in.mu.Lock()
	s.in.tell()
	s.in.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}
