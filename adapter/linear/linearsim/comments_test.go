package linearsim

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func bodies(in []*Comment) string {
	var out []string
	for _, c := range in {
		out = append(out, c.Body())
	}
	return strings.Join(out, " | ")
}

func TestCommentsByPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	c := w.ada.Comment(w.issue, "one")
	w.clock.Advance(time.Second)
	r := w.bob.Reply(c, "two")
	w.clock.Advance(time.Second)
	r2 := w.ada.Reply(r, "three") // a reply to a reply stays in the thread
	if r2.Parent != c || bodies(c.Replies()) != "two | three" || bodies(w.issue.Comments()) != "one | two | three" {
		t.Errorf("thread: %s; issue: %s", bodies(c.Replies()), bodies(w.issue.Comments()))
	}
	if want := "https://linear.app/acme/issue/ENG-1/checkout-fails-on-retry#comment-" + c.ID[:8]; c.URL() != want {
		t.Errorf("URL %s, want %s", c.URL(), want)
	}
	if !c.EditedAt().IsZero() || c.Author != w.ada || !c.CreatedAt.Equal(w.clock.Now().Add(-2*time.Second)) {
		t.Errorf("fresh comment: edited %v, author %v, created %v", c.EditedAt(), c.Author.Name, c.CreatedAt)
	}
	w.ada.Edit(c, "uno")
	if c.Body() != "uno" || !c.EditedAt().Equal(w.clock.Now()) {
		t.Errorf("after the edit: %q %v", c.Body(), c.EditedAt())
	}
	w.ada.Resolve(r)
	if c.ResolvedAt().IsZero() {
		t.Error("not resolved")
	}
	w.ada.Unresolve(c)
	if !c.ResolvedAt().IsZero() {
		t.Error("still resolved")
	}
	w.ada.Delete(c)
	if !r.Deleted() || !c.Deleted() || len(w.issue.Comments()) != 0 {
		t.Errorf("after the deletion: %s", bodies(w.issue.Comments()))
	}
	if w.ada.Edit(c, "x") != nil || w.ada.Reply(c, "x") != nil || w.ada.React(c, "eyes") != nil || w.ada.Comment(nil, "x") != nil {
		t.Error("acted on a deleted comment")
	}
	w.bob.DeleteIssue(w.issue)
	if w.ada.Comment(w.issue, "x") != nil {
		t.Error("commented on a deleted issue")
	}
}

func TestCommentsByPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	root := w.ada.Comment(w.issue, "@helper-bot hi @helper-bot-2, mail a@ada.test")
	id := uuid.NewString()
	w.clock.Advance(time.Second)
	a := w.do(`mutation($in:CommentCreateInput!){commentCreate(input:$in){success lastSyncId comment{
		id body url parentId issueId createdAt editedAt user{id app isMe} botActor{name userDisplayName} parent{id} issue{identifier}
	}}}`, map[string]any{"in": map[string]any{
		"id": id, "issueId": "eng-1", "parentId": root.ID, "body": "hello <https://linear.app/acme/profiles/ada>", "createAsUser": "Grace",
	}})
	want := map[string]any{
		"id": id, "body": "hello <https://linear.app/acme/profiles/ada>", "url": w.issue.URL() + "#comment-" + id[:8],
		"parentId": root.ID, "issueId": w.issue.ID, "createdAt": "2026-10-02T09:15:05.120Z", "editedAt": nil,
		"user":     map[string]any{"id": w.app.User.ID, "app": true, "isMe": true},
		"botActor": map[string]any{"name": "Helper Bot", "userDisplayName": "Grace"},
		"parent":   map[string]any{"id": root.ID}, "issue": map[string]any{"identifier": "ENG-1"},
	}
	if d := cmp.Diff(want, a.at("commentCreate", "comment")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	a = w.do(`query($id:String!,$h:String!){comment(id:$id){bodyData children{nodes{id}}} byHash:comment(hash:$h){id bodyData}}`,
		map[string]any{"id": root.ID, "h": id[:8]})
	if a.at("byHash", "id") != id || a.at("comment", "children", "nodes", 0, "id") != id {
		t.Error(a.Raw)
	}
	mention := func(u *User) string {
		return `{"type":"suggestion_userMentions","attrs":{"id":"` + u.ID + `","label":"` + u.DisplayName + `"}}`
	}
	if d := cmp.Diff(`{"type":"doc","content":[{"type":"paragraph","content":[`+mention(w.app.User)+
		`,{"type":"text","text":" hi @helper-bot-2, mail a@ada.test"}]}]}`, a.at("comment", "bodyData")); d != "" {
		t.Errorf("typed mention (-want +got):\n%s", d)
	}
	if d := cmp.Diff(`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"hello "},`+mention(w.ada)+
		`]}]}`, a.at("byHash", "bodyData")); d != "" {
		t.Errorf("pasted mention (-want +got):\n%s", d)
	}

	w.clock.Advance(time.Second)
	a = w.do(`mutation($id:String!){
		commentUpdate(id:$id,input:{body:"@ada is text"}){comment{body editedAt bodyData}}
		commentResolve(id:"`+root.ID+`",resolvingCommentId:$id){comment{resolvedAt resolvingCommentId resolvingUser{id}}}
	}`, map[string]any{"id": id})
	want = map[string]any{
		"commentUpdate": map[string]any{"comment": map[string]any{
			"body": "@ada is text", "editedAt": "2026-10-02T09:15:06.120Z",
			"bodyData": `{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"@ada is text"}]}]}`,
		}},
		"commentResolve": map[string]any{"comment": map[string]any{
			"resolvedAt": "2026-10-02T09:15:06.120Z", "resolvingCommentId": id, "resolvingUser": map[string]any{"id": w.app.User.ID},
		}},
	}
	if d := cmp.Diff(want, a.Data); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	a = w.do(`mutation($id:String!){commentUnresolve(id:"`+root.ID+`"){comment{resolvedAt}} commentDelete(id:$id){entityId success}}`, map[string]any{"id": id})
	if a.at("commentDelete", "entityId") != id || bodies(w.issue.Comments()) != root.Body() {
		t.Error(a.Raw)
	}
	a = w.as(w.ada.APIKey(), `mutation{commentCreate(input:{issueId:"ENG-1",body:"x",createAsUser:"Grace"}){success}}`, nil)
	if a.code() != "INVALID_INPUT" {
		t.Errorf("createAsUser by a person: %s", a.Raw)
	}
}

func TestReactions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	c := w.ada.Comment(w.issue, "hi")
	react := func(emoji, id string) answer {
		in := map[string]any{"commentId": c.ID, "emoji": emoji}
		if id != "" {
			in["id"] = id
		}
		return w.as(w.auth, `mutation($in:ReactionCreateInput!){reactionCreate(input:$in){reaction{id emoji user{id} comment{id}}}}`, map[string]any{"in": in})
	}
	id := uuid.NewString()
	first := react("👍", id)
	if first.at("reactionCreate", "reaction", "emoji") != "thumbsup" || first.at("reactionCreate", "reaction", "id") != id {
		t.Fatal(first.Raw)
	}
	for _, same := range []string{"👍", "thumbsup", ":thumbsup:", "👍\ufe0f"} {
		if a := react(same, ""); a.at("reactionCreate", "reaction", "id") != id {
			t.Errorf("%s: not merged: %s", same, a.Raw)
		}
	}
	for name, a := range map[string]answer{"alias": react("+1", ""), "reused id": react("eyes", id)} {
		if len(a.Errors) == 0 || a.Errors[0].Message != "conflict on insert of Reaction" {
			t.Errorf("%s: %s", name, a.Raw)
		}
	}
	w.bob.React(c, "👍")
	w.bob.React(c, "👍")
	w.bob.React(c, "party-parrot") // a custom emoji
	var got []string
	for _, r := range c.Reactions() {
		got = append(got, r.User.DisplayName+" "+r.Emoji)
	}
	if d := cmp.Diff([]string{"helper-bot thumbsup", "bob thumbsup", "bob party-parrot"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	a := w.do(`{comment(id:"`+c.ID+`"){reactions{id emoji user{displayName}} reactionData}}`, nil)
	data, _ := a.at("comment", "reactionData").([]any)
	if len(data) != 2 || a.at("comment", "reactionData", 0, "emoji") != "thumbsup" {
		t.Error(a.Raw)
	}
	other, _ := a.at("comment", "reactions", 1, "id").(string)
	if a := w.as(w.auth, `mutation{reactionDelete(id:"`+other+`"){success}}`, nil); a.code() != "FORBIDDEN" {
		t.Errorf("deleted another user's reaction: %s", a.Raw)
	}
	w.do(`mutation{reactionDelete(id:"`+id+`"){success entityId}}`, nil)
	w.bob.Unreact(c, "👍")
	w.bob.Unreact(c, "👍")
	if len(c.Reactions()) != 1 {
		t.Errorf("%d reactions, want 1", len(c.Reactions()))
	}
	w.do(`mutation{reactionCreate(input:{issueId:"ENG-1",emoji:"🚀"}){success}}`, nil)
	w.ada.ReactToIssue(w.issue, "rocket")
	if len(w.issue.Reactions()) != 2 {
		t.Error("reactions on the issue")
	}
}

func TestIssuesByPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	label := w.ws.AddLabel("Bug", "")
	todo, done := w.team.State("Todo"), w.team.State("Done")
	id := uuid.NewString()
	a := w.do(`mutation($in:IssueCreateInput!){issueCreate(input:$in){issue{
		id identifier title url branchName state{name} priorityLabel estimate dueDate labels{nodes{name}} assignee{displayName} delegate{displayName}
		parent{identifier} creator{displayName} comments{nodes{id}} team{key} description subscribers{nodes{displayName}}
	}}}`, map[string]any{"in": map[string]any{
		"id": id, "teamId": w.team.ID, "title": "Write notes!", "priority": 1, "estimate": 3, "dueDate": "2026-10-15", "labelIds": []string{label.ID},
		"assigneeId": w.bob.ID, "delegateId": w.app.User.ID, "parentId": "ENG-1", "description": "d",
	}})
	want := map[string]any{
		"id": id, "identifier": "ENG-2", "title": "Write notes!", "url": "https://linear.app/acme/issue/ENG-2/write-notes",
		"branchName": "eng-2-write-notes", "state": map[string]any{"name": "Backlog"}, "priorityLabel": "Urgent", "estimate": 3.0, "dueDate": "2026-10-15",
		"labels":   map[string]any{"nodes": []any{map[string]any{"name": "Bug"}}},
		"assignee": map[string]any{"displayName": "bob"}, "delegate": map[string]any{"displayName": "helper-bot"},
		"parent": map[string]any{"identifier": "ENG-1"}, "creator": map[string]any{"displayName": "helper-bot"},
		"comments": map[string]any{"nodes": []any{}}, "team": map[string]any{"key": "ENG"}, "description": "d",
		"subscribers": map[string]any{"nodes": []any{map[string]any{"displayName": "helper-bot"}}},
	}
	if d := cmp.Diff(want, a.at("issueCreate", "issue")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	a = w.do(`mutation($id:String!,$in:IssueUpdateInput!){issueUpdate(id:$id,input:$in){issue{
		title state{name} completedAt assignee{id} labels{nodes{name}} estimate parent{id} priority}}}`,
		map[string]any{"id": "ENG-2", "in": map[string]any{
			"title": "Notes", "stateId": done.ID, "assigneeId": nil, "removedLabelIds": []string{label.ID}, "estimate": nil, "parentId": nil, "priority": 0,
		}})
	want = map[string]any{
		"title": "Notes", "state": map[string]any{"name": "Done"}, "completedAt": "2026-10-02T09:15:04.120Z", "assignee": nil,
		"labels": map[string]any{"nodes": []any{}}, "estimate": nil, "parent": nil, "priority": 0.0,
	}
	if d := cmp.Diff(want, a.at("issueUpdate", "issue")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// A wrong part leaves the rest undone.
	for _, in := range []string{
		`{title:"no",stateId:"x"}`, `{title:"no",assigneeId:"x"}`, `{title:"no",addedLabelIds:["x"]}`, `{title:"no",priority:5}`,
	} {
		if a := w.as(w.auth, `mutation{issueUpdate(id:"ENG-2",input:`+in+`){success}}`, nil); len(a.Errors) == 0 {
			t.Errorf("%s: %s", in, a.Raw)
		}
	}
	w.do(`mutation{issueUpdate(id:"ENG-2",input:{stateId:"`+todo.ID+`"}){success} issueLabelCreate(input:{name:"New"}){issueLabel{id name}}}`, nil)
	a = w.do(`{issue(id:"`+id+`"){title completedAt}}`, nil)
	if d := cmp.Diff(map[string]any{"title": "Notes", "completedAt": nil}, a.at("issue")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	w.do(`mutation{issueDelete(id:"ENG-2"){success entity{trashed}}}`, nil)
	if a := w.do(`{a:issues{nodes{id}} b:issues(includeArchived:true){nodes{id trashed}}}`, nil); a.at("a", "nodes", 1) != nil || a.at("b", "nodes", 1) == nil || a.at("b", "nodes", 0, "trashed") != true {
		t.Error(a.Raw)
	}
	if a := w.as(w.auth, `{issue(id:"ENG-2"){id}}`, nil); a.code() != "INPUT_ERROR" {
		t.Error(a.Raw)
	}
}

func TestEmoji(t *testing.T) {
	t.Parallel()
	e := newEmoji()
	for in, want := range map[string]string{
		"👍": "thumbsup", "+1": "thumbsup", ":thumbsup:": "thumbsup", "❤️": "heart", "❤": "heart", "heart": "heart",
		"✅": "white_check_mark", "👀": "eyes", "100": "100", "💯": "100", "": "", "nope": "", "👍👍": "",
	} {
		if got, _ := e.name(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if n := len(strings.Fields(emojiTable)); len(e.byChar)+len(e.byName) != n {
		t.Errorf("%d spellings of %d: the table has duplicates", len(e.byChar)+len(e.byName), n)
	}
}
