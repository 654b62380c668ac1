package ticketing_test

import (
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state/redisstate"
	"github.com/linearbot/linearbot/ticketing"
)

// Twenty clients create and link under one key, through two instances on one Redis:
// one issue, one link, one activity, and all get the same answer.
func TestRaceOfTwoInstances(t *testing.T) {
	t.Parallel()
	redis := redistest.Run(t, redistest.Options{})
	open := func() *redisstate.Store {
		s, err := redisstate.Open(redis.URL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	r := newRig(t, options{store: open()})
	cfg := ticketing.Config{
		Connections: ticketing.Static{r.conn}, Store: open(), Prefix: r.prefix, Helpdesk: ticketing.Helpdesk{ConversationURL: deskURL},
		TokenRate: ticketing.Rate{Requests: -1}, ConnectionRate: ticketing.Rate{Requests: -1},
	}
	second, err := ticketing.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	other := *r
	other.api, other.http = second, httptest.NewServer(second)
	t.Cleanup(other.http.Close)
	const clients = 20
	answers := make([]*answer, clients)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range clients {
		at := []*rig{r, &other}[i%2]
		wg.Go(func() {
			<-start
			answers[i] = at.call("POST", "/conversations/7/issues", map[string]any{"name": "Once", "team": r.team.ID}, "Idempotency-Key", "k")
		})
	}
	close(start)
	wg.Wait()
	for i, a := range answers {
		if a.status != 201 || string(a.body) != string(answers[0].body) || a.at("link") == nil {
			t.Errorf("client %d: %d %s", i, a.status, a.body)
		}
	}
	if got := r.call("GET", tickets+"?name=Once", nil).is(200); got.count("result") != 1 {
		t.Errorf("%d issues", got.count("result"))
	}
	if got := other.call("GET", "/conversations/7/issues", nil).is(200); got.count("result") != 1 {
		t.Errorf("links: %s", got.body)
	}
	if acts := r.activities("7"); len(acts) != 1 {
		t.Errorf("activities: %q", acts)
	}
	// The same pair, linked by all at once without a key: still one of each.
	r.team.AddIssue(r.ada, "Known", "")
	again := make(chan struct{})
	statuses := make([]int, clients)
	for i := range clients {
		at := []*rig{r, &other}[i%2]
		wg.Go(func() {
			<-again
			statuses[i] = at.call("POST", "/conversations/8/links", map[string]any{"issue": "ENG-2"}).status
		})
	}
	close(again)
	wg.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[201] != 1 || count[200] != clients-1 {
		t.Errorf("statuses %v", count)
	}
	if acts := r.activities("8"); len(acts) != 1 {
		t.Errorf("activities: %q", acts)
	}
	if got := r.call("GET", "/unified/ticketing/attachments?url=https://desk.example/app/accounts/1/conversations/8", nil).is(200); got.count("result") != 1 {
		t.Errorf("attachments: %s", got.body)
	}
}
