package serve

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// halting is a pipe whose reader reads while it is open.
type halting struct {
	mu      sync.Mutex
	open    chan struct{}
	written bytes.Buffer
}

func (h *halting) halt() (resume func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	open := make(chan struct{})
	h.open = open
	return func() { close(open) }
}

func (h *halting) Write(p []byte) (int, error) {
	h.mu.Lock()
	open := h.open
	h.mu.Unlock()
	if open != nil {
		<-open
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.written.Write(p)
}

// TestLogWithoutReader halts the reader of the log. No one waits for it for more than a
// second, and when it reads again it learns how much it has missed.
func TestLogWithoutReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &halting{}
		p := newPatient(to, func(w io.Writer, n int64) { fmt.Fprintf(w, "missing: %d\n", n) })
		line := []byte("first\n")
		write := func(text string, most time.Duration) {
			t.Helper()
			at := time.Now()
			line = append(line[:0], text...) // as loggers reuse their buffers
			if n, err := p.Write(line); n != len(line) || err != nil {
				t.Errorf("%q: %d, %v", text, n, err)
			}
			if took := time.Since(at); took > most {
				t.Errorf("%q took %s, want at most %s", text, took, most)
			}
		}
		write("first\n", 0)
		resume := to.halt()
		var others sync.WaitGroup
		for range 3 {
			others.Go(func() {
				time.Sleep(time.Millisecond)
				if _, err := p.Write([]byte("beside it\n")); err != nil {
					t.Error(err)
				}
			})
		}
		write("stuck\n", time.Second)
		others.Wait()
		for i := range 10 {
			write(fmt.Sprintf("dropped %d\n", i), 0)
		}
		resume()
		synctest.Wait()
		if got, want := to.written.String(), "first\nstuck\nmissing: 13\n"; got != want {
			t.Errorf("the reader has %q, want %q", got, want)
		}
		write("last\n", 0)
		if got, want := to.written.String(), "first\nstuck\nmissing: 13\nlast\n"; got != want {
			t.Errorf("the reader has %q, want %q", got, want)
		}
	})
}

// TestLogWithSlowReader has a reader take as long for each line as is waited for it. What
// it takes for one line drops none of the next.
func TestLogWithSlowReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &slow{}
		to.takes.Store(int64(logPatience))
		p := newPatient(to, func(w io.Writer, n int64) { fmt.Fprintf(w, "missing: %d\n", n) })
		for i := range 50 {
			if _, err := fmt.Fprintf(p, "%d\n", i); err != nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Millisecond)
			to.takes.Store(0) // for what follows at once, also beside each other
			var others sync.WaitGroup
			for range 8 {
				others.Go(func() { _, _ = p.Write([]byte("beside\n")) })
			}
			others.Wait()
			to.takes.Store(int64(logPatience))
		}
		synctest.Wait()
		if n := bytes.Count(to.written.Bytes(), []byte("beside")); n != 400 || bytes.Contains(to.written.Bytes(), []byte("missing")) {
			t.Errorf("%d lines of 400 arrived:\n%s", n, to.written.String())
		}
	})
}

// slow is a reader that takes time for each line.
type slow struct {
	takes   atomic.Int64
	written bytes.Buffer
}

func (s *slow) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(s.takes.Load()))
	return s.written.Write(p)
}

func BenchmarkLogLine(b *testing.B) {
	p := newPatient(io.Discard, func(io.Writer, int64) {})
	line := []byte(`{"level":"info","thread":"linear:i1:c:c1","message":"handled"}` + "\n")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Write(line)
	}
}
