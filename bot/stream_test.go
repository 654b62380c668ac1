package bot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// editable is a Fake whose messages can be edited and whose threads called
// "session" are agent sessions. It writes down what it is asked for.
type editable struct {
	*adaptertest.Fake

	mu     sync.Mutex
	bodies map[string]string
	log    []string
	at     []time.Time // when each entry of log began
	keys   []string
	flight atomic.Int32
	crowd  bool // two calls were under way at once
	// slow is how long an edit takes, fail what it fails with, in order.
	slow time.Duration
	fail []error
	// results adds the results of actions to the log.
	results bool
}

func newEditable() *editable {
	return &editable{Fake: adaptertest.NewFake("helper"), bodies: make(map[string]string)}
}

func (s *editable) begin(format string, args ...any) (end func()) {
	s.mu.Lock()
	s.crowd = s.crowd || s.flight.Add(1) > 1
	s.log = append(s.log, fmt.Sprintf(format, args...))
	s.at = append(s.at, time.Now())
	s.mu.Unlock()
	return func() { s.flight.Add(-1) }
}

func (s *editable) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fail) == 0 {
		return nil
	}
	err := s.fail[0]
	s.fail = s.fail[1:]
	return err
}

func (s *editable) Post(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	defer s.begin("post %s", p.Body)()
	m, err := s.Fake.Post(ctx, p)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, p.Key)
	if body, ok := s.bodies[m.ID]; ok {
		m.Body = body
	}
	s.bodies[m.ID] = m.Body
	return m, nil
}

func (s *editable) Edit(ctx context.Context, r adapter.Ref, body string) (*adapter.Message, error) {
	defer s.begin("edit %s", body)()
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return nil, &adapter.Error{Code: adapter.CodeCanceled, Op: "edit", Err: ctx.Err()}
	}
	if err := s.failure(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[r.MessageID] = body
	return &adapter.Message{ID: r.MessageID, Thread: r.Thread, Body: body}, nil
}

func (s *editable) Delete(_ context.Context, r adapter.Ref) error {
	defer s.begin("delete %s", r.MessageID)()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bodies, r.MessageID)
	return nil
}

func (s *editable) IsSession(id adapter.ThreadID) bool {
	return strings.HasSuffix(string(id), ":session")
}

func (s *editable) Activity(_ context.Context, a *adapter.Activity) error {
	text := a.Name + a.Body
	if a.Parameter != "" {
		text += "(" + a.Parameter + ")"
	}
	if s.results && a.Result != "" {
		text += " " + a.Result
	}
	defer s.begin("%s %s", a.Kind, text)()
	s.mu.Lock()
	s.keys = append(s.keys, a.Key)
	s.mu.Unlock()
	return s.failure()
}

func (s *editable) SetPlan(_ context.Context, _ string, _ adapter.ThreadID, plan []adapter.PlanStep) error {
	defer s.begin("plan %v", plan)()
	return s.failure()
}

// visible returns the texts of all messages, for tests with one.
func (s *editable) visible() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, body := range s.bodies {
		out = append(out, body)
	}
	return strings.Join(out, " | ")
}

// newHandle returns an editable platform and a handle on a thread, outside of a
// turn.
func newHandle(t *testing.T, id adapter.ThreadID) (*editable, *bot.Thread) {
	t.Helper()
	s := newEditable()
	return s, newTest(t, withPlatform(s, s.Fake)).handle(id)
}

const sessionThread adapter.ThreadID = "fake:room:session"

// texts is a source that pauses before each text. An error ends it.
func texts(pause time.Duration, all ...any) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, v := range all {
			time.Sleep(pause)
			text, _ := v.(string)
			err, _ := v.(error)
			if !yield(text, err) || err != nil {
				return
			}
		}
	}
}

func checkLog(t *testing.T, s *editable, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.log); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if s.crowd {
		t.Error("two calls were under way at once")
	}
}

func TestStreamIsPostedThenEdited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		src := texts(400*time.Millisecond, " \n", "It is **im", "por", "tant** {{emoji:fire}}", " and", " `so on")
		m, err := th.Post(t.Context(), bot.StreamWith(src, bot.StreamOptions{Every: time.Second}))
		if err != nil || m.Body != " \nIt is **important** 🔥 and `so on" {
			t.Errorf("message %+v, %v", m, err)
		}
		checkLog(t, s, "post  \nIt is **im**", "edit  \nIt is **important** 🔥", "edit  \nIt is **important** 🔥 and `so on")
	})
}

func TestStreamPace(t *testing.T) {
	t.Parallel()
	limited := &adapter.Error{Code: adapter.CodeRateLimited, Op: "edit"}
	later := &adapter.Error{Code: adapter.CodeRateLimited, Op: "edit", RetryAfter: 7 * time.Second}
	down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "edit"}
	for name, tc := range map[string]struct {
		slow time.Duration
		fail []error
		// gaps are the seconds between the first calls.
		gaps []float64
	}{
		"steady":           {gaps: []float64{1, 1, 1, 1}},
		"asked too often":  {fail: []error{limited, limited}, gaps: []float64{1, 2, 4, 4}},
		"told how long":    {fail: []error{later}, gaps: []float64{1, 7, 7}},
		"down for a while": {fail: []error{down, down}, gaps: []float64{1, 1, 1, 1}},
		"slow":             {slow: 3 * time.Second, gaps: []float64{1, 3 + 2, 3 + 4, 3 + 4}},
		"no end to it":     {fail: []error{limited, limited, limited, limited, limited, limited}, gaps: []float64{1, 2, 4, 8, 16, 30, 30}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, th := newHandle(t, thread)
				s.slow, s.fail = tc.slow, tc.fail
				var all []any
				for i := range 1000 {
					all = append(all, fmt.Sprintf("word%d ", i))
				}
				src := texts(100*time.Millisecond, all...)
				if _, err := th.Post(t.Context(), bot.StreamWith(src, bot.StreamOptions{Every: time.Second})); err != nil {
					t.Fatal(err)
				}
				var gaps []float64
				for i := range s.at[1:] {
					gaps = append(gaps, s.at[i+1].Sub(s.at[i]).Round(100*time.Millisecond).Seconds())
				}
				if diff := cmp.Diff(tc.gaps, gaps[:len(tc.gaps)]); diff != "" {
					t.Errorf("seconds between calls (-want +got):\n%s", diff)
				}
				if s.crowd {
					t.Error("two calls were under way at once")
				}
				if got := s.visible(); !strings.HasSuffix(got, "word999 ") {
					t.Errorf("final text %q", got)
				}
			})
		})
	}
}

func TestStreamWithNothingNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		if _, err := th.Post(t.Context(), bot.Stream(texts(2*time.Second, "a", "", " ", "", "\n| b |\n"))); err != nil {
			t.Fatal(err)
		}
		checkLog(t, s, "post a", "edit a \n| b |\n")
	})
}

func TestStreamBreaks(t *testing.T) {
	t.Parallel()
	const mark = "_The answer broke off here._"
	for name, tc := range map[string]struct {
		all    []any
		broken string
		want   string
	}{
		"after text":     {all: []any{"One. ", "Two **b", errBoom}, want: "One. Two **b\n\n" + mark},
		"at once":        {all: []any{errBoom}, want: ""},
		"after nothing":  {all: []any{" ", errBoom}, want: ""},
		"in a fence":     {all: []any{"~~~~sh\nmake\n", errBoom}, want: "~~~~sh\nmake\n~~~~\n\n" + mark},
		"with own words": {all: []any{"x", errBoom}, broken: "(gone)", want: "x\n\n(gone)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, th := newHandle(t, thread)
				m, err := th.Post(t.Context(), bot.StreamWith(texts(time.Second, tc.all...), bot.StreamOptions{Broken: tc.broken}))
				if !errors.Is(err, errBoom) || (m != nil) != (tc.want != "") {
					t.Errorf("message %v, %v", m, err)
				}
				if got := s.visible(); got != tc.want {
					t.Errorf("visible: %q, want %q", got, tc.want)
				}
			})
		})
	}
}

func TestStreamCancelled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cause error
		want  string
	}{
		"process stops":   {bot.ErrDraining, "So far"},
		"person stops":    {bot.ErrStopped, "So far"},
		"message deleted": {bot.ErrDeleted, "So far"},
		"taken over":      {bot.ErrLeaseLost, "So far"},
		"too long":        {bot.ErrTurnTimeout, "So far\n\n_The answer broke off here._"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, th := newHandle(t, thread)
				ctx, cancel := context.WithCancelCause(t.Context())
				ch := make(chan string, 1)
				ch <- "So far"
				var wg sync.WaitGroup
				wg.Go(func() {
					time.Sleep(time.Minute)
					cancel(tc.cause)
				})
				_, err := th.Post(ctx, bot.Stream(ch))
				wg.Wait()
				if !errors.Is(err, tc.cause) {
					t.Errorf("error %v, want %v", err, tc.cause)
				}
				if got := s.visible(); got != tc.want {
					t.Errorf("visible: %q, want %q", got, tc.want)
				}
				if _, err := th.Post(ctx, bot.Stream(texts(0, "more"))); !errors.Is(err, tc.cause) {
					t.Errorf("stream after the end: %v", err)
				}
			})
		})
	}
}

func TestStreamPlaceholder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		o := bot.StreamOptions{Placeholder: "…"}
		if _, err := th.Post(t.Context(), bot.StreamWith(texts(2*time.Second, "Hi"), o)); err != nil {
			t.Error(err)
		}
		if _, err := th.Post(t.Context(), bot.StreamWith(texts(2*time.Second, " "), o)); !errors.Is(err, bot.ErrEmpty) {
			t.Errorf("empty stream: %v", err)
		}
		checkLog(t, s, "post …", "edit Hi", "post …", "delete post-1")
	})
}

func TestStreamFinalEditFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		gone := &adapter.Error{Code: adapter.CodeNotFound, Op: "edit"}
		s.fail = []error{gone, gone}
		if _, err := th.Post(t.Context(), bot.Stream(texts(2*time.Second, "a", "b", "c"))); !errors.Is(err, gone) {
			t.Errorf("error %v, want %v", err, gone)
		}
		checkLog(t, s, "post a", "edit ab", "edit abc") // no more views once one is refused for good
	})
}

func TestStreamWithoutEditor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTest(t)
		th := w.handle(thread)
		_, err := th.Post(t.Context(), bot.Stream(texts(5*time.Second, "a **b", " c")))
		_, broken := th.Post(t.Context(), bot.Stream(texts(time.Second, "x", errBoom)))
		_, empty := th.Post(t.Context(), bot.Stream(texts(0)))
		if err != nil || !errors.Is(broken, errBoom) || !errors.Is(empty, bot.ErrEmpty) {
			t.Errorf("errors %v, %v, %v", err, broken, empty)
		}
		w.posted("a **b c")
		if _, err := th.Edit(t.Context(), "m", bot.Stream(texts(0, "x"))); err == nil || errors.Is(err, bot.ErrEmpty) {
			t.Errorf("edit with a stream: %v", err)
		}
	})
}

// TestStreamOfRepeatedTurn lets a turn fail in the middle of a stream and run
// again with another answer, at another speed.
func TestStreamOfRepeatedTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		s := newEditable()
		b, err := bot.New(bot.Config{Adapter: s, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		w := &testBot{t: t, fake: s.Fake, store: store, bot: b}
		runs := 0
		b.OnNewMention(func(ctx context.Context, th *bot.Thread, _ *bot.Message) error {
			runs++
			src := texts(2*time.Second, "First ", "answer", errBoom)
			if runs > 1 {
				src = texts(0, "Second answer")
			}
			if _, err := th.Post(ctx, bot.Stream(src)); err != nil && runs > 1 {
				return err
			}
			if _, err := th.Post(ctx, bot.Text("Bye")); err != nil {
				return err
			}
			if runs == 1 {
				return errBoom
			}
			return nil
		})
		w.say("ada", "@helper hi")
		w.run(time.Minute)
		if runs != 2 || len(s.bodies) != 2 {
			t.Errorf("%d runs left %q, want two messages", runs, s.visible())
		}
		if got := s.bodies["post-0"]; got != "Second answer" {
			t.Errorf("the streamed message says %q", got)
		}
		if len(s.keys) != 4 || s.keys[0] != s.keys[2] || s.keys[1] != s.keys[3] {
			t.Errorf("keys %q, want the same ones twice", s.keys)
		}
	})
}

func TestStreamPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, th := newHandle(t, thread)
		defer func() {
			if got := recover(); got != "boom" {
				t.Errorf("recovered %v", got)
			}
		}()
		_, _ = th.Post(t.Context(), bot.Stream(func(yield func(string, error) bool) {
			yield("a", nil)
			panic("boom")
		}))
	})
}

func chunks(all ...bot.Chunk) iter.Seq2[bot.Chunk, error] {
	return func(yield func(bot.Chunk, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func TestStreamSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, thread)
		src := chunks(bot.StepChunk{}, bot.TextChunk{Text: "One."}, bot.StepChunk{}, bot.TextChunk{}, bot.TextChunk{Text: "Two."}, bot.StepChunk{})
		if _, err := th.Post(t.Context(), bot.StreamWith(src, bot.StreamOptions{})); err != nil {
			t.Fatal(err)
		}
		if got := s.visible(); got != "One.\n\nTwo." {
			t.Errorf("visible: %q", got)
		}
	})
}

func TestStreamInSession(t *testing.T) {
	t.Parallel()
	task := bot.TaskChunk{ID: "1", Title: "Search", Status: bot.TaskInProgress}
	synctest.Test(t, func(t *testing.T) {
		s, th := newHandle(t, sessionThread)
		src := chunks(
			bot.TextChunk{Text: "Look:\n| a |\n"}, task, bot.PlanChunk{Title: "Find it"},
			bot.TextChunk{Text: "|---|\n| 1 |\n\n"}, task, bot.TextChunk{Text: "Well, **done"},
		)
		m, err := th.Post(t.Context(), bot.StreamWith(src, bot.StreamOptions{}))
		if err != nil || m.Body != "Well, **done" {
			t.Errorf("message %+v, %v", m, err)
		}
		checkLog(t, s, "thought Look:", "action Search", "plan [{Find it completed}]",
			"thought | a |\n|---|\n| 1 |", "action Search", "post Well, **done")
		base := s.keys[4]
		if diff := cmp.Diff([]string{base + "\x001", base + "\x002", base + "\x003", base + "\x004", base}, s.keys); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
	})
}

func TestStreamInSessionEnds(t *testing.T) {
	t.Parallel()
	down := &adapter.Error{Code: adapter.CodeUnavailable, Op: "activity"}
	failed := bot.TaskChunk{Title: "Deploy", Status: bot.TaskFailed}
	text := bot.TextChunk{Text: "Said before.\n"}
	for name, tc := range map[string]struct {
		chunks []bot.Chunk
		fail   []error
		err    error
		want   []string
	}{
		"nothing":            {err: bot.ErrEmpty},
		"nothing left":       {chunks: []bot.Chunk{text, failed}, want: []string{"thought Said before.", "error Deploy", "post Done."}},
		"a thought is lost":  {chunks: []bot.Chunk{text, failed}, fail: []error{down}, want: []string{"thought Said before.", "error Deploy", "post Said before.\n"}},
		"everything is lost": {chunks: []bot.Chunk{failed}, fail: []error{down}, err: bot.ErrEmpty, want: []string{"error Deploy"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, th := newHandle(t, sessionThread)
				s.fail = tc.fail
				if _, err := th.Post(t.Context(), bot.StreamWith(chunks(tc.chunks...), bot.StreamOptions{})); !errors.Is(err, tc.err) {
					t.Errorf("error %v, want %v", err, tc.err)
				}
				checkLog(t, s, tc.want...)
			})
		})
	}
}

func TestStreamInSessionBreaks(t *testing.T) {
	t.Parallel()
	for cause, want := range map[error][]string{
		errBoom:            {"error Half a\n\n(gone)"},
		bot.ErrTurnTimeout: {"error Half a\n\n(gone)"},
		bot.ErrDraining:    nil,
		bot.ErrStopped:     nil,
		bot.ErrLeaseLost:   nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			s, th := newHandle(t, sessionThread)
			ctx, cancel := context.WithCancelCause(t.Context())
			src := func(yield func(string, error) bool) {
				yield("Half a", nil)
				if !errors.Is(cause, errBoom) {
					cancel(cause)
				}
				yield("", cause)
			}
			_, err := th.Post(ctx, bot.StreamWith(src, bot.StreamOptions{Broken: "(gone)"}))
			if !errors.Is(err, cause) {
				t.Errorf("error %v, want %v", err, cause)
			}
			checkLog(t, s, want...)
		})
	}
}

func TestFromReader(t *testing.T) {
	t.Parallel()
	const text = "Привет, 世界 👍 \xff\xf0\x9f end"
	for name, r := range map[string]io.Reader{
		"whole":        strings.NewReader(text),
		"byte by byte": iotest.OneByteReader(strings.NewReader(text)),
		"end at once":  iotest.DataErrReader(strings.NewReader(text)),
		"torn":         iotest.HalfReader(strings.NewReader(text)),
	} {
		var got strings.Builder
		for piece, err := range bot.FromReader(r) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got.WriteString(piece)
		}
		if got.String() != text {
			t.Errorf("%s: %q", name, got.String())
		}
	}
	for piece, err := range bot.FromReader(iotest.OneByteReader(strings.NewReader("é世👍"))) {
		if err != nil || len([]rune(piece)) != 1 || strings.ContainsRune(piece, '\uFFFD') {
			t.Errorf("piece %q, %v", piece, err)
		}
	}
	var pieces []string
	var failed error
	for piece, err := range bot.FromReader(io.MultiReader(strings.NewReader("a"), iotest.ErrReader(errBoom))) {
		pieces, failed = append(pieces, piece), err
	}
	if diff := cmp.Diff([]string{"a", ""}, pieces); diff != "" || !errors.Is(failed, errBoom) {
		t.Errorf("pieces of a reader that fails with %v (-want +got):\n%s", failed, diff)
	}
}

// TestSources makes streams of everything that they can be made of.
func TestSources(t *testing.T) {
	t.Parallel()
	want := []string{"a", "b"}
	text := make(chan string, 2)
	parts := make(chan bot.Chunk, 2)
	text2, parts2 := make(chan string, 2), make(chan bot.Chunk, 2)
	for _, w := range want {
		text <- w
		text2 <- w
		parts <- bot.TextChunk{Text: w}
		parts2 <- bot.TextChunk{Text: w}
	}
	close(text)
	close(text2)
	close(parts)
	close(parts2)
	whole := func(yield func(string) bool) { _ = yield("a") && yield("b") }
	failing := func(yield func(string, error) bool) { _ = yield("a", nil) && yield("b", nil) }
	chunked := func(yield func(bot.Chunk) bool) {
		_ = yield(bot.TextChunk{Text: "a"}) && yield(bot.TextChunk{Text: "b"})
	}
	failingChunks := func(yield func(bot.Chunk, error) bool) { _ = yield(bot.TextChunk{Text: "ab"}, nil) }
	for name, c := range map[string]bot.Content{
		"chan string":                    bot.Stream(text),
		"<-chan string":                  bot.Stream((<-chan string)(text2)),
		"chan Chunk":                     bot.Stream(parts),
		"<-chan Chunk":                   bot.Stream((<-chan bot.Chunk)(parts2)),
		"iter.Seq[string]":               bot.Stream(slices.Values(want)),
		"func(func(string) bool)":        bot.Stream(whole),
		"iter.Seq2[string, error]":       bot.Stream(iter.Seq2[string, error](failing)),
		"func(func(string, error) bool)": bot.Stream(failing),
		"iter.Seq[Chunk]":                bot.Stream(iter.Seq[bot.Chunk](chunked)),
		"func(func(Chunk) bool)":         bot.Stream(chunked),
		"iter.Seq2[Chunk, error]":        bot.Stream(iter.Seq2[bot.Chunk, error](failingChunks)),
		"func(func(Chunk, error) bool)":  bot.Stream(failingChunks),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, th := newHandle(t, thread)
			if _, err := th.Post(t.Context(), c); err != nil || s.visible() != "ab" {
				t.Errorf("posted %q, %v", s.visible(), err)
			}
		})
	}
}
