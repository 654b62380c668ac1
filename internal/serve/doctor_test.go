package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/doctor"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/webhook"
)

// signing is the secret that the webhook has in these tests. Nothing may show it.
const signing = "MARKER-SIGNING-SECRET"

// patient is a bot that is examined, and the Linear that it lives in.
type patient struct {
	*linearsim.Scene

	t       *testing.T
	env     map[string]string
	server  *status.Status
	stopped bool // nothing answers for the server
	now     func() time.Time
	cfg     serve.Config
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	addr := freeAddr(t)
	p := &patient{Scene: linearsim.New(t), t: t}
	p.env = map[string]string{
		"LINEARBOT_ADDR": addr, "LINEARBOT_PUBLIC_URL": "http://" + addr, "LINEARBOT_STATE": "file:" + t.TempDir() + "/data",
		"LINEAR_WEBHOOK_SECRET": signing,
	}
	for _, kv := range p.App.Env() {
		name, value, _ := strings.Cut(kv, "=")
		p.env[name] = value
	}
	store, err := filestate.Open(strings.TrimPrefix(p.env["LINEARBOT_STATE"], "file:"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// lastHost counts the hosts that freeAddr has returned.
var lastHost atomic.Uint32

// freeAddr returns an address that nothing listens on, now or later: the host is one
// that no other test uses.
func freeAddr(t *testing.T) string {
	t.Helper()
	n := lastHost.Add(1)
	return fmt.Sprintf("127.77.%d.%d:3210", n/200, n%200+1)
}

func (p *patient) set(name, value string) { p.env[name] = value }

// environ returns the environment.
func (p *patient) environ() []string {
	var all []string
	for name, value := range p.env {
		all = append(all, name+"="+value)
	}
	return all
}

// admin has the bot act with the key of a person who is an admin, to whom Linear
// shows webhooks.
func (p *patient) admin(h linearsim.Webhook) *linearsim.Registration {
	delete(p.env, "LINEAR_CLIENT_ID")
	delete(p.env, "LINEAR_CLIENT_SECRET")
	p.set("LINEAR_API_KEY", p.Ada.APIKey())
	if h.URL == "" {
		h.URL = p.env["LINEARBOT_PUBLIC_URL"] + "/api/webhooks/linear"
	}
	return p.Workspace.AddWebhook(h)
}

// serves has the server run, with this traffic.
func (p *patient) serves(traffic map[string]int64, refused map[string]int64) {
	p.server = &status.Status{
		Version: "test", Started: time.Now().Add(-time.Hour), Now: time.Now(), Stores: map[string]status.StoreStatus{"bot": {}},
		Intake: status.Received{Refused: refused},
	}
	for typ, n := range traffic {
		p.server.Traffic = append(p.server.Traffic, bot.Traffic{Type: typ, Count: n})
	}
}

// examine examines the bot.
func (p *patient) examine() *doctor.Report {
	p.t.Helper()
	cfg := p.cfg
	cfg.Environ = p.environ()
	var server func(context.Context) (*status.Status, error)
	switch {
	case p.stopped:
		server = func(context.Context) (*status.Status, error) { return nil, errors.New("nothing answers") }
	case p.server != nil:
		server = func(context.Context) (*status.Status, error) { return p.server, nil }
	}
	exam, done := serve.Doctor(p.t.Context(), cfg, server)
	exam.Now, exam.Timeout = p.now, 5*time.Second
	report := doctor.Examine(p.t.Context(), exam)
	if err := done(); err != nil {
		p.t.Error(err)
	}
	return report
}

// TestDoctor has each thing wrong that can be, and looks whether the doctor names
// it among its first three findings, with what to do.
func TestDoctor(t *testing.T) {
	t.Parallel()
	healthy := map[string]int64{"Comment": 30, "AgentSessionEvent": 3, "Issue": 7}
	for _, tt := range []struct {
		name string
		do   func(p *patient)
		// check and level are those of the finding, which holds text and fix.
		check     string
		level     doctor.Level
		text, fix string
	}{
		{"healthy", func(*patient) {}, "token", doctor.OK, "client credentials: the bot acts as @helper-bot (Helper Bot) in Acme", ""},
		{"running", func(p *patient) { p.serves(healthy, nil) }, "secret", doctor.OK, "40 deliveries were signed with a configured secret", ""},
		{"stopped", func(p *patient) { p.stopped = true }, "server", doctor.Warning, "the bot is not running: nothing listens on", "Start it"},
		{"stopped, without a public address", func(p *patient) {
			p.stopped = true
			delete(p.env, "LINEARBOT_PUBLIC_URL")
		}, "server", doctor.Warning, "the bot is not running", "Start it"},
		{"before the first start", func(p *patient) {
			p.stopped = true
			p.set("LINEARBOT_STATE", "file:"+p.t.TempDir()+"/new")
		}, "server", doctor.Note, "no running bot was found", "variables"},
		{"before the first start, with Redis", func(p *patient) {
			p.stopped = true
			p.redis()
		}, "server", doctor.Note, "no running bot was found", "variables"},
		{"beside another bot's Redis", func(p *patient) {
			p.stopped = true
			address := p.redis()
			p.entry(address + "?prefix=other")
		}, "server", doctor.Note, "no running bot was found", "variables"},
		{"stopped, with messages in Redis", func(p *patient) {
			p.stopped = true
			p.entry(p.redis())
		}, "server", doctor.Warning, "the bot is not running: nothing listens on", "Start it"},
		{"stopped, with a note in Redis", func(p *patient) {
			p.stopped = true
			p.note(p.redis())
		}, "server", doctor.Warning, "the bot is not running: nothing listens on", "Start it"},
		{"something listens that cannot be asked", func(p *patient) {
			p.stopped = true
			delete(p.env, "LINEARBOT_PUBLIC_URL")
			p.listen()
		}, "server", doctor.Note, "no running bot was found", "variables"},
		{"no secret", func(p *patient) { delete(p.env, "LINEAR_WEBHOOK_SECRET") }, "settings", doctor.Error, "LINEAR_WEBHOOK_SECRET is missing", "copy the signing secret"},
		{"no credentials", func(p *patient) { delete(p.env, "LINEAR_CLIENT_ID"); delete(p.env, "LINEAR_CLIENT_SECRET") }, "settings", doctor.Error, "LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET are missing", "set both"},
		{"wrong value", func(p *patient) { p.set("LINEARBOT_WORKERS", "many") }, "settings", doctor.Error, "LINEARBOT_WORKERS", "whole number"},
		{"misspelled variable", func(p *patient) { p.set("LINEARBOT_WORKER", "3") }, "settings", doctor.Warning, "LINEARBOT_WORKER", "LINEARBOT_WORKERS"},
		{"handlers that do not register", func(p *patient) {
			p.cfg.Register = func(*bot.Bot) error { return errors.New("OPENAI_MODEL is not set: choose a model") }
		}, "settings", doctor.Error, "OPENAI_MODEL is not set", "choose a model"},
		{"wrong client secret", func(p *patient) { p.set("LINEAR_CLIENT_SECRET", "MARKER-WRONG") }, "token", doctor.Error, "Linear refuses LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET", "copy the value again"},
		{"revoked key", func(p *patient) {
			p.admin(linearsim.Webhook{})
			p.set("LINEAR_API_KEY", "lin_api_MARKER")
		}, "token", doctor.Error, "Linear refuses LINEAR_API_KEY", "revoked"},
		{"personal key", func(p *patient) {
			delete(p.env, "LINEAR_CLIENT_ID")
			delete(p.env, "LINEAR_CLIENT_SECRET")
			p.set("LINEAR_API_KEY", p.Bob.APIKey())
		}, "token", doctor.Warning, "a personal API key: the bot acts as @bob", "OAuth app"},
		{"access token", func(p *patient) {
			delete(p.env, "LINEAR_CLIENT_ID")
			delete(p.env, "LINEAR_CLIENT_SECRET")
			p.set("LINEAR_ACCESS_TOKEN", p.App.Token())
		}, "token", doctor.Warning, "cannot renew", "LINEAR_CLIENT_SECRET"},
		{"Linear down", func(p *patient) { p.set("LINEAR_API_URL", "http://"+freeAddr(t)+"/graphql") }, "token", doctor.Error, "Linear cannot be reached", "check the network"},
		{"wrong address of Linear", func(p *patient) {
			p.set("LINEAR_API_URL", p.URL()+"/nothing")
		}, "token", doctor.Error, "the address does not answer in GraphQL", "LINEAR_API_URL"},
		{"wrong name", func(p *patient) { p.set("LINEAR_BOT_USERNAME", "helperbot") }, "name", doctor.Warning, `LINEAR_BOT_USERNAME is "helperbot", but in Linear the bot is called @helper-bot`, "Remove LINEAR_BOT_USERNAME"},
		{"name", func(p *patient) { p.set("LINEAR_BOT_USERNAME", "Helper-Bot") }, "name", doctor.OK, "@helper-bot", ""},
		{"no write scope", func(p *patient) { p.set("LINEAR_CLIENT_CREDENTIALS_SCOPES", "read,app:mentionable") }, "scopes", doctor.Error, "lacks write", "LINEAR_CLIENT_CREDENTIALS_SCOPES"},
		{"comments only", func(p *patient) {
			p.set("LINEAR_CLIENT_CREDENTIALS_SCOPES", "read,comments:create,app:mentionable,app:assignable")
		}, "scopes", doctor.Warning, "write is missing", "LINEAR_CLIENT_CREDENTIALS_SCOPES"},
		{"not mentionable", func(p *patient) { p.set("LINEAR_CLIENT_CREDENTIALS_SCOPES", "read,write") }, "scopes", doctor.Error, "app:mentionable: people cannot mention it", "LINEAR_CLIENT_CREDENTIALS_SCOPES"},
		{"not assignable", func(p *patient) { p.set("LINEAR_CLIENT_CREDENTIALS_SCOPES", "read,write,app:mentionable") }, "scopes", doctor.Warning, "app:assignable", "LINEAR_ASSIGNABLE=false"},
		{"comments mode needs less", func(p *patient) {
			p.set("LINEAR_CLIENT_CREDENTIALS_SCOPES", "read,write")
			p.set("LINEAR_MODE", "comments")
		}, "scopes", doctor.OK, "read, write", ""},
		{"no team", func(p *patient) {
			p.Fault(linearsim.Fault{Operation: "teams", Body: `{"data":{"teams":{"nodes":[],"pageInfo":{"hasNextPage":false}}}}`})
		}, "teams", doctor.Error, "no team", "give it access"},
		{"clock ahead", func(p *patient) { p.now = func() time.Time { return time.Now().Add(20 * time.Second) } }, "clock", doctor.Warning, "20s ahead of Linear's", "NTP"},
		{"clock behind", func(p *patient) { p.now = func() time.Time { return time.Now().Add(-2 * time.Minute) } }, "clock", doctor.Error, "come from the future, and are refused", "NTP"},
		{"clock far ahead", func(p *patient) { p.now = func() time.Time { return time.Now().Add(2 * time.Minute) } }, "clock", doctor.Error, "counts as late", "NTP"},
		{"no public address", func(p *patient) { delete(p.env, "LINEARBOT_PUBLIC_URL") }, "address", doctor.Note, "LINEARBOT_PUBLIC_URL is not set", "Set it"},
		{"address that leads elsewhere", func(p *patient) {
			other := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(other.Close)
			p.set("LINEARBOT_PUBLIC_URL", other.URL)
		}, "address", doctor.Error, "answers 404", "pass the path"},
		{"address of nothing", func(p *patient) { p.set("LINEARBOT_PUBLIC_URL", "http://"+freeAddr(t)) }, "address", doctor.Error, "cannot be reached", "tunnel or proxy"},
		{"no bot behind the address", func(p *patient) { p.set("LINEARBOT_PUBLIC_URL", "http://"+freeAddr(t)) }, "server", doctor.Error, "nothing listens on", "Start it"},
		{"plain address", func(p *patient) { p.set("LINEARBOT_PUBLIC_URL", "http://192.0.2.1") }, "address", doctor.Error, "plain http", "https"},
		{"another bot there", func(p *patient) {
			other, err := webhook.NewServer(webhook.Config{Secrets: []string{"another"}, Acceptor: (*bot.Bot)(nil), Logger: zerolog.Nop()})
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(other.Handler())
			t.Cleanup(srv.Close)
			p.set("LINEARBOT_PUBLIC_URL", srv.URL)
		}, "address", doctor.Error, "answers 401", "another LINEAR_WEBHOOK_SECRET"},

		{"wrong secret", func(p *patient) { p.serves(nil, map[string]int64{reason.BadSignature: 9}) }, "secret", doctor.Error, "9 deliveries arrived, and the signatures of all of them were wrong", "Copy the signing secret"},
		{"two secrets", func(p *patient) { p.serves(healthy, map[string]int64{reason.BadSignature: 2}) }, "secret", doctor.Warning, "2 other deliveries had a wrong signature", "after a comma"},
		{"nothing arrives", func(p *patient) { p.serves(nil, nil) }, "secret", doctor.Note, "no delivery has arrived", "Mention the bot"},
		{"no comments", func(p *patient) { p.serves(map[string]int64{"Issue": 50}, nil) }, "events", doctor.Error, "no Comment", "Turn these events on"},
		{"no sessions", func(p *patient) { p.serves(map[string]int64{"Comment": 50}, nil) }, "events", doctor.Warning, "no AgentSessionEvent", "LINEAR_MODE=comments"},
		{"no sessions in sessions mode", func(p *patient) {
			p.set("LINEAR_MODE", "agent-sessions")
			p.serves(map[string]int64{"Comment": 50}, nil)
		}, "events", doctor.Error, "no AgentSessionEvent, which the bot needs", "Turn these events on"},

		{"webhook of an admin", func(p *patient) {
			p.admin(linearsim.Webhook{Secret: signing, ResourceTypes: []string{"Comment", "Issue", "Reaction"}})
		}, "webhook", doctor.OK, "uses the configured signing secret", ""},
		{"webhook with another secret", func(p *patient) { p.admin(linearsim.Webhook{Secret: "MARKER-OTHER"}) }, "secret", doctor.Error, "is not in LINEAR_WEBHOOK_SECRET", "Copy the signing secret"},
		{"webhook without comments", func(p *patient) { p.admin(linearsim.Webhook{Secret: signing, ResourceTypes: []string{"Issue"}}) }, "events", doctor.Error, "does not send Comment", "Turn these events on"},
		{"webhook without reactions", func(p *patient) {
			p.admin(linearsim.Webhook{Secret: signing, ResourceTypes: []string{"Comment", "Issue"}})
		}, "events", doctor.Note, "Reaction", "if the bot uses them"},
		{"webhook elsewhere", func(p *patient) { p.admin(linearsim.Webhook{URL: "https://old.example.com/hook"}) }, "webhook", doctor.Error, "no webhook in Linear leads to", "correct the address"},
		{"disabled webhook", func(p *patient) {
			hook := p.admin(linearsim.Webhook{Secret: signing})
			hook.SetEnabled(false)
		}, "webhook", doctor.Error, "is disabled in Linear", "Enable it again"},

		{"store in memory", func(p *patient) { p.set("LINEARBOT_STATE", "memory") }, "store", doctor.Warning, "loses the messages", "file:DIR"},
		{"new store", func(p *patient) { p.set("LINEARBOT_STATE", "file:"+p.t.TempDir()+"/new") }, "store", doctor.Note, "does not exist yet", ""},
		{"store down", func(p *patient) { p.set("LINEARBOT_STATE", "redis://"+freeAddr(t)+"/0") }, "store", doctor.Error, "the store cannot be reached", "check LINEARBOT_STATE"},
		{"store of another process", func(p *patient) { p.lock() }, "store", doctor.Note, "another process has the store open", "stop it"},
		{"store of the server", func(p *patient) { p.lock(); p.serves(healthy, nil) }, "store", doctor.OK, "answers the running bot", ""},
		{"store that the server cannot reach", func(p *patient) {
			p.lock()
			p.serves(healthy, nil)
			p.server.Stores["bot"] = status.StoreStatus{Error: "disk full"}
		}, "store", doctor.Error, "disk full", "Check the disk"},
		{"dead letters", func(p *patient) {
			p.lock()
			p.serves(healthy, nil)
			p.server.Stores["bot"] = status.StoreStatus{Stats: state.Stats{Dead: 3}}
		}, "store", doctor.Warning, "3 dead letters", "dead list"},
		{"full backlog", func(p *patient) {
			p.lock()
			p.set("LINEARBOT_MAX_BACKLOG", "5")
			p.serves(healthy, nil)
			p.server.Stores["bot"] = status.StoreStatus{Stats: state.Stats{Entries: 3, Delayed: 2}}
		}, "store", doctor.Error, "the backlog is full", "LINEARBOT_MAX_BACKLOG"},
		{"nearly full backlog", func(p *patient) {
			p.lock()
			p.set("LINEARBOT_MAX_BACKLOG", "5")
			p.serves(healthy, nil)
			p.server.Stores["bot"] = status.StoreStatus{Stats: state.Stats{Entries: 3, Delayed: 1}}
		}, "store", doctor.OK, "answers the running bot", ""},
		{"keys of installations", func(p *patient) {
			p.set("LINEAR_ENCRYPTION_KEY", workspaces.GenerateKey())
		}, "installs", doctor.Warning, "no workspace has installed the app", "/linear/install"},
		{"deliveries of another workspace", func(p *patient) {
			p.serves(healthy, nil)
			p.server.Counts = map[string]int64{"ignored:other_workspace": 12}
		}, "workspace", doctor.Error, "12 were ignored", "Delete the webhook in that workspace"},
		{"redis without a log", func(p *patient) {
			p.set("LINEARBOT_STATE", redistest.Run(p.t, redistest.Options{}).URL())
		}, "store", doctor.Warning, "may lose messages that it has acknowledged: appendonly", "appendonly yes"},
		{"redis that writes its log late", func(p *patient) {
			p.set("LINEARBOT_STATE", redistest.Run(p.t, redistest.Options{AOF: true, Args: []string{"--appendfsync", "everysec"}}).URL())
		}, "store", doctor.Warning, "appendfsync", "appendfsync always"},
		{"redis that evicts", func(p *patient) {
			p.set("LINEARBOT_STATE", redistest.Run(p.t, redistest.Options{
				AOF: true, Args: []string{"--appendfsync", "always", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"},
			}).URL())
		}, "store", doctor.Warning, "maxmemory-policy", "noeviction"},
		{"redis", func(p *patient) {
			p.set("LINEARBOT_STATE", redistest.Run(p.t, redistest.Options{AOF: true, Args: []string{"--appendfsync", "always"}}).URL())
		}, "store", doctor.OK, "can be written", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			tt.do(p)
			report := p.examine()
			at := slices.IndexFunc(report.Findings, func(f doctor.Finding) bool {
				return f.Check == tt.check && f.Level == tt.level && strings.Contains(f.Text, tt.text) && strings.Contains(f.Fix, tt.fix)
			})
			if at < 0 {
				t.Errorf("no such finding among %s", show(report))
			}
			if at > 2 && tt.level != doctor.OK && tt.level != doctor.Note {
				t.Errorf("it is finding %d of %s", at+1, show(report))
			}
			for _, f := range report.Findings {
				if strings.Contains(f.Text+f.Fix, "Config.Adapter") {
					t.Errorf("a finding follows from another one: %s: %s", f.Text, f.Fix)
				}
				if f.Level != doctor.OK && f.Fix == "" && f.Level != doctor.Note {
					t.Errorf("nothing says what to do about %s", f.Text)
				}
				if worse := f.Level == doctor.Error; worse && tt.level != doctor.Error {
					t.Errorf("besides, there is an error: %s", f.Text)
				}
			}
			text, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte("MARKER")) || bytes.Contains(text, []byte(p.App.ClientSecret)) {
				t.Errorf("a secret is in %s", text)
			}
		})
	}
}

// listen has something listen where the bot does.
func (p *patient) listen() {
	var lc net.ListenConfig
	ln, err := lc.Listen(p.t.Context(), "tcp", p.env["LINEARBOT_ADDR"])
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = ln.Close() })
}

// lock has another process hold the store, which is this one.
func (p *patient) lock() {
	store, err := filestate.Open(strings.TrimPrefix(p.env["LINEARBOT_STATE"], "file:"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = store.Close() })
}

// redis has the bot keep its state in a Redis server of its own, and returns its address.
func (p *patient) redis() string {
	address := redistest.Run(p.t, redistest.Options{AOF: true, Args: []string{"--appendfsync", "always"}}).URL()
	p.set("LINEARBOT_STATE", address)
	return address
}

// entry has a message wait in the store at an address.
func (p *patient) entry(address string) {
	p.write(address, func(store state.Store) error {
		_, err := store.Enqueue(p.t.Context(), state.Entry{ID: "e", Lane: state.Key{Kind: "lane", ID: "l"}})
		return err
	})
}

// note writes what a bot remembers to the store at an address.
func (p *patient) note(address string) {
	p.write(address, func(store state.Store) error {
		_, err := notes.New(store).Value(notes.Secret, "").Claim(p.t.Context(), []byte("x"))
		return err
	})
}

// write opens the store at an address to write to it.
func (p *patient) write(address string, f func(store state.Store) error) {
	p.t.Helper()
	store, err := stateurl.Open(address)
	if err == nil {
		err = errors.Join(f(store), store.Close())
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func show(r *doctor.Report) string {
	var b strings.Builder
	_ = r.Write(&b)
	return "\n" + b.String()
}

// TestDoctorBudget looks at a budget that is nearly used up.
func TestDoctorBudget(t *testing.T) {
	t.Parallel()
	srv, err := linearsim.Start(linearsim.Config{RequestsPerHour: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	ws.AddTeam("ENG", "Engineering")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot", ClientCredentials: true})
	api, err := linearapi.New(linearapi.Config{URL: srv.GraphQLURL(), Tokens: linearapi.AccessToken(app.Token())})
	if err != nil {
		t.Fatal(err)
	}
	for range 16 {
		if _, err := api.Viewer(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	exam, done := serve.Doctor(t.Context(), serve.Config{Environ: append(app.Env(), "LINEAR_WEBHOOK_SECRET=x", "LINEARBOT_STATE=memory")}, nil)
	report := doctor.Examine(t.Context(), exam)
	if err := done(); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool {
		return f.Check == "budget" && strings.Contains(f.Text, "of Linear's 20 requests an hour are left") && f.Fix != ""
	}) {
		t.Errorf("no finding about the budget: %s", show(report))
	}
}

// TestDoctorBesideTheServer examines a bot that runs, over its public address.
func TestDoctorBesideTheServer(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	silent := zerolog.Nop()
	ctx, cancel := context.WithCancel(t.Context())
	listening := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		cfg := serve.Config{Environ: p.environ(), Logger: &silent}
		cfg.Webhook.OnListen = func(net.Addr) { close(listening) }
		if err := serve.Run(ctx, cfg); err != nil {
			t.Error(err)
		}
	})
	<-listening
	report := p.examine()
	if !slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool {
		return f.Check == "address" && f.Level == doctor.OK && strings.Contains(f.Text, "at the running bot, which has the same signing secret")
	}) {
		t.Errorf("the running bot was not found: %s", show(report))
	}
	p.set("LINEAR_WEBHOOK_SECRET", "another")
	report = p.examine()
	if !slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool {
		return f.Check == "address" && f.Level == doctor.Error && strings.Contains(f.Text, "answers 401")
	}) {
		t.Errorf("the running bot has another secret, and that was not found: %s", show(report))
	}
	cancel()
	wg.Wait()
}
