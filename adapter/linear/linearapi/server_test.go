package linearapi_test

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// must returns v, or fails the test.
func must[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t *testing.T, what string, ok bool, got any) {
	t.Helper()
	if !ok {
		t.Errorf("%s: %+v", what, got)
	}
}

// TestOperationsAgainstTheServer runs every operation and checks the result.
func TestOperationsAgainstTheServer(t *testing.T) {
	t.Parallel()
	srv := must[*linearsim.Server](t)(linearsim.Start(linearsim.Config{RetryAfter: []time.Duration{}}))
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	ada := ws.AddUser("Ada Byron", "ada")
	team := ws.AddTeam("ENG", "Engineering")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot"})
	project, cycle := ws.AddProject("Checkout"), team.AddCycle("First", time.Now().Add(-time.Hour))
	c := must[*linearapi.Client](t)(linearapi.New(linearapi.Config{
		URL: srv.GraphQLURL(), UploadsURL: srv.URL(), Tokens: linearapi.AccessToken(app.Token()),
	}))

	issues(t, c, team, ada, project, cycle)
	comments(t, c, team, ada)
	links(t, c, team, ada)
	sessions(t, c, team, ada, app)
	directory(t, c, team, ada)
	tickets(t, c, team, ada, project)

	asked := map[string]bool{}
	for _, r := range srv.Requests() {
		asked[r.OperationName] = true
		if len(r.Codes) > 0 {
			t.Errorf("%s was answered with %q", r.OperationName, r.Codes)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(must[map[string]string](t)(linearapi.Operations()))) {
		if !asked[name] {
			t.Errorf("%s did not run", name)
		}
	}
}

func issues(t *testing.T, c *linearapi.Client, team *linearsim.Team, ada *linearsim.User, project, cycle string) {
	t.Helper()
	ctx := t.Context()
	get := must[*linearapi.Issue](t)
	label := must[*linearapi.Label](t)(c.IssueLabelCreate(ctx, linearapi.LabelCreateInput{ID: uuid.NewString(), Name: "bug"}))
	labels := must[*linearapi.Page[linearapi.Label]](t)(c.IssueLabels(ctx, nil, linearapi.PageArgs{}))
	check(t, "labels", len(labels.Nodes) == 1 && labels.Nodes[0].ID == label.ID, labels)
	states := must[*linearapi.Page[linearapi.WorkflowState]](t)(c.WorkflowStates(ctx, linearapi.OfTeam(team.ID), linearapi.PageArgs{}))
	check(t, "states", len(states.Nodes) == 7 && states.Nodes[0].Team.ID == team.ID, states)

	id := uuid.NewString()
	made := get(c.IssueCreate(ctx, linearapi.IssueCreateInput{
		ID: id, TeamID: team.ID, Title: "Slow search", Description: "It is slow.", AssigneeID: ada.ID, Priority: 2,
		LabelIDs: []string{label.ID}, ProjectID: project, CycleID: cycle, DueDate: "2026-11-30", StateID: team.State("Todo").ID,
	}))
	check(t, "created", made.ID == id && made.Assignee.ID == ada.ID && made.Priority == 2 && made.Labels.Nodes[0].Name == "bug" &&
		made.Project.ID == project && made.Cycle.ID == cycle && made.DueDate == "2026-11-30" && made.State.Name == "Todo" && made.Creator.App, made)
	read := get(c.Issue(ctx, made.Identifier))
	check(t, "read", read.ID == id && read.Team.Key == "ENG" && read.URL != "" && !read.CreatedAt.IsZero(), read)

	part := get(c.IssueCreate(ctx, linearapi.IssueCreateInput{TeamID: team.ID, Title: "Part", ParentID: id}))
	check(t, "part", part.Parent != nil && part.Parent.ID == id, part)
	changed := get(c.IssueUpdate(ctx, id, linearapi.IssueUpdateInput{
		AssigneeID: linearapi.Null[string](), Priority: linearapi.Set(0), Title: linearapi.Set("Slow"), CycleID: linearapi.Null[string](),
	}))
	check(t, "changed", changed.Assignee == nil && changed.Priority == 0 && changed.Title == "Slow" && changed.Cycle == nil &&
		changed.Project != nil && changed.Description == "It is slow." && changed.DueDate == "2026-11-30", changed)
	check(t, "label removed", len(get(c.IssueRemoveLabel(ctx, id, label.ID)).Labels.Nodes) == 0, nil)
	check(t, "label added", len(get(c.IssueAddLabel(ctx, id, label.ID)).Labels.Nodes) == 1, nil)

	found := must[*linearapi.Page[linearapi.Issue]](t)(c.SearchIssues(ctx, linearapi.IssueSearch{Term: "slow", Comments: true}))
	check(t, "found", len(found.Nodes) == 1 && found.Nodes[0].ID == id && found.Total == 1, found)
	list := must[*linearapi.Page[linearapi.Issue]](t)(c.Issues(ctx, linearapi.IssueQuery{
		Filter: linearapi.OfTeam(team.ID), ByUpdate: true, PageArgs: linearapi.PageArgs{First: 1},
	}))
	known := must[[]string](t)(c.KnownIssues(ctx, []string{id, uuid.NewString(), part.ID}))
	check(t, "known", len(known) == 2 && slices.Contains(known, id) && slices.Contains(known, part.ID), known)
	check(t, "listed", len(list.Nodes) == 1 && list.Nodes[0].ID == id && list.Info.HasNextPage, list)

	relation := must[*linearapi.IssueRelation](t)(c.IssueRelationCreate(ctx, linearapi.IssueRelationCreateInput{
		ID: uuid.NewString(), IssueID: id, RelatedIssueID: part.ID, Type: linearapi.RelationBlocks,
	}))
	relations := must[*linearapi.IssueRelations](t)(c.IssueRelations(ctx, part.ID, linearapi.PageArgs{}))
	check(t, "relations", len(relations.Relations.Nodes) == 0 && relations.Inverse.Nodes[0].ID == relation.ID &&
		relations.Inverse.Nodes[0].Issue.ID == id, relations)
	if err := c.IssueRelationDelete(ctx, relation.ID); err != nil {
		t.Error(err)
	}

	for name, do := range map[string]func() error{
		"archive": func() error { return c.IssueArchive(ctx, part.ID) },
		"delete":  func() error { return c.IssueDelete(ctx, part.ID) },
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		left := must[*linearapi.Page[linearapi.Issue]](t)(c.Issues(ctx, linearapi.IssueQuery{Filter: linearapi.OfTeam(team.ID)}))
		check(t, name, len(left.Nodes) == 1, left)
		all := must[*linearapi.Page[linearapi.Issue]](t)(c.Issues(ctx, linearapi.IssueQuery{IncludeArchived: true}))
		check(t, name+", all", len(all.Nodes) == 2, all)
		if err := c.IssueUnarchive(ctx, part.ID); err != nil {
			t.Errorf("%s: back: %v", name, err)
		}
		check(t, name+", back", get(c.Issue(ctx, part.ID)).ArchivedAt.IsZero(), nil)
	}
}

func comments(t *testing.T, c *linearapi.Client, team *linearsim.Team, ada *linearsim.User) {
	t.Helper()
	ctx := t.Context()
	get := must[*linearapi.Comment](t)
	issue := team.AddIssue(ada, "Talk", "")
	root := get(c.CommentCreate(ctx, linearapi.CommentCreateInput{ID: uuid.NewString(), IssueID: issue.ID, Body: "root"}))
	for _, text := range []string{"one", "two", "three"} {
		get(c.CommentCreate(ctx, linearapi.CommentCreateInput{IssueID: issue.Identifier, ParentID: root.ID, Body: text}))
	}
	check(t, "update", get(c.CommentUpdate(ctx, root.ID, linearapi.CommentUpdateInput{Body: "better"})).Body == "better", nil)
	check(t, "read", get(c.Comment(ctx, root.ID)).Body == "better", nil)
	check(t, "resolve", !get(c.CommentResolve(ctx, root.ID, "")).ResolvedAt.IsZero(), nil)
	check(t, "unresolve", get(c.CommentUnresolve(ctx, root.ID)).ResolvedAt.IsZero(), nil)

	reaction := must[*linearapi.Reaction](t)(c.ReactionCreate(ctx, linearapi.ReactionCreateInput{ID: uuid.NewString(), CommentID: root.ID, Emoji: "👍"}))
	must[*linearapi.Reaction](t)(c.ReactionCreate(ctx, linearapi.ReactionCreateInput{IssueID: issue.ID, Emoji: "eyes"}))
	reactions := must[[]linearapi.Reaction](t)(c.CommentReactions(ctx, root.ID))
	check(t, "reactions", len(reactions) == 1 && reactions[0].ID == reaction.ID && reactions[0].Emoji == "thumbsup" && reactions[0].User.App, reactions)
	check(t, "issue's reactions", len(must[[]linearapi.Reaction](t)(c.IssueReactions(ctx, issue.ID))) == 1, nil)

	newest := get(c.CommentThread(ctx, root.ID, linearapi.PageArgs{First: 2}))
	check(t, "newest", len(newest.Children.Nodes) == 2 && newest.Children.Nodes[0].Body == "three" && newest.Children.Info.HasNextPage &&
		len(newest.Reactions) == 1 && newest.Issue.Title == "Talk", newest)
	rest := get(c.CommentThread(ctx, root.ID, linearapi.PageArgs{First: 2, After: newest.Children.Info.EndCursor}))
	check(t, "rest", len(rest.Children.Nodes) == 1 && rest.Children.Nodes[0].Body == "one" && !rest.Children.Info.HasNextPage, rest)
	oldest := get(c.CommentThread(ctx, root.ID, linearapi.PageArgs{Last: 2}))
	check(t, "oldest", len(oldest.Children.Nodes) == 2 && oldest.Children.Nodes[1].Body == "one" && oldest.Children.Info.HasPreviousPage, oldest)

	all := must[*linearapi.IssueWithComments](t)(c.IssueComments(ctx, issue.ID, linearapi.CommentQuery{}))
	check(t, "of the issue", len(all.Comments.Nodes) == 4 && all.Identifier == issue.Identifier && all.Comments.Nodes[0].Children == nil, all)
	roots := must[*linearapi.Page[linearapi.Comment]](t)(c.Comments(ctx, linearapi.CommentQuery{Filter: linearapi.RootComments(), LastReply: true}))
	check(t, "roots", len(roots.Nodes) == 1 && len(roots.Nodes[0].Children.Nodes) == 1, roots)
	if err := c.ReactionDelete(ctx, reaction.ID); err != nil {
		t.Error(err)
	}
	if err := c.CommentDelete(ctx, root.ID); err != nil {
		t.Error(err)
	}
	check(t, "after the removal", len(issue.Comments()) == 0, nil)
}

func links(t *testing.T, c *linearapi.Client, team *linearsim.Team, ada *linearsim.User) {
	t.Helper()
	ctx := t.Context()
	get := must[*linearapi.Attachment](t)
	list := must[*linearapi.Page[linearapi.Attachment]](t)
	issue := team.AddIssue(ada, "Links", "")
	in := linearapi.AttachmentCreateInput{
		IssueID: issue.ID, Title: "Run 7", URL: "https://ci.example.com/7", Metadata: map[string]any{"run": 7}, CommentBody: "see the run",
	}
	made := get(c.AttachmentCreate(ctx, in))
	check(t, "attachment", made.Title == "Run 7" && string(made.Metadata) == `{"run":7}` && made.Issue.ID == issue.ID, made)
	in.Title, in.CommentBody = "Run 7, green", ""
	check(t, "the same address", get(c.AttachmentCreate(ctx, in)).ID == made.ID && len(issue.Comments()) == 1, nil)
	linked := get(c.AttachmentLinkURL(ctx, linearapi.AttachmentLinkInput{ID: uuid.NewString(), IssueID: issue.ID, URL: "https://example.com/pr/1", Title: "PR"}))
	check(t, "updated", get(c.AttachmentUpdate(ctx, linked.ID, linearapi.AttachmentUpdateInput{Title: "PR 1", Subtitle: "open"})).Subtitle == "open", nil)
	check(t, "by address", list(c.AttachmentsForURL(ctx, in.URL, linearapi.PageArgs{})).Nodes[0].ID == made.ID, nil)
	check(t, "of the issue", len(list(c.IssueAttachments(ctx, issue.ID, linearapi.PageArgs{})).Nodes) == 2, nil)
	if err := c.AttachmentDelete(ctx, made.ID); err != nil {
		t.Error(err)
	}
	check(t, "after the removal", len(list(c.IssueAttachments(ctx, issue.ID, linearapi.PageArgs{})).Nodes) == 1, nil)

	target := must[*linearapi.UploadTarget](t)(c.FileUpload(ctx, linearapi.FileUploadInput{Filename: "a.txt", ContentType: "text/plain", Size: 5}))
	if err := c.PutFile(ctx, target, 5, strings.NewReader("hello")); err != nil {
		t.Fatal(err)
	}
	file := must[*adapter.File](t)(c.OpenFile(ctx, target.AssetURL, 5))
	text, err := io.ReadAll(file)
	check(t, "file", string(text) == "hello" && err == nil && file.Name == "a.txt" && file.Size == 5, err)
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

func sessions(t *testing.T, c *linearapi.Client, team *linearsim.Team, ada *linearsim.User, app *linearsim.Installation) {
	t.Helper()
	ctx := t.Context()
	issue := team.AddIssue(ada, "Work", "")
	session := ada.StartSession(app, issue, ada.Comment(issue, "@helper-bot please"))
	activity := func(in linearapi.AgentActivityCreateInput) *linearapi.Activity {
		in.AgentSessionID = session.ID
		return must[*linearapi.Activity](t)(c.AgentActivityCreate(ctx, in))
	}
	activity(linearapi.AgentActivityCreateInput{Content: linearapi.ActivityContent{Type: linearapi.ActivityThought, Body: "hm"}, Ephemeral: true})
	activity(linearapi.AgentActivityCreateInput{Content: linearapi.ActivityContent{Type: linearapi.ActivityAction, Action: "grep", Parameter: "x", Result: "y"}})
	asked := activity(linearapi.AgentActivityCreateInput{
		ID: uuid.NewString(), Content: linearapi.ActivityContent{Type: linearapi.ActivityElicitation, Body: "which?"},
		Signal: "select", SignalMetadata: map[string]any{"options": []any{map[string]any{"value": "a"}}},
	})
	check(t, "comment of a question", asked.SourceComment != nil && session.Status() == "awaitingInput", asked)
	ada.Prompt(session, "a")
	all := must[*linearapi.Page[linearapi.Activity]](t)(c.AgentSessionActivities(ctx, session.ID, nil, linearapi.PageArgs{}))
	check(t, "activities", len(all.Nodes) == 3 && all.Nodes[2].Content.Action == "grep" && all.Nodes[1].Signal == "select" &&
		strings.Contains(string(all.Nodes[1].SignalMetadata), "options") && all.Nodes[0].User.ID == ada.ID, all)
	prompts := must[*linearapi.Page[linearapi.Activity]](t)(c.AgentSessionActivities(ctx, session.ID, linearapi.OfTypes(linearapi.ActivityPrompt), linearapi.PageArgs{}))
	check(t, "prompts", len(prompts.Nodes) == 1 && prompts.Nodes[0].Content.Body == "a", prompts)
	listed := must[*linearapi.Page[linearapi.Node[linearapi.Session]]](t)(c.AgentSessionNodes(ctx, linearapi.PageArgs{}))
	check(t, "list", len(listed.Nodes) == 1 && listed.Nodes[0].Value.ID == session.ID && listed.Nodes[0].Value.AppUser.ID == app.User.ID &&
		listed.Nodes[0].Value.Comment.Body == "@helper-bot please", listed)
	both := must[*linearapi.Session](t)(c.AgentSessionMessages(ctx, session.ID, nil, linearapi.PageArgs{}))
	check(t, "messages", both.Comment.Body == "@helper-bot please" && len(both.Comment.Children.Nodes) == 2 && len(both.Activities.Nodes) == 3, both)

	update := must[*linearapi.Session](t)
	planned := update(c.AgentSessionUpdate(ctx, session.ID, linearapi.SessionUpdateInput{
		Plan:              linearapi.Set([]linearapi.PlanStep{{Content: "look", Status: "completed"}, {Content: "mend", Status: "pending"}}),
		AddedExternalURLs: []linearapi.SessionLink{{Label: "run", URL: "https://ci.example.com/7"}},
	}))
	check(t, "plan", strings.Contains(string(planned.Plan), `"mend"`) && len(planned.ExternalLinks) == 1, planned)
	check(t, "links", len(update(c.AgentSessionUpdate(ctx, session.ID, linearapi.SessionUpdateInput{RemovedExternalURLs: []string{"https://ci.example.com/7"}})).ExternalLinks) == 0, nil)
	own := must[*linearapi.Session](t)
	link := []linearapi.SessionLink{{Label: "run", URL: "https://ci.example.com/8"}}
	onIssue := own(c.AgentSessionCreateOnIssue(ctx, issue.Identifier, link))
	check(t, "own session", onIssue.Issue.ID == issue.ID && onIssue.Comment == nil && onIssue.Creator == nil && len(onIssue.ExternalLinks) == 1, onIssue)
	onComment := own(c.AgentSessionCreateOnComment(ctx, ada.Comment(issue, "here").ID, nil))
	check(t, "own session on a comment", onComment.Comment != nil && onComment.Issue.ID == issue.ID, onComment)
	suggested := must[[]linearapi.RepositorySuggestion](t)(c.IssueRepositorySuggestions(ctx, issue.ID, session.ID, []linearapi.CandidateRepository{
		{Hostname: "github.com", RepositoryFullName: "acme/app"}, {Hostname: "github.com", RepositoryFullName: "acme/site"},
	}))
	check(t, "suggestions", len(suggested) == 2 && suggested[0].RepositoryFullName == "acme/app" && suggested[0].Confidence > suggested[1].Confidence, suggested)
	check(t, "session", must[*linearapi.Session](t)(c.AgentSession(ctx, session.ID)).AppUser.ID == app.User.ID, nil)
}

func directory(t *testing.T, c *linearapi.Client, team *linearsim.Team, ada *linearsim.User) {
	t.Helper()
	ctx := t.Context()
	check(t, "viewer", must[*linearapi.Viewer](t)(c.Viewer(ctx)).User.App, nil)
	check(t, "user", must[*linearapi.User](t)(c.User(ctx, ada.ID)).DisplayName == "ada", nil)
	users := must[*linearapi.Page[linearapi.User]](t)(c.Users(ctx, linearapi.UserQuery{
		Filter: linearapi.Filter{"app": linearapi.Filter{"eq": true}}, IncludeDisabled: true,
	}))
	check(t, "users", len(users.Nodes) == 1 && users.Nodes[0].App, users)
	check(t, "team", must[*linearapi.Team](t)(c.Team(ctx, team.ID)).Key == "ENG", nil)
	teams := must[*linearapi.Page[linearapi.Team]](t)(c.Teams(ctx, linearapi.Filter{"key": linearapi.Filter{"eq": "ENG"}}, linearapi.PageArgs{Last: 5}))
	check(t, "teams", len(teams.Nodes) == 1, teams)
	projects := must[*linearapi.Page[linearapi.Project]](t)(c.Projects(ctx, linearapi.ListQuery{IncludeArchived: true}))
	check(t, "projects", len(projects.Nodes) == 1 && projects.Nodes[0].Status.Type == "planned", projects)
	cycles := must[*linearapi.Page[linearapi.Cycle]](t)(c.Cycles(ctx, linearapi.ListQuery{Filter: linearapi.Filter{"team": linearapi.OfTeam(team.ID)["team"], "isActive": linearapi.Filter{"eq": true}}}))
	check(t, "cycles", len(cycles.Nodes) == 1 && cycles.Nodes[0].IsActive && cycles.Nodes[0].Number == 1, cycles)
	limits := must[*linearapi.RateLimits](t)(c.RateLimitStatus(ctx))
	check(t, "limits", len(limits.Limits) > 0 && limits.Limits[0].Allowed > 0, limits)
}

// tickets runs the operations whose results keep Linear's own objects.
func tickets(t *testing.T, c *linearapi.Client, team *linearsim.Team, ada *linearsim.User, project string) {
	t.Helper()
	ctx := t.Context()
	one := must[*linearapi.Node[linearapi.Issue]](t)
	id := uuid.NewString()
	made := one(c.IssueCreateNode(ctx, linearapi.Input{"id": id, "teamId": team.ID, "title": "Zebra", "priority": 1}))
	check(t, "created", made.Value.ID == id && strings.Contains(string(made.JSON), `"identifier"`), made)
	changed := one(c.IssueUpdateNode(ctx, id, linearapi.Input{"title": "Aardvark"}))
	both := must[[]linearapi.Node[linearapi.Issue]](t)(c.IssueBatchCreateNodes(ctx, []linearapi.Input{
		{"teamId": team.ID, "title": "Bear"}, {"teamId": team.ID, "title": "Cat"},
	}))
	check(t, "created together", len(both) == 2 && both[1].Value.Title == "Cat", both)
	two := []string{both[0].Value.ID, both[1].Value.ID}
	urgent := must[[]linearapi.Node[linearapi.Issue]](t)(c.IssueBatchUpdateNodes(ctx, two, linearapi.Input{"priority": 1}))
	check(t, "changed together", len(urgent) == 2 && urgent[0].Value.Priority == 1 && urgent[1].Value.Priority == 1, urgent)
	near := must[[]linearapi.Node[linearapi.Issue]](t)(c.SemanticSearchIssueNodes(ctx, linearapi.SemanticQuery{
		Query: "the aardvark", Filter: linearapi.OfTeam(team.ID), Limit: 5,
	}))
	check(t, "found by meaning", len(near) == 1 && near[0].Value.ID == id, near)
	begin := must[*linearapi.Page[linearapi.Node[linearapi.WorkflowState]]](t)(c.WorkflowStateNodes(ctx, nil, linearapi.PageArgs{First: 1})).Nodes[0].Value
	teams := must[*linearapi.Page[linearapi.Node[linearapi.Team]]](t)(c.TeamNodes(ctx, nil, linearapi.PageArgs{})).Nodes
	check(t, "where a team begins", len(teams) == 1 && teams[0].Value.DefaultState != nil && *begin.Team.DefaultState == *teams[0].Value.DefaultState, begin)
	check(t, "changed", changed.Value.Title == "Aardvark", changed)
	check(t, "read", len(one(c.IssueNode(ctx, made.Value.Identifier)).Value.Subscribers.Nodes) == 1, nil)
	list := must[*linearapi.Page[linearapi.Node[linearapi.Issue]]](t)(c.IssueNodes(ctx, linearapi.IssueNodeQuery{
		Sort:       []linearapi.Filter{{"title": linearapi.Filter{"order": "Ascending"}}},
		IssueQuery: linearapi.IssueQuery{PageArgs: linearapi.PageArgs{First: 1}},
	}))
	check(t, "sorted", len(list.Nodes) == 1 && list.Nodes[0].Value.ID == id && list.Info.HasNextPage, list)
	link := must[*linearapi.Attachment](t)(c.AttachmentCreate(ctx, linearapi.AttachmentCreateInput{IssueID: id, Title: "A", URL: "https://desk.test/1"}))
	check(t, "attachment", must[*linearapi.Node[linearapi.Attachment]](t)(c.AttachmentNode(ctx, link.ID)).Value.Issue.ID == id, nil)
	links := must[*linearapi.Page[linearapi.Node[linearapi.Attachment]]](t)(c.AttachmentNodes(ctx, linearapi.Filter{"url": linearapi.Filter{"eq": link.URL}}, linearapi.PageArgs{}))
	check(t, "attachments", len(links.Nodes) == 1, links)
	linked := must[*linearapi.Page[linearapi.LinkedIssue]](t)(c.LinkedIssues(ctx, link.URL, linearapi.PageArgs{}))
	check(t, "linked", len(linked.Nodes) == 1 && linked.Nodes[0].Issue.Value.Identifier == made.Value.Identifier, linked)
	ada.Comment(team.AddIssue(ada, "Talk", ""), "hello")
	said := must[*linearapi.Page[linearapi.Node[linearapi.Comment]]](t)(c.CommentNodes(ctx, linearapi.CommentQuery{}))
	check(t, "comments", said.Nodes[0].Value.Body == "hello" && said.Nodes[0].Value.Issue != nil, said)
	post := must[*linearapi.Node[linearapi.Comment]](t)(c.CommentCreateNode(ctx, linearapi.Input{"issueId": id, "body": "one"}))
	edit := must[*linearapi.Node[linearapi.Comment]](t)(c.CommentUpdateNode(ctx, post.Value.ID, linearapi.Input{"body": "two"}))
	check(t, "read", must[*linearapi.Node[linearapi.Comment]](t)(c.CommentNode(ctx, post.Value.ID)).Value.User.App, nil)
	check(t, "edited", edit.Value.Body == "two" && edit.Value.Issue.ID == id, edit)
	users := must[*linearapi.Page[linearapi.Node[linearapi.Member]]](t)(c.UserNodes(ctx, linearapi.UserQuery{}))
	check(t, "users", len(users.Nodes) == 2 && !users.Nodes[0].Value.CreatedAt.IsZero(), users)
	me := must[*linearapi.ViewerInfo](t)(c.ViewerNode(ctx))
	check(t, "me", me.Viewer.Value.App && me.Organization.URLKey == "acme", me)
	label := must[*linearapi.Node[linearapi.Label]](t)(c.IssueLabelCreateNode(ctx, linearapi.Input{"name": "infra"}))
	retired := must[*linearapi.Node[linearapi.Label]](t)(c.IssueLabelRetireNode(ctx, label.Value.ID))
	restored := must[*linearapi.Node[linearapi.Label]](t)(c.IssueLabelRestoreNode(ctx, label.Value.ID))
	check(t, "retired and restored", !retired.Value.RetiredAt.IsZero() && restored.Value.RetiredAt.IsZero(), retired)
	label = must[*linearapi.Node[linearapi.Label]](t)(c.IssueLabelUpdateNode(ctx, label.Value.ID, linearapi.Input{"name": "platform"}))
	check(t, "label", label.Value.Name == "platform", label)
	if err := c.IssueLabelDelete(ctx, label.Value.ID); err != nil {
		t.Error(err)
	}
	_, err := c.Raw(ctx, linearapi.RawRequest{
		Name: "m", Query: "mutation m($input: ProjectMilestoneCreateInput!) { projectMilestoneCreate(input: $input) { success } }",
		Variables: map[string]any{"input": map[string]any{"projectId": project, "name": "Beta"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	stones := must[*linearapi.Page[linearapi.Node[linearapi.Milestone]]](t)(c.MilestoneNodes(ctx, linearapi.ListQuery{}))
	check(t, "milestones", len(stones.Nodes) == 1 && stones.Nodes[0].Value.Project.ID == project, stones)
	raw := must[json.RawMessage](t)(c.Raw(ctx, linearapi.RawRequest{Name: "q", Query: "query q { viewer { id } }", Repeatable: true}))
	check(t, "raw", strings.HasPrefix(string(raw), `{"viewer":{"id":`), string(raw))
}
