package linearsim

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestControl(t *testing.T) {
	t.Parallel()
	clock := NewClock(time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC))
	w := newWorld(t, Config{Control: true, Clock: clock, Now: clock.Now})
	in := newInbox(t, nil)
	call := func(method, path, body string, change ...func(*http.Request)) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, w.srv.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if method != http.MethodGet {
			req.Header.Set("Content-Type", "application/json")
		}
		for _, f := range change {
			f(req)
		}
		resp, err := w.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil && method != "GET" {
			t.Fatal(err)
		}
		return resp.StatusCode, out
	}
	status, hook := call("POST", "/sim/acme/apps/helper-bot/webhook", `{"url":"`+in.URL+`","resourceTypes":["Comment"]}`)
	if status != 200 || hook["secret"] == "" {
		t.Fatal(status, hook)
	}
	if _, moved := call("POST", "/sim/acme/apps/helper-bot/webhook", `{"url":"`+in.URL+`"}`); moved["secret"] != hook["secret"] {
		t.Errorf("a change of the address alone has the secret %v, want %v", moved["secret"], hook["secret"])
	}
	if types := w.app.hook.types; !slices.Equal(types, []string{"Comment"}) {
		t.Errorf("a change of the address alone leaves the types %q", types)
	}
	if _, changed := call("POST", "/sim/acme/apps/helper-bot/webhook", `{"secret":"another"}`); changed["secret"] != "another" || w.app.Webhook().URL != in.URL {
		t.Errorf("a change of the secret alone: %v, at %s", changed, w.app.Webhook().URL)
	}
	for _, change := range []struct {
		body string
		want bool
	}{
		{`{"enabled":false}`, false},
		{`{"url":"` + in.URL + `/moved"}`, false},
		{`{"secret":"a third"}`, false},
		{`{"resourceTypes":["Comment"],"enabled":true}`, true},
		{`{"url":"` + in.URL + `/elsewhere","enabled":false}`, false},
		{`{"enabled":true}`, true},
		{`{"url":"` + in.URL + `"}`, true},
	} {
		status, _ := call("POST", "/sim/acme/apps/helper-bot/webhook", change.body)
		if got := w.app.Webhook().Enabled(); status != 200 || got != change.want {
			t.Errorf("after %s the webhook is enabled: %t, want %t; status %d", change.body, got, change.want, status)
		}
	}
	w.app.SetWebhook(Webhook{}).SetEnabled(false)
	if call("POST", "/sim/acme/apps/helper-bot/webhook", `{"url":"`+in.URL+`","resourceTypes":["Comment"]}`); !w.app.Webhook().Enabled() {
		t.Error("the first address of a webhook leaves it off")
	}
	_, c := call("POST", "/sim/acme/people/ada/comment", `{"issue":"ENG-1","body":"@helper-bot hi"}`)
	id, _ := c["id"].(string)
	session := w.ada.StartSession(w.app, w.issue, nil)
	for _, tt := range []struct {
		method, path, body string
		want               int
		part               string
	}{
		{"GET", "/sim", "", 200, "helper-bot"},
		{"POST", "/sim/acme/people/bob/comment", `{"replyTo":"` + id + `","body":"me too"}`, 200, "me too"},
		{"POST", "/sim/acme/people/ada/comment", `{"body":"where I look"}`, 200, "where I look"},
		{"POST", "/sim/acme/people/ada/edit", `{"comment":"` + id + `","body":"@helper-bot hello"}`, 200, "hello"},
		{"POST", "/sim/acme/people/ada/react", `{"comment":"` + id + `","emoji":"eyes"}`, 200, "eyes"},
		{"POST", "/sim/acme/people/ada/unreact", `{"comment":"` + id + `","emoji":"eyes"}`, 200, "hello"},
		{"POST", "/sim/acme/people/ada/resolve", `{"comment":"` + id + `"}`, 200, "true"},
		{"POST", "/sim/acme/people/ada/unresolve", `{"comment":"` + id + `"}`, 200, "false"},
		{"POST", "/sim/acme/people/ada/issue", `{"team":"ENG","title":"New"}`, 200, "ENG-2"},
		{"POST", "/sim/acme/people/ada/update", `{"issue":"ENG-2","state":"Done","assignee":"bob"}`, 200, "ok"},
		{"POST", "/sim/acme/people/ada/prompt", `{"session":"` + session.ID + `","body":"go"}`, 200, "activity"},
		{"POST", "/sim/acme/people/ada/stop", `{"session":"` + session.ID + `"}`, 200, "ok"},
		{"POST", "/sim/acme/people/ada/queue", `{"session":"` + session.ID + `","body":"later"}`, 200, "activity"},
		{"POST", "/sim/acme/people/ada/send", `{"session":"` + session.ID + `","activity":"none"}`, 404, "no queued prompt"},
		{"POST", "/sim/acme/people/ada/dismiss", `{"session":"` + session.ID + `"}`, 200, "ok"},
		{"POST", "/sim/acme/people/ada/key", `{}`, 200, "lin_api_"},
		{"GET", "/sim/acme/issues/ENG-1", "", 200, "me too"},
		{"POST", "/sim/acme/apps/helper-bot/token", `{}`, 200, "lin_oauth_"},
		{"POST", "/sim/acme/apps/helper-bot/env", `{}`, 200, "LINEAR_API_URL="},
		{"POST", "/sim/clock", `{"advance":"90s"}`, 200, "2026-10-02T09:01:30"},
		{"POST", "/sim/clock", `{"advance":"soon"}`, 400, "duration"},
		{"POST", "/sim/faults", `{"operation":"viewer","status":502,"times":1,"delay":"1ms"}`, 200, "ok"},
		{"POST", "/sim/faults", `{"status":9}`, 400, "status"},
		{"POST", "/sim/faults", `{"delay":"x"}`, 400, "duration"},
		{"DELETE", "/sim/faults", "", 200, "ok"},
		{"POST", "/sim/disturbance", `{"duplicates":1}`, 200, "ok"},
		{"POST", "/sim/flush", `{}`, 200, "ok"},
		{"GET", "/sim/deliveries", "", 200, "Comment"},
		{"GET", "/sim/requests", "", 200, ""},
		{"POST", "/sim/deliveries/nope", `{}`, 400, "no such delivery"},
		{"POST", "/sim/acme/people/eve/comment", `{}`, 404, "no person"},
		{"POST", "/sim/acme/people/helper-bot/comment", `{}`, 404, "no person"},
		{"POST", "/sim/acme/people/ada/dance", `{}`, 404, "cannot"},
		{"POST", "/sim/acme/people/ada/comment", `{"issue":"ENG-9"}`, 404, "no issue"},
		{"POST", "/sim/acme/people/ada/edit", `{"comment":"x"}`, 404, "no comment"},
		{"POST", "/sim/globex/people/ada/comment", `{}`, 404, "no workspace"},
		{"POST", "/sim/acme/apps/other/token", `{}`, 404, "no app"},
		{"POST", "/sim/acme/apps/helper-bot/dance", `{}`, 404, "cannot"},
		{"POST", "/sim/clock", `[]`, 400, "not a JSON object"},
		{"PUT", "/sim/state", `{"version":7}`, 400, "version 7"},
		{"POST", "/sim/acme/people/ada/delete", `{"comment":"` + id + `"}`, 200, "hello"},
		{"POST", "/sim/acme/apps/helper-bot/revoke", `{}`, 200, "ok"},
		{"POST", "/sim/acme/apps/helper-bot/uninstall", `{}`, 200, "ok"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, w.srv.URL()+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := w.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.want || !strings.Contains(string(raw), tt.part) {
			t.Errorf("%s %s %s: %d %v %.300s, want %d %q", tt.method, tt.path, tt.body, resp.StatusCode, err, raw, tt.want, tt.part)
		}
	}
	// Pages in a browser can neither send JSON without asking first nor name
	// another host.
	if status, _ := call("POST", "/sim/flush", "{}", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }); status != http.StatusUnsupportedMediaType {
		t.Errorf("text/plain: %d", status)
	}
	if status, _ := call("POST", "/sim/flush", "{}", func(r *http.Request) { r.Host = "evil.example" }); status != http.StatusForbidden {
		t.Errorf("another host: %d", status)
	}
	plain := newWorld(t, Config{})
	resp, err := plain.client.Get(plain.srv.URL() + "/sim")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the control API without Config.Control: %d", resp.StatusCode)
	}
}
