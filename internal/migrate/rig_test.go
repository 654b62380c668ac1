package migrate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a Redis with what a test puts there, and a store.
type rig struct {
	t      *testing.T
	server *redistest.Server
	admin  *redis.Client
	store  state.Store
	homes  Homes
	reg    *workspaces.Registry
	only   []Kind
	prefix string
	// skipped is what the last run left out, and calls how often it told its progress.
	skipped []Skipped
	calls   int
}

// readerPassword is that of a user of Redis who may only read.
const readerPassword = "m4rker-of-the-reader"

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, server: redistest.Run(t, redistest.Options{}), store: memstate.New(memstate.Options{}), homes: One("org")}
	r.admin = r.server.Client()
	t.Cleanup(func() { _ = r.admin.Close(); _ = r.store.Close() })
	r.must(r.admin.Do(t.Context(), "ACL", "SETUSER", "reader", "on", ">"+readerPassword, "~*", "+@read", "+@connection").Err())
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) set(key string, value any, ttl time.Duration) {
	r.t.Helper()
	text, ok := value.(string)
	if !ok {
		raw, err := json.Marshal(value)
		r.must(err)
		text = string(raw)
	}
	r.must(r.admin.Set(r.t.Context(), key, text, ttl).Err())
}

func (r *rig) push(key string, items ...any) {
	r.t.Helper()
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			raw, err := json.Marshal(item)
			r.must(err)
			text = string(raw)
		}
		r.must(r.admin.RPush(r.t.Context(), key, text).Err())
	}
}

func (r *rig) subscribe(ids ...string) {
	r.t.Helper()
	for part := range slices.Chunk(ids, 10_000) {
		r.must(r.admin.SAdd(r.t.Context(), "chat-sdk:subscriptions", part).Err())
	}
}

// try migrates as a user of Redis who may only read.
func (r *rig) try(ctx context.Context, apply bool) (*Report, error) {
	r.t.Helper()
	source, err := OpenSource("redis://reader:"+readerPassword+"@"+r.server.Addr()+"/0", r.prefix)
	r.must(err)
	defer source.Close()
	r.skipped, r.calls = nil, 0
	return Run(ctx, Config{
		Source: source, Store: r.store, Registry: r.reg, Only: r.only, Apply: apply,
		Homes:      func(context.Context, []*workspaces.NPMInstallation) (Homes, error) { return r.homes, nil },
		OnSkip:     func(s Skipped) { r.skipped = append(r.skipped, s) },
		OnProgress: func(Kind, int, int) { r.calls++ },
	})
}

// run migrates, and returns what became of each kind in one line.
func (r *rig) run(apply bool) string {
	r.t.Helper()
	report, err := r.try(r.t.Context(), apply)
	r.must(err)
	return brief(report)
}

func brief(report *Report) string {
	var lines []string
	for _, c := range report.Counts {
		line := fmt.Sprintf("%s %d:", c.Kind, c.Found)
		for _, part := range []struct {
			name string
			n    int
		}{{"new", c.New}, {"updated", c.Updated}, {"same", c.Same}, {"kept", c.Kept}} {
			if part.n > 0 {
				line += fmt.Sprintf(" %s %d", part.name, part.n)
			}
		}
		for _, reason := range slices.Sorted(maps.Keys(c.Skipped)) {
			line += fmt.Sprintf(" %s %d", reason, c.Skipped[reason])
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// content returns everything that the store holds.
func (r *rig) content() string {
	r.t.Helper()
	var lines []string
	for record, err := range r.store.Export(r.t.Context()) {
		r.must(err)
		raw, err := json.Marshal(record)
		r.must(err)
		lines = append(lines, string(raw))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// dump returns everything that Redis holds, whether it expires too.
func (r *rig) dump() string {
	r.t.Helper()
	ctx := r.t.Context()
	keys, err := r.admin.Keys(ctx, "*").Result()
	r.must(err)
	slices.Sort(keys)
	var b strings.Builder
	for _, key := range keys {
		raw, err := r.admin.Dump(ctx, key).Result()
		r.must(err)
		ttl, err := r.admin.PExpireTime(ctx, key).Result()
		r.must(err)
		fmt.Fprintf(&b, "%q %q %v\n", key, digest([]byte(raw)), ttl)
	}
	return b.String()
}

// bot returns a bot on the store.
func (r *rig) bot() *bot.Bot {
	r.t.Helper()
	b, err := bot.New(bot.Config{Adapter: names{}, Store: r.store})
	r.must(err)
	return b
}

func (r *rig) thread(id string) *bot.Thread { return r.threadOf("org", id) }

func (r *rig) threadOf(workspace, id string) *bot.Thread {
	r.t.Helper()
	t, err := r.bot().Workspace(workspace).Thread(adapter.ThreadID(id))
	r.must(err)
	return t
}

// state returns the state of a thread as a handler sees it.
func (r *rig) state(id, name string) string {
	r.t.Helper()
	cell := bot.State[map[string]any](r.thread(id))
	if name != "" {
		cell = cell.Named(name)
	}
	v, err := cell.Get(r.t.Context())
	r.must(err)
	raw, err := json.Marshal(v)
	r.must(err)
	return string(raw)
}

func (r *rig) subscribed(id string) bool {
	r.t.Helper()
	on, err := r.thread(id).Subscribed(r.t.Context())
	r.must(err)
	return on
}

// said returns the texts of a transcript.
func (r *rig) said(workspace, user string) string {
	r.t.Helper()
	entries, err := r.bot().Workspace(workspace).Transcript(user).Entries(r.t.Context())
	r.must(err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Role+": "+e.Text)
	}
	return strings.Join(out, ", ")
}

// id returns a UUID.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// comments returns the thread of comments n on issue i.
func comments(i, n int) string { return "linear:" + id(i) + ":c:" + id(n) }

// entryOf returns an entry of a transcript as the predecessor stores it.
func entryOf(n int, thread, text string) map[string]any {
	role := "user"
	if n%2 == 0 {
		role = "assistant"
	}
	return map[string]any{
		"id": fmt.Sprintf("e%d", n), "userKey": "ada", "role": role, "text": text, "platform": "linear",
		"threadId": cmp.Or(thread, comments(1, 2)), "timestamp": 1_790_000_000_000 + n, "formatted": map[string]any{"type": "root"},
	}
}

func diff(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}
