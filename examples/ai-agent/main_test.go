package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter/linear/lineartest"
)

// stage is a Linear in which the bot is installed and runs.
type stage struct {
	linear *lineartest.Server
	app    *lineartest.Installation
	ada    *lineartest.User
	team   *lineartest.Team
}

func newStage(t *testing.T) *stage {
	t.Helper()
	srv, err := lineartest.Start(lineartest.Config{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.Workspace("Acme", "acme")
	s := &stage{linear: srv, ada: ws.AddUser("Ada Byron", "ada"), team: ws.AddTeam("ENG", "Engineering")}
	s.app = ws.InstallApp(lineartest.App{Name: "Helper Bot", DisplayName: "helper-bot"})
	return s
}

// run runs the bot until the test ends.
func (s *stage) run(t *testing.T) {
	t.Helper()
	t.Setenv("LINEAR_API_URL", s.linear.GraphQLURL())
	t.Setenv("LINEAR_API_KEY", "")
	t.Setenv("LINEAR_ACCESS_TOKEN", s.app.Token())
	t.Setenv("LINEAR_WEBHOOK_SECRET", "secret")
	t.Setenv("LINEAR_BOT_USERNAME", "")
	t.Setenv("LINEARBOT_ADDR", "127.0.0.1:0")
	t.Setenv("LINEARBOT_STATE", "memory")

	ctx, stop := context.WithCancel(t.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { ended <- run(ctx, func(a net.Addr) { listening <- a }) })
	t.Cleanup(func() {
		stop()
		wg.Wait()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	select {
	case a := <-listening:
		s.app.SetWebhook(lineartest.Webhook{URL: "http://" + a.String() + "/api/webhooks/linear", Secret: "secret"})
	case err := <-ended:
		ended <- err
		t.Fatal("it does not listen")
	}
}

// replies waits until the thread has n replies of the bot and returns them.
func (s *stage) replies(t *testing.T, root *lineartest.Comment, n int) []string {
	t.Helper()
	var out []string
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.linear.Wait(ctx, func() bool {
		out = nil
		for _, c := range root.Replies() {
			if c.Author.ID == s.app.User.ID {
				out = append(out, c.Body())
			}
		}
		return len(out) >= n
	})
	if err != nil {
		t.Fatalf("replies %q, want %d: %v", out, n, err)
	}
	return out
}

// endpoint is a stand-in for a language model: it gives the prepared answers,
// one after the other, and keeps the requests.
type endpoint struct {
	*httptest.Server

	mu       sync.Mutex
	answers  []func(http.ResponseWriter)
	requests []request
}

type request struct {
	Auth     string `json:"-"`
	Path     string `json:"-"`
	Model    string `json:"model"`
	Stream   bool   `json:"stream"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
}

func newEndpoint(t *testing.T, answers ...func(http.ResponseWriter)) *endpoint {
	t.Helper()
	e := &endpoint{answers: answers}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got := request{Auth: r.Header.Get("Authorization"), Path: r.URL.Path}
	err := json.NewDecoder(r.Body).Decode(&got)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, got)
	if err != nil || len(e.answers) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer := e.answers[0]
	e.answers = e.answers[1:]
	answer(w)
}

// says streams an answer, piece by piece.
func says(pieces ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		begins(pieces...)(w)
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// begins streams an answer that breaks off.
func begins(pieces ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, ": hello\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n")
		for _, p := range pieces {
			data, err := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]string{"content": p}}}})
			if err != nil {
				return
			}
			fmt.Fprintf(w, "data: %s\n\n", data)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// refuses answers with a status.
func refuses(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestConversation(t *testing.T) {
	s := newStage(t)
	e := newEndpoint(t, refuses(http.StatusServiceUnavailable, "busy"), says("It is ", "the **lint** ", "step."), says(), says("Any time."))
	t.Setenv("OPENAI_BASE_URL", e.URL+"/v1/")
	t.Setenv("OPENAI_API_KEY", "key")
	t.Setenv("OPENAI_MODEL", "small")
	s.run(t)

	issue := s.team.AddIssue(s.ada, "CI is red", "")
	s.ada.Comment(issue, "Another thread.")
	root := s.ada.Comment(issue, "@helper-bot why is CI red?")
	s.replies(t, root, 1)
	s.ada.Reply(root, "Hm.")
	s.replies(t, root, 2)
	s.ada.Reply(root, "Thanks!")
	replies := []string{"It is the **lint** step.", "I have nothing to say to that.", "Any time."}
	if diff := cmp.Diff(replies, s.replies(t, root, 3)); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.requests) != 4 {
		t.Fatalf("%d requests, want one more than answers: the first failed", len(e.requests))
	}
	last := e.requests[3]
	if last.Auth != "Bearer key" || last.Path != "/v1/chat/completions" || last.Model != "small" || !last.Stream {
		t.Errorf("request %+v", last)
	}
	var got []string
	for _, m := range last.Messages[1:] {
		got = append(got, m.Role+": "+m.Content)
	}
	want := []string{
		"user: [ada]: " + root.Body(),
		"assistant: " + replies[0], "user: [ada]: Hm.",
		"assistant: " + replies[1], "user: [ada]: Thanks!",
	}
	if diff := cmp.Diff(want, got); diff != "" || last.Messages[0].Role != "system" {
		t.Errorf("the model was told (-want +got):\n%s", diff)
	}
}

// TestBrokenOff checks that an answer that broke off is replaced by the whole
// one.
func TestBrokenOff(t *testing.T) {
	s := newStage(t)
	e := newEndpoint(t, begins("It is ", "the"), says("It is ", "the lint step."))
	t.Setenv("OPENAI_BASE_URL", e.URL)
	t.Setenv("OPENAI_API_KEY", "")
	t.Setenv("OPENAI_MODEL", "small")
	s.run(t)
	root := s.ada.Comment(s.team.AddIssue(s.ada, "CI is red", ""), "@helper-bot why?")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	err := s.linear.Wait(ctx, func() bool {
		got = nil
		for _, c := range root.Replies() {
			got = append(got, c.Body())
		}
		return len(got) > 0 && got[0] == "It is the lint step."
	})
	if err != nil || len(got) != 1 {
		t.Errorf("replies %q, %v, want the whole answer once", got, err)
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		answer     func(http.ResponseWriter)
		text, want string
	}{
		{"whole", says("a", "b\n", "c"), "ab\nc", ""},
		{"nothing", says(), "I have nothing to say to that.", ""},
		{"broken off", begins("a"), "a", "the answer of the model broke off: unexpected EOF"},
		{"no JSON", func(w http.ResponseWriter) { fmt.Fprint(w, "data: {\n\n") }, "", "the model sent no JSON: unexpected end of JSON input"},
		{"error within", func(w http.ResponseWriter) { fmt.Fprint(w, "data: {\"error\":{\"message\":\"overloaded\"}}\n\n") }, "", "the model failed: overloaded"},
		{"wrong key", refuses(http.StatusUnauthorized, " wrong key\n"), "", "the model answered 401 Unauthorized: wrong key"},
		{"too much", refuses(http.StatusTooManyRequests, "wait"), "", "the model answered 429 Too Many Requests: wait"},
		{"down", refuses(http.StatusBadGateway, ""), "", "the model answered 502 Bad Gateway: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEndpoint(t, c.answer)
			m := &model{url: e.URL, name: "small", client: e.Client()}
			var text strings.Builder
			failed := ""
			for piece, err := range m.stream(t.Context(), nil) {
				text.WriteString(piece)
				if err != nil {
					failed = err.Error()
				}
			}
			if text.String() != c.text || failed != c.want {
				t.Errorf("said %q and failed with %q, want %q and %q", text.String(), failed, c.text, c.want)
			}
		})
	}
}
