package linear

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linearbot/linearbot/adapter"
)

const (
	payloadEnvelope = `"organizationId":"org","createdAt":"2026-10-02T09:15:04.120Z","webhookTimestamp":1`
	payloadAda      = `{"id":"ada","name":"Ada","url":"https://linear.app/acme/profiles/ada"}`
	payloadBot      = `{"id":"bot","name":"Helper Bot"}`
)

func payloadTime() time.Time { return time.Date(2026, 10, 2, 9, 15, 4, 120_000_000, time.UTC) }

func payloadAdaUser() adapter.User {
	return adapter.User{ID: "ada", Name: "ada", FullName: "Ada", URL: "https://linear.app/acme/profiles/ada", Kind: adapter.UserHuman}
}

// decodeBody decodes a body to which the common part of the envelope is added.
func decodeBody(t *testing.T, body string, self *adapter.Identity) adapter.Event {
	t.Helper()
	body = strings.TrimSuffix(body, "}") + "," + payloadEnvelope + "}"
	ev, err := decodeDelivery(deliveryOf(body), self, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := routeDelivery(deliveryOf(body))
	if err != nil {
		t.Fatal(err)
	}
	checkAgree(t, &r, ev.Head())
	return ev
}

// diffEvents compares events, except for the fields that come from the route.
func diffEvents(want, got adapter.Event) string {
	return cmp.Diff(want, got, cmpopts.IgnoreFields(adapter.Meta{}, "Key", "Workspace", "Type", "Action", "At", "Raw"))
}

func TestDecodeMeta(t *testing.T) {
	t.Parallel()
	body := `{"type":"Comment","action":"create","url":"u","actor":` + payloadAda +
		`,"data":{"id":"c","body":"hi","issueId":"i","user":` + payloadAda + `},` + payloadEnvelope + `}`
	ev, err := decodeDelivery(&adapter.Delivery{Body: []byte(body), Late: true}, payloadSelf(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &adapter.Meta{
		Key: "Comment|create|c", Act: "comment:c", Workspace: "org", Thread: "linear:i:c:c", Type: "Comment",
		Action: "create", Actor: payloadAdaUser(), At: payloadTime(), URL: "u", Late: true, Raw: json.RawMessage(body),
	}
	if diff := cmp.Diff(want, ev.Head()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeComment(t *testing.T) {
	t.Parallel()
	ada := payloadAdaUser()
	issue := &adapter.Issue{ID: "i", Identifier: "ENG-1", Team: adapter.Team{ID: "t", Key: "ENG"}}
	message := func(edit func(*adapter.Message)) *adapter.Message {
		m := &adapter.Message{
			ID: "c", Thread: "linear:i:c:r", ParentID: "r", Author: ada, Body: "hi", CreatedAt: payloadTime(), URL: "u",
			Issue: issue,
		}
		if edit != nil {
			edit(m)
		}
		return m
	}
	meta := adapter.Meta{Thread: "linear:i:c:r", URL: "u", Actor: ada}
	act := meta
	act.Act = "comment:c"
	data := func(extra string) string {
		return `"url":"u","actor":` + payloadAda + `,"data":{"id":"c","body":"hi","parentId":"r","issueId":"i",` +
			`"createdAt":"2026-10-02T09:15:04.120Z","updatedAt":"2026-10-02T09:15:05Z",` +
			`"issue":{"id":"i","identifier":"ENG-1","team":{"id":"t","key":"ENG"}},"user":` + payloadAda + extra + `}`
	}
	const edited = `,"editedAt":"2026-10-02T09:15:04.120Z"`
	withEdit := message(func(m *adapter.Message) { m.EditedAt = payloadTime() })
	tests := []struct {
		name, body string
		want       adapter.Event
	}{
		{"create", `{"type":"Comment","action":"create",` + data("") + `}`, &adapter.MessageEvent{Meta: act, Message: message(nil)}},
		{"remove", `{"type":"Comment","action":"remove",` + data("") + `}`, &adapter.DeleteEvent{Meta: meta, Message: message(nil)}},
		{
			"edit", `{"type":"Comment","action":"update",` + data(edited) + `,"updatedFrom":{"body":"ho","editedAt":null}}`,
			&adapter.EditEvent{Meta: meta, Message: withEdit, Previous: "ho", HasPrevious: true},
		},
		{
			"edit without the old text", `{"type":"Comment","action":"update",` + data(edited) + `,"updatedFrom":{"editedAt":null}}`,
			&adapter.EditEvent{Meta: meta, Message: withEdit},
		},
		{
			"edit and resolve", `{"type":"Comment","action":"update",` + data(edited) + `,"updatedFrom":{"resolvedAt":null,"body":""}}`,
			&adapter.EditEvent{Meta: meta, Message: withEdit, HasPrevious: true},
		},
		{
			"resolve",
			`{"type":"Comment","action":"update",` + data(`,"resolvedAt":"2026-10-02T09:15:04.120Z"`) + `,"updatedFrom":{"resolvedAt":null}}`,
			&adapter.ResolveEvent{Meta: meta, Resolved: true, Message: message(nil)},
		},
		{
			"reopen", `{"type":"Comment","action":"update",` + data(`,"resolvedAt":null`) + `,"updatedFrom":{"resolvedAt":"2026"}}`,
			&adapter.ResolveEvent{Meta: meta, Message: message(nil)},
		},
		{
			"reaction", `{"type":"Comment","action":"update",` + data("") + `,"updatedFrom":{"reactionData":[],"updatedAt":"x"}}`,
			&adapter.OtherEvent{Meta: meta, Reason: "not_an_edit"},
		},
		{
			"session root", `{"type":"Comment","action":"create",` + data(`,"isArtificialAgentSessionRoot":true`) + `}`,
			&adapter.OtherEvent{Meta: meta, Reason: "session_root"},
		},
		{
			"no author", `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","issueId":"i"}}`,
			&adapter.OtherEvent{Meta: adapter.Meta{Thread: "linear:i:c:c"}, Reason: "no_author", Missing: "data.userId"},
		},
		{
			"author only in the envelope",
			`{"type":"Comment","action":"create","actor":` + payloadAda + `,"data":{"id":"c","body":"","issueId":"i"}}`,
			&adapter.MessageEvent{
				Meta:    adapter.Meta{Thread: "linear:i:c:c", Act: "comment:c", Actor: ada},
				Message: &adapter.Message{ID: "c", Thread: "linear:i:c:c", Author: ada, Issue: &adapter.Issue{ID: "i"}},
			},
		},
		{
			"on a document", `{"type":"Comment","action":"create","data":{"id":"c","body":"hi","documentContentId":"d","user":` + payloadAda + `}}`,
			&adapter.MessageEvent{
				Meta:    adapter.Meta{Thread: "linear:document/d:c:c", Act: "comment:c", Actor: ada},
				Message: &adapter.Message{ID: "c", Thread: "linear:document/d:c:c", Author: ada, Body: "hi"},
			},
		},
		{
			"malformed", `{"type":"Comment","action":"create","data":{"body":"hi"}}`,
			&adapter.OtherEvent{Reason: "malformed", Missing: "data.id"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := diffEvents(tt.want, decodeBody(t, tt.body, payloadSelf())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeReaction(t *testing.T) {
	t.Parallel()
	ada := payloadAdaUser()
	tests := []struct {
		name, body string
		want       adapter.Event
	}{
		{
			"added to a comment",
			`{"type":"Reaction","action":"create","data":{"id":"e","emoji":"+1","commentId":"c","comment":{"id":"c","issueId":"i"},"user":` + payloadAda + `}}`,
			&adapter.ReactionEvent{
				Meta:  adapter.Meta{Act: "reaction:c:ada:thumbs_up", Thread: "linear:i:c:c", Incomplete: true, Actor: ada},
				Added: true, Emoji: "thumbs_up", RawEmoji: "+1", MessageID: "c", User: ada,
			},
		},
		{
			"removed from a comment of unknown place",
			`{"type":"Reaction","action":"remove","data":{"id":"e","emoji":"no_such","comment":{"id":"c"},"userId":"bot"}}`,
			&adapter.ReactionEvent{
				Meta:  adapter.Meta{Thread: "linear:comment/c", Incomplete: true, Actor: adapter.User{ID: "bot", Kind: adapter.UserSelf}},
				Emoji: "no_such", RawEmoji: "no_such", MessageID: "c", User: adapter.User{ID: "bot", Kind: adapter.UserSelf},
			},
		},
		{
			"added to an issue",
			`{"type":"Reaction","action":"create","url":"u","actor":` + payloadAda + `,"data":{"id":"e","emoji":"🎉","issueId":"i"}}`,
			&adapter.ReactionEvent{
				Meta:  adapter.Meta{Act: "reaction:i:ada:party", Thread: "linear:i", URL: "u", Actor: ada},
				Added: true, Emoji: "party", RawEmoji: "🎉", User: ada,
			},
		},
		{
			"added to a project update by a person from outside",
			`{"type":"Reaction","action":"create","data":{"id":"e","emoji":"eyes","projectUpdateId":"p","externalUserId":"x"}}`,
			&adapter.ReactionEvent{
				Meta: adapter.Meta{
					Act: "reaction:p:x:eyes", Thread: "linear:project-update/p",
					Actor: adapter.User{ID: "x", Kind: adapter.UserExternal},
				},
				Added: true, Emoji: "eyes", RawEmoji: "eyes", User: adapter.User{ID: "x", Kind: adapter.UserExternal},
			},
		},
		{
			"changed", `{"type":"Reaction","action":"update","data":{"id":"e","emoji":"eyes","issueId":"i"}}`,
			&adapter.DataEvent{Meta: adapter.Meta{Thread: "linear:i"}, ID: "e"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := diffEvents(tt.want, decodeBody(t, tt.body, payloadSelf())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeIssue(t *testing.T) {
	t.Parallel()
	body := `{"type":"Issue","action":"create","url":"u","actor":` + payloadAda + `,"data":{
		"id":"i","identifier":"ENG-1","title":"T","description":"@helper-bot go","url":"iu","priority":2,
		"teamId":"t","team":{"id":"t","key":"ENG","name":"Eng"},"stateId":"st","state":{"id":"st","name":"Todo","type":"unstarted"},
		"assigneeId":"ada","assignee":` + payloadAda + `,"delegateId":"bot","delegate":` + payloadBot + `,"creator":` + payloadAda + `,
		"labels":[{"id":"l","name":"Bug"}],"labelIds":["l"],"projectId":"p","project":{"id":"p","name":"P"},"cycleId":"cy",
		"dueDate":"2026-10-15","createdAt":"2026-10-02T09:15:04.120Z","updatedAt":"2026-10-02T09:15:04.120Z"}}`
	ada, bot := payloadAdaUser(), adapter.User{ID: "bot", FullName: "Helper Bot", Kind: adapter.UserSelf}
	issue := &adapter.Issue{
		ID: "i", Identifier: "ENG-1", Title: "T", Description: "@helper-bot go", URL: "iu", Priority: 2,
		Team: adapter.Team{ID: "t", Key: "ENG", Name: "Eng"}, State: adapter.IssueState{ID: "st", Name: "Todo", Type: "unstarted"},
		Assignee: &ada, Delegate: &bot, Creator: &ada, Labels: []adapter.Label{{ID: "l", Name: "Bug"}}, ProjectID: "p", Project: "P",
		CycleID: "cy", DueDate: "2026-10-15", CreatedAt: payloadTime(), UpdatedAt: payloadTime(),
	}
	want := &adapter.IssueEvent{
		Meta:  adapter.Meta{Act: "issue:i:description", Thread: "linear:i", URL: "u", Actor: ada},
		Issue: issue,
		Mention: &adapter.Message{
			ID: "i", Thread: "linear:i", Author: ada, Body: "@helper-bot go", CreatedAt: payloadTime(), URL: "u", Issue: issue,
		},
	}
	if diff := diffEvents(want, decodeBody(t, body, payloadSelf())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeIssueChanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, action, data, from string
		mention, previous, act   string
		author                   string
	}{
		{name: "new description", action: "create", data: `"description":"go","creatorId":"ada"`, mention: "go", act: "issue:i:description", author: "ada"},
		{name: "no description", action: "create", data: `"description":null`},
		{name: "empty description", action: "update", data: `"description":""`, from: `{"description":null}`},
		{
			name: "description set", action: "update", data: `"description":"go","creatorId":"ada"`, from: `{"description":null}`,
			mention: "go", act: "issue:i:description", author: "bob",
		},
		{
			name: "description changed", action: "update", data: `"description":"@helper-bot go"`, from: `{"description":"@helper-bot"}`,
			mention: "@helper-bot go", previous: "@helper-bot", act: "issue:i:description", author: "bob",
		},
		{name: "title changed", action: "update", data: `"description":"@helper-bot go"`, from: `{"title":"x"}`},
		{name: "delegated", action: "update", data: `"description":"x","delegateId":"bot"`, from: `{"delegateId":null}`, act: "delegate:i:bot"},
		{name: "born delegated", action: "create", data: `"delegate":` + payloadBot, act: "delegate:i:bot"},
		{name: "delegated to another", action: "update", data: `"delegateId":"x"`, from: `{"delegateId":null}`},
		{name: "still delegated", action: "update", data: `"delegateId":"bot"`, from: `{"title":"x"}`},
		{name: "taken away", action: "update", data: `"delegateId":null`, from: `{"delegateId":"bot"}`, act: "undelegate:i:bot"},
		{
			name: "delegated, description changed without mention", action: "update", data: `"delegateId":"bot","description":"y"`,
			from: `{"delegateId":null,"description":"x"}`, act: "delegate:i:bot", mention: "y", previous: "x", author: "bob",
		},
		{
			name: "delegated and mentioned", action: "update", data: `"delegateId":"bot","description":"@helper-bot"`,
			from: `{"delegateId":null,"description":"x"}`, act: "issue:i:description", mention: "@helper-bot", previous: "x", author: "bob",
		},
		{name: "removed", action: "remove", data: `"description":"@helper-bot"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := `{"type":"Issue","action":"` + tt.action + `","actor":{"id":"bob","type":"user"},"data":{"id":"i",` + tt.data + `}`
			if tt.from != "" {
				body += `,"updatedFrom":` + tt.from
			}
			ev, ok := decodeBody(t, body+"}", payloadSelf()).(*adapter.IssueEvent)
			if !ok {
				t.Fatal("not an IssueEvent")
			}
			var mention, author string
			if ev.Mention != nil {
				mention, author = ev.Mention.Body, ev.Mention.Author.ID
			}
			if mention != tt.mention || author != tt.author || ev.PreviousText != tt.previous || ev.Act != tt.act {
				t.Errorf("mention %q by %q, before %q, act %q", mention, author, ev.PreviousText, ev.Act)
			}
			if (ev.Changes != nil) != (tt.action == "update") {
				t.Errorf("changes %v", ev.Changes)
			}
			if tt.from != "" {
				raw, err := json.Marshal(ev.Changes)
				if err != nil || len(raw) != len(tt.from) {
					t.Errorf("changes %s, want %s", raw, tt.from)
				}
			}
		})
	}
}

func TestDecodeSession(t *testing.T) {
	t.Parallel()
	type want struct {
		id, parent, body, author, act string
		kind                          adapter.UserKind
		source                        string
		delegated                     bool
		previous                      string
	}
	const (
		root       = `"commentId":"r","comment":{"id":"r","body":"root text","userId":"bob"}`
		artificial = `"comment":{"id":"r","body":"This thread is for an agent session with helper-bot."}`
		byAda      = `"creator":` + payloadAda
	)
	tests := []struct {
		name, session, rest string
		want                want
	}{
		{
			"mention in a root comment", root + `,` + byAda, `"promptContext":"ctx","previousComments":[]`,
			want{id: "r", body: "root text", author: "ada", kind: adapter.UserHuman, act: "comment:r", source: "r"},
		},
		{
			"the mention among the comments before", root + `,` + byAda, `"previousComments":[{"id":"r","body":"root text"}]`,
			want{id: "r", body: "root text", author: "ada", kind: adapter.UserHuman, act: "comment:r", source: "r"},
		},
		{
			"mention in a reply", root + `,"sourceCommentId":"c",` + byAda,
			`"promptContext":"ctx","previousComments":[{"id":"r","body":"root text","userId":"bob"},{"id":"x","body":"more","userId":"bot"},{"id":"c","body":"reply text"}]`,
			want{id: "c", parent: "r", body: "reply text", author: "ada", kind: adapter.UserHuman, act: "comment:c", source: "c", previous: "bob unknown: root text|bot self: more"},
		},
		{
			"mention in a reply, by the metadata",
			root + `,"sourceMetadata":{"type":"comment","agentSessionMetadata":{"sourceCommentId":"c"}},` + byAda, `"promptContext":"ctx"`,
			want{id: "c", parent: "r", body: "ctx", author: "ada", kind: adapter.UserHuman, act: "comment:c", source: "c", previous: "bob unknown: root text"},
		},
		{
			"mention in an unknown reply", root + `,` + byAda, `"promptContext":"ctx","previousComments":[{"id":"x","body":"more"}]`,
			want{id: "r", body: "ctx", author: "ada", kind: adapter.UserHuman, previous: "bob unknown: root text| unknown: more"},
		},
		{
			"mention in an unknown reply, no context", root + `,` + byAda, `"previousComments":[{"id":"x","body":"more"}]`,
			want{id: "r", body: "root text", author: "ada", kind: adapter.UserHuman, previous: "bob unknown: root text| unknown: more"},
		},
		{
			"delegation", byAda, `"promptContext":"ctx"`,
			want{id: "agent-session-s", body: "ctx", author: "ada", kind: adapter.UserHuman, act: "delegate:i:bot", delegated: true},
		},
		{
			"delegation with a root written by Linear", artificial + `,` + byAda, `"promptContext":"ctx","previousComments":[{"id":"r","body":"This thread"}]`,
			want{id: "r", body: "ctx", author: "ada", kind: adapter.UserHuman, act: "delegate:i:bot", delegated: true},
		},
		{
			"delegation with a marked root", `"comment":{"id":"r","body":"x","isArtificialAgentSessionRoot":true},"sourceCommentId":"r",` + byAda, `"appUserId":"bot"`,
			want{id: "r", author: "ada", kind: adapter.UserHuman, act: "delegate:i:bot", delegated: true},
		},
		{
			"mention in the description", artificial + `,"issue":{"id":"i","description":"hi @helper-bot"},` + byAda, `"promptContext":"ctx"`,
			want{id: "r", body: "ctx", author: "ada", kind: adapter.UserHuman, act: "issue:i:description"},
		},
		{
			"automation", `"creator":null`, `"promptContext":"ctx"`,
			want{id: "agent-session-s", body: "ctx", author: automationID, kind: adapter.UserAutomation, act: "delegate:i:bot", delegated: true},
		},
		{
			"by the bot itself", root + `,"creatorId":"bot"`, `"promptContext":"ctx"`,
			want{id: "r", body: "root text", author: "bot", kind: adapter.UserSelf, act: "comment:r", source: "r"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := `{"type":"AgentSessionEvent","action":"created",` + tt.rest +
				`,"agentSession":{"id":"s","issueId":"i","status":"pending","appUserId":"bot","createdAt":"2026-10-02T09:15:04.120Z",` + tt.session + `}}`
			ev, ok := decodeBody(t, body, payloadSelf()).(*adapter.MessageEvent)
			if !ok {
				t.Fatal("not a MessageEvent")
			}
			m := ev.Message
			var previous []string
			for _, p := range m.Session.Previous {
				previous = append(previous, p.Author.ID+" "+p.Author.Kind.String()+": "+p.Body)
			}
			got := want{
				id: m.ID, parent: m.ParentID, body: m.Body, author: m.Author.ID, kind: m.Author.Kind, act: ev.Act,
				source: m.Session.SourceCommentID, delegated: m.Session.Delegated, previous: strings.Join(previous, "|"),
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if m.Addressed != adapter.TernaryYes || m.Session.ID != "s" || m.Session.Status != "pending" || m.Thread != "linear:i:s:s" ||
				!m.CreatedAt.Equal(payloadTime()) || m.Issue == nil || m.Session.ActivityID != "" {
				t.Errorf("message %+v, session %+v", m, m.Session)
			}
		})
	}
}

func TestDecodePrompt(t *testing.T) {
	t.Parallel()
	event := func(activity, app string) string {
		return `{"type":"AgentSessionEvent","action":"prompted","guidance":[{"body":"be brief"},7],"agentActivity":` + activity +
			`,"agentSession":{"id":"s","issueId":"i","commentId":"r","appUserId":"` + app + `","url":"u","creator":` + payloadAda + `}}`
	}
	bob := adapter.User{ID: "bob", FullName: "Bob", Email: "bob@acme.test", Kind: adapter.UserHuman}
	ada := payloadAdaUser()
	message := func(id, body string) *adapter.Message {
		return &adapter.Message{
			ID: id, ParentID: "r", Thread: "linear:i:s:s", Author: bob, Body: body, URL: "u", Addressed: adapter.TernaryYes,
			Issue:   &adapter.Issue{ID: "i"},
			Session: &adapter.Session{ID: "s", CommentID: "r", CommentThread: "linear:i:c:r", SourceCommentID: "r", Creator: &ada, ActivityID: "a", Request: body, Guidance: []adapter.Guidance{{Body: "be brief"}}},
		}
	}
	meta := adapter.Meta{Thread: "linear:i:s:s", URL: "u", Actor: bob}
	act := meta
	act.Act = "comment:c"
	const user = `"user":{"id":"bob","name":"Bob","email":"bob@acme.test"}`
	signaled := func(id, body, signal string) *adapter.Message {
		m := message(id, body)
		m.Session.Signal = signal
		return m
	}
	tests := []struct {
		name, activity, app string
		want                adapter.Event
	}{
		{
			"from a comment", `{"id":"a","sourceCommentId":"c","content":{"type":"prompt","body":"hi"},` + user + `}`, "bot",
			&adapter.MessageEvent{Meta: act, Message: message("c", "hi")},
		},
		{
			"without a comment", `{"id":"a","content":{"body":"hi"},` + user + `}`, "bot",
			&adapter.MessageEvent{Meta: meta, Message: message("a", "hi")},
		},
		{
			"text at the activity", `{"id":"a","body":"hi","content":7,` + user + `}`, "bot",
			&adapter.MessageEvent{Meta: meta, Message: message("a", "hi")},
		},
		{
			"another signal", `{"id":"a","signal":"continue","content":{"body":"hi"},` + user + `}`, "bot",
			&adapter.MessageEvent{Meta: meta, Message: signaled("a", "hi", "continue")},
		},
		{
			"a signal without text", `{"id":"a","signal":"continue",` + user + `}`, "bot",
			&adapter.MessageEvent{Meta: meta, Message: signaled("a", "", "continue")},
		},
		{
			"stop", `{"id":"a","signal":"stop","sourceCommentId":"c","content":{"body":"stop"},` + user + `}`, "bot",
			&adapter.StopEvent{Meta: meta, Message: message("c", "stop")},
		},
		{
			"stop without text", `{"id":"a","signal":"stop",` + user + `}`, "bot",
			&adapter.StopEvent{Meta: meta, Message: message("a", "")},
		},
		{
			"no text", `{"id":"a","content":{"type":"prompt"},` + user + `}`, "bot",
			&adapter.OtherEvent{Meta: meta, Reason: "malformed", Missing: "agentActivity.content.body"},
		},
		{
			"another app", `{"id":"a","signal":"stop",` + user + `}`, "other",
			&adapter.OtherEvent{Meta: adapter.Meta{Thread: "linear:i:s:s"}, Reason: "other_app"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := diffEvents(tt.want, decodeBody(t, event(tt.activity, tt.app), payloadSelf())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeNotification(t *testing.T) {
	t.Parallel()
	ada := payloadAdaUser()
	const (
		issue   = `"issueId":"i","issue":{"id":"i","description":"@helper-bot go","url":"iu"}`
		comment = `"commentId":"c","comment":{"id":"c","body":"@helper-bot hi","userId":"ada"},"parentCommentId":"r"`
	)
	tests := []struct {
		kind, body             string
		thread                 adapter.ThreadID
		act, message, author   string
		addressed              adapter.Ternary
		emoji                  string
		unresolved, wantNoUser bool
	}{
		{kind: "issueCommentMention", body: issue + "," + comment, thread: "linear:i:c:r", act: "comment:c", message: "c", author: "ada", addressed: adapter.TernaryYes},
		{kind: "issueNewComment", body: issue + "," + comment, thread: "linear:i:c:r", act: "comment:c", message: "c", author: "ada"},
		{kind: "documentCommentMention", body: `"documentId":"d","comment":{"id":"c","body":"x","documentContentId":"dc"}`, thread: "linear:document/dc:c:c", act: "comment:c", message: "c", author: "ada", addressed: adapter.TernaryYes},
		{kind: "projectUpdateNewComment", body: `"projectUpdateId":"p","projectId":"q","commentId":"c"`, thread: "linear:project-update/p:c:c", act: "comment:c", message: "c", author: "ada"},
		{kind: "initiativeCommentMention", body: `"commentId":"c"`, thread: "linear:comment/c", unresolved: true, act: "comment:c", message: "c", author: "ada", addressed: adapter.TernaryYes},
		{kind: "issueThreadResolved", body: issue + "," + comment, thread: "linear:i:c:r", message: "c", author: "ada"},
		{kind: "issueMention", body: issue, thread: "linear:i", act: "issue:i:description", message: "i", author: "ada", addressed: adapter.TernaryYes},
		{kind: "issueAssignedToYou", body: issue, thread: "linear:i", act: "delegate:i:bot"},
		{kind: "issueUnassignedFromYou", body: `"issueId":"i"`, thread: "linear:i", act: "undelegate:i:bot"},
		{kind: "issueStatusChanged", body: issue, thread: "linear:i"},
		{kind: "issueCommentReaction", body: issue + `,"commentId":"c","comment":{"id":"c","userId":"bot"},"reactionEmoji":"thumbsup"`, thread: "linear:i:c:c", act: "reaction:c:ada:thumbs_up", message: "c", author: "bot", emoji: "thumbs_up"},
		{kind: "issueEmojiReaction", body: issue + `,"reactionEmoji":"🎉"`, thread: "linear:i", act: "reaction:i:ada:party", emoji: "party"},
		{kind: "agentAssignable", body: `"x":1`},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			ev, ok := decodeBody(t, `{"type":"AppUserNotification","action":"`+tt.kind+`","appUserId":"bot","notification":{"id":"n",`+
				tt.body+`,"actor":`+payloadAda+`}}`, payloadSelf()).(*adapter.NotificationEvent)
			if !ok {
				t.Fatal("not a NotificationEvent")
			}
			if ev.Kind != tt.kind || ev.Thread != tt.thread || ev.Incomplete != tt.unresolved || ev.Act != tt.act || ev.Emoji != tt.emoji ||
				ev.Actor != ada {
				t.Errorf("got %+v", ev)
			}
			var id, author string
			var addressed adapter.Ternary
			if ev.Message != nil {
				id, author, addressed = ev.Message.ID, ev.Message.Author.ID, ev.Message.Addressed
			}
			if id != tt.message || author != tt.author || addressed != tt.addressed {
				t.Errorf("message %q by %q, addressed %d", id, author, addressed)
			}
		})
	}
	ev := decodeBody(t, `{"type":"AppUserNotification","action":"issueMention","appUserId":"x","notification":{"id":"n"}}`, payloadSelf())
	if o, ok := ev.(*adapter.OtherEvent); !ok || o.Reason != reasonOtherApp {
		t.Errorf("for another app: %+v", ev)
	}
}

func TestDecodeRest(t *testing.T) {
	t.Parallel()
	ada := payloadAdaUser()
	tests := []struct {
		name, body string
		want       adapter.Event
	}{
		{"app revoked", `{"type":"OAuthApp","action":"revoked","oauthClientId":"o"}`, &adapter.UninstallEvent{ClientID: "o"}},
		{
			"teams", `{"type":"PermissionChange","action":"teamAccessChanged","canAccessAllPublicTeams":true,"addedTeamIds":["a"],"removedTeamIds":["b","c"]}`,
			&adapter.AccessEvent{AllPublicTeams: true, AddedTeams: []string{"a"}, RemovedTeams: []string{"b", "c"}},
		},
		{
			"authorization", `{"type":"OAuthAuthorization","action":"x","oauthClient":{"id":"o"},"userId":"ada","user":` + payloadAda + `,"activeTokensForUser":2.0}`,
			&adapter.AuthorizationEvent{Meta: adapter.Meta{Actor: ada}, User: ada, ClientID: "o", ActiveTokens: 2},
		},
		{
			"agreement", `{"type":"IssueSLA","action":"breached","url":"u","issueData":{"id":"i","title":"T"}}`,
			&adapter.SLAEvent{Meta: adapter.Meta{Thread: "linear:i", URL: "u"}, Issue: &adapter.Issue{ID: "i", Title: "T"}},
		},
		{
			"attachment", `{"type":"Attachment","action":"create","url":"u","actor":` + payloadAda + `,"data":{"id":"x","issueId":"i"}}`,
			&adapter.DataEvent{Meta: adapter.Meta{Thread: "linear:i", URL: "u", Actor: ada}, ID: "x"},
		},
		{"label", `{"type":"IssueLabel","action":"create","data":{"id":"x"}}`, &adapter.DataEvent{ID: "x"}},
		{
			"label of a creator", `{"type":"IssueLabel","action":"create","data":{"id":"x","creatorId":"c"}}`,
			&adapter.DataEvent{Meta: adapter.Meta{Actor: adapter.User{ID: "c"}}, ID: "x"},
		},
		{
			"label of a creator, changed", `{"type":"IssueLabel","action":"update","data":{"id":"x","creatorId":"c"},"updatedFrom":{"name":"old"}}`,
			&adapter.DataEvent{ID: "x", Changes: map[string]json.RawMessage{"name": json.RawMessage(`"old"`)}},
		},
		{
			"customer need", `{"type":"CustomerNeed","action":"create","data":{"id":"x","issueId":"i","userId":"ada"}}`,
			&adapter.DataEvent{Meta: adapter.Meta{Thread: "linear:i", Actor: adapter.User{ID: "ada"}}, ID: "x"},
		},
		{
			"initiative update", `{"type":"InitiativeUpdate","action":"create","data":{"id":"x","user":` + payloadAda + `}}`,
			&adapter.DataEvent{Meta: adapter.Meta{Thread: "linear:initiative-update/x", Actor: ada}, ID: "x"},
		},
		{
			"user of the delivery", `{"type":"AuditEntry","action":"create","user":` + payloadAda + `,"data":{"id":"x","userId":"y"}}`,
			&adapter.DataEvent{Meta: adapter.Meta{Actor: ada}, ID: "x"},
		},
		{"unknown", `{"type":"Weather","action":"create","data":{"id":"x"}}`, &adapter.DataEvent{ID: "x"}},
		{"unknown action", `{"type":"OAuthApp","action":"renamed"}`, &adapter.DataEvent{}},
		{"no data", `{"type":"Reaction","action":"create","data":[]}`, &adapter.OtherEvent{Reason: "malformed", Missing: "data.id"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := diffEvents(tt.want, decodeBody(t, tt.body, payloadSelf())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// All events of one act have the same act name.
func TestActs(t *testing.T) {
	t.Parallel()
	const (
		user  = `"user":` + payloadAda
		actor = `"actor":` + payloadAda
		head  = `{"type":"AppUserNotification","appUserId":"bot",`
		open  = `{"type":"AgentSessionEvent","action":"created","appUserId":"bot","agentSession":{"id":"s","issueId":"i",`
	)
	for name, bodies := range map[string][]string{
		"comment:c": {
			`{"type":"Comment","action":"create","data":{"id":"c","parentId":"r","issueId":"i","body":"@helper-bot",` + user + `}}`,
			open + `"commentId":"r","sourceCommentId":"c"}}`,
			`{"type":"AgentSessionEvent","action":"prompted","agentSession":{"id":"s","issueId":"i"},"agentActivity":{"id":"a","sourceCommentId":"c","content":{"body":"x"}}}`,
			head + `"action":"issueCommentMention","notification":{"id":"n","issueId":"i","commentId":"c","parentCommentId":"r"}}`,
			head + `"action":"issueNewComment","notification":{"id":"m","issueId":"i","comment":{"id":"c"}}}`,
		},
		"issue:i:description": {
			`{"type":"Issue","action":"create","data":{"id":"i","description":"@helper-bot"}}`,
			open + `"issue":{"id":"i","description":"@helper-bot"}}}`,
			head + `"action":"issueMention","notification":{"id":"n","issueId":"i"}}`,
		},
		"delegate:i:bot": {
			`{"type":"Issue","action":"update","data":{"id":"i","delegateId":"bot"},"updatedFrom":{"delegateId":null}}`,
			open + `"creator":` + payloadAda + `}}`,
			head + `"action":"issueAssignedToYou","notification":{"id":"n","issueId":"i"}}`,
		},
		"undelegate:i:bot": {
			`{"type":"Issue","action":"update","data":{"id":"i"},"updatedFrom":{"delegateId":"bot"}}`,
			head + `"action":"issueUnassignedFromYou","notification":{"id":"n","issueId":"i"}}`,
		},
		"reaction:c:ada:thumbs_up": {
			`{"type":"Reaction","action":"create","data":{"id":"e","commentId":"c","emoji":"👍",` + user + `}}`,
			head + `"action":"issueCommentReaction","notification":{"id":"n","issueId":"i","commentId":"c","reactionEmoji":"+1",` + actor + `}}`,
		},
		"reaction:i:ada:thumbs_up": {
			`{"type":"Reaction","action":"create","data":{"id":"e","issueId":"i","emoji":"thumbsup",` + user + `}}`,
			head + `"action":"issueEmojiReaction","notification":{"id":"n","issueId":"i","reactionEmoji":"+1",` + actor + `}}`,
		},
	} {
		keys := map[string]bool{}
		for _, body := range bodies {
			m := decodeBody(t, body, payloadSelf()).Head()
			if m.Act != name {
				t.Errorf("act %q, want %q: %s", m.Act, name, body)
			}
			if keys[m.Key] {
				t.Errorf("key %q twice", m.Key)
			}
			keys[m.Key] = true
		}
	}
}
