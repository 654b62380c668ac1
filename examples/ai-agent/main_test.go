package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/bottest"
	"github.com/linearbot/linearbot/linearbottest"
)

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

// says streams an answer in pieces.
func says(pieces ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		begins(pieces...)(w)
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// begins streams a truncated answer.
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

// agent returns a register function for a bot that asks the endpoint.
func (e *endpoint) agent(t *testing.T) func(*bot.Bot) error {
	t.Helper()
	m, err := modelFrom(func(name string) string {
		return map[string]string{"OPENAI_BASE_URL": e.URL + "/v1/", "OPENAI_API_KEY": "key", "OPENAI_MODEL": "small"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(b *bot.Bot) error {
		(&agent{model: m}).register(b)
		return nil
	}
}

func TestConversation(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, refuses(http.StatusServiceUnavailable, "busy"), says("It is ", "the **lint** ", "step."), says(), says("Any time."))
	k := bottest.New(t, bot.Config{}, e.agent(t))
	ada, th := k.User("ada"), k.NewThread()
	ada.Say(k.NewThread(), "Another thread.")
	request := "why is CI red?"
	ada.Mention(th, request)
	k.Wait()
	ada.Say(th, "Hm.")
	k.Wait()
	ada.Say(th, "Thanks!")
	replies := []string{"It is the **lint** step.", "I have nothing to say to that.", "Any time."}
	th.ExpectExactly(replies...)

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
		"user: [ada]: @helper " + request,
		"assistant: " + replies[0], "user: [ada]: Hm.",
		"assistant: " + replies[1], "user: [ada]: Thanks!",
	}
	if diff := cmp.Diff(want, got); diff != "" || last.Messages[0].Role != "system" {
		t.Errorf("the model was told (-want +got):\n%s", diff)
	}
}

// A truncated answer is replaced by the complete one, in Linear too.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, begins("It is ", "the"), says("It is ", "the lint step."))
	s := linearbottest.New(t, linearbot.Config{Register: e.agent(t)})
	root := s.Ada.Comment(s.Issue("CI is red"), "@helper-bot why?")
	s.Wait(func() bool {
		own := s.OwnReplies(root)
		return len(own) == 1 && own[0].Body() == "It is the lint step."
	})
}

func TestModelIsRequired(t *testing.T) {
	t.Parallel()
	if _, err := modelFrom(func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "OPENAI_MODEL") {
		t.Errorf("without a model: %v", err)
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
