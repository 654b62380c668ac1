package linearsim

import (
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	const create = `mutation Say{commentCreate(input:{issueId:"ENG-1",body:"x"}){success}}`
	for _, tt := range []struct {
		name     string
		fault    Fault
		lost     bool // no answer
		status   int
		code     string
		comments int
	}{
		{"status", Fault{Status: 502, Body: "<html>"}, false, 502, "", 0},
		{"body", Fault{Body: "{"}, false, 200, "", 0},
		{"rate limit", Fault{RateLimited: true, RetryAfter: 7 * time.Second}, false, 400, "RATELIMITED", 0},
		{"reset", Fault{Reset: true}, true, 0, "", 0},
		{"lost answer", Fault{ResetAfter: true}, true, 0, "", 1},
		{"delay", Fault{Delay: time.Millisecond}, false, 200, "", 1},
		{"by field", Fault{Operation: "commentCreate", Status: 500}, false, 500, "", 0},
		{"by name", Fault{Operation: "Say", Status: 500}, false, 500, "", 0},
		{"another operation", Fault{Operation: "commentUpdate", Status: 500}, false, 200, "", 1},
		{"token endpoint", Fault{Operation: TokenEndpoint, Status: 500}, false, 200, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Config{})
			w.srv.Fault(tt.fault)
			a, err := w.try(t.Context(), w.auth, create, nil)
			if (err != nil) != tt.lost || a.Status != tt.status || a.code() != tt.code {
				t.Fatalf("got %d %s %v", a.Status, a.Raw, err)
			}
			if n := len(w.issue.Comments()); n != tt.comments {
				t.Errorf("%d comments, want %d", n, tt.comments)
			}
			if tt.fault.RateLimited {
				reset := strconv.FormatInt(w.clock.Now().Add(7*time.Second).UnixMilli(), 10)
				if a.Header.Get("Retry-After") != "7" || a.Header.Get("X-Ratelimit-Requests-Reset") != reset {
					t.Errorf("headers %v", a.Header)
				}
			}
			log := w.srv.Requests()
			if len(log) != 1 || log[0].Status != tt.status {
				t.Errorf("log %+v", log)
			}
			w.do(`{viewer{id}}`, nil) // used up
		})
	}
}

func TestFaultOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.srv.Fault(Fault{Operation: "viewer", Status: 501, Times: 2})
	w.srv.Fault(Fault{Status: 502})
	w.srv.Fault(Fault{Status: 503, Times: 9})
	for i, want := range []int{501, 501, 502, 503} {
		if got := w.as(w.auth, `{viewer{id}}`, nil).Status; got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
	w.srv.ClearFaults()
	w.do(`{viewer{id}}`, nil)
}

// TestLostAnswer shows how a client recovers: the same id again is a
// conflict, and there is one comment.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	create := `mutation{commentCreate(input:{id:"` + uuid.NewString() + `",issueId:"ENG-1",body:"x"}){success}}`
	w.srv.Fault(Fault{Operation: "commentCreate", ResetAfter: true})
	if _, err := w.try(t.Context(), w.auth, create, nil); err == nil {
		t.Fatal("answered")
	}
	if a := w.as(w.auth, create, nil); a.Errors[0].Message != "conflict on insert of Comment" {
		t.Error(a.Raw)
	}
	if n := len(w.issue.Comments()); n != 1 {
		t.Errorf("%d comments", n)
	}
}

func TestTokenFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.srv.Fault(Fault{Operation: TokenEndpoint, Status: 503, Body: "{}"})
	w.srv.Fault(Fault{Operation: TokenEndpoint, RateLimited: true})
	w.srv.Fault(Fault{Operation: TokenEndpoint, ResetAfter: true})
	w.srv.Fault(Fault{Operation: TokenEndpoint, Reset: true})
	for _, want := range []int{503, 429} {
		if got, _ := w.fetch("read"); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	for range 2 {
		resp, err := w.client.PostForm(w.srv.TokenURL(), url.Values{})
		if err == nil {
			_ = resp.Body.Close()
			t.Error("answered")
		}
	}
	w.srv.Fault(Fault{Status: 500}) // for GraphQL only
	if got, _ := w.fetch("read"); got != http.StatusOK {
		t.Errorf("got %d", got)
	}
	if n := faultsLeft(w.srv); n != 1 {
		t.Errorf("%d faults left, want 1", n)
	}
}

// TestCloseDuringDelay shows that Close ends requests that a fault holds back.
func TestCloseDuringDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.srv.Fault(Fault{Delay: time.Hour})
	done := make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		_, err := w.try(t.Context(), w.auth, `{viewer{id}}`, nil)
		done <- err
	})
	if err := w.srv.Wait(t.Context(), func() bool { return faultsLeft(w.srv) == 0 }); err != nil {
		t.Fatal(err)
	}
	w.srv.Close()
	if err := <-done; err == nil {
		t.Error("answered")
	}
}

func faultsLeft(s *Server) int { return read(s, func() int { return len(s.faults) }) }
