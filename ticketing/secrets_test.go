package ticketing_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/ticketing"
)

// journal is a log that several goroutines write.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// No token, secret or signature gets into a log, an answer or, in the clear,
// into the store.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	log := &journal{}
	r := newRig(t, options{config: func(c *ticketing.Config) { c.Logger = zerolog.New(log) }})
	r.work()
	hook := r.call("POST", "/webhook", map[string]any{"target_url": "http://127.0.0.1:1/?key=MARKER-TARGET"}).is(201)
	made := r.call("POST", "/token", map[string]any{"name": "x", "role": "read"}).is(201)
	secrets := []string{r.token, r.app.Token(), made.text("token"), hook.text("secret"), "hook-secret"}
	var said strings.Builder
	for _, fault := range []linearsim.Fault{
		{Status: 500, Body: "x"},
		{Reset: true, Times: 5},
		{RateLimited: true},
		{Body: `{"errors":[{"message":"bad ` + r.app.Token() + `","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`, Times: 5},
	} {
		r.linear.Fault(fault)
		for _, a := range []*answer{
			r.call("GET", tickets, nil),
			r.call("POST", tickets, map[string]any{"name": "x", "team": r.team.ID}),
			r.call("GET", desk+"/linked_issues?conversation_id=1", nil),
			r.as(made.text("token")+"x", "GET", tickets, nil),
			r.call("POST", "/webhook/"+hook.text("id")+"/test", nil),
			r.call("GET", "/webhook/"+hook.text("id")+"/deliveries", nil),
			r.call("GET", "/token", nil),
		} {
			said.Write(a.body)
		}
		r.linear.ClearFaults()
	}
	r.team.AddIssue(r.ada, "x", "")
	r.quiet()
	all := said.String() + log.String()
	for _, s := range append(secrets, "MARKER-TARGET") {
		if strings.Contains(log.String(), s) || s != "MARKER-TARGET" && strings.Contains(all, s) {
			t.Errorf("%.12s… was said", s)
		}
	}
	var store state.Porter = r.store
	for rec, err := range store.Export(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{r.token, made.text("token"), r.app.Token()} {
			if bytes.Contains(rec.Value, []byte(s)) {
				t.Errorf("%.12s… is in the store, under %s", s, rec.Key)
			}
		}
	}
}
