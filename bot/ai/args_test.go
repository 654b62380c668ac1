package ai_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/linearbot/linearbot/bot/ai"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tool, args, want string }{
		{"get_messages", `{"limit":1}`, ""},
		{"get_messages", `{"limit":100.0}`, ""},
		{"get_messages", `{"limit":1e2}`, ""},
		{"get_messages", `{"limit":null}`, ""},
		{"get_messages", `{"before":""}`, ""},
		{"get_messages", ` `, ""},
		{"get_messages", `{"limit":0}`, "limit must be a whole number from 1 to 100"},
		{"get_messages", `{"limit":101}`, "limit must be a whole number from 1 to 100"},
		{"get_messages", `{"limit":1e999}`, "limit must be a whole number from 1 to 100"},
		{"get_messages", `{"limit":2.5}`, "limit must be a whole number from 1 to 100"},
		{"get_messages", `{"limit":"20"}`, "limit must be a whole number from 1 to 100"},
		{"get_messages", `{"before":7}`, "before must be a string"},
		{"get_messages", `{"Limit":7}`, `there is no parameter "Limit": the parameters are limit, before`},
		{"get_messages", `{"b":1,"a":2}`, `there is no parameter "a": the parameters are limit, before`},
		{"get_thread", `{"a":2}`, `there is no parameter "a": the parameters are none`},
		{"get_messages", `[]`, "the arguments must be a JSON object, for example {}"},
		{"get_messages", `"{}"`, "the arguments must be a JSON object, for example {}"},
		{"get_messages", `{}{}`, "there is more than one JSON object in the arguments"},
		{"get_messages", `{"limit":`, "the arguments are not valid JSON: unexpected EOF"},
		{"get_messages", `{"before":"` + strings.Repeat("ä", 201) + `"}`, "before has 201 characters, at most 200 are allowed"},
		{"get_messages", strings.Repeat(" ", 256<<10+1), "the arguments are longer than 262144 bytes"},
		{"post_message", `{}`, "text is required: The text in Markdown."},
		{"post_message", `{"text":null}`, "text is required: The text in Markdown."},
		{"post_message", `{"text":"\n"}`, "text must not be empty: The text in Markdown."},
	} {
		t.Run(c.tool+" "+c.args[:min(len(c.args), 30)], func(t *testing.T) {
			t.Parallel()
			_, th := threadOf(t, newRoom())
			_, err := call(t, ai.Tools(th, ai.ToolOptions{Preset: ai.PresetWriter}), c.tool, c.args)
			got := ""
			if e, ok := errors.AsType[*ai.Error](err); ok {
				got = e.Message
			}
			if got != c.want || (err != nil) != (codeOf(err) == "invalid_arguments") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzArguments calls every tool with whatever a model may send. A call ends
// with JSON or with a typed error in words, and never works outside its thread.
func FuzzArguments(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `null`, `[]`, `{"limit":5}`, `{"limit":1e400}`, `{"text":"x"}`, `{"message_id":"m1","text":"x"}`, `{"message_id":"m3","emoji":"+1"}`,
		`{"thread_id":"fake:elsewhere:t1","message_id":"m4"}`, `{"name":"ada"}`, `{"emoji":"\ud800"}`, `{"a":{"a":{"a":[]}}}`, "{\"text\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := lively()
		b, th := threadOf(t, r)
		for _, tool := range ai.Tools(th, ai.ToolOptions{Preset: ai.PresetAll, Bot: b, SameChannel: true, AllowWrites: true, AllowUsers: true}) {
			out, err := tool.Call(t.Context(), raw)
			if err == nil {
				if !json.Valid(out) || raw != nil && len(out) == 0 {
					t.Errorf("%s: result %q", tool.Name, out)
				}
				continue
			}
			e, ok := errors.AsType[*ai.Error](err)
			if !ok || e.Tool != tool.Name || e.Message == "" || !json.Valid(e.Result()) {
				t.Errorf("%s: error %v", tool.Name, err)
			}
			if ok && e.Code == ai.CodeInvalidArguments && !utf8.ValidString(string(e.Result())) {
				t.Errorf("%s: the model is told %q", tool.Name, e.Result())
			}
		}
		for _, did := range r.log() {
			if strings.Contains(did, "elsewhere") {
				t.Errorf("%s: out of scope", did)
			}
		}
	})
}

func BenchmarkCall(b *testing.B) {
	_, th := threadOf(b, lively())
	tools := ai.Tools(th, ai.ToolOptions{})
	args := json.RawMessage(`{"limit":20}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tools[1].Call(b.Context(), args); err != nil {
			b.Fatal(err)
		}
	}
}
