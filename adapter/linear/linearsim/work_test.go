package linearsim

// workSamples returns a node of every type of schema_work.graphql.
func (w *world) workSamples(r *request) []node {
	w.tb.Helper()
	w.ws.AddMilestone(w.ws.AddProject("Checkout"), "Beta")
	w.team.AddCycle("First", w.srv.now())
	x := w.ada.StartSession(w.app, w.issue, nil)
	w.ada.Prompt(x, "please")
	session := &request{srv: w.srv, user: w.app.User, ws: w.ws, token: r.token}
	for _, typ := range []string{"thought", "elicitation", "response", "error", "action"} {
		in := args{"agentSessionId": x.ID, "content": map[string]any{"type": typ, "body": "b", "action": "a", "parameter": "p"}}
		if _, err := createActivity(session, args{"input": map[string]any(in)}); err != nil {
			w.tb.Fatal(err)
		}
	}
	update := map[string]any{"addedExternalUrls": []any{map[string]any{"label": "l", "url": "https://example.com"}}}
	if _, err := updateSession(session, args{"id": x.ID, "input": update}); err != nil {
		w.tb.Fatal(err)
	}
	for _, f := range []func() (any, error){
		func() (any, error) {
			return r.attach(args{"issueId": w.issue.ID, "url": "https://example.com"}, args{})
		},
		func() (any, error) {
			return createRelation(r, args{"input": map[string]any{"issueId": w.issue.ID, "relatedIssueId": w.issue.ID, "type": "related"}})
		},
	} {
		if _, err := f(); err != nil {
			w.tb.Fatal(err)
		}
	}
	upload, err := uploadFile(r, args{"filename": "a.txt", "contentType": "text/plain", "size": 1.0})
	if err != nil {
		w.tb.Fatal(err)
	}
	found, err := searchIssues(r, args{"term": "checkout"})
	if err != nil {
		w.tb.Fatal(err)
	}
	file := child(w, upload, "uploadFile")
	samples := []node{
		x,
		searchResult{w.issue},
		asNode(w, upload), asNode(w, file), asNode(w, found),
		w.ws.attachments[0], w.ws.relations[0], w.ws.projects[0], w.ws.cycles[0], x.activities[0],
		asNode(w, w.ws.projects[0].values["status"]),
	}
	headers, _ := file.(payload).values["headers"].([]payload)
	links, _ := x.values["externalLinks"].([]payload)
	samples = append(samples, headers[0], links[0])
	for _, t := range x.activities {
		samples = append(samples, asNode(w, t.values["content"]))
	}
	for typ, key := range map[string]string{
		"AgentActivityPayload": "agentActivity", "AgentSessionPayload": "agentSession",
		"AttachmentPayload": "attachment", "IssueRelationPayload": "issueRelation",
	} {
		samples = append(samples, payload{typ, map[string]any{"success": true, "lastSyncId": 1, key: nil}})
	}
	for typ, items := range map[string][]*thing{
		"AgentActivity": x.activities, "Attachment": w.ws.attachments, "Cycle": w.ws.cycles,
		"IssueRelation": w.ws.relations, "Project": w.ws.projects, "ProjectMilestone": w.ws.milestones,
	} {
		conn := connection[*thing]{typ: typ, items: items}
		edges, err := conn.field(r, "edges", nil)
		if err != nil {
			w.tb.Fatal(err)
		}
		samples = append(samples, conn, asNode(w, list(edges)[0]))
	}
	samples = append(samples, w.ws.milestones[0])
	return samples
}

func asNode(w *world, v any) node {
	w.tb.Helper()
	n, ok := v.(node)
	if !ok {
		w.tb.Fatalf("%T is no node", v)
	}
	return n
}

func child(w *world, v any, key string) any {
	w.tb.Helper()
	p, ok := v.(payload)
	if !ok {
		w.tb.Fatalf("%T is no payload", v)
	}
	return p.values[key]
}
