package linearapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := New(Config{URL: "https://ada:s3cret@api.example/graphql", Timeout: -1, MaxAttempts: -1, Pause: -1, MaxResponse: -1})
	if adapter.CodeOf(err) != adapter.CodeInvalid {
		t.Fatalf("error %v, want Invalid", err)
	}
	for _, field := range []string{"Tokens", "URL", "Timeout", "MaxAttempts", "Pause", "MaxResponse"} {
		if !strings.Contains(err.Error(), "Config."+field) {
			t.Errorf("the error does not tell of %s: %v", field, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error holds the password: %v", err)
	}
	if _, err := New(Config{Tokens: APIKey("k")}); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://api.linear.app/graphql":  true,
		"http://127.0.0.1:8080/graphql":   true,
		"":                                false,
		"api.linear.app/graphql":          false,
		"ftp://api.linear.app":            false,
		"https:///graphql":                false,
		"https://u@api.linear.app":        false,
		"https://u:marker@api.linear.app": false,
		"https://u:marker@[::1":           false,
		"https://host:marker":             false,
	} {
		err := CheckURL(address)
		if (err == nil) != ok {
			t.Errorf("CheckURL(%q) = %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "marker") {
			t.Errorf("CheckURL(%q) quotes the address: %v", address, err)
		}
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	s := always(200, goodComment)
	c := newClient(t, s, func(cfg *Config) { cfg.Tokens = APIKey("key-1") })
	got, err := c.CommentCreate(t.Context(), CommentCreateInput{ID: "c1", IssueID: "i1", ParentID: "p1", Body: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	want := &Comment{
		ID: "c1", Body: "hi", URL: "https://linear.app/x", CreatedAt: at, UpdatedAt: at, ParentID: "p1", IssueID: "i1",
		User: &User{ID: "u1", Name: "Ada", DisplayName: "ada"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("comment (-want +got):\n%s", diff)
	}

	r := s.seen()[0]
	for name, want := range map[string]string{
		"Authorization": "key-1", "Content-Type": "application/json", "User-Agent": "linearbot/" + version(),
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	var body struct {
		Query         string         `json:"query"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
	}
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		t.Fatal(err)
	}
	if body.OperationName != "commentCreate" || body.Query != c.documents["commentCreate"] {
		t.Errorf("operation %q: %s", body.OperationName, body.Query)
	}
	input := map[string]any{"input": map[string]any{"id": "c1", "issueId": "i1", "parentId": "p1", "body": "hi"}}
	if diff := cmp.Diff(input, body.Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	v, err := newClient(t, always(200, goodViewer), nil).Viewer(t.Context())
	want := &Viewer{
		User:         User{ID: "u1", Name: "Bot", DisplayName: "bot", App: true},
		Organization: Organization{ID: "o1", Name: "Acme", URLKey: "acme"},
	}
	if diff := cmp.Diff(want, v); diff != "" || err != nil {
		t.Errorf("viewer, %v (-want +got):\n%s", err, diff)
	}
	c, err := newClient(t, always(200, goodRead), nil).Comment(t.Context(), "c1")
	wantComment := &Comment{ID: "c1", Body: "hi", Parent: &Ref{ID: "p1"}, Issue: &IssueRef{ID: "i1", Identifier: "ENG-1", Title: "T"}}
	if diff := cmp.Diff(wantComment, c); diff != "" || err != nil {
		t.Errorf("comment, %v (-want +got):\n%s", err, diff)
	}
	half := `{"data":{"viewer":null,"organization":{"id":"o1"}}}`
	if _, err := newClient(t, always(200, half), once).Viewer(t.Context()); adapter.CodeOf(err) != adapter.CodeUnavailable {
		t.Errorf("half a viewer: %v", err)
	}
}

func TestRoot(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]*Comment{
		"a": {ID: "a"}, "p": {ID: "a", ParentID: "p"}, "q": {ID: "a", ParentID: "p", Parent: &Ref{ID: "q"}}, "": {},
	} {
		if got := c.Root(); got != want {
			t.Errorf("Root of %+v = %q, want %q", c, got, want)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	given := &http.Client{Transport: always(307, "", "Location", "https://elsewhere.example/?token=marker")}
	c, err := New(Config{Tokens: APIKey("k"), HTTPClient: given})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Viewer(t.Context())
	if err == nil || strings.Contains(err.Error(), "marker") || strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("error %v", err)
	}
	s, ok := given.Transport.(*stub)
	if !ok || len(s.seen()) != 1 {
		t.Error("the redirect was followed, or tried again")
	}
	if given.CheckRedirect != nil {
		t.Error("the caller's HTTP client was changed")
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	var calls []Call
	s := &stub{answer: func(n int, _ *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return reply(503, "", "X-Request-Id", "r1", "X-RateLimit-Requests-Remaining", "7"), nil
		case 2:
			return nil, errors.New("lost")
		default:
			return reply(200, goodViewer, "X-Complexity", "3"), nil
		}
	}}
	c := newClient(t, s, func(cfg *Config) {
		cfg.Pause = time.Microsecond
		cfg.Observe = func(call Call) {
			call.Took, call.Budget.At = 0, time.Time{}
			calls = append(calls, call)
		}
	})
	if _, err := c.Viewer(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := Budget{Requests: Allowance{Remaining: 7}}
	spent := left
	spent.Cost = 3
	want := []Call{
		{Op: "viewer", Attempt: 1, Status: 503, Failed: true, Code: adapter.CodeUnavailable, RequestID: "r1", Budget: left},
		{Op: "viewer", Attempt: 2, Failed: true, Code: adapter.CodeUnavailable, Budget: left},
		{Op: "viewer", Attempt: 3, Status: 200, Budget: spent},
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	c := newClient(t, inTurn(
		with(200, goodViewer,
			"X-Complexity", "1.5",
			"X-RateLimit-Requests-Limit", "5000", "X-RateLimit-Requests-Remaining", "4999", "X-RateLimit-Requests-Reset", "1793528400123",
			"X-RateLimit-Complexity-Limit", "2000000", "X-RateLimit-Complexity-Remaining", "1999998.5", "X-RateLimit-Complexity-Reset", "1793528400",
			"X-RateLimit-Endpoint-Requests-Limit", "30", "X-RateLimit-Endpoint-Requests-Remaining", "29", "X-RateLimit-Endpoint-Name", "search"),
		with(200, goodViewer, "X-RateLimit-Requests-Remaining", "-1", "X-RateLimit-Requests-Limit", "many"),
	), nil)
	if diff := cmp.Diff(Budget{}, c.Budget()); diff != "" {
		t.Errorf("before the first answer:\n%s", diff)
	}
	want := Budget{
		Requests:   Allowance{Limit: 5000, Remaining: 4999, Reset: time.UnixMilli(1793528400123).UTC()},
		Complexity: Allowance{Limit: 2000000, Remaining: 1999998.5, Reset: time.Unix(1793528400, 0).UTC()},
		Endpoint:   Allowance{Limit: 30, Remaining: 29}, EndpointName: "search",
		Cost: 1.5,
	}
	for range 2 {
		if _, err := c.Viewer(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := c.Budget()
		if got.At.IsZero() {
			t.Error("At is zero")
		}
		got.At = time.Time{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("budget (-want +got):\n%s", diff)
		}
		want.Requests.Remaining = -1 // what the second answer changes
	}
}

func FuzzAnswer(f *testing.F) {
	for _, body := range []string{goodComment, goodRead, lockTimeout, limited, refusedBody, `{"errors":[{"extensions":{"internal":"x"}}]}`, "", "null", "[]"} {
		f.Add(200, body)
		f.Add(400, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 {
			return
		}
		c, err := New(Config{Tokens: AccessToken("the-secret-token"), HTTPClient: &http.Client{Transport: always(status, body)}, MaxAttempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		comment, err := c.Comment(t.Context(), "x")
		if (comment == nil) == (err == nil) {
			t.Errorf("comment %v, error %v", comment, err)
		}
		if err == nil {
			return
		}
		if _, ok := errors.AsType[*adapter.Error](err); !ok || strings.Contains(err.Error(), "the-secret-token") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	})
}
