package linearsim

import (
	"strings"
	"testing"
)

// TestEventsOfChanges checks what is sent for changes by programs.
func TestEventsOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Parallel: 1})
	w.ada.Admin = true
	in := newInbox(t, nil)
	w.ws.AddWebhook(Webhook{URL: in.URL})
	key := w.ada.APIKey()
	ids := map[string]any{}
	for _, tt := range []struct {
		query string
		vars  map[string]any
		want  string
	}{
		{`mutation{issueLabelCreate(input:{name:"Bug"}){x:issueLabel{id}}}`, nil, "IssueLabel create"},
		{`mutation($id:String!){issueLabelUpdate(id:$id,input:{name:"Bugs"}){success}}`, ids, "IssueLabel update"},
		{`mutation($id:String!){issueLabelDelete(id:$id){success}}`, ids, "IssueLabel remove"},
		{`mutation{projectCreate(input:{name:"P",teamIds:["ENG"]}){x:project{id}}}`, nil, "Project create"},
		{`mutation($id:String!){projectUpdate(id:$id,input:{description:"d"}){success}}`, ids, "Project update"},
		{`mutation($id:String!){projectUpdateCreate(input:{projectId:$id,body:"b"}){success}}`, ids, "ProjectUpdate create"},
		{`mutation($id:String!){documentCreate(input:{projectId:$id,title:"t"}){success}}`, ids, "Document create"},
		{`mutation($id:String!){projectArchive(id:$id){success}}`, ids, "Project update"},
		{`mutation{initiativeCreate(input:{name:"I"}){x:initiative{id}}}`, nil, "Initiative create"},
		{`mutation{attachmentCreate(input:{issueId:"ENG-1",title:"t",url:"https://example.com"}){x:attachment{id}}}`, nil, "Attachment create"},
		{`mutation($id:String!){attachmentUpdate(id:$id,input:{title:"u"}){success}}`, ids, "Attachment update"},
		{`mutation($id:String!){attachmentDelete(id:$id){success}}`, ids, "Attachment remove"},
		{`mutation{customerCreate(input:{name:"C",externalIds:["e"]}){x:customer{id}}}`, nil, "Customer create"},
		{`mutation{customerNeedCreate(input:{customerExternalId:"e",issueId:"ENG-1",body:"b"}){x:need{id}}}`, nil, "CustomerNeed create"},
		{`mutation{userUpdate(id:"me",input:{name:"Ada King"}){success}}`, nil, "User update"},
		{`mutation{issueUpdate(id:"ENG-1",input:{title:"New"}){success}}`, nil, "Issue update"},
		{`mutation{issueArchive(id:"ENG-1"){success}}`, nil, "Issue update"},
	} {
		seen := len(in.all())
		a := w.as(key, tt.query, tt.vars)
		if len(a.Errors) > 0 {
			t.Fatalf("%s: %s", tt.query, a.Raw)
		}
		for _, v := range a.Data {
			if x, ok := asArgs(v)["x"].(map[string]any); ok {
				ids["id"] = x["id"]
			}
		}
		w.flush()
		got := in.all()[seen:]
		if len(got) != 1 {
			t.Errorf("%s: %d events", tt.query, len(got))
			continue
		}
		b := got[0].body
		typ, _ := b["type"].(string)
		action, _ := b["action"].(string)
		if kind := typ + " " + action; kind != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, kind, tt.want)
		}
		if actor := asArgs(b["actor"]); actor["id"] != w.ada.ID || got[0].data()["id"] == nil {
			t.Errorf("%s: %s", tt.query, got[0].raw)
		}
		if from := asArgs(b["updatedFrom"]); (action == "update") != (from["updatedAt"] != nil) && action == "update" && w.clock == nil {
			t.Errorf("%s: updatedFrom %v", tt.query, from)
		}
		w.checkPayload(typ, got[0].data())
	}
}

// checkPayload compares a body with the schema's payload type: no unknown key.
func (w *world) checkPayload(typ string, data map[string]any) {
	w.tb.Helper()
	d := w.srv.schema.Types[typ+"WebhookPayload"]
	for key := range data {
		if d.Fields.ForName(key) == nil && key != "isArtificialAgentSessionRoot" {
			w.tb.Errorf("%s: the payload type has no %s", typ, key)
		}
	}
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Parallel: 1})
	in := newInbox(t, nil)
	w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: []string{"AppUserNotification"}})
	kinds := func(want string) {
		t.Helper()
		w.flush()
		var got []string
		for _, d := range in.all() {
			action, _ := d.body["action"].(string)
			n := asArgs(d.body["notification"])
			if n["type"] != action || n["userId"] != w.app.User.ID || d.body["oauthClientId"] != w.app.ClientID {
				t.Errorf("body %s", d.raw)
			}
			got = append(got, action)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("got %q, want %q", s, want)
		}
	}
	w.ada.Comment(w.issue, "nothing for the app")
	kinds("")
	root := w.ada.Comment(w.issue, "@helper-bot hi")
	want := "issueCommentMention"
	kinds(want)
	made := w.do(`mutation($p:String!){commentCreate(input:{issueId:"ENG-1",parentId:$p,body:"here"}){comment{id}}}`, map[string]any{"p": root.ID})
	w.bob.Reply(root, "thanks") // the app follows the issue now
	want += " issueNewComment"
	kinds(want)
	id, _ := made.at("commentCreate", "comment", "id").(string)
	for _, c := range w.issue.Comments() {
		if c.ID == id {
			w.bob.React(c, "heart")
		}
	}
	want += " issueCommentReaction"
	kinds(want)
	w.ada.UpdateIssue(w.issue, IssueChange{Delegate: w.app.User})
	want += " issueAssignedToYou"
	kinds(want)
	w.ada.UpdateIssue(w.issue, IssueChange{Description: "@helper-bot see above"})
	want += " issueMention"
	kinds(want)
	w.ada.UpdateIssue(w.issue, IssueChange{State: "Done"})
	kinds(want + " issueStatusChanged")

	a := w.do(`{notifications{nodes{id type readAt ...on IssueNotification{issue{identifier} comment{body}}}} notificationsUnreadCount}`, nil)
	if n := a.at("notificationsUnreadCount"); n != 6.0 || a.at("notifications", "nodes", 5, "comment", "body") != "@helper-bot hi" {
		t.Error(a.Raw)
	}
	w.do(`mutation($i:NotificationEntityInput!,$t:DateTime!){notificationMarkReadAll(input:$i,readAt:$t){success}}`,
		map[string]any{"i": map[string]any{"issueId": w.issue.ID}, "t": "2026-10-02T10:00:00Z"})
	if n := w.do(`{notificationsUnreadCount}`, nil).at("notificationsUnreadCount"); n != 0.0 {
		t.Errorf("%v unread", n)
	}
}
