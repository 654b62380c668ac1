package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// ticketingStage is the ticketing API over a simulated Linear.
type ticketingStage struct {
	t      *testing.T
	linear *linearsim.Server
	ws     *linearsim.Workspace
	team   *linearsim.Team
	ada    *linearsim.User
	api    *ticketing.API
	http   *httptest.Server
	token  string
}

func newTicketingStage(t *testing.T) *ticketingStage {
	t.Helper()
	srv, err := linearsim.Start(linearsim.Config{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	ws := srv.AddWorkspace("Acme", "acme")
	s := &ticketingStage{t: t, linear: srv, ws: ws, ada: ws.AddUser("Ada Byron", "ada"), team: ws.AddTeam("ENG", "Engineering")}
	app := ws.InstallApp(linearsim.App{Name: "Desk"})
	client, err := linearapi.New(linearapi.Config{URL: srv.GraphQLURL(), UploadsURL: srv.URL(), Tokens: linearapi.AccessToken(app.Token())})
	if err != nil {
		t.Fatal(err)
	}
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	s.api, err = ticketing.New(ticketing.Config{
		Connections: ticketing.Static{{ID: ws.ID, Client: client, AppActor: true}}, Store: store, WebhookSecrets: []string{"s"},
		Helpdesk:       ticketing.Helpdesk{ConversationURL: "https://desk.example/app/accounts/{account}/conversations/{conversation}"},
		PrivateTargets: true, ConnectionRate: ticketing.Rate{Requests: -1}, TokenRate: ticketing.Rate{Requests: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewServer(s.api)
	t.Cleanup(s.http.Close)
	if _, s.token, err = s.api.Tokens().Create(t.Context(), ticketing.Token{Name: "Grace", Role: ticketing.RoleAdmin}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *ticketingStage) send(method, path string, body any) (int, http.Header, []byte) {
	s.t.Helper()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.http.URL+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, content
}

// Scenario 20: the document is valid, and every route answers as it says.
func TestTicketingKeepsItsDocument(t *testing.T) {
	t.Parallel()
	s := newTicketingStage(t)
	_, _, text := s.send("GET", "/openapi.json", nil)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", doc.OpenAPI)
	}
	operations := map[string]*openapi3.Operation{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if operations[op.OperationID] != nil {
				t.Errorf("%s is there twice", op.OperationID)
			}
			operations[op.OperationID] = op
		}
	}
	// The validator resolves references: it rejects a wrong answer.
	listed := operations["listTickets"].Responses.Value("200").Value.Content.Get("application/json").Schema.Value
	wrong := map[string]any{
		"result": []any{map[string]any{"id": 1.0}}, "next_cursor": nil, "prev_cursor": nil, "result_count": 1.0, "limit": 1.0, "is_partial_response": false,
	}
	if listed.VisitJSON(wrong, openapi3.EnableJSONSchema2020()) == nil {
		t.Fatal("the validator takes anything")
	}
	label := s.ws.AddLabel("bug", "#ff0000")
	project := s.ws.AddProject("Checkout")
	if status, _, body := s.send("POST", "/proxy/project_milestones", map[string]any{"projectId": project, "name": "Beta"}); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	cycle := s.team.AddCycle("First", time.Now())
	issue := s.team.AddIssue(s.ada, "Known", "text")
	s.team.AddIssue(s.ada, "Another", "")
	s.ada.Comment(issue, "hello")

	seen := map[string]bool{}
	keep := map[string]string{}
	step := func(id, method, path string, body any, want int) map[string]any {
		t.Helper()
		for k, v := range keep {
			path = strings.ReplaceAll(path, "{"+k+"}", v)
		}
		status, header, content := s.send(method, path, body)
		if status != want {
			t.Fatalf("%s: status %d, want %d: %s", id, status, want, content)
		}
		op := operations[id]
		if op == nil {
			t.Fatalf("%s is not in the document", id)
		}
		if strings.Contains(header.Get("X-Warnings"), "ignored unknown") {
			t.Errorf("%s: %s", id, header.Get("X-Warnings"))
		}
		seen[id] = true
		ref := op.Responses.Value(strconv.Itoa(status))
		if ref == nil {
			if status < 400 {
				t.Errorf("%s: %d is not documented", id, status)
			}
			ref = op.Responses.Default()
		}
		kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
		if kind != "application/json" || len(content) == 0 {
			return nil
		}
		media := ref.Value.Content.Get(kind)
		if media == nil {
			t.Errorf("%s: %s is not documented", id, kind)
			return nil
		}
		var v any
		if err := json.Unmarshal(content, &v); err != nil {
			t.Fatal(err)
		}
		if err := media.Schema.Value.VisitJSON(v, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()); err != nil {
			t.Errorf("%s: %v\n%s", id, err, content[:min(len(content), 600)])
		}
		out, _ := v.(map[string]any)
		return out
	}
	const u = "/unified/ticketing"
	name := map[string]any{"name": "Made here", "team": "ENG", "tags": []string{"bug"}, "assignees": []string{"ada"}, "priority": 1, "collections": []any{map[string]any{"id": cycle, "type": "iteration"}}}
	step("listTickets", "GET", u+"/tickets?include_remote_data=true", nil, 200)
	keep["ticket"], _ = step("createTicket", "POST", u+"/tickets", name, 201)["id"].(string)
	step("createTicket", "POST", u+"/tickets", map[string]any{}, 422)
	step("listTicketDuplicates", "GET", u+"/tickets/duplicates?title=Known", nil, 200)
	step("findTicketDuplicates", "POST", u+"/tickets/duplicates", map[string]any{"title": "Known"}, 200)
	step("bulkCreateTickets", "POST", u+"/tickets/bulk-create", map[string]any{"tickets": []any{name, map[string]any{}}}, 200)
	step("bulkUpdateTickets", "POST", u+"/tickets/bulk-update", map[string]any{"tickets": []any{map[string]any{"id": "ENG-1", "priority": 2}}}, 200)
	step("getTicket", "GET", u+"/tickets/{ticket}?expand[]=attachments&expand[]=conversations", nil, 200)
	step("getTicket", "GET", u+"/tickets/ENG-1?expand=comments,relations,children,history,needs", nil, 200)
	step("getTicket", "GET", u+"/tickets/ENG-1?expand=nonsense", nil, 400)
	step("listTicketHistory", "GET", u+"/tickets/ENG-1/history?limit=1", nil, 200)
	step("subscribeTicket", "POST", u+"/tickets/ENG-1/subscribe", map[string]any{"user": "ada"}, 200)
	step("unsubscribeTicket", "POST", u+"/tickets/ENG-1/unsubscribe", nil, 200)
	step("remindTicket", "POST", u+"/tickets/ENG-1/remind", map[string]any{"at": time.Now().Add(time.Hour).Format(time.RFC3339)}, 200)
	step("remindTicket", "POST", u+"/tickets/ENG-1/remind", map[string]any{"at": "2001-01-01T00:00:00Z"}, 422)
	s.ws.AddTeam("OPS", "Operations")
	moved := step("createTicket", "POST", u+"/tickets", map[string]any{"name": "Wanderer", "team": "ENG"}, 201)
	step("moveTicket", "POST", u+"/tickets/"+fmt.Sprint(moved["number"])+"/move", map[string]any{"team": "OPS"}, 200)
	step("getTicket", "GET", u+"/tickets/ENG-999", nil, 404)
	step("updateTicket", "PATCH", u+"/tickets/{ticket}", map[string]any{"name": "Renamed", "due_date": "2026-12-24", "estimate": 3}, 200)
	step("createTicketRelation", "POST", u+"/tickets/{ticket}/relations", map[string]any{"type": "blocked_by", "ticket": "ENG-1"}, 201)
	step("listTicketRelations", "GET", u+"/tickets/ENG-1/relations", nil, 200)
	relation := step("createTicketRelation", "POST", u+"/tickets/{ticket}/relations", map[string]any{"type": "related", "ticket": "ENG-2"}, 201)
	step("deleteTicketRelation", "DELETE", u+"/tickets/{ticket}/relations/"+fmt.Sprint(relation["id"]), nil, 200)
	for _, a := range []string{"archive", "unarchive"} {
		step(a+"Ticket", "POST", u+"/tickets/{ticket}/"+a, nil, 200)
	}
	step("listComments", "GET", u+"/comments?sort_by[created_at]=asc", nil, 200)
	keep["comment"], _ = step("createComment", "POST", u+"/comments", map[string]any{"ticket": map[string]any{"id": "ENG-1"}, "body": "one", "author": map[string]any{"name": "Sam"}}, 201)["id"].(string)
	step("getComment", "GET", u+"/comments/{comment}", nil, 200)
	step("updateComment", "PATCH", u+"/comments/{comment}", map[string]any{"body": "two"}, 200)
	step("reactToComment", "POST", u+"/comments/{comment}/react", map[string]any{"emoji": "eyes"}, 201)
	step("resolveComment", "POST", u+"/comments/{comment}/resolve", nil, 200)
	step("unresolveComment", "POST", u+"/comments/{comment}/unresolve", nil, 200)
	step("listTicketComments", "GET", u+"/tickets/ENG-1/comments", nil, 200)
	step("createTicketComment", "POST", u+"/tickets/ENG-1/comments", map[string]any{"body": "three", "parent_comment": keep["comment"]}, 201)
	step("deleteComment", "DELETE", u+"/comments/{comment}", nil, 200)
	keep["file"], _ = step("createAttachment", "POST", u+"/attachments", map[string]any{"ticket": "ENG-1", "file_name": "a.txt", "data": "QUJD"}, 201)["id"].(string)
	step("createTicketAttachment", "POST", u+"/tickets/ENG-1/attachments", map[string]any{"file_url": "https://example.com/x", "mode": "link"}, 201)
	step("createTicketAttachment", "POST", u+"/tickets/ENG-1/attachments", map[string]any{"file_url": "https://example.com/x", "file_name": "Again"}, 200)
	step("listAttachments", "GET", u+"/attachments?limit=1", nil, 200)
	step("listTicketAttachments", "GET", u+"/tickets/ENG-1/attachments?include_inline=true", nil, 200)
	step("getAttachment", "GET", u+"/attachments/{file}", nil, 200)
	step("updateAttachment", "PATCH", u+"/attachments/{file}", map[string]any{"file_name": "b.txt"}, 200)
	step("downloadAttachment", "GET", u+"/attachments/{file}/download", nil, 200)
	step("downloadAttachmentByBody", "POST", u+"/attachments/download", map[string]any{"id": keep["file"]}, 200)
	step("deleteAttachment", "DELETE", u+"/attachments/{file}", nil, 200)
	step("listCollections", "GET", u+"/collections?sort_by[name]=asc", nil, 200)
	step("getCollection", "GET", u+"/collections/"+project, nil, 200)
	for _, in := range []map[string]any{
		{"type": "project", "name": "Made", "team": "ENG", "target_date": "2026-12-24", "lead": "ada", "status": "planned"},
		{"type": "iteration", "team": "ENG", "start_date": "2027-01-04", "end_date": "2027-01-18"},
		{"type": "milestone", "name": "Gamma", "parent_collection_id": project},
		{"type": "initiative", "name": "Growth", "status": "active"},
	} {
		made := fmt.Sprint(step("createCollection", "POST", u+"/collections", in, 201)["id"])
		step("updateCollection", "PATCH", u+"/collections/"+made, map[string]any{"description": "why"}, 200)
		step("listCollections", "GET", u+"/collections?type="+fmt.Sprint(in["type"]), nil, 200)
		step("getCollection", "GET", u+"/collections/"+made, nil, 200)
		step("deleteCollection", "DELETE", u+"/collections/"+made+"?type="+fmt.Sprint(in["type"]), nil, 200)
	}
	step("createCollection", "POST", u+"/collections", map[string]any{"type": "project"}, 422)
	step("createCollection", "POST", u+"/collections", map[string]any{"type": "project", "name": "Full", "team": "ENG", "members": []string{"ada"}, "priority": "low", "color": "#112233"}, 201)
	step("listTicketPriorities", "GET", u+"/ticket_priorities?limit=2", nil, 200)
	step("getCollectionProgress", "GET", u+"/collections/"+cycle+"/progress", nil, 200)
	step("listTags", "GET", u+"/tags?team[id]="+s.team.ID, nil, 200)
	keep["tag"], _ = step("createTag", "POST", u+"/tags", map[string]any{"name": "infra", "color": "#00ff00", "team": "ENG"}, 201)["id"].(string)
	step("getTag", "GET", u+"/tags/"+label.ID, nil, 200)
	step("updateTag", "PATCH", u+"/tags/{tag}", map[string]any{"name": "platform"}, 200)
	step("retireTag", "POST", u+"/tags/{tag}/retire", nil, 200)
	step("restoreTag", "POST", u+"/tags/{tag}/restore", nil, 200)
	step("deleteTag", "DELETE", u+"/tags/{tag}", nil, 200)
	step("listTicketStatus", "GET", u+"/ticket_status?sort_by[position]=asc", nil, 200)
	step("listTicketStatusDashed", "GET", u+"/ticket-status", nil, 200)
	keep["state"], _ = step("createTicketStatus", "POST", u+"/ticket_status", map[string]any{"name": "Blocked", "type": "started", "team": "ENG"}, 201)["id"].(string)
	step("getTicketStatus", "GET", u+"/ticket_status/{state}", nil, 200)
	step("updateTicketStatus", "PATCH", u+"/ticket_status/{state}", map[string]any{"color": "#ff0000"}, 200)
	step("deleteTicketStatus", "DELETE", u+"/ticket_status/{state}", nil, 200)
	step("getTicketPriority", "GET", u+"/ticket_priorities/urgent", nil, 200)
	step("listTicketPriorities", "GET", u+"/ticket_priorities", nil, 200)
	step("listTicketTypes", "GET", u+"/ticket_types", nil, 200)
	step("listTeams", "GET", u+"/teams", nil, 200)
	step("getTeam", "GET", u+"/teams/eng", nil, 200)
	step("createTeam", "POST", u+"/teams", map[string]any{"name": "Support", "key": "SUP"}, 201)
	step("updateTeam", "PATCH", u+"/teams/SUP", map[string]any{"description": "First line"}, 200)
	step("listTeamUsers", "GET", u+"/teams/eng/users", nil, 200)
	step("listFields", "GET", u+"/fields?team_id=eng", nil, 200)
	step("getTicketCreateMeta", "GET", u+"/tickets/meta/create?team_id=ENG", nil, 200)
	step("getTicketUpdateMeta", "GET", u+"/tickets/meta/update?id=ENG-1", nil, 200)
	step("listTickets", "GET", u+"/tickets?expand[]=html&expand[]=comments&expand[]=attachments&expand[]=relations&expand[]=children&expand[]=conversations&expand[]=needs", nil, 200)
	step("search", "GET", "/unified/search/search?q=what+is+known&mode=semantic", nil, 200)
	step("getTeamEntities", "GET", u+"/teams/ENG/entities", nil, 200)
	step("listUsers", "GET", u+"/users", nil, 200)
	step("getUser", "GET", u+"/users/me", nil, 200)
	step("listWorkspaces", "GET", u+"/workspaces", nil, 200)
	step("getMe", "GET", "/unified/user-directory/me", nil, 200)
	step("listDirectoryUsers", "GET", "/unified/user-directory/users?limit=1", nil, 200)
	step("getDirectoryUser", "GET", "/unified/user-directory/users/"+s.ada.ID, nil, 200)
	step("search", "GET", "/unified/search/search?q=known", nil, 200)
	step("search", "GET", "/unified/search/search?q=check&types=ticket,comment,collection,document", nil, 200)
	step("searchTickets", "GET", u+"/tickets/search?q=known", nil, 200)
	step("downloadAttachment", "GET", u+"/attachments/nope/download?mode=sideways", nil, 400)
	step("getMeta", "GET", "/unified/meta/ticketing/linear", nil, 200)

	keep["account"], _ = step("createAccount", "POST", u+"/accounts", map[string]any{"name": "Globex", "domains": []string{"globex.example"}, "revenue": 5, "owner": "ada"}, 201)["id"].(string)
	step("createAccount", "POST", u+"/accounts", map[string]any{"name": "Initech", "external_id": "crm-1"}, 201)
	step("createAccount", "POST", u+"/accounts", map[string]any{"name": "Initech Ltd", "external_id": "crm-1"}, 200)
	step("listAccounts", "GET", u+"/accounts?external_id=crm-1", nil, 200)
	step("getAccount", "GET", u+"/accounts/{account}", nil, 200)
	step("updateAccount", "PATCH", u+"/accounts/{account}", map[string]any{"size": 12}, 200)
	keep["need"], _ = step("createNeed", "POST", u+"/needs", map[string]any{"account": keep["account"], "ticket": "ENG-1", "body": "please", "important": true}, 201)["id"].(string)
	step("createNeed", "POST", u+"/needs", map[string]any{"body": "x"}, 422)
	step("listNeeds", "GET", u+"/needs?important=true", nil, 200)
	step("getNeed", "GET", u+"/needs/{need}", nil, 200)
	step("getTicket", "GET", u+"/tickets/ENG-1?expand=needs", nil, 200)
	step("updateNeed", "PATCH", u+"/needs/{need}", map[string]any{"important": false}, 200)
	step("deleteNeed", "DELETE", u+"/needs/{need}", nil, 200)
	step("deleteAccount", "DELETE", u+"/accounts/{account}", nil, 200)
	step("listContacts", "GET", u+"/contacts", nil, 200)
	step("getContact", "GET", u+"/contacts/nope", nil, 404)

	const cv = "/conversations/7"
	step("createConversationIssue", "POST", cv+"/issues", map[string]any{"name": "From a talk", "team": "ENG"}, 201)
	link := step("linkConversation", "POST", cv+"/links", map[string]any{"issue": "ENG-2"}, 201)
	step("linkConversation", "POST", cv+"/links", map[string]any{"issue": "ENG-2", "title": fmt.Sprint(link["x"])}, 200)
	step("linkConversation", "POST", cv+"/links", map[string]any{"issues": []string{"ENG-1", "ENG-99"}}, 200)
	step("listConversationIssues", "GET", cv+"/issues", nil, 200)
	step("searchConversationIssues", "GET", cv+"/issues/search?q=known", nil, 200)
	step("updateConversationIssue", "PATCH", cv+"/issues/ENG-2", map[string]any{"priority": 1}, 200)
	step("createConversationComment", "POST", cv+"/issues/ENG-2/comments", map[string]any{"body": "x"}, 201)
	step("listConversationComments", "GET", cv+"/issues/ENG-2/comments", nil, 200)
	step("takeConversationMessage", "POST", cv+"/messages", map[string]any{"id": "1", "kind": "note", "text": "see ENG-3"}, 200)
	step("listConversationActivities", "GET", cv+"/activities", nil, 200)
	step("listIssueConversations", "GET", "/issues/ENG-2/conversations", nil, 200)
	step("unlinkConversation", "DELETE", cv+"/links/"+fmt.Sprint(link["id"]), nil, 200)
	step("unlinkConversationBulk", "POST", cv+"/links/bulk-delete", map[string]any{"links": []string{"nope"}}, 200)
	seen["streamConversationEvents"] = true // an endless response; the package's own tests cover it

	const f = "/api/v1/accounts/1/integrations"
	step("facadeApps", "GET", f+"/apps", nil, 200)
	step("facadeApp", "GET", f+"/apps/linear", nil, 200)
	step("facadeTeams", "GET", f+"/linear/teams?envelope=data", nil, 200)
	step("facadeTeamEntities", "GET", f+"/linear/team_entities?team_id="+s.team.ID, nil, 200)
	step("facadeCreateIssue", "POST", f+"/linear/create_issue", map[string]any{"team_id": s.team.ID, "title": "x", "conversation_id": 8}, 200)
	step("facadeCreateIssue", "POST", f+"/linear/create_issue", map[string]any{"team_id": s.team.ID}, 422)
	fl := step("facadeLinkIssue", "POST", f+"/linear/link_issue", map[string]any{"issue_id": "ENG-1", "conversation_id": 8}, 200)
	step("facadeLinkedIssues", "GET", f+"/linear/linked_issues?conversation_id=8", nil, 200)
	step("facadeSearchIssue", "GET", f+"/linear/search_issue?q=known", nil, 200)
	step("facadeUnlinkIssue", "POST", f+"/linear/unlink_issue", map[string]any{"link_id": fl["link_id"]}, 200)
	step("facadeDisconnect", "DELETE", f+"/linear", nil, 405)

	step("listConnections", "GET", "/integrated-account", nil, 200)
	step("getConnection", "GET", "/integrated-account/"+s.ws.ID, nil, 200)
	step("updateConnection", "PATCH", "/integrated-account/"+s.ws.ID, map[string]any{"settings": map[string]any{"auto_link": "all"}}, 200)
	step("testConnection", "POST", "/integrated-account/"+s.ws.ID+"/test", nil, 200)
	step("refreshConnection", "POST", "/integrated-account/"+s.ws.ID+"/refresh", nil, 405)
	step("inviteConnection", "POST", "/integrated-account", map[string]any{}, 405)
	step("openConnection", "GET", "/integrated-account/connect/x", nil, 405)
	step("deleteConnection", "DELETE", "/integrated-account/"+s.ws.ID, nil, 405)
	caps := step("getCapabilities", "GET", "/integrated-account/"+s.ws.ID+"/capabilities", nil, 200)
	hook := fmt.Sprint(step("createWebhook", "POST", "/webhook", map[string]any{"target_url": s.http.URL + "/docs"}, 201)["id"])
	step("listWebhooks", "GET", "/webhook", nil, 200)
	step("getWebhook", "GET", "/webhook/"+hook, nil, 200)
	step("updateWebhook", "PATCH", "/webhook/"+hook, map[string]any{"is_active": false}, 200)
	step("testWebhook", "POST", "/webhook/"+hook+"/test", nil, 200)
	step("testWebhookByBody", "POST", "/webhook/test", map[string]any{"id": hook}, 200)
	step("rotateWebhook", "POST", "/webhook/"+hook+"/rotate", nil, 200)
	step("listWebhookDeliveries", "GET", "/webhook/"+hook+"/deliveries", nil, 200)
	step("redeliverWebhook", "POST", "/webhook/"+hook+"/deliveries/nope/redeliver", nil, 404)
	step("deleteWebhook", "DELETE", "/webhook/"+hook, nil, 200)
	step("batchRequest", "POST", "/batch-request", map[string]any{"resources": []any{map[string]any{"name": "a", "resource": "ticketing/teams"}, map[string]any{"name": "b", "resource": "ticketing/nope"}}}, 200)
	step("getDocument", "GET", "/openapi.json", nil, 200)
	step("getDocs", "GET", "/docs", nil, 200)
	step("receiveLinearWebhook", "POST", "/webhooks/linear", map[string]any{}, 401)
	step("proxyList", "GET", "/proxy/issues?limit=1", nil, 200)
	step("proxyGet", "GET", "/proxy/issues/ENG-1", nil, 200)
	made := step("proxyCreate", "POST", "/proxy/issues", map[string]any{"teamId": s.team.ID, "title": "x"}, 201)
	step("proxyUpdate", "PATCH", "/proxy/issues/"+fmt.Sprint(made["id"]), map[string]any{"title": "y"}, 200)
	step("proxyDelete", "DELETE", "/proxy/issues/"+fmt.Sprint(made["id"]), nil, 200)
	step("proxyGraphQL", "POST", "/proxy/graphql", map[string]any{"query": "{ viewer { id } }"}, 200)
	step("customGraphQL", "POST", "/custom/graphql", map[string]any{"query": "{ viewer { id } }"}, 200)
	tok := step("createToken", "POST", "/token", map[string]any{"name": "new", "role": "read"}, 201)
	step("listTokens", "GET", "/token", nil, 200)
	step("revokeToken", "DELETE", "/token/"+fmt.Sprint(tok["id"]), nil, 200)
	step("deleteTicket", "DELETE", u+"/tickets/{ticket}", nil, 200)
	step("restoreTicket", "POST", u+"/tickets/{ticket}/restore", nil, 200)

	for id := range operations {
		if !seen[id] {
			t.Errorf("%s was not called", id)
		}
	}
	// The capabilities list the same.
	told := map[string]bool{}
	for _, group := range []string{"unified", "proxy"} {
		list, _ := caps[group].([]any)
		for _, c := range list {
			m, _ := c.(map[string]any)
			methods, _ := m["methods"].([]any)
			for _, x := range methods {
				o, _ := x.(map[string]any)
				told[fmt.Sprint(o["operation"])] = true
			}
		}
	}
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			has := strings.HasPrefix(path, "/unified/") || strings.HasPrefix(path, "/proxy/")
			if told[op.OperationID] != has {
				t.Errorf("%s: in the capabilities %v, in the document %v", op.OperationID, told[op.OperationID], has)
			}
		}
	}
	if len(told) == 0 {
		t.Error("no capabilities")
	}
}
