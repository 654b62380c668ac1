package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/testfiles"
	"github.com/linearbot/linearbot/state/memstate"
)

// streamCase is a case of the vectors in which a stream is posted.
type streamCase struct {
	Name  string
	Input struct {
		Op       string
		ThreadID adapter.ThreadID
		Steps    []streamStep
	}
	Upstream, Want map[string]any
}

// streamStep is one thing that a source does.
type streamStep struct {
	Text  *string
	Tick  bool
	Error string
	Chunk struct{ Type, Text, ID, Title, Status, Details, Output string }
}

// source plays the steps.
func (c streamCase) source(tick func()) iter.Seq2[bot.Chunk, error] {
	return func(yield func(bot.Chunk, error) bool) {
		for _, s := range c.Input.Steps {
			var chunk bot.Chunk
			switch {
			case s.Tick:
				tick()
				continue
			case s.Error != "":
				yield(nil, errors.New(s.Error))
				return
			case s.Text != nil:
				chunk = bot.TextChunk{Text: *s.Text}
			case s.Chunk.Type == "markdown_text":
				chunk = bot.TextChunk{Text: s.Chunk.Text}
			case s.Chunk.Type == "plan_update":
				chunk = bot.PlanChunk{Title: s.Chunk.Title}
			case s.Chunk.Type == "task_update":
				chunk = bot.TaskChunk{
					ID: s.Chunk.ID, Title: s.Chunk.Title, Status: bot.TaskStatus(s.Chunk.Status),
					Details: s.Chunk.Details, Output: s.Chunk.Output,
				}
			}
			if !yield(chunk, nil) {
				return
			}
		}
	}
}

// writes is the API of Linear, as far as streams write, without a network.
type writes struct {
	mu    sync.Mutex
	calls []map[string]any
}

func (w *writes) RoundTrip(r *http.Request) (*http.Response, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var call struct {
		OperationName string
		Variables     struct{ Input map[string]any }
	}
	if err := json.Unmarshal(data, &call); err != nil {
		return nil, err
	}
	if call.OperationName == "viewer" {
		return whoAmI{}.RoundTrip(r)
	}
	in := call.Variables.Input
	answer := map[string]any{}
	got := map[string]any{"call": call.OperationName}
	switch call.OperationName {
	case "commentCreate", "commentUpdate":
		got["body"] = in["body"]
		answer["comment"] = map[string]any{"id": given(in["id"], "comment"), "body": in["body"], "issueId": "issue-1"}
	case "agentActivityCreate":
		content, _ := in["content"].(map[string]any)
		got["content"] = content
		if content["type"] == "action" {
			got["ephemeral"] = given(in["ephemeral"], false)
		}
		answer["agentActivity"] = map[string]any{"id": in["id"]}
	case "agentSessionUpdate":
		got["plan"] = in["plan"]
		answer["agentSession"] = map[string]any{"id": "session-1"}
	}
	answer["success"] = true
	w.mu.Lock()
	w.calls = append(w.calls, got)
	w.mu.Unlock()
	body, err := json.Marshal(map[string]any{"data": map[string]any{call.OperationName: answer}})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(body))),
	}, nil
}

func TestVectorsStreaming(t *testing.T) {
	t.Parallel()
	for _, c := range testfiles.Cases[streamCase](t, "streaming.json") {
		if c.Input.Op != "stream" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runStreamCase(t, c) })
		})
	}
}

func runStreamCase(t *testing.T, c streamCase) {
	t.Helper()
	api := &writes{}
	store := memstate.New(memstate.Options{})
	defer store.Close()
	b, err := bot.New(bot.Config{Adapter: newLinearOver(t, api), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	th, err := b.Workspace("org").Thread(c.Input.ThreadID)
	if err != nil {
		t.Fatal(err)
	}
	const every = time.Second
	tick := func() {
		time.Sleep(every)
		synctest.Wait()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = th.Post(ctx, bot.StreamWith(c.source(tick), bot.StreamOptions{Every: every}))

	want := c.Upstream
	maps.Copy(want, c.Want)
	if message, ok := want["error"].(string); ok {
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("error %v, want %q", err, message)
		}
	} else if err != nil && !errors.Is(err, bot.ErrEmpty) {
		t.Error(err)
	}
	if final, ok := want["finalBody"]; ok {
		checkFinalBody(t, api.calls, final)
		return
	}
	checkCalls(t, api.calls, want["calls"])
}

// checkFinalBody checks what stays visible in a thread of comments.
func checkFinalBody(t *testing.T, calls []map[string]any, want any) {
	t.Helper()
	var final *string
	for i, call := range calls {
		body, _ := call["body"].(string)
		if strings.TrimSpace(body) == "" {
			t.Errorf("call %d has no body", i)
		}
		if create := call["call"] == "commentCreate"; create != (i == 0) {
			t.Errorf("call %d is %s", i, call["call"])
		}
		final = &body
	}
	switch want := want.(type) {
	case string:
		if want == "any" {
			return
		}
		if final == nil || strings.TrimSpace(*final) != strings.TrimSpace(want) {
			t.Errorf("final body %q, want %q", deref(final), want)
		}
	case map[string]any:
		if not, ok := want["not"].([]any); ok && final != nil && slices.Contains(not, any(*final)) {
			t.Errorf("final body is %q", *final)
		}
		if start, ok := want["startsWith"].(string); ok && !strings.HasPrefix(deref(final), start) {
			t.Errorf("final body %q, want it to start with %q", deref(final), start)
		}
		if n, ok := want["longerThan"].(float64); ok && len([]rune(deref(final))) <= int(n) {
			t.Errorf("final body %q, want more than %v characters", deref(final), n)
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// checkCalls checks what was written into an agent session. A response at the
// end that the vectors do not have may be there.
func checkCalls(t *testing.T, calls []map[string]any, want any) {
	t.Helper()
	typeOf := func(call any) any {
		m, _ := call.(map[string]any)
		content, _ := m["content"].(map[string]any)
		return content["type"]
	}
	got := []any{}
	for _, call := range calls {
		trimBody(call)
		got = append(got, call)
	}
	switch want := want.(type) {
	case []any:
		for _, call := range want {
			m, _ := call.(map[string]any)
			trimBody(m)
		}
		last := len(got) - 1
		answered := slices.ContainsFunc(want, func(call any) bool { return typeOf(call) == "response" })
		if !answered && last >= 0 && typeOf(got[last]) == "response" {
			got = got[:last]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	case map[string]any:
		start, _ := want["startsWith"].([]any)
		types, _ := want["thenTypeOneOf"].([]any)
		if len(got) < len(start) {
			t.Fatalf("calls %v, want %v", got, start)
		}
		if diff := cmp.Diff(start, got[:len(start)]); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if types != nil && (len(got) != len(start)+1 || !slices.Contains(types, typeOf(got[len(got)-1]))) {
			t.Errorf("calls %v, want one of %v at the end", got, types)
		}
	}
}

// trimBody takes white space away that is not compared.
func trimBody(call map[string]any) {
	content, _ := call["content"].(map[string]any)
	if body, ok := content["body"].(string); ok {
		content["body"] = strings.TrimSpace(body)
	}
}

// given returns v, or def if the call did not give it.
func given(v, def any) any {
	if v == nil {
		return def
	}
	return v
}
