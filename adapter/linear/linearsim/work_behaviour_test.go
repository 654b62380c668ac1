package linearsim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestStorage checks what the storage refuses.
func TestStorage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	other := w.srv.AddWorkspace("Other", "other")
	stranger := other.AddUser("Eve", "eve").APIKey()
	a := w.do(`mutation{fileUpload(filename:"a b.txt",contentType:"text/plain",size:2){success uploadFile{uploadUrl assetUrl headers{key value}}}}`, nil)
	upload, _ := a.at("fileUpload", "uploadFile", "uploadUrl").(string)
	asset, _ := a.at("fileUpload", "uploadFile", "assetUrl").(string)
	headers, _ := a.at("fileUpload", "uploadFile", "headers").([]any)
	if upload == "" || asset == "" || len(headers) != 2 {
		t.Fatalf("answer %s", a.Raw)
	}
	send := func(method, url, body string, change func(http.Header)) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodPut {
			req.Header.Set("Content-Type", "text/plain")
			req.Header.Set("Cache-Control", "public, max-age=31536000")
			for _, h := range headers {
				key, _ := asArgs(h)["key"].(string)
				value, _ := asArgs(h)["value"].(string)
				req.Header.Set(key, value)
			}
		}
		if change != nil {
			change(req.Header)
		}
		resp, err := w.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	set := func(key, value string) func(http.Header) { return func(h http.Header) { h.Set(key, value) } }
	for _, tc := range []struct {
		name, method, url, body string
		change                  func(http.Header)
		want                    int
	}{
		{"read before it is there", "GET", asset, "", set("Authorization", w.auth), 404},
		{"a token", "PUT", upload, "hi", set("Authorization", w.auth), 403},
		{"another type", "PUT", upload, "hi", set("Content-Type", "image/png"), 403},
		{"no caching", "PUT", upload, "hi", set("Cache-Control", ""), 403},
		{"a header is missing", "PUT", upload, "hi", func(h http.Header) { h.Del("X-Goog-Content-Length-Range") }, 403},
		{"another signature", "PUT", upload + "x", "hi", nil, 403},
		{"another size", "PUT", upload, "hello", nil, 400},
		{"nowhere", "PUT", w.srv.URL() + "/upload/x", "hi", nil, 404},
		{"good", "PUT", upload, "hi", nil, 200},
		{"read without a token", "GET", asset, "", nil, 401},
		{"read by a stranger", "GET", asset, "", set("Authorization", stranger), 403},
		{"read", "GET", asset, "", set("Authorization", w.auth), 200},
	} {
		if got := send(tc.method, tc.url, tc.body, tc.change); got != tc.want {
			t.Errorf("%s: HTTP %d, want %d", tc.name, got, tc.want)
		}
	}
	signed := w.signed(asset, "60")
	for _, tc := range []struct {
		name, url string
		want      int
	}{
		{"signed", signed, 200},
		{"signed for longer than it was", strings.Replace(signed, "expires=", "expires=9", 1), 401},
		{"signed by others", signed + "0", 401},
		{"not signed for that long", w.signed(asset, "-1"), 401},
		{"not signed without a number", w.signed(asset, "soon"), 401},
	} {
		if got := send("GET", tc.url, "", nil); got != tc.want {
			t.Errorf("%s: HTTP %d, want %d", tc.name, got, tc.want)
		}
	}
	w.clock.Advance(time.Minute)
	if got := send("GET", signed, "", nil); got != 401 {
		t.Errorf("signature expired: HTTP %d", got)
	}
	if content, ok := w.srv.File(asset); string(content) != "hi" || !ok {
		t.Errorf("file %q, %v", content, ok)
	}
	if _, ok := w.srv.File("x"); ok {
		t.Error("a file that was never sent")
	}
}

// TestSessions checks the rules for activities.
func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	root := w.ada.Comment(w.issue, "@helper-bot please")
	x := w.ada.StartSession(w.app, w.issue, root)
	create := func(auth, content string) answer {
		return w.as(auth, `mutation($i:AgentActivityCreateInput!){agentActivityCreate(input:$i){success agentActivity{id sourceComment{id body}}}}`,
			map[string]any{"i": map[string]any{"agentSessionId": x.ID, "content": map[string]any{"type": content, "body": "b", "action": "a"}, "ephemeral": content == "thought"}})
	}
	other := w.ws.InstallApp(App{Name: "Other"})
	if got := create("Bearer "+other.Token(), "response").code(); got != "FORBIDDEN" {
		t.Errorf("another app: %q", got)
	}
	for _, typ := range []string{"prompt", "nonsense", ""} {
		if got := create(w.auth, typ).code(); got != "INVALID_INPUT" {
			t.Errorf("type %q: %q", typ, got)
		}
	}
	for _, step := range []struct{ typ, status, shown string }{
		{"thought", "active", "thought: b"},
		{"thought", "active", "thought: b"},
		{"action", "active", "action: a"},
		{"elicitation", "awaitingInput", "action: a, elicitation: b"},
		{"error", "error", "action: a, elicitation: b, error: b"},
		{"response", "complete", "action: a, elicitation: b, error: b, response: b"},
	} {
		a := create(w.auth, step.typ)
		if got := strings.Join(x.ActivityTexts(), ", "); got != step.shown || x.Status() != step.status {
			t.Errorf("after %s: %q, %s: %s", step.typ, got, x.Status(), a.Raw)
		}
	}
	if n := len(root.Replies()); n != 3 {
		t.Errorf("%d replies, want one for each that says something", n)
	}
	if w.ada.Prompt(x, "go on") == "" || x.Status() != "active" || len(root.Replies()) != 4 {
		t.Errorf("after a prompt: %s, %d replies", x.Status(), len(root.Replies()))
	}
	if w.ada.StartSession(nil, w.issue, nil) != nil || w.ada.Prompt(nil, "x") != "" {
		t.Error("a session of nothing")
	}
}

// signed returns the address of a file as a comment has it for a client that asks
// for signed addresses. The comment names the file twice, and another that does
// not exist.
func (w *world) signed(asset, expires string) string {
	w.tb.Helper()
	c := w.ada.Comment(w.issue, "![a]("+asset+") and "+asset+"\nand "+w.srv.URL()+"/assets/"+w.ws.ID+"/none")
	req, err := http.NewRequestWithContext(w.tb.Context(), http.MethodPost, w.srv.URL()+"/graphql",
		strings.NewReader(`{"query":"{comment(id:\"`+c.ID+`\"){body}}"}`))
	if err != nil {
		w.tb.Fatal(err)
	}
	req.Header.Set("Authorization", w.auth)
	req.Header.Set("Public-File-Urls-Expire-In", expires)
	resp, err := w.client.Do(req)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		Data struct{ Comment struct{ Body string } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.tb.Fatal(err)
	}
	body := out.Data.Comment.Body
	first, rest, _ := strings.Cut(strings.TrimPrefix(body, "![a]("), ")")
	if body != "![a]("+first+") and "+first+"\nand "+w.srv.URL()+"/assets/"+w.ws.ID+"/none" {
		w.tb.Errorf("body %q, %q", body, rest)
	}
	return first
}
