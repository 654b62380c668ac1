package ticketing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/ticketing"
)

// childEnv makes the test binary create an issue from a conversation and hang
// where Linear hangs.
const childEnv = "TICKETING_TEST_CHILD"

// childTask is the task of the child process.
type childTask struct {
	URL, Token, Dir, Workspace, Team string
}

func child(spec string) error {
	var task childTask
	if err := json.Unmarshal([]byte(spec), &task); err != nil {
		return err
	}
	client, err := linearapi.New(linearapi.Config{URL: task.URL, Tokens: linearapi.AccessToken(task.Token)})
	if err != nil {
		return err
	}
	store, err := filestate.Open(task.Dir)
	if err != nil {
		return err
	}
	api, err := ticketing.New(ticketing.Config{
		Connections: ticketing.Static{{ID: task.Workspace, Client: client, AppActor: true}}, Store: store, Timeout: time.Second,
		Helpdesk: ticketing.Helpdesk{ConversationURL: deskURL},
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	_, secret, err := api.Tokens().Create(ctx, ticketing.Token{Name: "Sam", Role: ticketing.RoleAgent})
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"name": "Half", "team": task.Team})
	if err != nil {
		return err
	}
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/conversations/1/issues", bytes.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "application/json")
	api.ServeHTTP(httptest.NewRecorder(), req)
	select {} // never reached in time: Linear hangs, and the parent kills us
}

// A process that is killed between the create and the link: the next one makes
// the link, once.
func TestKilledBetweenCreateAndLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, options{})
	r.linear.Fault(linearsim.Fault{Operation: "attachmentCreate", Delay: time.Hour})
	spec, err := json.Marshal(childTask{URL: r.linear.GraphQLURL(), Token: r.app.Token(), Dir: dir, Workspace: r.ws.ID, Team: r.team.ID})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(spec))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child created the issue", func() bool { return r.linear.Count("issueCreate") == 1 && r.ws.Issue("ENG-1") != nil })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it was meant to be
	r.linear.ClearFaults()

	store, err := filestate.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	second := newRig(t, options{store: store, config: func(c *ticketing.Config) {
		c.Connections = ticketing.Static{r.conn}
	}})
	second.work()
	eventually(t, "the link is made", func() bool {
		return second.call("GET", "/conversations/1/issues?refresh=true", nil).is(200).count("result") == 1
	})
	eventually(t, "the activity is there", func() bool { return len(second.activities("1")) > 0 })
	second.quiet()
	if acts := second.activities("1"); len(acts) != 1 || acts[0] != "Linear issue ENG-1 was created by Sam" {
		t.Errorf("activities %q", acts)
	}
	if got := second.call("GET", tickets, nil).is(200); got.count("result") != 1 {
		t.Errorf("%d issues", got.count("result"))
	}
}
