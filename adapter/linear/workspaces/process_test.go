package workspaces

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state/redisstate"
)

// childVar holds the orders of a process that the test starts and kills.
const childVar = "WORKSPACES_TEST_CHILD"

// orders tell such a process what to do.
type orders struct {
	Store, API, Token, Revoke string
	Client, Secret, Keys, Org string
}

func (o *orders) registry() (*Registry, func(), error) {
	store, err := redisstate.Open(o.Store)
	if err != nil {
		return nil, nil, err
	}
	keys, err := ParseKeys(o.Keys)
	if err != nil {
		return nil, nil, err
	}
	tr := &http.Transport{MaxIdleConnsPerHost: 8}
	reg, err := New(Config{
		ClientID: o.Client, ClientSecret: o.Secret, PublicURL: publicURL, Store: store, Keys: keys,
		APIURL: o.API, TokenURL: o.Token, RevokeURL: o.Revoke, HTTPClient: &http.Client{Transport: tr},
	})
	if err != nil {
		return nil, nil, err
	}
	reg.leaseTTL, reg.poll = 300*time.Millisecond, 5*time.Millisecond
	return reg, func() { tr.CloseIdleConnections(); _ = store.Close() }, nil
}

// runChild acts in the workspace in an endless loop, and reports the results. Its
// tokens live for a moment only, so it refreshes all the time.
func runChild() int {
	var o orders
	if err := json.Unmarshal([]byte(os.Getenv(childVar)), &o); err != nil {
		return 2
	}
	reg, _, err := o.registry()
	if err != nil {
		fmt.Fprintln(os.Stdout, "failed", err)
		return 2
	}
	api, err := linearapi.New(linearapi.Config{URL: o.API, Tokens: reg.Tokens(o.Org), HTTPClient: reg.cfg.HTTPClient, MaxAttempts: 1})
	if err != nil {
		return 2
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				_, err := api.Viewer(context.Background())
				switch {
				case err == nil:
					fmt.Fprintln(os.Stdout, "ok")
				case strings.Contains(err.Error(), "has ended"):
					fmt.Fprintln(os.Stdout, "lost", err)
					return
				default:
					fmt.Fprintln(os.Stdout, "error", err)
					<-time.After(5 * time.Millisecond) // a client would back off, too
				}
			}
		})
	}
	wg.Wait()
	return 1
}

// TestKilledProcesses lets two processes refresh one login all the time, and
// kills one of them over and over, without a warning, while Linear loses some of
// its answers. The login survives.
func TestKilledProcesses(t *testing.T) {
	t.Parallel()
	redis := redistest.Run(t, redistest.Options{})
	sim, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	app := sim.RegisterApp(linearsim.OAuthApp{
		Name: "Helper Bot", RedirectURIs: []string{publicURL + CallbackPath},
		TokenLife: expirySlack + 2050*time.Millisecond, EndOnRefresh: true,
	})
	ada := sim.AddWorkspace("Acme", "acme").AddUser("Ada Byron", "ada")
	o := orders{
		Store: redis.URL(), API: sim.GraphQLURL(), Token: sim.TokenURL(), Revoke: sim.RevokeURL(),
		Client: app.ClientID, Secret: app.ClientSecret(), Keys: GenerateKey(),
	}
	reg, closeStore, err := o.registry()
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore()
	r := &rig{t: t, sim: sim, app: app}
	r.install(reg, ada)
	all, err := reg.List(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	o.Org = all[0].ID
	said, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}

	var ok atomic.Int64
	lost := make(chan string, 100)
	start := func() (kill func()) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childVar+"="+string(said))
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		var reading sync.WaitGroup
		reading.Go(func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
				switch line := lines.Text(); {
				case line == "ok":
					ok.Add(1)
				case strings.HasPrefix(line, "lost"), strings.HasPrefix(line, "failed"):
					lost <- line
				default: // it is tried again
				}
			}
		})
		return func() {
			_ = cmd.Process.Kill()
			reading.Wait()
			_ = cmd.Wait()
		}
	}
	steady := start()
	defer steady()
	// Refreshes take a while, so that some are under way when a process dies.
	slow := func(lose bool) {
		sim.ClearFaults()
		if lose {
			sim.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, ResetAfter: true})
		}
		sim.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, Delay: 150 * time.Millisecond, Times: 1000})
	}
	slow(false)
	const kills = 25
	for n := range kills {
		kill := start()
		select { // it dies at some moment, wherever it is
		case line := <-lost:
			t.Fatal(line)
		case <-time.After(time.Duration(100+rand.IntN(250)) * time.Millisecond):
		}
		kill()
		slow(n%3 == 0)
		before := ok.Load()
		r.until(fmt.Sprintf("something works after kill %d", n), func() bool { return ok.Load() > before })
	}
	steady()
	select {
	case line := <-lost:
		t.Fatal(line)
	default:
	}
	w, err := reg.Workspace(t.Context(), o.Org)
	if err != nil || w.Status != StatusActive {
		t.Fatalf("%+v, %v", w, err)
	}
	if n := sim.Count(linearsim.TokenEndpoint); n < kills/3 {
		t.Errorf("%d requests for tokens: the test does not see what it is about", n)
	} else {
		t.Logf("%d requests for tokens, %d calls", n, ok.Load())
	}
}
