package bot_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state/memstate"
)

// A handler creates, changes, finds and links issues.
func TestThreadTracksIssues(t *testing.T) {
	t.Parallel()
	srv, err := linearsim.Start(linearsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	issue := ws.AddTeam("ENG", "Engineering").AddIssue(ada, "Parent", "")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot"})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	lin, err := linear.New(linear.Config{AccessToken: app.Token(), APIURL: srv.GraphQLURL(), HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	b, err := bot.New(bot.Config{Adapter: lin, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	th, err := b.Workspace(ws.ID).Thread(linear.Thread{IssueID: issue.ID}.ID())
	if err != nil {
		t.Fatal(err)
	}
	made, err := th.CreateIssue(ctx, adapter.IssueFields{Title: new("Made by the bot"), Priority: new(2), ParentID: new(issue.Identifier)})
	if err != nil || made.Identifier != "ENG-2" || made.Priority != 2 {
		t.Fatalf("%+v, %v", made, err)
	}
	changed, err := th.UpdateIssue(ctx, made.Identifier, adapter.IssueFields{State: new("in progress"), Assignee: &ada.ID})
	if err != nil || changed.State.Name != "In Progress" || changed.Assignee == nil {
		t.Fatalf("%+v, %v", changed, err)
	}
	ws.AddLabel("Bug", "#f00")
	ws.AddLabel("Customer", "#0f0")
	changed, err = th.UpdateIssue(ctx, made.Identifier, adapter.IssueFields{Assignee: new("@ADA"), AddLabels: []string{"bug", "Customer"}})
	if err != nil || changed.Assignee == nil || changed.Assignee.ID != ada.ID || len(changed.Labels) != 2 {
		t.Errorf("%+v, %v", changed, err)
	}
	changed, err = th.UpdateIssue(ctx, made.Identifier, adapter.IssueFields{Assignee: new(""), RemoveLabels: []string{"BUG", "none"}})
	if err != nil || changed.Assignee != nil || len(changed.Labels) != 1 {
		t.Errorf("%+v, %v", changed, err)
	}
	labelled, err := th.CreateIssue(ctx, adapter.IssueFields{Title: new("Labelled"), Labels: &[]string{"Bug"}, AddLabels: []string{"customer"}})
	if err != nil || len(labelled.Labels) != 2 {
		t.Errorf("%+v, %v", labelled, err)
	}
	for _, c := range []adapter.IssueFields{{State: new("nowhere")}, {Assignee: new("eve")}, {AddLabels: []string{"none"}}} {
		if _, err := th.UpdateIssue(ctx, "", c); adapter.CodeOf(err) != adapter.CodeNotFound {
			t.Errorf("%+v: %v, want not found", c, err)
		}
	}
	for _, text := range []string{"eng-2", "made bot"} {
		if found, err := th.SearchIssues(ctx, text, 0); err != nil || len(found) != 1 || found[0].ID != made.ID {
			t.Errorf("%s: %v, %v", text, found, err)
		}
	}
	for range 2 {
		if err := th.LinkIssue(ctx, "", adapter.IssueLink{URL: "https://desk.example/app/accounts/1/conversations/7", Title: "Conversation #7"}); err != nil {
			t.Fatal(err)
		}
	}
	links, err := th.IssueLinks(ctx, "")
	if err != nil || len(links) != 1 || links[0].Title != "Conversation #7" {
		t.Errorf("%v, %v", links, err)
	}

	other, err := bot.New(bot.Config{Adapter: &adaptertest.Fake{}, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := other.Workspace("org").Thread("fake:i")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.SearchIssues(ctx, "x", 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without the ability: %v", err)
	}
}
