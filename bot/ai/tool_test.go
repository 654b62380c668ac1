package ai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/ai"
)

// call calls a tool by name.
func call(tb testing.TB, tools []ai.Tool, name, args string) (string, error) {
	tb.Helper()
	for _, tool := range tools {
		if tool.Name == name {
			out, err := tool.Call(tb.Context(), json.RawMessage(args))
			return string(out), err
		}
	}
	tb.Fatalf("there is no tool %s", name)
	return "", nil
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*ai.Error](err); ok {
		return e.Code.String()
	}
	return "untyped: " + err.Error()
}

// lively is a room with two threads of one channel and one of another.
func lively() *room {
	r := newRoom()
	r.say(here, person("ada"), "why <red>?")         // m0
	r.say(here, self(), "looking")                   // m1
	r.say("fake:room:t2", person("bob"), "hi")       // m2
	r.say("fake:room:t2", self(), "hello")           // m3
	r.say("fake:elsewhere:t1", self(), "other room") // m4
	r.say(here, person("bob"), "thanks")             // m5
	r.past[5].Attachments = []adapter.Attachment{{Name: "a.png", URL: "https://a.test/a.png", Image: true}}
	r.past[5].Reactions = []adapter.Reaction{{Emoji: "👍", User: person("ada")}}
	return r
}

func TestPresets(t *testing.T) {
	t.Parallel()
	b, th := threadOf(t, newRoom())
	reader := []string{"get_thread", "get_messages", "get_participants", "get_issue", "get_user"}
	writer := append(reader[:5:5], "post_message", "add_reaction", "remove_reaction", "show_typing")
	all := append(writer[:9:9], "edit_message", "delete_message", "subscribe_thread", "unsubscribe_thread", "resolve_thread", "reopen_thread")
	for _, c := range []struct {
		name string
		o    ai.ToolOptions
		want []string
	}{
		{"zero value, no bot", ai.ToolOptions{}, reader[:4]},
		{"reader", ai.ToolOptions{Bot: b}, reader},
		{"writer", ai.ToolOptions{Bot: b, Preset: ai.PresetWriter}, writer},
		{"all", ai.ToolOptions{Bot: b, Preset: ai.PresetAll}, all},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for i, tool := range ai.Tools(th, c.o) {
				got = append(got, tool.Name)
				if tool.Write != (i > 4) || tool.Approval != (i > 3) {
					t.Errorf("%s: write %t, approval %t", tool.Name, tool.Write, tool.Approval)
				}
				if tool.Description == "" {
					t.Errorf("%s says nothing about itself", tool.Name)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("tools (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	b, th := threadOf(t, newRoom())
	schemas := func(o ai.ToolOptions) map[string]string {
		out := map[string]string{}
		for _, tool := range ai.Tools(th, o) {
			out[tool.Name] = string(tool.Schema)
			var s struct {
				Type       string                    `json:"type"`
				Properties map[string]map[string]any `json:"properties"`
				Required   []string                  `json:"required"`
				Additional *bool                     `json:"additionalProperties"`
			}
			if err := json.Unmarshal(tool.Schema, &s); err != nil || s.Type != "object" || s.Required == nil || s.Additional == nil || *s.Additional {
				t.Errorf("%s: schema %s, %v", tool.Name, tool.Schema, err)
			}
			for name, p := range s.Properties {
				if p["type"] == nil || p["description"] == "" {
					t.Errorf("%s: %s has no type or description", tool.Name, name)
				}
			}
		}
		return out
	}
	narrow := schemas(ai.ToolOptions{Preset: ai.PresetAll, Bot: b})
	want := `{"additionalProperties":false,"properties":{` +
		`"before":{"type":"string","description":"The id of a message: return those that came before it. Left out: the newest.","maxLength":200},` +
		`"limit":{"type":"integer","description":"How many messages to return.","minimum":1,"maximum":100,"default":20}},"required":[],"type":"object"}`
	if diff := cmp.Diff(want, narrow["get_messages"]); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	wide := schemas(ai.ToolOptions{Preset: ai.PresetAll, Bot: b, SameChannel: true})
	for name := range wide {
		if got, want := strings.Contains(wide[name], "thread_id"), name != "get_user"; got != want {
			t.Errorf("%s: takes a thread %t, want %t", name, got, want)
		}
		if strings.Contains(narrow[name], "thread_id") {
			t.Errorf("%s takes a thread, but there is only one", name)
		}
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	ada, bob, me := `{"id":"u-ada","name":"ada","full_name":"ada","kind":"human"}`, `{"id":"u-bob","name":"bob","full_name":"bob","kind":"human"}`, `{"id":"bot-user","name":"helper","kind":"self"}`
	m0 := `{"id":"m0","author":` + ada + `,"text":"why <red>?","created_at":"2026-10-02T09:00:00Z"}`
	m1 := `{"id":"m1","author":` + me + `,"text":"looking","created_at":"2026-10-02T09:01:00Z"}`
	m5 := `{"id":"m5","author":` + bob + `,"text":"thanks","created_at":"2026-10-02T09:05:00Z","attachments":[{"name":"a.png","url":"https://a.test/a.png","image":true}],"reactions":[{"emoji":"👍","by":"ada"}]}`
	for _, c := range []struct{ tool, args, want, code string }{
		{"get_thread", ``, `{"thread_id":"fake:room:t1","channel_id":"fake:room","subscribed":false}`, ""},
		{"get_messages", `{}`, `{"messages":[` + m0 + `,` + m1 + `,` + m5 + `],"more":false}`, ""},
		{"get_messages", `{"limit":2,"before":null}`, `{"messages":[` + m1 + `,` + m5 + `],"more":true}`, ""},
		{"get_messages", `{"before":"m5","limit":1}`, `{"messages":[` + m1 + `],"more":true}`, ""},
		{"get_messages", `{"before":"m0"}`, `{"messages":[],"more":false}`, ""},
		{"get_messages", `{"before":"m4"}`, ``, "invalid_arguments"},
		{"get_participants", `null`, `{"participants":[` + ada + `,` + bob + `]}`, ""},
		{
			"get_issue", `{}`, `{"id":"i1","identifier":"ENG-1","title":"Checkout <fails>","description":"It does.","url":"https://linear.app/acme/issue/ENG-1",` +
				`"team":"Engineering","state":"Todo","state_type":"unstarted","assignee":{"id":"u-ada","name":"ada","kind":"human"},"labels":["bug"]}`, "",
		},
		{"get_user", `{"name":"ada"}`, `{"id":"u-ada","name":"ada","full_name":"Ada Byron","kind":"human","email":"ada@w1.test"}`, ""},
		{"get_user", `{"id":"u-gil"}`, `{"id":"u-gil","name":"gil","kind":"human","guest":true}`, ""},
		{"get_user", `{"id":"u-zoe"}`, ``, "failed"},
		{"get_user", `{}`, ``, "invalid_arguments"},
		{"get_user", `{"id":"a","name":"b"}`, ``, "invalid_arguments"},
	} {
		t.Run(c.tool+" "+c.args, func(t *testing.T) {
			t.Parallel()
			b, th := threadOf(t, lively())
			out, err := call(t, ai.Tools(th, ai.ToolOptions{Bot: b, AllowUsers: true}), c.tool, c.args)
			if codeOf(err) != c.code {
				t.Fatalf("error %v, want code %q", err, c.code)
			}
			if diff := cmp.Diff(c.want, out); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tool, args, want string // want is what the platform was asked for
		result           string
		code             string
	}{
		{tool: "post_message", args: `{"text":"Done {{emoji:rocket}}"}`, want: "post Done 🚀", result: `{"message_id":"post-0","thread_id":"fake:room:t1"}`},
		{tool: "post_message", args: `{"text":"  "}`, code: "invalid_arguments"},
		{tool: "post_message", args: `{"text":"x","thread_id":"fake:room:t2"}`, code: "invalid_arguments"},
		{tool: "add_reaction", args: `{"message_id":"m0","emoji":"thumbs_up"}`, want: `react fake:room:t1 "m0" 👍`, result: `{"ok":true}`},
		{tool: "add_reaction", args: `{"emoji":"+1"}`, code: "out_of_scope"},
		{tool: "add_reaction", args: `{"message_id":"m2","emoji":"+1"}`, code: "out_of_scope"},
		{tool: "remove_reaction", args: `{"message_id":"m0","emoji":"rocket"}`, want: `unreact fake:room:t1 "m0" 🚀`, result: `{"ok":true}`},
		{tool: "remove_reaction", args: `{"message_id":"m4","emoji":"rocket"}`, code: "out_of_scope"},
		{tool: "show_typing", args: `{"status":"looking"}`, want: "typing fake:room:t1 looking", result: `{"ok":true}`},
		{tool: "edit_message", args: `{"message_id":"m1","text":"found"}`, want: "edit fake:room:t1 m1 found", result: `{"message_id":"m1","thread_id":"fake:room:t1"}`},
		{tool: "edit_message", args: `{"message_id":"m0","text":"found"}`, code: "out_of_scope"},
		{tool: "edit_message", args: `{"message_id":"m3","text":"found"}`, code: "out_of_scope"},
		{tool: "delete_message", args: `{"message_id":"m1"}`, want: "delete fake:room:t1 m1", result: `{"ok":true}`},
		{tool: "delete_message", args: `{"message_id":"m5"}`, code: "out_of_scope"},
		{tool: "delete_message", args: `{"message_id":"m4"}`, code: "out_of_scope"},
		{tool: "resolve_thread", want: "resolved fake:room:t1 true", result: `{"ok":true}`},
		{tool: "reopen_thread", want: "resolved fake:room:t1 false", result: `{"ok":true}`},
	} {
		t.Run(c.tool+" "+c.args, func(t *testing.T) {
			t.Parallel()
			r := lively()
			_, th := threadOf(t, r)
			out, err := call(t, ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, AllowWrites: true}), c.tool, c.args)
			if codeOf(err) != c.code || out != c.result {
				t.Fatalf("result %s, error %v, want %s and code %q", out, err, c.result, c.code)
			}
			got := r.log()
			for _, p := range r.Posted(here) {
				got = append(got, "post "+p)
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("asked for %q, want %q", got, c.want)
			}
		})
	}
}

func TestSubscribing(t *testing.T) {
	t.Parallel()
	_, th := threadOf(t, newRoom())
	tools := ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, AllowWrites: true})
	for _, c := range []struct {
		tool string
		want bool
	}{{"subscribe_thread", true}, {"unsubscribe_thread", false}} {
		if _, err := call(t, tools, c.tool, ""); err != nil {
			t.Fatal(err)
		}
		if got, err := th.Subscribed(t.Context()); err != nil || got != c.want {
			t.Errorf("after %s: subscribed %t, %v", c.tool, got, err)
		}
	}
}

func TestSameChannel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tool, args, want, code string }{
		{"delete_message", `{"message_id":"m3","thread_id":"fake:room:t2"}`, "delete fake:room:t2 m3", ""},
		{"delete_message", `{"message_id":"m1","thread_id":"fake:room:t2"}`, "", "out_of_scope"},
		{"delete_message", `{"message_id":"m4","thread_id":"fake:elsewhere:t1"}`, "", "out_of_scope"},
		{"delete_message", `{"message_id":"m4","thread_id":"other:room:t1"}`, "", "invalid_arguments"},
		{"delete_message", `{"message_id":"m4","thread_id":"nonsense"}`, "", "invalid_arguments"},
		{"add_reaction", `{"emoji":"eyes"}`, `react fake:room:t1 "" 👀`, ""},
		{"add_reaction", `{"emoji":"eyes","thread_id":"fake:room:t2","message_id":"m2"}`, `react fake:room:t2 "m2" 👀`, ""},
		{"resolve_thread", `{"thread_id":"fake:room:t2"}`, "resolved fake:room:t2 true", ""},
	} {
		t.Run(c.tool+" "+c.args, func(t *testing.T) {
			t.Parallel()
			r := lively()
			b, th := threadOf(t, r)
			_, err := call(t, ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, AllowWrites: true, Bot: b, SameChannel: true}), c.tool, c.args)
			if codeOf(err) != c.code || strings.Join(r.log(), "\n") != c.want {
				t.Errorf("asked for %q, error %v, want %q and code %q", r.log(), err, c.want, c.code)
			}
		})
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	errAway := errors.New("nobody is there")
	yes := func(context.Context, ai.Call) (bool, error) { return true, nil }
	no := func(context.Context, ai.Call) (bool, error) { return false, nil }
	for _, c := range []struct {
		name        string
		o           ai.ToolOptions
		write, user string // codes
	}{
		{"zero value", ai.ToolOptions{}, "not_approved", "not_approved"},
		{"writes allowed", ai.ToolOptions{AllowWrites: true}, "", "not_approved"},
		{"people allowed", ai.ToolOptions{AllowUsers: true}, "not_approved", ""},
		{"yes", ai.ToolOptions{Approve: yes}, "", ""},
		{"no", ai.ToolOptions{Approve: no}, "not_approved", "not_approved"},
		{"no counts more than allowed", ai.ToolOptions{Approve: no, AllowWrites: true, AllowUsers: true}, "not_approved", "not_approved"},
		{"no answer", ai.ToolOptions{Approve: func(context.Context, ai.Call) (bool, error) { return true, errAway }}, "stopped", "stopped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := lively()
			b, th := threadOf(t, r)
			c.o.Bot, c.o.Preset = b, ai.PresetAll
			tools := ai.Tools(th, c.o)
			_, err := call(t, tools, "post_message", `{"text":"x"}`)
			if codeOf(err) != c.write || (len(r.Posted(here)) == 1) != (c.write == "") {
				t.Errorf("writing: posted %q, error %v, want code %q", r.Posted(here), err, c.write)
			}
			if c.write == "stopped" && !errors.Is(err, errAway) {
				t.Errorf("error %v, want that of the hook", err)
			}
			if _, err := call(t, tools, "get_user", `{"name":"ada"}`); codeOf(err) != c.user {
				t.Errorf("looking up: error %v, want code %q", err, c.user)
			}
			if _, err := call(t, tools, "get_messages", ``); err != nil {
				t.Errorf("reading: %v", err)
			}
		})
	}
}

// TestApproveSees checks that the one who approves sees what is done, and is
// not asked about what cannot be.
func TestApproveSees(t *testing.T) {
	t.Parallel()
	r := lively()
	b, th := threadOf(t, r)
	var asked []string
	tools := ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, Bot: b, SameChannel: true, Approve: func(_ context.Context, c ai.Call) (bool, error) {
		asked = append(asked, fmt.Sprintf("%s %s %s %t", c.Tool, c.Thread, c.Args, c.Write))
		return true, nil
	}})
	for _, c := range []struct{ tool, args string }{
		{"edit_message", `{"message_id":"m0","text":"x"}`},
		{"delete_message", `{"message_id":"m4"}`},
		{"post_message", `{"text":1}`},
		{"post_message", `{"text":"x","thread_id":"fake:elsewhere:t1"}`},
		{"get_user", `{}`},
		{"get_messages", `{}`},
		{"post_message", ` {"text":"x", "text":"<y>", "thread_id":"fake:room:t2"}`},
		{"get_user", `{"name":"ada","id":null}`},
	} {
		_, _ = call(t, tools, c.tool, c.args)
	}
	want := []string{
		`post_message fake:room:t2 {"text":"<y>","thread_id":"fake:room:t2"} true`,
		`get_user fake:room:t1 {"name":"ada"} false`,
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if got := r.Posted("fake:room:t2"); len(got) != 1 || got[0] != "<y>" {
		t.Errorf("posted %q, want what was approved", got)
	}
}

// TestKnownMessages checks that a thread is not read again for what is known.
func TestKnownMessages(t *testing.T) {
	t.Parallel()
	r := lively()
	_, th := threadOf(t, r)
	tools := ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, AllowWrites: true})
	for i, c := range []struct {
		tool, args string
		reads      int
	}{
		{"post_message", `{"text":"x"}`, 0},
		{"edit_message", `{"message_id":"post-0","text":"y"}`, 0},
		{"get_messages", `{}`, 1},
		{"edit_message", `{"message_id":"m1","text":"y"}`, 1},
		{"add_reaction", `{"message_id":"m0","emoji":"eyes"}`, 1},
	} {
		if _, err := call(t, tools, c.tool, c.args); err != nil {
			t.Fatal(err)
		}
		if r.reads != c.reads {
			t.Errorf("%d: %s: read %d times, want %d", i, c.tool, r.reads, c.reads)
		}
	}
}

// TestKnownElsewhere checks that a message that was seen in one thread is not in
// reach from another.
func TestKnownElsewhere(t *testing.T) {
	t.Parallel()
	r := lively()
	b, th := threadOf(t, r)
	tools := ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, AllowWrites: true, Bot: b, SameChannel: true})
	if _, err := call(t, tools, "get_messages", ""); err != nil {
		t.Fatal(err)
	}
	_, err := call(t, tools, "delete_message", `{"message_id":"m1","thread_id":"fake:room:t2"}`)
	if codeOf(err) != "out_of_scope" || len(r.log()) > 0 {
		t.Errorf("asked for %q, error %v, want code out_of_scope", r.log(), err)
	}
	if _, err := call(t, tools, "post_message", `{"text":"x","thread_id":"fake:room:t2"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t, tools, "delete_message", `{"message_id":"post-0"}`); codeOf(err) != "out_of_scope" {
		t.Errorf("error %v, want code out_of_scope", err)
	}
	if _, err := call(t, tools, "delete_message", `{"message_id":"post-0","thread_id":"fake:room:t2"}`); err != nil {
		t.Error(err)
	}
}

// TestOwnWithAPersonsKey checks that what a tool wrote stays the bot's, even if
// the platform takes it for a person's.
func TestOwnWithAPersonsKey(t *testing.T) {
	t.Parallel()
	r := lively()
	_, th := threadOf(t, r)
	tools := ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, AllowWrites: true})
	r.past = append(r.past, &adapter.Message{ID: "post-0", Thread: here, Author: person("ada")})
	for _, c := range []struct{ tool, args string }{
		{"post_message", `{"text":"x"}`}, {"get_messages", ``}, {"edit_message", `{"message_id":"post-0","text":"y"}`},
	} {
		if _, err := call(t, tools, c.tool, c.args); err != nil {
			t.Errorf("%s: %v", c.tool, err)
		}
	}
}

func TestMaxText(t *testing.T) {
	t.Parallel()
	r := newRoom()
	r.say(here, person("ada"), "äöü")
	_, th := threadOf(t, r)
	for limit, want := range map[int]string{2: `"text":"äö","truncated":true`, 3: `"text":"äöü","created_at"`} {
		out, err := call(t, ai.Tools(th, ai.ToolOptions{MaxText: limit}), "get_messages", "")
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s, %v, want %s", out, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	r := lively()
	_, th := threadOf(t, r)
	tools := ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, AllowWrites: true})

	r.fail = &adapter.Error{Code: adapter.CodeRateLimited, Op: "commentUpdate", Message: "slow down", Err: errors.New("https://internal.test")}
	_, err := call(t, tools, "resolve_thread", "")
	failed, ok := errors.AsType[*ai.Error](err)
	if !ok || adapter.CodeOf(err) != adapter.CodeRateLimited {
		t.Fatalf("error %v, want an *ai.Error with its cause", err)
	}
	if got := string(failed.Result()); got != `{"error":"failed","message":"rate limited: slow down"}` {
		t.Errorf("the model is told %s", got)
	}
	if !errors.Is(err, &ai.Error{Code: ai.CodeFailed}) || errors.Is(err, &ai.Error{Code: ai.CodeStopped}) {
		t.Errorf("error %v is not what it is", err)
	}
	if got := err.Error(); got != "ai: resolve_thread: rate limited: slow down" {
		t.Errorf("error %q", got)
	}
	r.fail = errors.New("secret")
	if _, err := call(t, tools, "resolve_thread", ""); strings.Contains(err.Error(), "secret") || !errors.Is(err, r.fail) {
		t.Errorf("error %v, want its cause wrapped and not told", err)
	}

	// A turn that was stopped ends with the cause.
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(bot.ErrLeaseLost)
	for _, tool := range tools {
		if tool.Name == "resolve_thread" {
			if _, err := tool.Call(ctx, nil); codeOf(err) != "stopped" || !errors.Is(err, bot.ErrLeaseLost) {
				t.Errorf("error %v, want one that says why the turn was stopped", err)
			}
		}
	}

	// A platform that cannot do it says so.
	_, plain := threadOf(t, adaptertest.NewFake("helper"))
	_, err = call(t, ai.Tools(plain, ai.ToolOptions{}), "get_messages", "")
	if codeOf(err) != "failed" || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error %v, want one that is errors.ErrUnsupported", err)
	}
}
