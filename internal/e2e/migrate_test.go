package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
	"github.com/linearbot/linearbot/internal/cli"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/state/filestate"
)

// npmBot returns a directory with the bots on npm packages that the tests run. It
// needs node and packages from a registry.
func npmBot(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("npm is missing")
		}
		t.Skip("npm is missing")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "predecessor.mjs", "sidebyside.mjs"} {
		raw, err := os.ReadFile(filepath.Join("../clients", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), raw)
	}
	in(t, dir, "npm", "ci", "--silent", "--no-audit", "--no-fund")
	return dir
}

// command runs a command of linearbot and returns what it prints.
func command(t *testing.T, environ []string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), cli.Program{
		Name: "linearbot", Config: serve.Config{Environ: environ}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
	}, args)
	if code != cli.ExitOK {
		t.Fatalf("linearbot %s exits with %d: %s%s", strings.Join(args, " "), code, out.String(), errs.String())
	}
	return out.String()
}

// migrated is the report of a migration.
type migrated struct {
	Applied bool
	Counts  []struct {
		Kind                            string
		Found, New, Updated, Same, Kept int
		Skipped                         map[string]int
	}
}

// migrate runs linearbot migrate and returns its report.
func migrate(t *testing.T, environ []string, args ...string) migrated {
	t.Helper()
	out := command(t, environ, append([]string{"migrate", "--json"}, args...)...)
	var last struct{ Report migrated }
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return last.Report
}

func (m migrated) String() string {
	var b strings.Builder
	for _, c := range m.Counts {
		fmt.Fprintf(&b, "%s %d/%d/%d/%d/%v; ", c.Kind, c.New, c.Updated, c.Same, c.Kept, c.Skipped)
	}
	return b.String()
}

// dumped returns everything that a Redis holds.
func dumped(t *testing.T, c *redis.Client) string {
	t.Helper()
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	var b strings.Builder
	for _, key := range keys {
		raw, err := c.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		at, err := c.PExpireTime(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%q %q %v\n", key, raw, at)
	}
	return b.String()
}

// TestMigrateWhatNpmWrote has the npm packages fill a store, and reads back what
// linearbot migrate makes of it.
func TestMigrateWhatNpmWrote(t *testing.T) {
	t.Parallel()
	dir := npmBot(t)
	server := redistest.Run(t, redistest.Options{})
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	sim, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)

	type said struct {
		User string `json:"user"`
		Role string `json:"role"`
		Text string `json:"text"`
	}
	type thread struct {
		IssueID      string `json:"issueId,omitempty"`
		CommentID    string `json:"commentId,omitempty"`
		SessionID    string `json:"agentSessionId,omitempty"`
		ID           string `json:"id,omitempty"`
		Subscribed   bool   `json:"subscribed"`
		State        any    `json:"state,omitempty"`
		ChannelState any    `json:"channelState,omitempty"`
		Said         []said `json:"said,omitempty"`
	}
	type installation struct {
		Organization string `json:"organizationId"`
		Access       string `json:"accessToken"`
		Refresh      string `json:"refreshToken"`
		User         string `json:"botUserId"`
		Expires      int64  `json:"expiresAt"`
	}
	var threads []thread
	var installs []installation
	var all []*linearsim.Workspace
	const people = 3
	for _, name := range []string{"acme", "umbrella"} {
		ws := sim.AddWorkspace(name, name)
		all = append(all, ws)
		ada, app := ws.AddUser("Ada Byron", "ada"), ws.InstallApp(linearsim.App{Name: "Helper Bot"})
		installs = append(installs, installation{ws.ID, app.Token(), "refresh-" + name, app.User.ID, time.Now().Add(time.Hour).UnixMilli()})
		team := ws.AddTeam("ENG", "Engineering")
		for i := range 40 {
			issue := team.AddIssue(ada, fmt.Sprintf("Issue %d", i), "")
			c := ada.Comment(issue, "hello")
			th := thread{IssueID: issue.ID, CommentID: c.ID, Subscribed: i%2 == 0, State: map[string]any{"n": i, "of": name, "html": "<b>&ü</b>"}}
			switch i % 4 {
			case 1:
				th.SessionID = app.User.ID // a session in the older spelling
			case 2:
				th.SessionID, th.CommentID = app.User.ID, ""
			case 3:
				th.ChannelState = map[string]any{"channel": i}
			}
			th.Said = []said{
				{fmt.Sprintf("user-%d", i%people), "user", fmt.Sprintf("question %d in %s", i, name)},
				{fmt.Sprintf("user-%d", i%people), "assistant", "answer\n\"quoted\" \u2028"},
			}
			threads = append(threads, th)
		}
	}
	gone := thread{IssueID: "00000000-0000-4000-8000-000000000001", CommentID: "00000000-0000-4000-8000-000000000002", Subscribed: true}
	threads = append(threads, gone)
	key := workspaces.GenerateKey()
	spec, err := json.Marshal(map[string]any{
		"redis": server.URL(), "key": key, "installations": installs, "threads": threads, "most": 500,
	})
	if err != nil {
		t.Fatal(err)
	}
	var wrote struct {
		Threads []string
		States  map[string]map[string]any
		History map[string][]struct {
			ID, Role, Text, ThreadID string
			Timestamp                int64
		}
	}
	if err := json.Unmarshal([]byte(in(t, dir, "node", "predecessor.mjs", string(spec))), &wrote); err != nil {
		t.Fatal(err)
	}
	before := dumped(t, client)

	path := filepath.Join(t.TempDir(), "data")
	environ := []string{
		"REDIS_URL=" + server.URL(), "LINEARBOT_STATE=file:" + path, "LINEAR_ENCRYPTION_KEY=" + workspaces.GenerateKey() + "," + key,
		"LINEAR_API_URL=" + sim.GraphQLURL(),
	}
	dry := migrate(t, environ)
	if _, err := os.Stat(path); err == nil {
		t.Error("the dry run has made a store")
	}
	asked := len(sim.Requests())
	done := migrate(t, environ, "--apply")
	if !done.Applied || dry.Applied || dry.String() != done.String() {
		t.Errorf("the dry run says\n%s\nand the run did\n%s", dry, done)
	}
	want := "installations 2/0/0/0/map[]; subscriptions 40/0/0/0/map[unknown_issue:1]; thread states 80/0/0/0/map[]; " +
		"channel states 20/0/0/0/map[]; transcripts 6/0/0/0/map[]; transcript entries 160/0/0/0/map[]; " +
		"other keys 0/0/0/0/map[other_platform:1 own_key:1 queued:1 seen_there:1]; "
	if done.String() != want {
		t.Errorf("it says\n%s\nwant\n%s", done, want)
	}
	if n := len(sim.Requests()) - asked; n > 12 {
		t.Errorf("%d requests for 81 issues in 2 workspaces", n)
	}
	if after := dumped(t, client); after != before {
		t.Errorf("the source has changed:\n%s\nwas\n%s", after, before)
	}

	exported := command(t, environ, "state", "export")
	again := migrate(t, environ, "--apply")
	if want := "installations 0/0/2/0/map[]; subscriptions 0/0/40/0/map[unknown_issue:1]; thread states 0/0/80/0/map[]; "; !strings.HasPrefix(again.String(), want) {
		t.Errorf("again it says\n%s", again)
	}
	if after := command(t, environ, "state", "export"); after != exported {
		t.Error("the second run has changed the store")
	}

	// All of it comes back through the API that handlers use.
	store, err := filestate.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	keys, err := workspaces.ParseKeys(strings.TrimPrefix(environ[2], "LINEAR_ENCRYPTION_KEY="))
	if err != nil {
		t.Fatal(err)
	}
	reg, err := workspaces.Manage(workspaces.Config{Store: store, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range installs {
		token, err := reg.Tokens(i.Organization).Token(t.Context())
		if err != nil || token.Value != i.Access {
			t.Errorf("the token of %s does not come back: %v", i.Organization, err)
		}
	}
	lin, err := linear.New(linear.Config{Installations: reg, APIURL: sim.GraphQLURL()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bot.New(bot.Config{Adapter: lin, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	for i, th := range threads[:len(threads)-1] {
		parsed := linear.Thread{IssueID: th.IssueID, CommentID: th.CommentID, SessionID: th.SessionID}
		if th.SessionID != "" {
			parsed.CommentID = ""
		}
		ws := b.Workspace(all[i/40].ID)
		handle, err := ws.Thread(parsed.ID())
		if err != nil {
			t.Fatal(err)
		}
		if on, err := handle.Subscribed(t.Context()); err != nil || on != th.Subscribed {
			t.Errorf("%s: subscribed %v, %v", handle.ID(), on, err)
		}
		got, err := bot.State[map[string]any](handle).Get(t.Context())
		if err != nil || fmt.Sprint(got) != fmt.Sprint(wrote.States[wrote.Threads[i]]) {
			t.Errorf("%s: %v, %v", handle.ID(), got, err)
		}
		if th.ChannelState != nil {
			issue, err := ws.Thread(adapter.ThreadID("linear:" + th.IssueID))
			if err != nil {
				t.Fatal(err)
			}
			got, err := bot.State[map[string]any](issue).Named("channel").Get(t.Context())
			if err != nil || fmt.Sprint(got) != fmt.Sprint(th.ChannelState) {
				t.Errorf("channel of %s: %v, %v", handle.ID(), got, err)
			}
		}
	}
	for user, history := range wrote.History {
		n := 0
		for _, ws := range all {
			entries, err := b.Workspace(ws.ID).Transcript(user).Entries(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				n++
				if !slices.ContainsFunc(history, func(h struct {
					ID, Role, Text, ThreadID string
					Timestamp                int64
				},
				) bool {
					return h.ID == e.ID && h.Role == e.Role && h.Text == e.Text && h.Timestamp == e.At.UnixMilli()
				}) {
					t.Errorf("%s: %+v was never said", user, e)
				}
			}
		}
		if n != len(history) {
			t.Errorf("%s: %d entries, want %d", user, n, len(history))
		}
	}
}

// TestMigrateSideBySide follows docs/migration.md: the old bot on npm and the new
// one listen to all teams of one workspace on webhooks of their own and act as the
// same app; each answers in its own teams; then the new one takes the rest over.
func TestMigrateSideBySide(t *testing.T) {
	t.Parallel()
	dir := npmBot(t)
	server := redistest.Run(t, redistest.Options{})
	sim, err := linearsim.Start(linearsim.Config{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	ws := sim.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	eng, ops := ws.AddTeam("ENG", "Engineering"), ws.AddTeam("OPS", "Operations")
	one, two := eng.AddIssue(ada, "In engineering", ""), ops.AddIssue(ada, "In operations", "")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: "helper-bot"})

	types := []string{"Comment", "Issue", "Reaction"}
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	old := &npmServer{t: t, dir: dir, redis: client, spec: map[string]any{
		"redis": server.URL(), "token": app.Token(), "api": sim.GraphQLURL(), "secret": "old",
	}}
	old.start()
	hook := ws.AddWebhook(linearsim.Webhook{URL: old.url, Secret: "old", ResourceTypes: types})

	a, b := ada.Comment(one, "@helper-bot first"), ada.Comment(two, "@helper-bot first")
	waitReplies(t, a, "old: @helper-bot first")
	waitReplies(t, b, "old: @helper-bot first")

	// Move ENG.
	path := filepath.Join(t.TempDir(), "data")
	environ := []string{
		"REDIS_URL=" + server.URL(), "LINEARBOT_STATE=file:" + path, "LINEAR_ACCESS_TOKEN=" + app.Token(), "LINEAR_API_URL=" + sim.GraphQLURL(),
		"LINEAR_WEBHOOK_SECRET=new", "LINEAR_MODE=comments", "LINEARBOT_ADDR=127.0.0.1:0", "LINEARBOT_LOG_LEVEL=error",
	}
	old.stop()
	migrate(t, environ, "--apply")
	old.spec["moved"] = []string{"ENG"}
	old.start()
	fresh := &newServer{t: t, environ: environ, access: access.Teams("ENG")}
	fresh.start()
	ws.AddWebhook(linearsim.Webhook{URL: fresh.url, Secret: "new", ResourceTypes: types})

	ada.Reply(a, "second")
	ada.Reply(b, "second")
	c, d := ada.Comment(one, "@helper-bot begin"), ada.Comment(two, "@helper-bot begin")
	waitReplies(t, a, "old: @helper-bot first", "new 2: second")
	waitReplies(t, b, "old: @helper-bot first", "old: second")
	waitReplies(t, c, "new 1: @helper-bot begin")
	waitReplies(t, d, "old: @helper-bot begin")

	// Move the rest.
	hook.SetEnabled(false)
	old.stop()
	fresh.stop()
	if r := migrate(t, environ, "--apply"); !strings.Contains(r.String(), "subscriptions 1/0/2/0/map[]") || !strings.Contains(r.String(), "thread states 1/1/1/0/map[]") {
		t.Errorf("the second migration says %s", r)
	}
	fresh.access = nil
	fresh.start()
	ada.Reply(a, "third")
	ada.Reply(b, "third")
	ada.Reply(d, "third")
	waitReplies(t, a, "old: @helper-bot first", "new 2: second", "new 3: third")
	waitReplies(t, b, "old: @helper-bot first", "old: second", "new 3: third")
	waitReplies(t, d, "old: @helper-bot begin", "new 2: third")
	if err := sim.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitReplies(t, c, "new 1: @helper-bot begin") // and nothing since
}

// waitReplies waits until the app has said exactly this in a thread.
func waitReplies(t *testing.T, root *linearsim.Comment, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var got []string
		for _, reply := range root.Replies() {
			if reply.Author.App {
				got = append(got, reply.Body())
			}
		}
		if slices.Equal(got, want) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%q is answered with %q, want %q", root.Body(), got, want)
		case <-tick.C:
		}
	}
}

// npmServer is the old bot, as a process.
type npmServer struct {
	t    *testing.T
	dir  string
	spec map[string]any
	// redis tells when the bot is idle.
	redis *redis.Client
	url   string
	cmd   *exec.Cmd
	in    io.Closer
}

func (s *npmServer) start() {
	s.t.Helper()
	spec, err := json.Marshal(s.spec)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.CommandContext(s.t.Context(), "node", "sidebyside.mjs", string(spec))
	s.cmd.Dir = s.dir
	s.cmd.Stderr = s.t.Output()
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.in = stdin
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatalf("the old bot does not start: %v", err)
	}
	s.url = strings.TrimSpace(line)
	_, port, err := net.SplitHostPort(strings.Trim(strings.TrimPrefix(s.url, "http://"), "/"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.spec["port"] = port // again the same
}

// stop stops the bot when it holds no lock: it does not wait for its handlers.
func (s *npmServer) stop() {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		locks, err := s.redis.Keys(s.t.Context(), "chat-sdk:lock:*").Result()
		if err != nil {
			s.t.Fatal(err)
		}
		if len(locks) == 0 {
			break
		}
		<-tick.C
	}
	_ = s.in.Close()
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the old bot ended with %v", err)
	}
}

// newServer is the new bot. It counts in the state that the old one left.
type newServer struct {
	t       *testing.T
	environ []string
	access  bot.Access
	url     string
	stop    func()
}

func (s *newServer) start() {
	s.t.Helper()
	type talk struct {
		Said int `json:"said"`
	}
	answer := func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		cell := bot.State[talk](t)
		if err := cell.Update(ctx, func(v *talk) error { v.Said++; return nil }); err != nil {
			return err
		}
		now, err := cell.Get(ctx)
		if err != nil {
			return err
		}
		if err := t.Subscribe(ctx); err != nil {
			return err
		}
		_, err = t.Post(ctx, bot.Text(fmt.Sprintf("new %d: %s", now.Said, m.Body)))
		return err
	}
	log := zerolog.New(zerolog.NewTestWriter(s.t)).Level(zerolog.WarnLevel)
	cfg := linearbot.Config{
		Environ: s.environ, Bot: bot.Config{Access: s.access}, Logger: &log,
		Register: func(b *bot.Bot) error {
			b.OnNewMention(answer)
			b.OnSubscribedMessage(answer)
			return nil
		},
	}
	if s.url != "" {
		cfg.Environ = append(slices.Clone(cfg.Environ), "LINEARBOT_ADDR="+strings.TrimPrefix(strings.TrimSuffix(s.url, "/api/webhooks/linear"), "http://"))
	}
	listening := make(chan net.Addr, 1)
	cfg.Webhook.OnListen = func(a net.Addr) { listening <- a }
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var wg sync.WaitGroup
	var err error
	ended := make(chan struct{})
	wg.Go(func() {
		defer close(ended)
		err = linearbot.Run(ctx, cfg)
	})
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			if err != nil {
				s.t.Errorf("the new bot ended with %v", err)
			}
		})
	}
	s.t.Cleanup(s.stop)
	select {
	case a := <-listening:
		s.url = "http://" + a.String() + "/api/webhooks/linear"
	case <-ended:
		s.t.Fatalf("the new bot does not start: %v", err)
	}
}
