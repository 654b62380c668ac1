package adaptertest_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
)

const here adapter.ThreadID = "fake:room:t1"

func meta(actor string) adapter.Meta { return adapter.Meta{Actor: adapter.User{ID: actor}} }

func at(thread adapter.ThreadID, actor string) adapter.Meta {
	m := meta(actor)
	m.Thread = thread
	return m
}

func message(id, author, text string) *adapter.Message {
	return &adapter.Message{ID: id, Author: adapter.User{ID: author}, Body: text}
}

// said is the event of ada writing text into here.
func said(id, text string) *adapter.MessageEvent {
	return &adapter.MessageEvent{Meta: at(here, ""), Message: message(id, "ada", text)}
}

// apply performs an event and returns the decoded delivery.
func apply(t *testing.T, p *adaptertest.Platform, ev adapter.Event) adapter.Event {
	t.Helper()
	d, err := p.Apply(ev)
	if err != nil {
		t.Fatalf("Apply(%T): %v", ev, err)
	}
	out, err := p.Decode(d, &p.Self)
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	return out
}

func TestPlatformConforms(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	n := 0
	adaptertest.Run(t, adaptertest.Harness{
		Adapter:   p,
		Workspace: "W1",
		Thread:    here,
		NoThread:  "fake:room:nowhere",
		Say: func(_ *testing.T, text string) *adapter.Delivery {
			n++
			return p.Said(here, fmt.Sprintf("m%d", n), "ada", text)
		},
		Texts: func(*testing.T) []string { return p.Posted(here) },
	})
}

func TestPlatformAbilities(t *testing.T) {
	t.Parallel()
	for name, emojiName := range map[string]func(string) string{"plain emoji": nil, "named emoji": bot.EmojiName} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := adaptertest.NewPlatform("helper")
			p.EmojiName = emojiName
			ada := adapter.User{ID: "u-ada", Name: "ada", Email: "ada@example.com"}
			p.AddUser("W1", ada)
			apply(t, p, &adapter.IssueEvent{Meta: adapter.Meta{Thread: "fake:room", Action: "create", Actor: ada}, Issue: &adapter.Issue{
				Title: "Checkout fails", URL: "https://fake.test/room", State: adapter.IssueState{Name: "Todo"}, Team: adapter.Team{ID: "team"},
			}})
			n := 0
			say := func(_ *testing.T, text string) string {
				n++
				id := fmt.Sprintf("m%d", n)
				p.SaidBy(ada, "W1", here, id, text)
				return id
			}
			say(t, "the first words")
			p.Said("fake:room:t2", "other", "bob", "another thread")
			p.SaidBy(ada, "W2", here, "m1", "another workspace")
			const session adapter.ThreadID = "fake:room:session-1"
			adaptertest.RunAbilities(t, adaptertest.AbilityHarness{
				Adapter: p, Workspace: "W1", Thread: here, Session: session, Person: ada,
				Say: say,
				Texts: func(t *testing.T) []string {
					t.Helper()
					page, err := p.Messages(t.Context(), adapter.PageRequest{Thread: here, OldestFirst: true, Limit: 1000})
					if err != nil {
						t.Fatal(err)
					}
					return bodies(page.Messages)
				},
				Reactions: func(_ *testing.T, id string) []string {
					var out []string
					for _, r := range p.Reactions("W1", here, id) {
						out = append(out, r.Emoji)
					}
					return out
				},
				Resolved: func(*testing.T) bool { return p.Resolved("W1", here) },
				Shown: func(*testing.T) string {
					all := p.Statuses("W1", session)
					return all[len(all)-1]
				},
				Stored: func(t *testing.T, url string) []byte {
					t.Helper()
					f, err := p.Open(t.Context(), "W1", url, 1<<20)
					if err != nil {
						t.Fatal(err)
					}
					content, err := io.ReadAll(f)
					if err != nil {
						t.Fatal(err)
					}
					return content
				},
			})
		})
	}
}

func bodies(all []*adapter.Message) []string {
	var out []string
	for _, m := range all {
		out = append(out, m.Body)
	}
	return out
}

// What people do is delivered, and visible to later reads.
func TestPlatformApplies(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	p.EmojiName = bot.EmojiName
	ctx := t.Context()
	first, ok := apply(t, p, said("m1", "the frist words")).(*adapter.MessageEvent)
	if !ok || first.Message.Author.Name != "ada" || first.Actor.ID != "ada" || first.Message.ParentID != "" || first.Thread != here {
		t.Errorf("message %+v", first)
	}
	posted, err := p.Post(ctx, &adapter.Post{Workspace: "W1", Thread: here, Body: "answer", Key: "k"})
	if err != nil || posted.ParentID != "m1" {
		t.Fatalf("Post = %+v, %v, want an answer to m1", posted, err)
	}
	edit, ok := apply(t, p, &adapter.EditEvent{Meta: meta("ada"), Message: message("m1", "", "the first words")}).(*adapter.EditEvent)
	if !ok || edit.Previous != "the frist words" || !edit.HasPrevious || edit.Message.Body != "the first words" ||
		edit.Message.EditedAt.IsZero() || edit.Thread != here || edit.Message.Author.ID != "ada" || edit.Actor.ID != "ada" {
		t.Errorf("edit %+v", edit)
	}
	up, ok := apply(t, p, &adapter.ReactionEvent{Added: true, RawEmoji: "👍", MessageID: posted.ID, User: adapter.User{ID: "bob"}}).(*adapter.ReactionEvent)
	if !ok || !up.Added || up.Emoji != "thumbs_up" || up.RawEmoji != "👍" || up.MessageID != posted.ID || up.User.ID != "bob" || up.Actor.ID != "bob" || up.Thread != here {
		t.Errorf("reaction %+v", up)
	}
	if err := p.React(ctx, adapter.Ref{Workspace: "W1", Thread: here, MessageID: "m1"}, "eyes"); err != nil {
		t.Error(err)
	}
	if err := p.Unreact(ctx, adapter.Ref{Workspace: "W1", Thread: here, MessageID: "m9"}, "eyes"); err != nil {
		t.Errorf("Unreact of a message that is not there: %v", err)
	}
	resolved, ok := apply(t, p, &adapter.ResolveEvent{Meta: at(here, "ada"), Resolved: true}).(*adapter.ResolveEvent)
	if !ok || !resolved.Resolved || resolved.Message.ID != "m1" || resolved.Actor.ID != "ada" || !p.Resolved("", here) {
		t.Errorf("resolve %+v", resolved)
	}
	page, err := p.Messages(ctx, adapter.PageRequest{Thread: here, OldestFirst: true})
	if err != nil || len(page.Messages) != 2 {
		t.Fatalf("Messages = %+v, %v", page, err)
	}
	for i, want := range []string{"eyes by bot-user", "thumbs_up by bob"} {
		if r := page.Messages[i].Reactions; len(r) != 1 || r[0].Emoji+" by "+r[0].User.ID != want {
			t.Errorf("message %d has the reactions %+v, want %s", i, r, want)
		}
	}
	threads, err := p.Threads(ctx, adapter.PageRequest{Thread: here})
	if err != nil || len(threads.Threads) != 1 || threads.Threads[0].ResolvedAt.IsZero() || threads.Threads[0].Root.ID != "m1" {
		t.Errorf("Threads = %+v, %v", threads, err)
	}
	gone, ok := apply(t, p, &adapter.DeleteEvent{Meta: meta("bob"), Message: message("m1", "", "")}).(*adapter.DeleteEvent)
	if !ok || gone.Message.Body != "the first words" || gone.Message.Author.ID != "ada" || gone.Actor.ID != "bob" {
		t.Errorf("delete %+v", gone)
	}
	if page, err := p.Messages(ctx, adapter.PageRequest{Thread: here}); err != nil || len(page.Messages) != 1 {
		t.Errorf("Messages after the delete = %+v, %v, want one", page, err)
	}
	if err := p.Delete(ctx, adapter.Ref{Workspace: "W1", Thread: here, MessageID: posted.ID}); err != nil || len(p.Posted(here)) != 0 {
		t.Errorf("after Delete (%v) the bot's posts are %q", err, p.Posted(here))
	}
	if diff := cmp.Diff([]string{"the frist words", "the first words"}, p.Versions("W1", "m1")); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	for _, id := range []string{"ada", "bob", "bot-user"} {
		if u, err := p.User(ctx, "W1", adapter.UserQuery{ID: id}); err != nil || u.IsSelf() != (id == "bot-user") {
			t.Errorf("User(%s) = %+v, %v", id, u, err)
		}
	}
	if _, err := p.User(ctx, "W2", adapter.UserQuery{ID: "ada"}); adapter.CodeOf(err) != adapter.CodeNotFound {
		t.Errorf("a user of another workspace: %v", err)
	}
}

func TestPlatformRefuses(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	apply(t, p, said("m1", "words"))
	apply(t, p, said("m2", "more words"))
	apply(t, p, &adapter.DeleteEvent{Meta: meta("ada"), Message: message("m2", "", "")})
	apply(t, p, &adapter.ReactionEvent{Added: true, Emoji: "eyes", MessageID: "m1", User: adapter.User{ID: "bob"}})
	apply(t, p, &adapter.IssueEvent{Meta: adapter.Meta{Thread: "fake:room", Action: "create"}, Issue: &adapter.Issue{Title: "x"}})
	for _, tt := range []struct {
		name string
		ev   adapter.Event
		want adapter.Code
	}{
		{"a message twice", said("m1", "words"), adapter.CodeConflict},
		{"a message without id", said("", "words"), adapter.CodeInvalid},
		{"no message", &adapter.MessageEvent{Meta: at(here, "ada")}, adapter.CodeInvalid},
		{"a strange thread", &adapter.MessageEvent{Meta: at("linear:x", ""), Message: message("m9", "ada", "x")}, adapter.CodeInvalid},
		{"an edit of nothing", &adapter.EditEvent{Meta: meta("ada"), Message: message("m9", "", "x")}, adapter.CodeNotFound},
		{"an edit of what is deleted", &adapter.EditEvent{Meta: meta("ada"), Message: message("m2", "", "x")}, adapter.CodeNotFound},
		{"an edit by another", &adapter.EditEvent{Meta: meta("bob"), Message: message("m1", "", "x")}, adapter.CodeForbidden},
		{"an edit without message", &adapter.EditEvent{Meta: meta("ada")}, adapter.CodeInvalid},
		{"a second delete", &adapter.DeleteEvent{Meta: meta("ada"), Message: message("m2", "", "")}, adapter.CodeNotFound},
		{"a second reaction", &adapter.ReactionEvent{Added: true, Emoji: "eyes", MessageID: "m1", User: adapter.User{ID: "bob"}}, adapter.CodeConflict},
		{"a reaction that is not there", &adapter.ReactionEvent{Emoji: "eyes", MessageID: "m1", User: adapter.User{ID: "ada"}}, adapter.CodeNotFound},
		{"no emoji", &adapter.ReactionEvent{Added: true, MessageID: "m1", User: adapter.User{ID: "bob"}}, adapter.CodeInvalid},
		{"a reaction to nothing", &adapter.ReactionEvent{Added: true, Emoji: "eyes", MessageID: "m9"}, adapter.CodeNotFound},
		{"open, again", &adapter.ResolveEvent{Meta: at(here, "ada")}, adapter.CodeConflict},
		{"a resolved channel", &adapter.ResolveEvent{Meta: at("fake:room", "ada"), Resolved: true}, adapter.CodeUnsupported},
		{"a stop of a thread", &adapter.StopEvent{Meta: at(here, "ada")}, adapter.CodeUnsupported},
		{"an issue twice", &adapter.IssueEvent{Meta: adapter.Meta{Thread: "fake:room", Action: "create"}, Issue: &adapter.Issue{}}, adapter.CodeConflict},
		{"an issue in a thread", &adapter.IssueEvent{Meta: adapter.Meta{Thread: here, Action: "create"}, Issue: &adapter.Issue{}}, adapter.CodeInvalid},
		{"a change of nothing", &adapter.IssueEvent{Meta: at("fake:room", "ada"), Issue: &adapter.Issue{Title: "x"}}, adapter.CodeInvalid},
		{"a change without issue", &adapter.IssueEvent{Meta: at("fake:room", "ada")}, adapter.CodeInvalid},
		{"a change of no issue", &adapter.IssueEvent{Meta: at("fake:other", "ada"), Issue: &adapter.Issue{Title: "x"}}, adapter.CodeNotFound},
		{"a strange action", &adapter.IssueEvent{Meta: adapter.Meta{Thread: "fake:room", Action: "paint"}, Issue: &adapter.Issue{}}, adapter.CodeInvalid},
		{"nothing", nil, adapter.CodeInvalid},
	} {
		if d, err := p.Apply(tt.ev); err == nil || adapter.CodeOf(err) != tt.want {
			t.Errorf("%s: Apply = %v, %v, want code %s", tt.name, d, err, tt.want)
		}
	}
	if page, err := p.Messages(t.Context(), adapter.PageRequest{Thread: "fake:room"}); err != nil || len(page.Messages) != 1 {
		t.Errorf("a refused event left a trace: %+v, %v", page, err)
	}
	ref := adapter.Ref{Thread: here, MessageID: "m1"}
	if _, err := p.Edit(t.Context(), ref, "x"); adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("the bot's edit of another user's message: %v", err)
	}
	if err := p.Delete(t.Context(), ref); adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("the bot's delete of another user's message: %v", err)
	}
}

func TestPlatformFails(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	p := adaptertest.NewPlatform("helper")
	p.Said(here, "m1", "ada", "words")
	ref := adapter.Ref{Thread: here, MessageID: "m1"}
	p.FailWrites(nil, boom)
	p.FailReads(boom)
	for i, want := range []error{nil, boom, nil} {
		if err := p.React(t.Context(), ref, "eyes"); !errors.Is(err, want) {
			t.Errorf("React number %d: %v, want %v", i, err, want)
		}
	}
	for i, want := range []error{boom, nil} {
		if _, err := p.Messages(t.Context(), adapter.PageRequest{Thread: here}); !errors.Is(err, want) {
			t.Errorf("Messages number %d: %v, want %v", i, err, want)
		}
	}
}

func TestPlatformIssues(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	on := func(action string) adapter.Meta {
		return adapter.Meta{Thread: "fake:i1", Action: action, Actor: adapter.User{ID: "ada"}}
	}
	if _, err := p.Subject(t.Context(), "W1", "fake:i1:t1"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Subject of a room without an issue: %v", err)
	}
	issue := adapter.Issue{Title: "Checkout fails", Description: "@helper look", Labels: []adapter.Label{{ID: "bug"}}}
	created, ok := apply(t, p, &adapter.IssueEvent{Meta: on("create"), Issue: &issue}).(*adapter.IssueEvent)
	if !ok || created.Issue.ID != "i1" || created.Issue.Creator.ID != "ada" || created.Changes != nil || created.Mention.Body != "@helper look" || created.PreviousText != "" {
		t.Errorf("created %+v", created)
	}
	said, ok := apply(t, p, &adapter.MessageEvent{Meta: at("fake:i1:t1", ""), Message: message("m1", "ada", "x")}).(*adapter.MessageEvent)
	if !ok || said.Message.Issue == nil || said.Message.Issue.Title != "Checkout fails" {
		t.Errorf("a message lacks its issue: %+v", said)
	}
	issue.Priority, issue.Delegate, issue.State.Name = 2, &adapter.User{ID: "bot-user"}, "Todo"
	changed, ok := apply(t, p, &adapter.IssueEvent{Meta: on("update"), Issue: &issue}).(*adapter.IssueEvent)
	if !ok || changed.Mention != nil || len(changed.Changes) != 3 {
		t.Fatalf("changed %+v", changed)
	}
	view := &bot.IssueChange{IssueEvent: *changed}
	for field, want := range map[string]string{"priority": "0 2", "delegateId": `null "bot-user"`, "stateId": `null "Todo"`} {
		before, after, ok := view.Field(field)
		if got := string(before) + " " + string(after); !ok || got != want {
			t.Errorf("change of %s: %s, %t, want %s", field, got, ok, want)
		}
	}
	issue.Description = "@helper look again"
	again, ok := apply(t, p, &adapter.IssueEvent{Meta: on(""), Issue: &issue}).(*adapter.IssueEvent)
	if !ok || again.Action != "update" || again.PreviousText != "@helper look" || again.Mention.Body != "@helper look again" {
		t.Errorf("a new description %+v", again)
	}
	apply(t, p, &adapter.IssueEvent{Meta: on("remove")})
	if _, err := p.Subject(t.Context(), "W1", "fake:i1"); adapter.CodeOf(err) != adapter.CodeNotFound {
		t.Errorf("Subject of an issue that was removed: %v", err)
	}
}

func TestPlatformSessions(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	ctx := t.Context()
	const session adapter.ThreadID = "fake:room:session-1"
	told, ok := apply(t, p, &adapter.MessageEvent{Meta: at(session, ""), Message: message("m1", "ada", "do it")}).(*adapter.MessageEvent)
	if !ok || told.Message.Addressed != adapter.TernaryYes || told.Message.Session == nil || told.Message.Session.ID != "session-1" {
		t.Errorf("a prompt %+v", told)
	}
	act := func(kind adapter.ActivityKind, key, text string) *adapter.Activity {
		a := &adapter.Activity{Workspace: "W1", Thread: session, Key: key, Kind: kind, Body: text}
		if kind == adapter.ActivityAction {
			a.Name, a.Body = text, ""
		}
		return a
	}
	for _, a := range []*adapter.Activity{
		act(adapter.ActivityThought, "k1", "hm"), act(adapter.ActivityThought, "k1", "hm"), act(adapter.ActivityAction, "k2", "grep"), act(adapter.ActivityElicitation, "k3", "Which?"), act(adapter.ActivityElicitation, "k3", "Which?"),
	} {
		if err := p.Activity(ctx, a); err != nil {
			t.Errorf("Activity: %v", err)
		}
	}
	for range 2 {
		if _, err := p.Post(ctx, &adapter.Post{Workspace: "W1", Thread: session, Body: "done", Key: "k4"}); err != nil {
			t.Error(err)
		}
	}
	var got []string
	for _, a := range p.Activities("W1", session) {
		got = append(got, string(a.Kind)+" "+a.Name+a.Body)
	}
	if diff := cmp.Diff([]string{"thought hm", "action grep", "elicitation Which?", "response done"}, got); diff != "" {
		t.Errorf("activities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Which?", "done"}, p.Posted(session)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	steps := []adapter.PlanStep{{Content: "look", Status: "completed"}}
	if err := p.SetPlan(ctx, "W1", session, steps); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(steps, p.Plan("W1", session)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	for name, bad := range map[string]*adapter.Activity{
		"no key": act(adapter.ActivityThought, "", "x"), "no text": act(adapter.ActivityResponse, "k", " "), "no name": act(adapter.ActivityAction, "k", ""), "a strange kind": act("dance", "k", "x"),
	} {
		if err := p.Activity(ctx, bad); err == nil || adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("%s: %v, want code invalid", name, err)
		}
	}
	outside := act(adapter.ActivityThought, "k9", "x")
	outside.Thread = here
	if err := p.Activity(ctx, outside); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("outside a session: %v", err)
	}
	d, err := p.Apply(&adapter.StopEvent{Meta: at(session, "ada")})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := p.Route(d); err != nil || !r.Urgent || r.Message {
		t.Errorf("Route of a stop = %+v, %v, want it urgent", r, err)
	}
}

func TestPlatformFiles(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	url, err := p.Upload(t.Context(), "W1", adapter.Upload{Name: "a picture.png", Type: "image/png", Size: 3, Content: strings.NewReader("png")})
	if err != nil {
		t.Fatal(err)
	}
	told, ok := apply(t, p, said("m1", "see ![this]("+url+")")).(*adapter.MessageEvent)
	want := []adapter.Attachment{{Name: "a picture.png", URL: url, Image: true, Own: true}}
	if !ok {
		t.Fatalf("it is told as %T", told)
	}
	if diff := cmp.Diff(want, told.Message.Attachments); diff != "" {
		t.Errorf("attachments (-want +got):\n%s", diff)
	}
	if _, err := p.Open(t.Context(), "W2", url, 10); adapter.CodeOf(err) != adapter.CodeNotFound {
		t.Errorf("a file of another workspace: %v", err)
	}
	edit, ok := apply(t, p, &adapter.EditEvent{Meta: meta("ada"), Message: message("m1", "", "no picture")}).(*adapter.EditEvent)
	if !ok || len(edit.Message.Attachments) != 0 {
		t.Errorf("the picture is still there: %+v", edit)
	}
}

// Pages of a history that grows meanwhile stay in order and without repeats.
func TestPlatformHistoryGrows(t *testing.T) {
	t.Parallel()
	for _, oldest := range []bool{true, false} {
		p := adaptertest.NewPlatform("helper")
		for i := range 4 {
			p.Said(here, fmt.Sprint(i), "ada", fmt.Sprint(i))
		}
		var got []string
		r := adapter.PageRequest{Thread: here, OldestFirst: oldest, Limit: 2}
		for n := 4; ; n++ {
			page, err := p.Messages(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, bodies(page.Messages)...)
			if r.Cursor = page.Next; page.Next == "" {
				break
			}
			if n == 4 {
				p.Said(here, "4", "ada", "4")
			}
		}
		want := []string{"3", "2", "1", "0"}
		if oldest {
			want = []string{"0", "1", "2", "3", "4"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("oldest first %t (-want +got):\n%s", oldest, diff)
		}
	}
}

// The directory fills in an actor of whom an event gives only the id.
func TestPlatformKnowsPeople(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	ada := adapter.User{ID: "ada", Name: "ada", Email: "ada@example.com", Kind: adapter.UserExternal}
	p.AddUser("W1", adapter.User{ID: "ada"})
	p.AddUser("W1", ada)
	ev, ok := apply(t, p, said("m1", "x")).(*adapter.MessageEvent)
	if !ok || ev.Message.Author != ada || ev.Actor != ada {
		t.Errorf("the author is %+v, want %+v", ev.Message.Author, ada)
	}
}

func TestPlatformTimes(t *testing.T) {
	t.Parallel()
	p := adaptertest.NewPlatform("helper")
	begin := time.Now()
	ev := apply(t, p, said("m1", "x"))
	if at := ev.Head().At; at.Before(begin) || at.After(time.Now()) {
		t.Errorf("it happened at %v, want now", at)
	}
	early := said("m2", "x")
	early.At = begin.Add(-time.Hour)
	if at := apply(t, p, early).Head().At; !at.Equal(early.At) {
		t.Errorf("it happened at %v, want %v as was said", at, early.At)
	}
}
