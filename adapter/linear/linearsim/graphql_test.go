package linearsim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAuthorization(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	key := w.ada.APIKey()
	token := w.app.Token()
	for _, tt := range []struct {
		name, auth string
		status     int
		code       string
		user       string
	}{
		{"key", key, 200, "", "ada"},
		{"bearer", "Bearer " + token, 200, "", "helper-bot"},
		{"lower-case scheme", "bearer " + token, 200, "", "helper-bot"},
		{"key behind Bearer", "Bearer " + key, 400, "INPUT_ERROR", ""},
		{"token without Bearer", token, 401, "AUTHENTICATION_ERROR", ""},
		{"unknown key", "lin_api_nope", 401, "AUTHENTICATION_ERROR", ""},
		{"unknown token", "Bearer nope", 401, "AUTHENTICATION_ERROR", ""},
		{"none", "", 401, "AUTHENTICATION_ERROR", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := w.as(tt.auth, `{viewer{displayName}}`, nil)
			user, _ := a.at("viewer", "displayName").(string)
			if a.Status != tt.status || a.code() != tt.code || user != tt.user {
				t.Errorf("got %d %s %q, want %d %s %q\n%s", a.Status, a.code(), user, tt.status, tt.code, tt.user, a.Raw)
			}
			if a.Header.Get("X-Ratelimit-Requests-Limit") == "" || a.Header.Get("X-Complexity") == "" {
				t.Errorf("no limit headers: %v", a.Header)
			}
		})
	}
	a := w.as("Bearer "+key, `{viewer{id}}`, nil)
	if m := a.Errors[0].Message; !strings.HasPrefix(m, "It looks like you're trying to use an API key as a Bearer token") {
		t.Errorf("message %q", m)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	root := w.ada.Comment(w.issue, "root")
	reply := w.bob.Reply(root, "reply")
	other := w.team.AddIssue(w.ada, "Other", "")
	id := root.ID
	const create = `mutation($input:CommentCreateInput!){commentCreate(input:$input){success comment{id}}}`
	const react = `mutation($input:ReactionCreateInput!){reactionCreate(input:$input){success}}`
	const exactly = "Argument Validation Error - Exactly one of projectUpdateId, initiativeUpdateId, postId, documentContentId, projectId, initiativeId or issueId must be defined."
	in := func(kv ...string) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return map[string]any{"input": m}
	}
	for _, tt := range []struct {
		name, query string
		vars        map[string]any
		status      int
		code        string
		message     string
		user        string
	}{
		{"syntax", `{`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "Expected Name, found <EOF>", ""},
		{"unknown field", `{viewer{nope}}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", `Cannot query field "nope" on type "User". Did you mean "name"?`, ""},
		{"missing variable", create, nil, 400, "INVALID_INPUT", `Variable "$input" of required type "CommentCreateInput!" was not provided.`, ""},
		{"unknown input field", create, in("nope", "1"), 400, "INVALID_INPUT", `Variable "$input" got invalid value: input.nope unknown field`, ""},
		{"no such issue", `{issue(id:"ENG-99"){id}}`, nil, 200, "INPUT_ERROR", "Entity not found: Issue", "Could not find referenced Issue."},
		{"no such comment", `{comment(id:"x"){id}}`, nil, 200, "INPUT_ERROR", "Entity not found: Comment", "Could not find referenced Comment."},
		{"no such hash", `{comment(hash:""){id}}`, nil, 200, "INPUT_ERROR", "Entity not found: Comment", "Could not find referenced Comment."},
		{"no parent entity", create, in("body", "x", "parentId", id), 200, "INVALID_INPUT", exactly, ""},
		{"two parent entities", create, in("body", "x", "issueId", "ENG-1", "projectId", "p"), 200, "INVALID_INPUT", exactly, ""},
		{"parent of another kind", create, in("body", "x", "projectUpdateId", "p"), 200, "INPUT_ERROR", "Entity not found: ProjectUpdate", "Could not find referenced ProjectUpdate."},
		{"reply to a reply", create, in("body", "x", "issueId", "ENG-1", "parentId", reply.ID), 200, "INPUT_ERROR", "Parent comment must be a top level comment.", ""},
		{"parent elsewhere", create, in("body", "x", "issueId", other.ID, "parentId", id), 200, "INPUT_ERROR", "Parent comment must be on the same issue.", ""},
		{"id taken", create, in("body", "x", "issueId", "ENG-1", "id", id), 200, "INPUT_ERROR", "conflict on insert of Comment", "Entity Comment with id " + id + " already exists."},
		{"id taken, capitals", create, in("body", "x", "issueId", "ENG-1", "id", strings.ToUpper(id)), 200, "INPUT_ERROR", "conflict on insert of Comment", "Entity Comment with id " + id + " already exists."},
		{"id no UUID", create, in("body", "x", "issueId", "ENG-1", "id", "1"), 200, "INVALID_INPUT", "Argument Validation Error - id must be a UUID.", ""},
		{"id of version 1", create, in("body", "x", "issueId", "ENG-1", "id", "7d9994f5-0a1b-1c2d-8e3f-405162738495"), 200, "INVALID_INPUT", "Argument Validation Error - id must be a UUID.", ""},
		{"empty body", create, in("body", " ", "issueId", "ENG-1"), 200, "INVALID_INPUT", "Argument Validation Error - body should not be empty.", ""},
		{"other's comment", fmt.Sprintf(`mutation{commentUpdate(id:%q,input:{body:"x"}){success}}`, id), nil, 200, "FORBIDDEN", "You can only change your own comments", ""},
		{"resolve a reply", fmt.Sprintf(`mutation{commentResolve(id:%q){success}}`, reply.ID), nil, 200, "INPUT_ERROR", "Only top level comments can be resolved.", ""},
		{"unknown emoji", react, in("emoji", "nonsense", "commentId", id), 200, "INVALID_INPUT", "Argument Validation Error - emoji must be a known emoji.", ""},
		{"reaction on nothing", react, in("emoji", "eyes"), 200, "INVALID_INPUT", "Argument Validation Error - Exactly one of commentId, issueId, projectUpdateId or initiativeUpdateId must be defined.", ""},
		{"page too long", `{comments(first:251){nodes{id}}}`, nil, 200, "INVALID_INPUT", "Argument Validation Error - first must not be greater than 250.", ""},
		{"page too short", `{comments(first:0){nodes{id}}}`, nil, 200, "INVALID_INPUT", "Argument Validation Error - first must not be less than 1.", ""},
		{"bad cursor", `{comments(after:"?"){nodes{id}}}`, nil, 200, "INVALID_INPUT", "Argument Validation Error - cursor is not valid.", ""},
		{"too complex", `{comments(first:250){nodes{children(first:50){nodes{id}}}}}`, nil, 400, "INPUT_ERROR", "Query too complex - complexity is 14251, maximum allowed is 10000", "Query too complex."},
		{"subscription", `subscription{x}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "*", ""},
		{"no query", ` `, nil, 400, "INVALID_INPUT", "GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.", ""},
		{"not simulated", `mutation{integrationLoom{success}}`, nil, 200, "FEATURE_NOT_ACCESSIBLE", "linearsim does not simulate integrationLoom", "integrationLoom is not part of what linearsim simulates."},
		{"unknown fragment", `{viewer{...f}}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", `Unknown fragment "f".`, ""},
		{"unused fragment", `{viewer{id}} fragment f on User{id}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", `Fragment "f" is never used.`, ""},
		{"fragment of another type", `{viewer{...f}} fragment f on Issue{id}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "*", ""},
		{"fragment in a circle", `{viewer{...f}} fragment f on User{...g} fragment g on User{...f}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "*", ""},
		{"variable of a fragment", `{...f} fragment f on Query{comments(first:$n){nodes{id}}}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "*", ""},
		{"huge number", `{comments(first:99999999999999999999){nodes{id}}}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "*", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := w.as(w.auth, tt.query, tt.vars)
			if a.Status != tt.status || a.code() != tt.code {
				t.Fatalf("got %d %s, want %d %s\n%s", a.Status, a.code(), tt.status, tt.code, a.Raw)
			}
			e := a.Errors[0]
			if tt.message != "*" && e.Message != tt.message {
				t.Errorf("message %q, want %q", e.Message, tt.message)
			}
			if tt.user != "" && e.Extensions.UserPresentableMessage != tt.user {
				t.Errorf("user message %q, want %q", e.Extensions.UserPresentableMessage, tt.user)
			}
			if a.Data != nil {
				t.Errorf("data %v, want null", a.Data)
			}
			if !e.Extensions.UserError || e.Extensions.Type == "" || e.Extensions.StatusCode != http.StatusBadRequest && tt.code != "FORBIDDEN" {
				t.Errorf("extensions %+v", e.Extensions)
			}
		})
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	for _, tt := range []struct {
		method, body string
		status       int
	}{
		{http.MethodGet, "", http.StatusMethodNotAllowed},
		{http.MethodPost, "", http.StatusBadRequest},
		{http.MethodPost, "[]", http.StatusBadRequest},
		{http.MethodPost, `{"query":""}`, http.StatusBadRequest},
		{http.MethodPost, `{"query":"query A{viewer{id}} query B{viewer{id}}"}`, http.StatusBadRequest},
		{http.MethodPost, `{"query":"query A{viewer{id}} query B{viewer{id}}","operationName":"B"}`, http.StatusOK},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, w.srv.GraphQLURL(), strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", w.auth)
		resp, err := w.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.body, resp.StatusCode, tt.status)
		}
	}
}

func TestComplexity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	for _, tt := range []struct {
		query string
		vars  map[string]any
		want  int
	}{
		{`{viewer{id}}`, nil, 2}, // 1.1
		{`{viewer{id name email displayName url app active admin owner guest}}`, nil, 2},                // 2.0
		{`{comments(first:10){nodes{id body}}}`, nil, 13},                                               // 1 + 10 × 1.2
		{`{comments{nodes{id}}}`, nil, 56},                                                              // 1 + 50 × 1.1
		{`query($n:Int){comments(first:$n){nodes{id}}}`, map[string]any{"n": 20}, 23},                   // 1 + 20 × 1.1
		{`query($n:Int=4){comments(last:$n){...f}} fragment f on CommentConnection{nodes{id}}`, nil, 6}, // 1 + 4 × 1.1
		{ // 1 + 4 × (1 + 0.2 + 1.1 + 1 + 2 × 1.2)
			`query($n:Int=4){comments(first:$n){nodes{...c}}} fragment c on Comment{...t user{...u} children(last:2){nodes{...t}}} fragment t on Comment{id body} fragment u on User{id}`, nil, 24,
		},
		{`query($n:Int){...q} fragment q on Query{comments(first:$n){nodes{... on Comment{id}}}}`, map[string]any{"n": 20}, 23},   // 1 + 20 × 1.1
		{`query($on:Boolean=false){viewer{id} ...q@include(if:$on)} fragment q on Query{comments(first:10){nodes{id}}}`, nil, 14}, // 1.1 + 1 + 10 × 1.1
	} {
		if got := w.do(tt.query, tt.vars).Header.Get("X-Complexity"); got != strconv.Itoa(tt.want) {
			t.Errorf("%s: complexity %s, want %d", tt.query, got, tt.want)
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{RequestsPerHour: 3})
	const q = `{viewer{id}}`
	for i := range 3 {
		if got := w.do(q, nil).Header.Get("X-Ratelimit-Requests-Remaining"); got != strconv.Itoa(2-i) {
			t.Errorf("request %d: remaining %s, want %d", i, got, 2-i)
		}
	}
	a := w.as(w.auth, q, nil)
	if a.Status != http.StatusBadRequest || a.code() != "RATELIMITED" || a.Errors[0].Extensions.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("got %d %s", a.Status, a.Raw)
	}
	got := map[string]string{}
	for _, h := range []string{"Retry-After", "X-Ratelimit-Requests-Limit", "X-Ratelimit-Requests-Remaining", "X-Ratelimit-Requests-Reset"} {
		got[h] = a.Header.Get(h)
	}
	want := map[string]string{
		"Retry-After": "1200", "X-Ratelimit-Requests-Limit": "3", "X-Ratelimit-Requests-Remaining": "0",
		"X-Ratelimit-Requests-Reset": strconv.FormatInt(w.clock.Now().Add(time.Hour).UnixMilli(), 10),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("headers (-want +got):\n%s", d)
	}
	w.as(w.ada.APIKey(), q, nil) // others have a budget of their own
	w.clock.Advance(20 * time.Minute)
	w.do(q, nil)
	if w.as(w.auth, q, nil).code() != "RATELIMITED" {
		t.Error("the budget refilled by more than one request in 20 minutes")
	}
}

// TestSearchLimit checks the limit that searches have beside the hourly ones.
func TestSearchLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{SearchesPerMinute: 2})
	const q = `{searchIssues(term:"retry"){nodes{id}}}`
	for i := range 2 {
		h := w.do(q, nil).Header
		got := h.Get("X-Ratelimit-Endpoint-Name") + " " + h.Get("X-Ratelimit-Endpoint-Requests-Limit") + " " + h.Get("X-Ratelimit-Endpoint-Requests-Remaining")
		if want := "searchIssues 2 " + strconv.Itoa(1-i); got != want {
			t.Errorf("request %d: %s, want %s", i, got, want)
		}
	}
	a := w.as(w.auth, q, nil)
	if a.code() != "RATELIMITED" || a.Header.Get("Retry-After") != "30" || !strings.Contains(a.Errors[0].Message, "Only 2 requests to searchIssues are allowed per 1 minute") {
		t.Errorf("Retry-After %q, %s", a.Header.Get("Retry-After"), a.Raw)
	}
	w.do(`{viewer{id}}`, nil) // the others are not limited
	w.as(w.ada.APIKey(), q, nil)
	w.clock.Advance(30 * time.Second)
	w.do(q, nil)
	if a := newWorld(t, Config{}).do(q, nil); a.Header.Get("X-Ratelimit-Endpoint-Requests-Limit") != "30" {
		t.Errorf("headers without a limit: %v", a.Header)
	}
}

func TestRateLimitStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	a := w.do(`{rateLimitStatus{identifier kind limits{type allowedAmount remainingAmount period}}}`, nil)
	want := map[string]any{
		"identifier": w.app.User.ID, "kind": "oauthApp", "limits": []any{
			map[string]any{"type": "request", "allowedAmount": 5000.0, "remainingAmount": 4999.0, "period": 3600000.0},
			map[string]any{"type": "complexity", "allowedAmount": 2000000.0, "remainingAmount": 1999997.0, "period": 3600000.0},
		},
	}
	if d := cmp.Diff(want, a.at("rateLimitStatus")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	var ids []string // newest first
	for i := range 7 {
		w.clock.Advance(time.Duration(i%2) * time.Second) // pairs share a time
		ids = append([]string{w.ada.Comment(w.issue, strconv.Itoa(i)).ID}, ids...)
	}
	type result struct {
		ids        []string
		next, prev bool
		start, end string
	}
	get := func(window string) result {
		a := w.do(`{issue(id:"ENG-1"){comments`+window+`{nodes{id} edges{cursor node{id}} pageInfo{hasNextPage hasPreviousPage startCursor endCursor}}}}`, nil)
		var r result
		nodes, _ := a.at("issue", "comments", "nodes").([]any)
		for i := range nodes {
			id, _ := a.at("issue", "comments", "nodes", i, "id").(string)
			if a.at("issue", "comments", "edges", i, "node", "id") != id {
				t.Errorf("%s: edges differ from nodes", window)
			}
			r.ids = append(r.ids, id)
		}
		info, _ := a.at("issue", "comments", "pageInfo").(map[string]any)
		r.next, r.prev = info["hasNextPage"] == true, info["hasPreviousPage"] == true
		r.start, _ = info["startCursor"].(string)
		r.end, _ = info["endCursor"].(string)
		return r
	}
	check := func(window string, want []string, next, prev bool) result {
		t.Helper()
		r := get(window)
		if d := cmp.Diff(want, r.ids); d != "" {
			t.Errorf("%s (-want +got):\n%s", window, d)
		}
		if r.next != next || r.prev != prev {
			t.Errorf("%s: next %t, previous %t", window, r.next, r.prev)
		}
		return r
	}
	check(``, ids, false, false)
	r := check(`(first:3)`, ids[:3], true, false)
	r = check(`(first:3,after:"`+r.end+`")`, ids[3:6], true, true)
	check(`(first:3,after:"`+r.end+`")`, ids[6:], false, true)
	check(`(last:2,before:"`+r.start+`")`, ids[1:3], true, true)
	check(`(last:2)`, ids[5:], false, true)
	check(`(filter:{body:{in:["1","2"]}})`, []string{ids[4], ids[5]}, false, false)

	// A cursor keeps its place when its comment is gone and a newer one came.
	end := get(`(first:2)`).end
	for _, c := range w.issue.Comments() {
		if c.ID == ids[1] {
			w.ada.Delete(c)
		}
	}
	w.ada.Comment(w.issue, "new")
	check(`(first:2,after:"`+end+`")`, ids[2:4], true, true)
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.clock.Advance(48 * time.Hour)
	w.auth = "Bearer " + w.app.Token() // the earlier one expired
	bug := w.ws.AddLabel("Bug", "#ff0000")
	two := w.team.AddIssue(w.bob, "Slow search", "")
	w.ada.UpdateIssue(two, IssueChange{State: "In Progress", Assignee: w.ada, Priority: 2})
	w.do(`mutation($i:String!,$l:String!){issueAddLabel(id:$i,labelId:$l){success}}`, map[string]any{"i": "ENG-2", "l": bug.ID})
	root := w.ada.Comment(w.issue, "Root")
	w.bob.Reply(root, "Reply")
	ops := w.ws.AddTeam("OPS", "Operations")
	ops.AddIssue(w.ada, "Disk", "")

	issues := func(f string) string { return `{issues(filter:` + f + `){nodes{v:identifier}}}` }
	comments := func(f string) string { return `{comments(filter:` + f + `){nodes{v:body}}}` }
	users := func(f string) string { return `{users(filter:` + f + `){nodes{v:displayName}}}` }
	for _, tt := range []struct{ query, want string }{
		{issues(`{}`), "OPS-1 ENG-2 ENG-1"},
		{issues(`{team:{key:{eq:"ENG"}},number:{eq:1}}`), "ENG-1"},
		{issues(`{number:{gt:1,lte:5}}`), "ENG-2"},
		{issues(`{number:{nin:[1]}}`), "ENG-2"},
		{issues(`{number:{in:2}}`), "ENG-2"},
		{issues(`{id:{eq:"ENG-1"}}`), "ENG-1"},
		{issues(`{id:{neq:"ENG-1"}}`), "OPS-1 ENG-2"},
		{issues(`{id:{in:["` + two.ID + `"]}}`), "ENG-2"},
		{issues(`{assignee:{null:true}}`), "OPS-1 ENG-1"},
		{issues(`{assignee:{null:false}}`), "ENG-2"},
		{issues(`{assignee:{isMe:{eq:true}}}`), ""},
		{issues(`{assignee:{displayName:{eq:"ada"}}}`), "ENG-2"},
		{issues(`{creator:{or:[{name:{startsWith:"Bob"}},{email:{eq:"ada@acme.test"}}]}}`), "OPS-1 ENG-2 ENG-1"},
		{issues(`{state:{type:{eq:"started"}}}`), "ENG-2"},
		{issues(`{state:{name:{in:["Todo"]}},team:{key:{eq:"ENG"}}}`), "ENG-1"},
		{issues(`{title:{containsIgnoreCase:"SEARCH"}}`), "ENG-2"},
		{issues(`{title:{notContains:"s"}}`), ""},
		{issues(`{title:{endsWith:"retry"}}`), "ENG-1"},
		{issues(`{description:{null:true}}`), "OPS-1 ENG-2"},
		{issues(`{description:{contains:"fails"}}`), "ENG-1"},
		{issues(`{priority:{eq:2}}`), "ENG-2"},
		{issues(`{labels:{name:{eq:"Bug"}}}`), "ENG-2"},
		{issues(`{labels:{some:{name:{eq:"Bug"}}}}`), "ENG-2"},
		{issues(`{labels:{every:{name:{eq:"Bug"}}}}`), "OPS-1 ENG-2 ENG-1"},
		{issues(`{labels:{length:{eq:0}}}`), "OPS-1 ENG-1"},
		{issues(`{createdAt:{gt:"-P1D"}}`), "OPS-1 ENG-2"},
		{issues(`{createdAt:{lt:"2026-10-03"}}`), "ENG-1"},
		{issues(`{createdAt:{gt:"-PT72H"}}`), "OPS-1 ENG-2 ENG-1"},
		{issues(`{createdAt:{gt:"nonsense"}}`), ""},
		{issues(`{and:[{number:{eq:1}},{title:{eqIgnoreCase:"disk"}}]}`), "OPS-1"},
		{issues(`{or:[]}`), "OPS-1 ENG-2 ENG-1"},
		{comments(`{parent:{null:true}}`), "Root"},
		{comments(`{parent:{id:{eq:"` + root.ID + `"}}}`), "Reply"},
		{comments(`{issue:{id:{eq:"` + w.issue.ID + `"}},user:{isMe:{eq:false}}}`), "Reply Root"},
		{comments(`{user:{displayName:{eq:"bob"}}}`), "Reply"},
		{users(`{app:{eq:true}}`), "helper-bot"},
		{users(`{isMe:{eq:true}}`), "helper-bot"},
		{users(`{app:{neq:true},admin:{eq:false},active:{eq:true}}`), "bob ada"},
		{`{teams(filter:{key:{eq:"OPS"}}){nodes{v:name}}}`, "Operations"},
		{`{workflowStates(filter:{team:{key:{eq:"ENG"}},type:{in:["started","completed"]}}){nodes{v:name}}}`, "Done In Review In Progress"},
		{`{issueLabels(filter:{name:{eq:"Bug"},isGroup:{eq:false}}){nodes{v:name}}}`, "Bug"},
		{`{team(id:"` + w.team.ID + `"){x:issues(filter:{number:{eq:2}}){nodes{v:identifier}}}}`, "ENG-2"},
	} {
		a := w.do(tt.query, nil)
		var got []string
		for _, v := range a.Data {
			m, _ := v.(map[string]any)
			if x, ok := m["x"].(map[string]any); ok {
				m = x
			}
			nodes, _ := m["nodes"].([]any)
			for _, n := range nodes {
				m, _ := n.(map[string]any)
				got = append(got, fmt.Sprint(m["v"]))
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s\n got %q\nwant %q", tt.query, s, tt.want)
		}
	}
}

// TestTenants shows that a token sees only its own workspace.
func TestTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	other := w.srv.AddWorkspace("Globex", "globex")
	eve := other.AddUser("Eve", "eve")
	secret := other.AddTeam("SEC", "Security").AddIssue(eve, "Secret", "")
	c := eve.Comment(secret, "hidden")
	for _, q := range []string{
		`{issue(id:"SEC-1"){id}}`,
		`{issue(id:"` + secret.ID + `"){id}}`,
		`{comment(id:"` + c.ID + `"){id}}`,
		`{comment(hash:"` + c.ID[:8] + `"){id}}`,
		`{user(id:"` + eve.ID + `"){id}}`,
		`mutation{commentCreate(input:{issueId:"` + secret.ID + `",body:"x"}){success}}`,
		`mutation{reactionCreate(input:{commentId:"` + c.ID + `",emoji:"eyes"}){success}}`,
	} {
		if a := w.as(w.auth, q, nil); !strings.HasPrefix(a.Errors[0].Message, "Entity not found") {
			t.Errorf("%s: %s", q, a.Raw)
		}
	}
	if a := w.do(`{comments{nodes{id}} issues{nodes{identifier}} organization{urlKey}}`, nil); strings.Contains(a.Raw, "SEC-1") ||
		strings.Contains(a.Raw, c.ID) || a.at("organization", "urlKey") != "acme" {
		t.Errorf("leak: %s", a.Raw)
	}
	if w.ada.Comment(secret, "x") != nil || w.ada.Reply(c, "x") != nil || w.ada.React(c, "eyes") != nil {
		t.Error("a person acted in another workspace")
	}
	// The id of a comment is taken everywhere.
	a := w.as(w.auth, `mutation{commentCreate(input:{id:"`+c.ID+`",issueId:"ENG-1",body:"x"}){success}}`, nil)
	if a.Errors[0].Message != "conflict on insert of Comment" {
		t.Error(a.Raw)
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.do(`query Who{viewer{id} ...f} fragment f on Query{organization{id}}`, nil)
	w.as("", `mutation M($n:String!){commentDelete(id:$n){success}}`, map[string]any{"n": "x"})
	got := w.srv.Requests()
	want := []Request{
		{At: w.clock.Now(), Fields: []string{"viewer", "organization"}, OperationName: "Who", Authorization: AuthBearer, UserID: w.app.User.ID, Status: 200, Complexity: 3},
		{At: w.clock.Now(), Fields: []string{"commentDelete"}, OperationName: "M", Variables: map[string]any{"n": "x"}, Authorization: AuthNone, Status: 401, Codes: []string{"AUTHENTICATION_ERROR"}, Complexity: 2},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]int{"viewer": 1, "organization": 1, "commentDelete": 1}, w.srv.Counts()); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	if w.srv.Count("viewer") != 1 {
		t.Error("Count")
	}
}
