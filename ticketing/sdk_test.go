package ticketing_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// sdk behaves as the client library of the unified API does: empty cursors on
// the first page, arrays with encoded indexes, and up to three repeats at once
// of whatever failed, creates included, without an Idempotency-Key.
type sdk struct {
	t        *testing.T
	base     string
	token    string
	account  string
	requests int
}

func (s *sdk) send(method, path string, query url.Values, body any) (int, map[string]any) {
	s.t.Helper()
	query.Set("integrated_account_id", s.account)
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	for attempt := 0; ; attempt++ {
		s.requests++
		req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path+"?"+query.Encode(), bytes.NewReader(raw))
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		again := err != nil
		if err == nil {
			again = slices.Contains([]int{408, 409, 425, 502, 503, 504}, resp.StatusCode)
			if resp.StatusCode == http.StatusTooManyRequests {
				n, err := strconv.Atoi(resp.Header.Get("Retry-After"))
				if err != nil || n < 1 {
					s.t.Fatalf("429 without Retry-After: %v", resp.Header)
				}
			}
		}
		if again && attempt < 3 {
			if resp != nil {
				_ = resp.Body.Close()
			}
			continue
		}
		if err != nil {
			s.t.Fatal(err)
		}
		defer resp.Body.Close()
		content, err := io.ReadAll(resp.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		var v map[string]any
		_ = json.Unmarshal(content, &v)
		return resp.StatusCode, v
	}
}

// list walks all pages.
func (s *sdk) list(resource string, query url.Values) []map[string]any {
	s.t.Helper()
	var out []map[string]any
	for next := ""; ; {
		query.Set("next_cursor", next)
		query.Set("limit", "10")
		status, v := s.send("GET", "/unified/"+resource, query, nil)
		if status != 200 {
			s.t.Fatalf("%d %v", status, v)
		}
		items, _ := v["result"].([]any)
		for _, i := range items {
			m, _ := i.(map[string]any)
			out = append(out, m)
		}
		next, _ = v["next_cursor"].(string)
		if next == "" {
			return out
		}
	}
}

func TestSDK(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	// A front that loses answers after the API gave them.
	var mu sync.Mutex
	lose := 0
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		rec := httptest.NewRecorder()
		req.URL.RawPath = r.prefix + req.URL.EscapedPath()
		req.URL.Path = r.prefix + req.URL.Path
		r.api.ServeHTTP(rec, req)
		mu.Lock()
		lost := lose > 0
		if lost {
			lose--
		}
		mu.Unlock()
		if lost {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(front.Close)
	s := &sdk{t: t, base: front.URL, token: r.token, account: r.conn.ID}
	for range 25 {
		r.team.AddIssue(r.ada, "Listed", "")
	}
	if got := s.list("ticketing/tickets", url.Values{}); len(got) != 25 {
		t.Errorf("%d tickets", len(got))
	}
	if got := s.list("ticketing/tickets", url.Values{"number[0]": {"ENG-1"}, "number[1]": {"ENG-2"}, "truto_ignore_remote_data": {"true"}}); len(got) != 2 {
		t.Errorf("%d of two", len(got))
	}
	for _, resource := range []string{"ticketing/ticket-status", "ticketing/ticket_status", "ticketing/teams", "ticketing/users", "ticketing/tags", "ticketing/collections", "ticketing/comments", "user-directory/users", "user-directory/me"} {
		s.list(resource, url.Values{})
	}
	mu.Lock()
	lose = 3
	mu.Unlock()
	s.requests = 0
	status, made := s.send("POST", "/unified/ticketing/tickets", url.Values{}, map[string]any{"name": "Created once", "team": map[string]any{"id": r.team.ID}})
	if status != 201 || s.requests != 4 {
		t.Fatalf("%d after %d requests: %v", status, s.requests, made)
	}
	if got := s.list("ticketing/tickets", url.Values{"name": {"Created once"}}); len(got) != 1 {
		t.Errorf("%d tickets after a lost answer", len(got))
	}
	// Linear fails, too, with the work done: the repeats find it.
	r.linear.Fault(linearsim.Fault{Operation: "issueCreate", Times: 5, ResetAfter: true})
	if status, v := s.send("POST", "/unified/ticketing/tickets", url.Values{}, map[string]any{"name": "Hard", "team_id": r.team.ID}); status != 201 {
		t.Errorf("%d %v", status, v)
	}
	r.linear.ClearFaults()
	if got := s.list("ticketing/tickets", url.Values{"name": {"Hard"}}); len(got) != 1 {
		t.Errorf("%d tickets after five lost answers of Linear", len(got))
	}
	id, _ := made["id"].(string)
	if status, v := s.send("PATCH", "/unified/ticketing/tickets/"+id, url.Values{}, map[string]any{"status": map[string]any{"name": "completed"}}); status != 200 {
		t.Errorf("%d %v", status, v)
	}
	if status, v := s.send("GET", "/unified/ticketing/tickets/"+url.PathEscape("https://linear.app/acme/issue/ENG-1/a-title"), url.Values{}, nil); status != 200 {
		t.Errorf("an address in one segment: %d %v", status, v)
	}
	if status, v := s.send("POST", "/batch-request", url.Values{}, map[string]any{
		"integrated_account_id": r.conn.ID,
		"resources": []any{
			map[string]any{"name": "all", "resource": "ticketing/tickets", "method": "list", "query": map[string]any{"limit": 2}},
			map[string]any{"name": "one", "resource": "ticketing/tickets", "method": "get", "id": "{{all.result.0.id}}", "depends_on": []string{"all"}},
		},
	}); status != 200 || v["partial"] != false {
		t.Errorf("batch: %d %v", status, v)
	}
	if status, v := s.send("GET", "/integrated-account/"+r.conn.ID+"/capabilities", url.Values{"type": {"unified"}, "methods[0]": {"list"}, "resource": {"ticketing/tickets"}}, nil); status != 200 || v["integration"] != "linear" {
		t.Errorf("capabilities: %d %v", status, v)
	}
	r.linear.Fault(linearsim.Fault{RateLimited: true, RetryAfter: time.Minute})
	if status, _ := s.send("GET", "/unified/ticketing/tickets", url.Values{}, nil); status != 429 {
		t.Errorf("rate limited: %d", status)
	}
}
