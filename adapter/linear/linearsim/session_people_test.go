package linearsim

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// agentWorld is a world whose app is an agent that receives events.
func agentWorld(t *testing.T) (*world, *inbox) {
	t.Helper()
	w, in := newWorld(t, Config{Parallel: 1}), newInbox(t, nil)
	w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: []string{"AgentSessionEvent", "Issue"}})
	return w, in
}

// TestAgentsForMembers: where only members may invoke agents, what a guest writes is a
// comment and nothing more.
func TestAgentsForMembers(t *testing.T) {
	t.Parallel()
	for _, restricted := range []bool{false, true} {
		w, _ := agentWorld(t)
		admin := w.ws.AddAdmin("Grace Hopper", "grace")
		if a := w.as(admin.APIKey(), `mutation($on:Boolean!){organizationUpdate(input:{restrictAgentInvocationToMembers:$on}){organization{restrictAgentInvocationToMembers}}}`,
			map[string]any{"on": restricted}); a.at("organizationUpdate", "organization", "restrictAgentInvocationToMembers") != restricted {
			t.Fatalf("the setting is %s", a.Raw)
		}
		gil := w.ws.AddGuest("Gil", "gil")
		of := w.ada.StartSession(w.app, w.issue, w.ada.Comment(w.issue, "root"))
		before := len(w.ws.Sessions())
		mention := gil.Comment(w.issue, "@helper-bot hi")
		gil.UpdateIssue(w.issue, IssueChange{Delegate: w.app.User})
		gil.Reply(of.Root, "and this")
		prompted := gil.Prompt(of, "go on") != ""
		queued := gil.Queue(of, "later") != ""
		a := w.as(gil.APIKey(), `mutation($s:String!){agentActivityCreatePrompt(input:{agentSessionId:$s,content:{type:prompt,body:"x"}}){success}}`, map[string]any{"s": of.ID})
		w.flush()
		sessions := len(w.ws.Sessions()) - before
		if restricted && (sessions != 0 || prompted || queued || len(a.Errors) == 0 || len(of.ActivityTexts()) != 0) {
			t.Errorf("restricted: %d sessions, prompted %t, queued %t, %s, %q", sessions, prompted, queued, a.Raw, of.ActivityTexts())
		}
		if !restricted && (sessions != 2 || !prompted || !queued || len(a.Errors) != 0 || len(of.ActivityTexts()) != 3) {
			t.Errorf("open: %d sessions, prompted %t, queued %t, %s, %q", sessions, prompted, queued, a.Raw, of.ActivityTexts())
		}
		if mention == nil || !slices.Contains(w.issue.Comments(), mention) {
			t.Error("the comment of the guest is gone")
		}
		if w.ada.Comment(w.issue, "@helper-bot hi"); len(w.ws.Sessions()) != before+sessions+1 {
			t.Error("a member cannot mention the agent")
		}
		w.flush()
	}
}

// TestDismissal: a session that a person dismisses says so, and its agent is no longer
// the delegate.
func TestDismissal(t *testing.T) {
	t.Parallel()
	w, in := agentWorld(t)
	w.ada.UpdateIssue(w.issue, IssueChange{Delegate: w.app.User})
	x := w.ws.Sessions()[0]
	if x.Dismissed() || w.issue.Delegate() != w.app.User {
		t.Fatal("dismissed from the beginning")
	}
	if !w.bob.Dismiss(x) || w.bob.Dismiss(x) {
		t.Error("a session can be dismissed once")
	}
	if w.issue.Delegate() != nil {
		t.Error("the agent is still the delegate")
	}
	a := w.do(`query($s:String!){agentSession(id:$s){dismissedAt dismissedBy{name}}}`, map[string]any{"s": x.ID})
	if a.at("agentSession", "dismissedAt") == nil || a.at("agentSession", "dismissedBy", "name") != "Bob Noyce" {
		t.Errorf("the session is %s", a.Raw)
	}
	w.flush()
	if got, want := in.kinds(), "Issue update, AgentSessionEvent created, Issue update"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	// By its own API, people may, and an agent may not.
	y := w.ada.StartSession(w.app, w.issue, nil)
	const dismiss = `mutation($s:String!){agentSessionUpdate(id:$s,input:{dismissedAt:"2026-10-02T09:00:00Z"}){success}}`
	w.do(dismiss, map[string]any{"s": y.ID})
	if y.Dismissed() {
		t.Error("an agent dismisses its own session")
	}
	w.as(w.ada.APIKey(), dismiss, map[string]any{"s": y.ID})
	if !y.Dismissed() {
		t.Error("a person cannot dismiss by the API")
	}
}

// TestQueuedPrompts: the agent hears of a prompt that a person queues when it is sent,
// and never of one that is taken back.
func TestQueuedPrompts(t *testing.T) {
	t.Parallel()
	w, in := agentWorld(t)
	x := w.ada.StartSession(w.app, w.issue, w.ada.Comment(w.issue, "root"))
	w.do(`mutation($s:String!){agentActivityCreate(input:{agentSessionId:$s,content:{type:"thought",body:"busy"}}){success}}`, map[string]any{"s": x.ID})
	first := w.ada.Queue(x, "first")
	a := w.as(w.ada.APIKey(), `mutation($s:String!){agentActivityCreatePrompt(input:{agentSessionId:$s,queued:true,content:{type:prompt,body:"second"}}){agentActivity{id queued sentAt}}}`,
		map[string]any{"s": x.ID})
	second, _ := a.at("agentActivityCreatePrompt", "agentActivity", "id").(string)
	if a.at("agentActivityCreatePrompt", "agentActivity", "queued") != true || a.at("agentActivityCreatePrompt", "agentActivity", "sentAt") != nil {
		t.Errorf("queued as %s", a.Raw)
	}
	if diff := cmp.Diff([]string{"first", "second"}, x.Queued()); diff != "" {
		t.Errorf("queued (-want +got):\n%s", diff)
	}
	// A snapshot keeps them, and deliveries that have not arrived.
	w.flush()
	_, st := w.saved()
	other := newWorld(t, Config{})
	if err := other.srv.Restore(st); err != nil {
		t.Fatal(err)
	}
	if got := other.srv.workspaces[0].sessions[0].Queued(); len(got) != 2 {
		t.Errorf("after a restore: %q", got)
	}
	if w.bob.SendQueued(x, first) || w.bob.DeleteQueued(x, first) {
		t.Error("a person sends or takes back the prompt of another one")
	}
	if !w.ada.DeleteQueued(x, first) || w.ada.SendQueued(x, first) {
		t.Error("a prompt that was taken back can be sent")
	}
	w.flush()
	if got := in.kinds(); got != "AgentSessionEvent created" {
		t.Errorf("before anything is sent: %q", got)
	}
	if a := w.as(w.ada.APIKey(), `mutation($id:String!){agentActivitySendQueued(id:$id){agentActivity{queued sentAt}}}`, map[string]any{"id": second}); a.at("agentActivitySendQueued", "agentActivity", "queued") != false ||
		a.at("agentActivitySendQueued", "agentActivity", "sentAt") == nil {
		t.Errorf("sent as %s", a.Raw)
	}
	w.flush()
	if got := in.kinds(); got != "AgentSessionEvent created, AgentSessionEvent prompted" {
		t.Errorf("after one is sent: %q", got)
	}
	if diff := cmp.Diff([]string{"thought: busy", "prompt: second"}, x.ActivityTexts()); diff != "" {
		t.Errorf("activities (-want +got):\n%s", diff)
	}
	if a := w.as(w.auth, `mutation($s:String!){agentActivityCreatePrompt(input:{agentSessionId:$s,content:{type:prompt,body:"x"}}){success}}`, map[string]any{"s": x.ID}); len(a.Errors) == 0 {
		t.Error("an agent prompts itself")
	}
}
