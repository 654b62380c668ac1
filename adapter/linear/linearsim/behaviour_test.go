package linearsim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestScopes checks what tokens may do.
func TestScopes(t *testing.T) {
	t.Parallel()
	const (
		comment  = `mutation{commentCreate(input:{issueId:"ENG-1",body:"x"}){success}}`
		issue    = `mutation{issueCreate(input:{teamId:"ENG",title:"x"}){success}}`
		update   = `mutation{issueUpdate(id:"ENG-1",input:{priority:1}){success}}`
		react    = `mutation{reactionCreate(input:{issueId:"ENG-1",emoji:"eyes"}){success}}`
		customer = `mutation{customerCreate(input:{name:"x"}){success}}`
		both     = `mutation{commentCreate(input:{issueId:"ENG-1",body:"x"}){success} issueCreate(input:{teamId:"ENG",title:"x"}){success}}`
		read     = `{issues{nodes{id}}}`
		hooks    = `{webhooks{nodes{id}}}`
	)
	for _, tt := range []struct {
		scopes string
		allow  []string
		refuse []string
	}{
		{"read", []string{read}, []string{comment, issue, update, react, customer, hooks}},
		{"comments:create", []string{read, comment}, []string{issue, update, react, both}},
		{"issues:create", []string{read, issue, update}, []string{comment, react, both}},
		{"comments:create,issues:create", []string{comment, issue, both}, []string{react, customer}},
		{"customer:write", []string{customer}, []string{comment}},
		{"write", []string{read, comment, issue, update, react, customer, both}, []string{hooks}},
		{"read,admin", []string{read, hooks}, []string{comment}},
	} {
		w := newWorld(t, Config{})
		auth := "Bearer " + w.credentials(tt.scopes)
		for _, q := range tt.allow {
			if a := w.as(auth, q, nil); len(a.Errors) > 0 {
				t.Errorf("%s: %s", tt.scopes, a.Raw)
			}
		}
		before := len(w.issue.Comments())
		for _, q := range tt.refuse {
			if a := w.as(auth, q, nil); a.code() != "FORBIDDEN" || a.Data != nil && !strings.HasPrefix(q, "{") {
				t.Errorf("%s allows %s: %s", tt.scopes, q, a.Raw)
			}
		}
		if len(w.issue.Comments()) != before {
			t.Errorf("%s: a refused request did its work", tt.scopes)
		}
	}
	w := newWorld(t, Config{AnyScope: true})
	if a := w.as("Bearer "+w.credentials("read"), comment, nil); len(a.Errors) > 0 {
		t.Errorf("AnyScope: %s", a.Raw)
	}
	if a := w.as(w.ada.APIKey(), hooks, nil); len(a.Errors) > 0 {
		t.Errorf("AnyScope: %s", a.Raw)
	}
	w = newWorld(t, Config{})
	if a := w.as(w.ada.APIKey(), hooks, nil); a.code() != "FORBIDDEN" {
		t.Errorf("a member reads webhooks: %s", a.Raw)
	}
}

// credentials asks for a token by client credentials.
func (w *world) credentials(scopes string) string {
	w.tb.Helper()
	resp, err := w.client.PostForm(w.srv.TokenURL(), url.Values{
		"grant_type": {"client_credentials"}, "scope": {scopes}, "client_id": {w.app.ClientID}, "client_secret": {w.app.ClientSecret},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	defer resp.Body.Close()
	w.srv.mu.Lock()
	defer w.srv.mu.Unlock()
	for text, tok := range w.srv.tokens {
		if tok.app == w.app && tok.scopes == scopeSet(scopes) && !tok.handed {
			return text
		}
	}
	w.tb.Fatalf("no token: %d", resp.StatusCode)
	return ""
}

// TestAgentNeedsItsScope shows that the latest token decides whether an app is
// an agent.
func TestAgentNeedsItsScope(t *testing.T) {
	t.Parallel()
	for scopes, want := range map[string]int{
		"read,write": 0, "read,write,app:assignable": 0, "read,write,app:mentionable": 1, "read,write,app:mentionable,app:assignable": 2,
	} {
		w := newWorld(t, Config{})
		in := newInbox(t, nil)
		w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: []string{"AgentSessionEvent"}})
		auth := "Bearer " + w.credentials(scopes)
		w.ada.Comment(w.issue, "@helper-bot hi")
		a := w.as(auth, `mutation($d:String){issueUpdate(id:"ENG-1",input:{delegateId:$d}){success}}`, map[string]any{"d": w.app.User.ID})
		if refused := len(a.Errors) > 0; refused != !strings.Contains(scopes, "app:assignable") {
			t.Errorf("%s: delegation: %s", scopes, a.Raw)
		}
		if want == 2 {
			other := w.team.AddIssue(w.ada, "Other", "")
			w.ada.UpdateIssue(other, IssueChange{Delegate: w.app.User})
		}
		w.flush()
		if got := len(in.all()); got != want {
			t.Errorf("%s: %d sessions, want %d: %s", scopes, got, want, in.kinds())
		}
	}
}

func TestMarkdownIsRewritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{RewriteMarkdown: true})
	for in, want := range map[string]string{
		"- a\n- b\n  - c":                    "* a\n* b\n  * c",
		"+ a":                                "* a",
		"- [ ] todo":                         "* [ ] todo",
		"_x_ and (_y z_), snake_case_name":   "*x* and (*y z*), snake_case_name",
		"see https://example.com/a_b?x=1.":   "see [https://example.com/a_b?x=1](<https://example.com/a_b?x=1>).",
		"[x](https://example.com)":           "[x](https://example.com)",
		"<https://example.com>":              "<https://example.com>",
		"`_x_ https://example.com` _y_":      "`_x_ https://example.com` *y*",
		"```\n- _x_\n```\n- y":               "```\n- _x_\n```\n* y",
		"~~~go\n_x_\n~~~":                    "~~~go\n_x_\n~~~",
		"hi " + w.bob.URL:                    "hi " + w.bob.URL,
		"- - -\n---\n**bold** __also bold__": "* - -\n---\n**bold** __also bold__",
	} {
		if got := w.ada.Comment(w.issue, in).Body(); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
		a := w.do(`mutation($b:String!){commentCreate(input:{issueId:"ENG-1",body:$b}){comment{body}}}`, map[string]any{"b": in})
		if got := a.at("commentCreate", "comment", "body"); got != want {
			t.Errorf("by API: %q\n got %q\nwant %q", in, got, want)
		}
	}
	if got := newWorld(t, Config{}); got.ada.Comment(got.issue, "- _x_").Body() != "- _x_" {
		t.Error("rewritten without being asked")
	}
}

// TestGenericFilters filters and sorts by fields that no code names.
func TestGenericFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.ada.Admin = true
	key := w.ada.APIKey()
	for i, name := range []string{"Beta", "alpha", "Gamma"} {
		a := w.as(key, `mutation($i:ProjectCreateInput!){projectCreate(input:$i){success}}`, map[string]any{"i": map[string]any{
			"name": name, "teamIds": []any{w.team.ID}, "priority": i, "leadId": []any{w.ada.ID, w.bob.ID, nil}[i], "startDate": "2026-0" + strconv.Itoa(i+1) + "-01",
		}})
		if len(a.Errors) > 0 {
			t.Fatal(a.Raw)
		}
		w.clock.Advance(time.Minute)
	}
	for _, tt := range []struct{ args, want string }{
		{`filter:{name:{eq:"Beta"}}`, "Beta"},
		{`filter:{name:{containsIgnoreCase:"A"}}`, "Gamma alpha Beta"},
		{`filter:{lead:{displayName:{eq:"bob"}}}`, "alpha"},
		{`filter:{lead:{null:true}}`, "Gamma"},
		{`filter:{priority:{gte:1}}`, "Gamma alpha"},
		{`filter:{status:{type:{eq:"backlog"}}}`, "Gamma alpha Beta"},
		{`filter:{status:{type:{eq:"completed"}}}`, ""},
		{`filter:{or:[{name:{eq:"Beta"}},{lead:{displayName:{eq:"bob"}}}]}`, "alpha Beta"},
		{`filter:{and:[{priority:{gt:0}},{lead:{null:false}}]}`, "alpha"},
		{`filter:{createdAt:{gt:"-PT2M"}}`, "Gamma"},
		{`sort:[{name:{order:Ascending}}]`, "alpha Beta Gamma"},
		{`sort:[{name:{order:Descending}}]`, "Gamma Beta alpha"},
		{`sort:[{lead:{order:Ascending,nulls:first}}]`, "Gamma Beta alpha"},
		{`sort:[{lead:{order:Ascending,nulls:last}}]`, "Beta alpha Gamma"},
		{`sort:[{startDate:{order:Descending}}]`, "Gamma alpha Beta"},
		{`first:2,sort:[{name:{order:Ascending}}]`, "alpha Beta"},
		{`orderBy:updatedAt`, "Gamma alpha Beta"},
	} {
		a := w.as(key, `{projects(`+tt.args+`){nodes{name}}}`, nil)
		var got []string
		nodes, _ := a.at("projects", "nodes").([]any)
		for _, n := range nodes {
			name, _ := asArgs(n)["name"].(string)
			got = append(got, name)
		}
		if s := strings.Join(got, " "); s != tt.want || len(a.Errors) > 0 {
			t.Errorf("%s: %q, want %q %s", tt.args, s, tt.want, a.Raw)
		}
	}
	first := w.as(key, `{projects(first:1,sort:[{name:{order:Ascending}}]){pageInfo{endCursor}}}`, nil)
	cursor, _ := first.at("projects", "pageInfo", "endCursor").(string)
	next := w.as(key, `query($a:String){projects(first:1,after:$a,sort:[{name:{order:Ascending}}]){nodes{name} pageInfo{hasNextPage hasPreviousPage}}}`, map[string]any{"a": cursor})
	if next.at("projects", "nodes", 0, "name") != "Beta" || next.at("projects", "pageInfo", "hasNextPage") != true {
		t.Error(next.Raw)
	}
	if a := w.as(key, `{issues(filter:{hasBlockedByRelations:{eq:true}}){nodes{id}}}`, nil); a.code() != "FEATURE_NOT_ACCESSIBLE" ||
		!strings.Contains(a.Errors[0].Message, "filtering Issue by hasBlockedByRelations") {
		t.Error(a.Raw)
	}
	if a := w.as(key, `{issues(sort:[{slaStatus:{order:Ascending}}]){nodes{id}}}`, nil); a.code() != "" && a.code() != "FEATURE_NOT_ACCESSIBLE" {
		t.Error(a.Raw)
	}
}

// TestDerived reads what follows from other entities.
func TestDerived(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.oneOfEverything()
	key := w.ada.APIKey()
	done := w.team.State("Done").ID
	if a := w.as(key, `mutation($s:String!){issueUpdate(id:"ENG-2",input:{stateId:$s,snoozedUntilAt:"2026-11-01T00:00:00Z"}){issue{snoozedUntilAt}}}`, map[string]any{"s": done}); a.at("issueUpdate", "issue", "snoozedUntilAt") != "2026-11-01T00:00:00.000Z" {
		t.Error(a.Raw)
	}
	a := w.as(key, strings.ReplaceAll(`{
		projects{nodes{progress health lastUpdate{body} issues{nodes{identifier}} initiatives{nodes{name}} teams{nodes{key}} documents{nodes{title}} projectMilestones{nodes{name}} relations{nodes{id}}}}
		initiatives{nodes{health projects{nodes{name}}}}
		cycles{nodes{progress issues{nodes{identifier}}}}
		issue(id:"ENG-2"){needs{nodes{id}} inverseRelations{nodes{type}} relations{nodes{id}} labels{nodes{name}} documents{nodes{id}}}
		one:issue(id:"ENG-1"){needs{nodes{body customer{name}}} formerNeeds{nodes{id}} attachments{nodes{title}} customerTicketCount agentSessions{nodes{id}}}
		customers{nodes{name approximateNeedCount needs{body} status{name}}}
	}`, "{nodes{", "(first:3){nodes{"), nil)
	for _, tt := range []struct {
		want any
		path []any
	}{
		{1.0, []any{"projects", "nodes", 0, "progress"}},
		{"onTrack", []any{"projects", "nodes", 0, "health"}},
		{"Fine", []any{"projects", "nodes", 0, "lastUpdate", "body"}},
		{"ENG-2", []any{"projects", "nodes", 0, "issues", "nodes", 0, "identifier"}},
		{"Growth", []any{"projects", "nodes", 0, "initiatives", "nodes", 0, "name"}},
		{"ENG", []any{"projects", "nodes", 0, "teams", "nodes", 0, "key"}},
		{"Plan", []any{"projects", "nodes", 0, "documents", "nodes", 0, "title"}},
		{"Beta", []any{"projects", "nodes", 0, "projectMilestones", "nodes", 0, "name"}},
		{"Checkout", []any{"initiatives", "nodes", 0, "projects", "nodes", 0, "name"}},
		{"ENG-2", []any{"cycles", "nodes", 0, "issues", "nodes", 0, "identifier"}},
		{"blocks", []any{"issue", "inverseRelations", "nodes", 0, "type"}},
		{nil, []any{"issue", "relations", "nodes", 0}},
		{nil, []any{"issue", "needs", "nodes", 0}},
		{"Globex", []any{"one", "needs", "nodes", 0, "customer", "name"}},
		{nil, []any{"one", "formerNeeds", "nodes", 0}},
		{1.0, []any{"one", "customerTicketCount"}},
		{1.0, []any{"customers", "nodes", 0, "approximateNeedCount"}},
		{"Fast", []any{"customers", "nodes", 0, "needs", 0, "body"}},
		{"Active", []any{"customers", "nodes", 0, "status", "name"}},
	} {
		if got := a.at(tt.path...); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.path, got, tt.want)
		}
	}
	if t.Failed() {
		t.Log(a.Raw)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	label := w.ws.AddLabel("Bug", "")
	w.ada.UpdateIssue(w.issue, IssueChange{State: "In Progress", Title: "New", Assignee: w.bob})
	w.do(`mutation($l:String!){issueAddLabel(id:"ENG-1",labelId:$l){success}}`, map[string]any{"l": label.ID})
	w.do(`mutation{issueUpdate(id:"ENG-1",input:{sortOrder:5}){success}}`, nil) // nothing that the history shows
	a := w.do(`{issue(id:"ENG-1"){history{nodes{actor{displayName} fromState{name} toState{name} fromTitle toTitle toAssignee{displayName} addedLabels{name}}}}}`, nil)
	nodes, _ := a.at("issue", "history", "nodes").([]any)
	if len(nodes) != 2 || a.at("issue", "history", "nodes", 1, "toState", "name") != "In Progress" ||
		a.at("issue", "history", "nodes", 0, "addedLabels", 0, "name") != "Bug" {
		t.Error(a.Raw)
	}
}

func TestSessionsByAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	a := w.do(`mutation{agentSessionCreateOnIssue(input:{issueId:"ENG-1",externalUrls:[{label:"l",url:"https://example.com"}]}){agentSession{id status externalLinks{url}}}}`, nil)
	if a.at("agentSessionCreateOnIssue", "agentSession", "externalLinks", 0, "url") != "https://example.com" {
		t.Error(a.Raw)
	}
	c := w.ada.Comment(w.issue, "root")
	a = w.do(`mutation($c:String!){agentSessionCreateOnComment(input:{commentId:$c}){agentSession{id comment{id}}}}`, map[string]any{"c": c.ID})
	id, _ := a.at("agentSessionCreateOnComment", "agentSession", "id").(string)
	w.do(`mutation($s:String!){agentSessionUpdate(id:$s,input:{summary:"done"}){success} agentActivityCreate(input:{agentSessionId:$s,content:{type:"thought",body:"hm"}}){success}}`, map[string]any{"s": id})
	a = w.do(`query($c:String!){comment(id:$c){agentSession{id summary status} agentSessions{nodes{id}}} agentSessions{nodes{id}} agentActivities(filter:{agentSessionId:{eq:"x"}}){nodes{id}}}`, map[string]any{"c": c.ID})
	if a.at("comment", "agentSession", "summary") != "done" || a.at("comment", "agentSession", "status") != "active" {
		t.Error(a.Raw)
	}
	sessions, _ := a.at("agentSessions", "nodes").([]any)
	if activities, _ := a.at("agentActivities", "nodes").([]any); len(sessions) != 2 || len(activities) != 0 {
		t.Error(a.Raw)
	}
	if a := w.as(w.ada.APIKey(), `mutation{agentSessionCreateOnIssue(input:{issueId:"ENG-1"}){success}}`, nil); a.code() != "FORBIDDEN" {
		t.Error(a.Raw)
	}
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	a := w.as("", `{__schema{queryType{name} mutationType{name} directives{name}} __type(name:"Comment"){kind fields{name type{kind ofType{name}}}}}`, nil)
	fields, _ := a.at("__type", "fields").([]any)
	if a.Status != http.StatusOK || a.at("__schema", "mutationType", "name") != "Mutation" || len(fields) < 40 {
		t.Error(a.Raw)
	}
	if a := w.as("", `{__type(name:"WorkspaceAnnouncementNotification"){name}}`, nil); a.at("__type") != nil {
		t.Error("introspection offers what is not published")
	}
	if a := w.as("", `{__schema{queryType{name}} viewer{id}}`, nil); a.Status != http.StatusUnauthorized {
		t.Errorf("data without a token: %s", a.Raw)
	}
}

// TestEachErrorOnce spreads a wrong fragment often.
func TestEachErrorOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	a := w.as(w.auth, `{a:viewer{...f} b:viewer{...f} c:viewer{...f}} fragment f on User{nope}`, nil)
	if len(a.Errors) != 1 {
		t.Error(a.Raw)
	}
}

func TestLiveCommentsOnDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.ada.Admin = true
	key := w.ada.APIKey()
	a := w.as(key, `mutation{documentCreate(input:{title:"Plan",teamId:"ENG",content:"Do"}){document{documentContentId}}}`, nil)
	content := a.at("documentCreate", "document", "documentContentId")
	a = w.as(key, `mutation($i:CommentCreateInput!){commentCreate(input:$i){comment{id url issueId documentContentId documentContent{content}}}}`,
		map[string]any{"i": map[string]any{"documentContentId": content, "body": "why?"}})
	if a.at("commentCreate", "comment", "documentContent", "content") != "Do" || a.at("commentCreate", "comment", "issueId") != nil {
		t.Error(a.Raw)
	}
	id, _ := a.at("commentCreate", "comment", "id").(string)
	for _, q := range []string{
		`mutation($id:String!){commentResolve(id:$id){success}}`,
		`mutation($id:String!){commentUpdate(id:$id,input:{body:"because"}){success}}`,
		`mutation($id:String!){reactionCreate(input:{commentId:$id,emoji:"eyes"}){success}}`,
		`mutation($id:String!){commentDelete(id:$id){success}}`,
	} {
		if a := w.as(key, q, map[string]any{"id": id}); len(a.Errors) > 0 {
			t.Errorf("%s: %s", q, a.Raw)
		}
	}
	if !slices.ContainsFunc(w.srv.Requests(), func(r Request) bool { return slices.Contains(r.Fields, "commentDelete") }) {
		t.Error("no request log")
	}
}

// FuzzMarkdown rewrites any text without growing it beyond reason, and once is
// enough.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"- a", "_x_", "https://example.com", "```\n- x", "`_x_`", "[x](https://y)", "_a_ _b_", "\xff_"} {
		f.Add(s)
	}
	srv, err := Start(Config{RewriteMarkdown: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(srv.Close)
	f.Fuzz(func(t *testing.T, text string) {
		once := srv.stored(text)
		if len(once) > 3*len(text)+16 {
			t.Errorf("%q grew to %d bytes", text, len(once))
		}
	})
}

// FuzzSeed parses any file.
func FuzzSeed(f *testing.F) {
	f.Add([]byte(seedYAML))
	f.Add([]byte(`{"workspaces":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if seed, err := ParseSeed(raw); err == nil && len(seed.Workspaces) == 0 {
			t.Error("a seed without workspaces")
		}
	})
}

func TestComplexityBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{ComplexityPerHour: 120})
	const q = `{comments{nodes{id}}}` // 56 points
	for i, want := range []string{"64", "8", "8"} {
		a := w.as(w.auth, q, nil)
		if got := a.Header.Get("X-Ratelimit-Complexity-Remaining"); got != want {
			t.Errorf("request %d: %s points remain, want %s", i, got, want)
		}
		if refused := a.code() == "RATELIMITED"; refused != (i == 2) {
			t.Errorf("request %d: %s", i, a.Raw)
		}
		if i == 2 && (a.Header.Get("Retry-After") != "1440" || !strings.Contains(a.Errors[0].Message, "Only 120 complexity points")) {
			t.Errorf("Retry-After %s, %s", a.Header.Get("Retry-After"), a.Raw)
		}
	}
	if a := w.as(w.ada.APIKey(), q, nil); a.code() != "" {
		t.Errorf("others have a budget of their own: %s", a.Raw)
	}
	w.clock.Advance(24 * time.Minute)
	w.do(q, nil)
}

// TestSessionsThatPeopleStart checks which acts start a session, and what it
// hangs on.
func TestSessionsThatPeopleStart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		act        func(w *world)
		events     int
		artificial bool
	}{
		{"a mention", func(w *world) { w.ada.Comment(w.issue, "@helper-bot hi") }, 1, false},
		{"a mention by a program", func(w *world) {
			w.as(w.ada.APIKey(), `mutation($b:String!){commentCreate(input:{issueId:"ENG-1",body:$b}){success}}`, map[string]any{"b": w.app.User.URL + " hi"})
		}, 1, false},
		{"a name by a program", func(w *world) {
			w.as(w.ada.APIKey(), `mutation{commentCreate(input:{issueId:"ENG-1",body:"@helper-bot hi"}){success}}`, nil)
		}, 0, false},
		{"a delegation", func(w *world) { w.ada.UpdateIssue(w.issue, IssueChange{Delegate: w.app.User}) }, 1, true},
		{"a delegation again", func(w *world) {
			w.ada.UpdateIssue(w.issue, IssueChange{Delegate: w.app.User})
			w.ada.UpdateIssue(w.issue, IssueChange{Title: "Other"})
		}, 1, true},
		{"a mention in a description", func(w *world) { w.ada.UpdateIssue(w.issue, IssueChange{Description: "@helper-bot do"}) }, 1, true},
		{"a new issue with a mention", func(w *world) { w.team.AddIssue(w.ada, "New", "@helper-bot do") }, 1, true},
		{"a plain comment", func(w *world) { w.ada.Comment(w.issue, "hi") }, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Config{Parallel: 1})
			in := newInbox(t, nil)
			w.app.SetWebhook(Webhook{URL: in.URL, ResourceTypes: []string{"AgentSessionEvent"}})
			tt.act(w)
			w.flush()
			if n := len(in.all()); n != tt.events {
				t.Fatalf("%d events, want %d: %s", n, tt.events, in.kinds())
			}
			for _, x := range w.ws.Sessions() {
				if x.Root == nil || x.Root.artificial != tt.artificial {
					t.Errorf("root %+v", x.Root)
				}
			}
		})
	}
}

// TestWebhookOfATeam gets the issues of its team and no comments.
func TestWebhookOfATeam(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Parallel: 1})
	w.ada.Admin = true
	in := newInbox(t, nil)
	a := w.as(w.ada.APIKey(), `mutation($u:String!){webhookCreate(input:{url:$u,teamId:"ENG",resourceTypes:["Issue","Comment"]}){webhook{team{key} allPublicTeams}}}`, map[string]any{"u": in.URL})
	if a.at("webhookCreate", "webhook", "team", "key") != "ENG" {
		t.Fatal(a.Raw)
	}
	ops := w.ws.AddTeam("OPS", "Operations")
	ops.AddIssue(w.ada, "Disk", "")
	w.ada.Comment(w.issue, "hi")
	w.team.AddIssue(w.ada, "New", "")
	w.flush()
	if got := in.kinds(); got != "Issue create" {
		t.Errorf("got %s", got)
	}
}
