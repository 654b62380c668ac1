package serve

import (
	"bytes"
	"fmt"
	"sync"
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
		p := newPatient(to, "missing: %d\n")
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
		write("last\n", 0)
		if got, want := to.written.String(), "first\nstuck\nmissing: 13\nlast\n"; got != want {
			t.Errorf("the reader has %q, want %q", got, want)
		}
	})
}
