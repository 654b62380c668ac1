package recast_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/internal/fixture"
	"github.com/linearbot/linearbot/internal/recast"
	"github.com/linearbot/linearbot/internal/testfiles"
)

const (
	orgA, orgB = "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a111", "11111111-3fc8-4b8c-9f3a-2a64a1a4a111"
	botA, botB = "0f2d6b62-3fc8-4b8c-9f3a-2a64a1a4a222", "22222222-3fc8-4b8c-9f3a-2a64a1a4a222"
)

func TestBody(t *testing.T) {
	t.Parallel()
	m := recast.Origin{Workspace: orgA, URLKey: "acme", BotID: botA, Bot: "helper-bot"}.To(
		recast.Origin{Workspace: orgB, URLKey: "umbrella", BotID: botB, Bot: "ops.bot"})
	m.Issues["ENG-1"] = "OPS-7"
	for _, tt := range []struct{ name, body, want string }{
		{"ids", `{"organizationId" : "` + orgA + `"}`, `{"organizationId" : "` + orgB + `"}`},
		{"ids in another case", `{"a":"0F2D6B62-3fc8-4b8c-9f3a-2a64a1a4a222"}`, `{"a":"` + botB + `"}`},
		{"ids inside of texts", `{"a":["x` + botA + `y"]}`, `{"a":["x` + botB + `y"]}`},
		{"names of fields stay", `{"` + orgA + `":1}`, `{"` + orgA + `":1}`},
		{"mentions", `{"a":"@helper-bot hi\n@Helper-Bot, (@helper-bot)"}`, `{"a":"@ops.bot hi\n@ops.bot, (@ops.bot)"}`},
		{"other words", `{"a":"helper-bot @helper-bots me@helper-bot"}`, `{"a":"helper-bot @helper-bots me@helper-bot"}`},
		{"addresses", `{"a":"https://linear.app/acme/profiles/helper-bot and https://linear.app/acme2/x"}`, `{"a":"https://linear.app/umbrella/profiles/ops.bot and https://linear.app/acme2/x"}`},
		{"identifiers", `{"a":"ENG-1 ENG-12 XENG-1 https://linear.app/acme/issue/ENG-1/eng-1-title"}`, `{"a":"OPS-7 ENG-12 XENG-1 https://linear.app/umbrella/issue/OPS-7/OPS-7-title"}`},
		{"documents in strings", `{"a":"{\"id\":\"` + botA + `\",\"t\":\"\\n@helper-bot\"}"}`, `{"a":"{\"id\":\"` + botB + `\",\"t\":\"\\n@ops.bot\"}"}`},
		{"untouched escapes", `{"a":"\u0041\/ \"q\"", "b":1.50}`, `{"a":"\u0041\/ \"q\"", "b":1.50}`},
	} {
		got, err := m.Body([]byte(tt.body))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v\nwant %s", tt.name, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "[]", `"x"`, `{"a":"`, `{"a":"\`} {
		if got, err := m.Body([]byte(bad)); err == nil {
			t.Errorf("%q becomes %s", bad, got)
		}
	}
}

// A mapping that maps nothing changes no byte of real deliveries, and a mapping
// there and back neither.
func TestCaptured(t *testing.T) {
	t.Parallel()
	for _, path := range testfiles.Fixtures(t) {
		f, err := fixture.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		same, err := recast.Mapping{}.Body(f.Body)
		if diff := cmp.Diff(string(f.Body), string(same)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", path, err, diff)
		}
		from := recast.Read(f.Body)
		there, err := from.To(recast.Origin{Workspace: orgA, BotID: botA, URLKey: "other-key"}).Body(f.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got := recast.Read(there); from.Workspace != "" && got.Workspace != orgA || from.BotID != "" && got.BotID != botA {
			t.Errorf("%s: it comes from %+v", path, got)
		}
		back, err := recast.Origin{Workspace: orgA, BotID: botA, URLKey: "other-key"}.To(from).Body(there)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var was, is any
		if json.Unmarshal(f.Body, &was) != nil || json.Unmarshal(back, &is) != nil || !cmp.Equal(was, is) {
			t.Errorf("%s: there and back: %s", path, cmp.Diff(was, is))
		}
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body string
		want recast.Subject
	}{
		{
			`{"type":"Comment","data":{"id":"c","issueId":"i","issue":{"id":"i","identifier":"E-1"}}}`,
			recast.Subject{IssueID: "i", Identifier: "E-1", CommentID: "c", Begins: true, Occurred: []string{"c"}},
		},
		{`{"type":"Comment","data":{"id":"r","parentId":"c","issueId":"i"}}`, recast.Subject{IssueID: "i", CommentID: "c", Occurred: []string{"r", "c"}}},
		{`{"type":"Reaction","data":{"id":"x","commentId":"c","comment":{"id":"c"}}}`, recast.Subject{CommentID: "c", Occurred: []string{"x", "c"}}},
		{
			`{"type":"AgentSessionEvent","agentSession":{"id":"s","issueId":"i","commentId":"c"},"agentActivity":{"id":"a","sourceCommentId":"r"}}`,
			recast.Subject{IssueID: "i", CommentID: "c", Occurred: []string{"s", "a", "c", "r"}},
		},
		{
			`{"type":"AppUserNotification","notification":{"id":"n","issueId":"i","commentId":"r","parentCommentId":"c"}}`,
			recast.Subject{IssueID: "i", CommentID: "c", Occurred: []string{"n", "r", "c"}},
		},
		{`{"type":"Issue","data":{"id":"i","identifier":"E-1","parentId":"other"}}`, recast.Subject{IssueID: "i", Identifier: "E-1"}},
		{`nonsense`, recast.Subject{}},
	} {
		if diff := cmp.Diff(tt.want, recast.About([]byte(tt.body))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.body, diff)
		}
	}
	if got := string(recast.Reply([]byte(`{"type":"Comment","data":{"id":"c"}}`), "root")); got != `{"data":{"id":"c","parentId":"root"},"type":"Comment"}` {
		t.Errorf("as a reply: %s", got)
	}
	if got := string(recast.Reply([]byte(`{"type":"Issue","data":{}}`), "root")); got != `{"type":"Issue","data":{}}` {
		t.Errorf("an issue as a reply: %s", got)
	}
}

func TestOriginOr(t *testing.T) {
	t.Parallel()
	a := recast.Origin{Workspace: orgA}
	if got := a.Or(recast.Origin{Workspace: orgA, Bot: "x", BotID: botA}); got.Bot != "x" || got.BotID != botA {
		t.Errorf("of the same workspace: %+v", got)
	}
	if got := a.Or(recast.Origin{Workspace: orgB, Bot: "x"}); got != a {
		t.Errorf("of another workspace: %+v", got)
	}
}
