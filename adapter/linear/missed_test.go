package linear

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// unheard is a Linear whose webhooks reach no one, and an adapter that asks it.
type unheard struct {
	srv     *linearsim.Server
	ws      *linearsim.Workspace
	ada     *linearsim.User
	team    *linearsim.Team
	app     *linearsim.Installation
	adapter *Adapter
}

// newUnheard starts the server, at the time of this machine if now is nil.
func newUnheard(t *testing.T, now func() time.Time) *unheard {
	t.Helper()
	srv, err := linearsim.Start(linearsim.Config{RetryAfter: []time.Duration{}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	u := &unheard{srv: srv, ws: ws, ada: ws.AddUser("Ada Byron", "ada"), team: ws.AddTeam("ENG", "Engineering")}
	u.app = ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot"})
	u.app.SetWebhook(linearsim.Webhook{URL: "http://127.0.0.1:1/nothing", Secret: "s", ResourceTypes: []string{"Comment", "AgentSessionEvent"}})
	u.adapter, err = New(Config{AccessToken: u.app.Token(), APIURL: srv.GraphQLURL(), OAuthURL: srv.URL(), UploadsURL: srv.URL()})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestMissed compares what Linear says of comments and sessions when it is asked
// with what its webhooks say.
func TestMissed(t *testing.T) {
	t.Parallel()
	u := newUnheard(t, nil)
	other := u.ws.InstallApp(linearsim.App{Name: "Other", DisplayName: "other-bot"})
	start := time.Now().Add(-time.Minute)
	root := u.ada.Comment(u.team.AddIssue(u.ada, "title", "the description"), "@helper-bot hi")
	u.ada.Reply(root, "and a reply")
	other.User.Comment(root.Issue, "by a program")
	u.app.User.Comment(root.Issue, "by the bot itself")

	found, next, err := u.adapter.Missed(t.Context(), u.ws.ID, start, 100)
	if err != nil {
		t.Fatal(err)
	}
	if !next.After(start) {
		t.Errorf("it has looked up to %s", next)
	}
	self, err := u.adapter.Identity(t.Context(), u.ws.ID)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(map[string]*adapter.Delivery)
	for _, d := range found {
		r, err := u.adapter.Route(d)
		if err != nil || r.Ignore != "" {
			t.Fatalf("%s is ignored: %s, %v", d.Body, r.Ignore, err)
		}
		asked[r.Key] = d
	}
	if err := u.srv.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, sent := range u.srv.Deliveries() {
		d := &adapter.Delivery{Body: sent.Body}
		r, err := u.adapter.Route(d)
		if err != nil {
			t.Fatal(err)
		}
		isNew := r.Type == typeComment && r.Action == actionCreate || r.Type == typeSession && r.Action == actionCreated
		want, err := u.adapter.Decode(d, self)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := want.(*adapter.MessageEvent)
		if !isNew || !ok || m.Message.Author.IsSelf() {
			continue
		}
		again := asked[r.Key]
		if again == nil {
			t.Errorf("%s was not found", r.Key)
			continue
		}
		ev, err := u.adapter.Decode(again, self)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := ev.(*adapter.MessageEvent)
		if !ok {
			t.Errorf("%s is decoded as %T", r.Key, ev)
			continue
		}
		compared++
		if got.Thread != m.Thread || got.Act != m.Act || got.Message.Body != m.Message.Body || got.Message.Author.ID != m.Message.Author.ID ||
			got.Message.Author.Kind != m.Message.Author.Kind || got.Message.ID != m.Message.ID || got.Message.ParentID != m.Message.ParentID {
			t.Errorf("%s is\n%+v\nand the webhook said\n%+v", r.Key, got.Message, m.Message)
		}
		one, err := u.adapter.Refetch(t.Context(), u.ws.ID, r.Key)
		if err != nil {
			t.Fatal(err)
		}
		if key, err := u.adapter.Route(one); err != nil || key.Key != r.Key || key.Thread != r.Thread {
			t.Errorf("%s is fetched as %s in %s, %v", r.Key, key.Key, key.Thread, err)
		}
	}
	if compared < 4 { // three comments and a session
		t.Errorf("%d events were compared", compared)
	}
	for key, d := range asked {
		ev, err := u.adapter.Decode(d, self)
		if m, ok := ev.(*adapter.MessageEvent); err != nil || !ok || m.Message.Author.IsSelf() {
			t.Errorf("%s is %T, %v", key, ev, err)
		}
	}
	if _, err := u.adapter.Refetch(t.Context(), u.ws.ID, "Issue|update|x|y"); adapter.CodeOf(err) != adapter.CodeUnsupported {
		t.Errorf("an update is fetched with %v", err)
	}
	if found, _, err := u.adapter.Missed(t.Context(), u.ws.ID, next, 100); err != nil || len(found) != 0 {
		t.Errorf("%d are found after the last one, %v", len(found), err)
	}
}

// TestMissedInParts asks for few at a time: the oldest come first, and with next
// all of them come.
func TestMissedInParts(t *testing.T) {
	t.Parallel()
	began := time.Now().Add(-time.Minute)
	var ticks atomic.Int64
	now := func() time.Time { return began.Add(time.Duration(ticks.Load()) * 10 * time.Millisecond) }
	u := newUnheard(t, now)
	issue := u.team.AddIssue(u.ada, "title", "the description")
	const comments = 130
	for range comments {
		ticks.Add(1)
		u.ada.Comment(issue, "@helper-bot hi") // each begins a session
	}
	after := began
	keys := make(map[string]bool)
	kinds := make(map[string]int)
	for range 100 {
		found, next, err := u.adapter.Missed(t.Context(), u.ws.ID, after, 60)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range found {
			r, err := u.adapter.Route(d)
			if err != nil {
				t.Fatal(err)
			}
			if !keys[r.Key] {
				keys[r.Key] = true
				kinds[r.Type]++
			}
		}
		if len(found) < 60 {
			break
		}
		after = next.Add(-5 * time.Millisecond) // events with the same timestamp as the last one are returned again
	}
	if kinds[typeComment] != comments || kinds[typeSession] != comments {
		t.Errorf("found are %v", kinds)
	}
}
