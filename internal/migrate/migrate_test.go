package migrate

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/redistest"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/state/memstate"
)

// TestHostileRecords puts what an old, broken or foreign program leaves beside what
// the predecessor writes.
func TestHostileRecords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	good, session := comments(1, 2), "linear:"+id(1)+":s:"+id(3)
	older := "linear:" + id(1) + ":c:" + id(2) + ":s:" + id(3)
	only := "linear:" + id(4) + ":c:" + id(5) + ":s:" + id(6) // in no newer spelling
	encoded := "linear%3A" + id(7) + "%3Ac%3A" + id(8)
	r.subscribe(good, session, only, encoded, "linear:"+strings.ToUpper("abcdef00-0000-4000-8000-00000000000a"),
		"slack:C1:1.2", "", "linear:", "linear", "linear:ENG-1", "linear:a:b:c", "linear:"+id(1)+":x:"+id(2),
		"linear:"+id(1)+":c:"+id(2)+"\x00", "linear:%zz", "linear:{"+id(1)+"}", "linear:project/"+id(1), strings.Repeat("x", 1<<20))
	r.set("chat-sdk:cache:thread-state:"+good, map[string]any{"n": 1, "html": "<&>", "big": json.Number("12345678901234567890")}, time.Hour)
	r.set("chat-sdk:cache:thread-state:"+session, map[string]any{"form": "new"}, 0)
	r.set("chat-sdk:cache:thread-state:"+older, map[string]any{"form": "old"}, 0)
	r.set("chat-sdk:cache:thread-state:"+only, map[string]any{"form": "only old"}, 0)
	r.set("chat-sdk:cache:thread-state:"+comments(1, 20), "{", 0)
	r.set("chat-sdk:cache:thread-state:"+comments(1, 21), "", 0)
	r.set("chat-sdk:cache:thread-state:"+comments(1, 22), `{"a":1} {"b":2}`, 0)
	r.set("chat-sdk:cache:thread-state:"+comments(1, 23), strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000), 0)
	r.set("chat-sdk:cache:thread-state:"+comments(1, 24), `"`+strings.Repeat("x", MaxValue)+`"`, 0)
	r.push("chat-sdk:cache:thread-state:"+comments(1, 25), "a list")
	r.set("chat-sdk:cache:thread-state:"+comments(1, 26), "{}", time.Millisecond)
	r.set("chat-sdk:cache:thread-state:slack:C1:1", "{}", 0)
	r.set("chat-sdk:cache:channel-state:linear:"+id(1), map[string]any{"channel": true}, 0)
	r.push("chat-sdk:list:transcripts:user:ada", entryOf(1, good, "hi"), entryOf(2, older, "hello"), "{", "null", "3",
		map[string]any{"id": "e3", "role": "robot", "text": "x", "timestamp": 1}, map[string]any{"id": "e4", "role": "user", "timestamp": 1},
		map[string]any{"id": "e5", "role": "user", "text": "x", "timestamp": -1}, entryOf(6, "slack:C1:1", "from Slack"),
		entryOf(7, "", strings.Repeat("y", 2<<20)))
	r.set("chat-sdk:list:transcripts:user:bob", "a text", 0)
	r.push("chat-sdk:list:transcripts:user:eve", map[string]any{"__chatSdkTombstone": true})
	r.push("chat-sdk:list:transcripts:user:max", strings.Repeat("z", MaxValue+1))
	r.push("chat-sdk:list:msg-history:"+good, "{}")
	r.push("chat-sdk:list:msg-history:slack:C1:1", "{}")
	r.push("chat-sdk:list:mine", "{}")
	r.push("chat-sdk:queue:"+good, "{}")
	r.set("chat-sdk:lock:"+good, "redis_1_2", time.Minute)
	r.set("chat-sdk:cache:dedupe:linear:m1", "true", time.Minute)
	r.set("chat-sdk:cache:modal-context:1", "{}", time.Minute)
	r.set("chat-sdk:cache:mine", "{}", 0)
	r.set("chat-sdk:future", "{}", 0)
	r.set("chat-sdk2:cache:thread-state:"+good, "{}", 0)
	r.set("other", "{}", 0)
	before := r.dump()

	want := strings.TrimSpace(`
subscriptions 17: new 5 no_thread 8 other_platform 4
thread states 11: new 3 broken 4 older_spelling 1 other_platform 1 too_large 1 wrong_type 1
channel states 1: new 1
transcripts 3: new 1 too_large 1 wrong_type 1
transcript entries 10: new 3 broken 6 no_room 1
other keys 9: history 1 locked 1 other_platform 1 own_key 3 queued 1 seen_there 1 short_lived 1`)
	diff(t, "dry run", r.run(false), want)
	if left := r.content(); left != "" {
		t.Errorf("the dry run has written\n%s", left)
	}
	diff(t, "run", r.run(true), want)
	diff(t, "the source", r.dump(), before)

	for _, thread := range []string{good, session, "linear:" + id(4) + ":s:" + id(6), comments(7, 8), "linear:abcdef00-0000-4000-8000-00000000000a"} {
		if !r.subscribed(thread) {
			t.Errorf("%s is not subscribed", thread)
		}
	}
	diff(t, "state", r.state(good, ""), `{"big":12345678901234567000,"html":"\u003c\u0026\u003e","n":1}`)
	diff(t, "state of a session", r.state(session, ""), `{"form":"new"}`)
	diff(t, "state under the older spelling", r.state("linear:"+id(4)+":s:"+id(6), ""), `{"form":"only old"}`)
	diff(t, "state of a channel", r.state("linear:"+id(1), ChannelCell), `{"channel":true}`)
	diff(t, "transcript", r.said("org", "ada"), "user: hi, assistant: hello, assistant: from Slack")
	if raw, err := bot.State[json.RawMessage](r.thread(good)).Get(t.Context()); err != nil || !strings.Contains(string(raw), "12345678901234567890") {
		t.Errorf("the number became %s, %v", raw, err)
	}
	for record, err := range r.store.Export(t.Context()) {
		r.must(err)
		if left := time.Until(record.Expires); record.Kind == state.RecordValue && (left <= 0 || left > forever) {
			t.Errorf("%s expires in %s", record.Key, left)
		} else if record.Key.ID == "thread/"+good && (left > time.Hour || left < 50*time.Minute) {
			t.Errorf("the state that had an hour left has %s", left)
		}
	}
}

// TestRepeat runs again after nothing, and after the bots, have changed things.
func TestRepeat(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	const key = "chat-sdk:cache:thread-state:"
	threads := make([]string, 6)
	for i := range threads {
		threads[i] = comments(1, 10+i)
		r.set(key+threads[i], map[string]any{"n": i}, time.Hour)
	}
	r.subscribe(threads...)
	r.push("chat-sdk:list:transcripts:user:ada", entryOf(1, "", "one"), entryOf(2, "", "two"))
	r.push("chat-sdk:list:transcripts:user:bob", entryOf(1, "", "hi"))
	r.push("chat-sdk:list:transcripts:user:eve", entryOf(1, "", "secret"))
	diff(t, "first", r.run(true), "subscriptions 6: new 6\nthread states 6: new 6\ntranscripts 3: new 3\ntranscript entries 4: new 4")
	content := r.content()
	same := "subscriptions 6: same 6\nthread states 6: same 6\ntranscripts 3: same 3\ntranscript entries 4: same 4"
	for _, apply := range []bool{false, true} {
		diff(t, "second", r.run(apply), same)
		diff(t, "content after the second", r.content(), content)
	}

	// What handlers have changed here stays, whether or not the predecessor changed it.
	r.must(bot.State[map[string]int](r.thread(threads[0])).Set(ctx, map[string]int{"here": 1}))
	r.must(bot.State[map[string]int](r.thread(threads[1])).Delete(ctx))
	r.must(r.thread(threads[2]).Unsubscribe(ctx))
	r.must(r.bot().Workspace("org").Transcript("bob").Delete(ctx))
	r.must(r.bot().Workspace("org").Transcript("ada").Append(ctx, bot.TranscriptEntry{ID: "new", Role: "user", Text: "here", At: time.UnixMilli(1_790_000_000_005)}))
	diff(t, "after changes here", r.run(true), strings.Replace(same, "same 6\nthread", "same 5 kept 1\nthread", 1))
	for i := range 4 {
		r.set(key+threads[i], map[string]any{"there": i}, time.Hour)
	}
	r.push("chat-sdk:list:transcripts:user:ada", entryOf(3, "", "three"), entryOf(9, "", "nine"))
	r.push("chat-sdk:list:transcripts:user:bob", entryOf(3, "", "again"))
	r.must(r.admin.Del(ctx, "chat-sdk:list:transcripts:user:eve").Err())
	r.push("chat-sdk:list:transcripts:user:eve", map[string]any{"__chatSdkTombstone": true})
	want := "subscriptions 6: same 5 kept 1\nthread states 6: updated 2 same 2 kept 2\n" +
		"transcripts 3: updated 1 kept 1 deleted_there 1\ntranscript entries 6: new 2 same 2 kept 2"
	diff(t, "after changes on both sides, dry", r.run(false), want)
	diff(t, "after changes on both sides", r.run(true), want)
	for i, want := range []string{`{"here":1}`, `null`, `{"there":2}`, `{"there":3}`, `{"n":4}`} {
		diff(t, "state "+threads[i], r.state(threads[i], ""), want)
	}
	if r.subscribed(threads[2]) || !r.subscribed(threads[3]) {
		t.Error("what a handler unsubscribed is subscribed again, or the other way round")
	}
	diff(t, "ada", r.said("org", "ada"), "user: one, assistant: two, user: three, user: here, user: nine")
	diff(t, "bob", r.said("org", "bob"), "")
	content = r.content()
	diff(t, "again", r.run(true), "subscriptions 6: same 5 kept 1\nthread states 6: same 4 kept 2\n"+
		"transcripts 3: same 1 kept 1 deleted_there 1\ntranscript entries 6: same 4 kept 2")
	diff(t, "content at the end", r.content(), content)
	r.push("chat-sdk:list:transcripts:user:eve", entryOf(8, "", "something new"))
	if got := r.run(false); !strings.Contains(got, "transcripts 4: updated 1 same 1 kept 1 deleted_there 1") {
		t.Errorf("with something new behind what was deleted:\n%s", got)
	}
}

// TestPresent meets values that handlers wrote before anything was taken over.
func TestPresent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	a, b := comments(1, 2), comments(1, 3)
	r.must(bot.State[map[string]int](r.thread(a)).Set(ctx, map[string]int{"n": 1}))
	r.must(bot.State[map[string]int](r.thread(b)).Set(ctx, map[string]int{"n": 1}))
	r.must(r.thread(a).Subscribe(ctx))
	r.set("chat-sdk:cache:thread-state:"+a, `{ "n" : 1 }`, 0)
	r.set("chat-sdk:cache:thread-state:"+b, `{"n":2}`, 0)
	r.subscribe(a)
	diff(t, "run", r.run(true), "subscriptions 1: same 1\nthread states 2: same 1 kept 1")
	diff(t, "state", r.state(b, ""), `{"n":1}`)
}

// failing fails after a number of writes.
type failing struct {
	state.Store

	left int
}

var errBroken = errors.New("the store is broken")

func (f *failing) Subscribe(ctx context.Context, k state.Key) error {
	if f.left--; f.left < 0 {
		return errBroken
	}
	return f.Store.Subscribe(ctx, k)
}

func (f *failing) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	if f.left--; f.left < 0 {
		return errBroken
	}
	return f.Store.Set(ctx, k, v, ttl)
}

func (f *failing) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if f.left--; f.left < 0 {
		return errBroken
	}
	return f.Store.CompareAndSet(ctx, k, old, next, ttl)
}

// TestInterrupted stops after every single write and goes on.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	thread := comments(1, 2)
	r.subscribe(thread)
	r.set("chat-sdk:cache:thread-state:"+thread, `{"n":1}`, 0)
	r.set("chat-sdk:cache:channel-state:linear:"+id(1), `{"n":2}`, 0)
	r.push("chat-sdk:list:transcripts:user:ada", entryOf(1, "", "one"))
	whole := r.store
	for n := 0; ; n++ {
		if n > 100 {
			t.Fatal("it never ends")
		}
		r.store = &failing{whole, 1}
		_, err := r.try(t.Context(), true)
		if err == nil {
			break
		}
		if !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
	}
	r.store = whole
	diff(t, "at the end", r.run(true), "subscriptions 1: same 1\nthread states 1: same 1\nchannel states 1: same 1\ntranscripts 1: same 1\ntranscript entries 1: same 1")
	diff(t, "state", r.state(thread, ""), `{"n":1}`)
	diff(t, "said", r.said("org", "ada"), "user: one")
}

// counted counts how many issues are asked for at once.
type counted struct {
	Homes

	most int
}

func (c *counted) Of(ctx context.Context, issues []string) (map[string]string, error) {
	c.most = max(c.most, len(issues))
	return c.Homes.Of(ctx, issues)
}

// TestHugeSet takes many subscriptions over, a page at a time.
func TestHugeSet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 30_000
	all := make([]string, n)
	for i := range all {
		all[i] = comments(i, i)
	}
	r.subscribe(all...)
	homes := &counted{Homes: One("org")}
	r.homes = homes
	diff(t, "run", r.run(true), fmt.Sprintf("subscriptions %d: new %d", n, n))
	diff(t, "again", r.run(true), fmt.Sprintf("subscriptions %d: same %d", n, n))
	if homes.most > 4*page || r.calls < n/(4*page) {
		t.Errorf("%d at once, progress was told %d times", homes.most, r.calls)
	}
	found := 0
	for _, err := range r.store.Threads(t.Context(), "org") {
		r.must(err)
		found++
	}
	if found != n {
		t.Errorf("%d subscriptions, want %d", found, n)
	}
}

// TestLargeTranscript has more than a transcript holds here: the newest are taken.
func TestLargeTranscript(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 30 {
		r.push("chat-sdk:list:transcripts:user:ada", entryOf(i+1, "", strings.Repeat("x", 100_000)))
	}
	want := "transcripts 1: new 1\ntranscript entries 30: new 10 no_room 20"
	diff(t, "dry run", r.run(false), want)
	diff(t, "run", r.run(true), want)
	content := r.content()
	diff(t, "again", r.run(true), "transcripts 1: same 1\ntranscript entries 30: same 30")
	diff(t, "content", r.content(), content)
	entries, err := r.bot().Workspace("org").Transcript("ada").Entries(t.Context())
	if err != nil || len(entries) != 10 || entries[9].ID != "e30" {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestSubscriptionsOfAnotherType(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.prefix = "my[bot]*"
	r.set("my[bot]*:subscriptions", "x", 0)
	r.set("my[bot]*:cache:thread-state:"+comments(1, 2), "{}", 0)
	r.set("myb:cache:thread-state:"+comments(1, 2), "{}", 0)
	diff(t, "run", r.run(true), "subscriptions 1: wrong_type 1\nthread states 1: new 1")
}

// TestCluster reads all nodes of a Cluster, through any of them.
func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.RunCluster(t)
	addrs := strings.Split(strings.TrimPrefix(cluster.URL(), "redis+cluster://"), ",")
	admin := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = admin.Close() })
	const n = 300
	ctx := t.Context()
	for i := range n {
		if err := errors.Join(
			admin.SAdd(ctx, "chat-sdk:subscriptions", comments(i, i)).Err(),
			admin.Set(ctx, "chat-sdk:cache:thread-state:"+comments(i, i), `{"n":1}`, 0).Err(),
			admin.RPush(ctx, fmt.Sprintf("chat-sdk:list:transcripts:user:%d", i), encode(t, entryOf(1, "", "hi"))).Err(),
		); err != nil {
			t.Fatal(err)
		}
	}
	err := admin.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		return node.Do(ctx, "ACL", "SETUSER", "reader", "on", ">"+readerPassword, "~*", "+@read", "+@connection", "+cluster|slots", "+cluster|shards").Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range addrs {
		for _, user := range []string{"", "reader:" + readerPassword + "@"} {
			store := memstate.New(memstate.Options{})
			source, err := OpenSource("redis://"+user+addr, "")
			if err != nil {
				t.Fatal(err)
			}
			report, err := Run(ctx, Config{
				Source: source, Store: store, Apply: true,
				Homes: func(context.Context, []*workspaces.NPMInstallation) (Homes, error) { return One("org"), nil },
			})
			if err := errors.Join(err, source.Close(), store.Close()); err != nil {
				t.Fatal(err)
			}
			diff(t, user+addr, brief(report), "subscriptions 300: new 300\nthread states 300: new 300\ntranscripts 300: new 300\ntranscript entries 300: new 300")
		}
	}
}

// TestNothing says where to look if no key begins with the prefix.
func TestNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, step := range []struct {
		key  string
		says string
	}{
		{"other", `has no key that begins with "chat-sdk:" in database 0: is it the right`},
		{"shop:subscriptions", "begin with shop: give that"},
		{"crm:de:cache:thread-state:" + comments(1, 2), "begin with crm:de or shop: give that"},
	} {
		r.set(step.key, "{}", 0)
		report, err := r.try(t.Context(), true)
		if _, ok := errors.AsType[*NothingError](err); !ok || !strings.Contains(err.Error(), step.says) || len(report.Counts) > 0 {
			t.Errorf("%v, want %q", err, step.says)
		}
	}
	r.set("chat-sdk:mine", "{}", 0)
	diff(t, "one key", r.run(true), "other keys 1: own_key 1")
}

// TestHugeList has more than is read of a list: the newest are, in chunks.
func TestHugeList(t *testing.T) {
	t.Parallel()
	for name, memory := range map[string]bool{"with MEMORY USAGE": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if !memory {
				r.must(r.admin.Do(t.Context(), "ACL", "SETUSER", "reader", "-memory|usage").Err())
			}
			const n = 20_000
			entries := make([]any, n)
			for i := range n {
				entries[i] = encode(t, entryOf(i+1, "", strings.Repeat("x", 800)))
			}
			r.push("chat-sdk:list:transcripts:user:ada", entries[0])
			for part := range slices.Chunk(entries[1:], 1000) {
				r.must(r.admin.RPush(t.Context(), "chat-sdk:list:transcripts:user:ada", part...).Err())
			}
			source, err := OpenSource("redis://reader:"+readerPassword+"@"+r.server.Addr()+"/0", "")
			r.must(err)
			defer source.Close()
			for v, err := range source.read(t.Context(), "list", []string{"list:transcripts:user:ada"}) {
				r.must(err)
				if v.older+len(v.items) != n || length(v.items) > MaxValue || length(v.items) < MaxValue/2 || v.items[len(v.items)-1] != entries[n-1] {
					t.Errorf("%d items of %d bytes, %d older, %q", len(v.items), length(v.items), v.older, v.reason)
				}
				for i, item := range v.items {
					if item != entries[v.older+i] {
						t.Fatalf("item %d is out of order", i)
					}
				}
			}
			got := r.run(true)
			if want := fmt.Sprintf("transcripts 1: new 1\ntranscript entries %d: new ", n); !strings.HasPrefix(got, want) {
				t.Errorf("%s, want %s…", got, want)
			}
			have, err := r.bot().Workspace("org").Transcript("ada").Entries(t.Context())
			if err != nil || len(have) < 1000 || have[len(have)-1].ID != fmt.Sprintf("e%d", n) {
				t.Errorf("%d entries, %v", len(have), err)
			}
			content := r.content()
			if again := r.run(true); !strings.HasPrefix(again, "transcripts 1: same 1\n") || r.content() != content {
				t.Errorf("again: %s", again)
			}
		})
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestStrangeNames has names that stores may find too long or too odd.
func TestStrangeNames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	file, err := filestate.Open(t.TempDir() + "/data")
	r.must(err)
	defer file.Close()
	r.store = file
	for _, user := range []string{"", "a\x00b", "\xff\xfe", "ü/%2F", strings.Repeat("long", 20_000), "x\ny", "#1", "{tag}"} {
		r.push("chat-sdk:list:transcripts:user:"+user, entryOf(1, "", "hi"))
	}
	diff(t, "run", r.run(true), "transcripts 8: new 7 broken 1\ntranscript entries 7: new 7")
	diff(t, "again", r.run(true), "transcripts 8: same 7 broken 1\ntranscript entries 7: same 7")
}

func TestInstallations(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	keys, err := workspaces.ParseKeys(key)
	r.must(err)
	manage := func(cfg workspaces.Config) {
		cfg.Store = r.store
		r.reg, err = workspaces.Manage(cfg)
		r.must(err)
	}
	record := func(org string, token any) map[string]any {
		return map[string]any{"organizationId": org, "accessToken": token, "refreshToken": "m4rker", "botUserId": "u", "expiresAt": nil}
	}
	const at = "chat-sdk:cache:linear:installation:"
	r.set(at+"one", record("one", "m4rker"), 0)
	r.set(at+"two", record("another", "m4rker"), 0)
	r.set(at+"three", record("three", map[string]string{"iv": "AAAAAAAAAAAAAAAA", "data": "AAAA", "tag": "AAAAAAAAAAAAAAAAAAAAAA=="}), 0)
	r.set(at+"four", `{"organizationId":"four","accessToken":"m4rker"`, 0)
	r.push(at+"five", "m4rker")
	manage(workspaces.Config{})
	diff(t, "without a key", r.run(false), "installations 5: unreadable_installation 4 wrong_type 1")
	if _, err := r.try(ctx, true); !errors.Is(err, workspaces.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	manage(workspaces.Config{Keys: keys})
	want := "installations 5: new 1 unreadable_installation 3 wrong_type 1"
	diff(t, "dry run", r.run(false), want)
	diff(t, "run", r.run(true), want)
	for _, s := range r.skipped {
		if strings.Contains(fmt.Sprintf("%+v", s), "m4rker") {
			t.Errorf("it shows a token: %+v", s)
		}
	}
	content := r.content()
	diff(t, "again", r.run(true), strings.Replace(want, "new 1", "same 1", 1))
	diff(t, "content", r.content(), content)
	token, err := r.reg.Tokens("one").Token(ctx)
	if err != nil || token.Value != "m4rker" {
		t.Errorf("the token does not come back: %v", err)
	}
	r.only = []Kind{KindSubscription}
	diff(t, "not chosen", r.run(true), "")
}

func TestSourceErrorsShowNoPassword(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, address := range []string{
		"redis://user:m4rker@127.0.0.1:1/0", "redis://user:m4rker@" + r.server.Addr() + "/0",
		"redis://user:m4rker%zz@host/0", "http://user:m4rker@host", "m4rker", "redis://:m4rker@host:port/0", "redis://:m4rker@host/x",
	} {
		source, err := OpenSource(address, "")
		if err == nil {
			_, err = Run(t.Context(), Config{
				Source: source, Store: r.store,
				Homes: func(context.Context, []*workspaces.NPMInstallation) (Homes, error) { return One("org"), nil },
			})
			r.must(source.Close())
		}
		if _, ok := errors.AsType[*SourceError](err); !ok || strings.Contains(err.Error(), "m4rker") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
