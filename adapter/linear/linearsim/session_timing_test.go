package linearsim

import (
	"testing"
	"time"
)

// TestSessionTransitions checks every transition: in each status, what each act and
// silence lead to. The status is that of the latest activity, whatever was before.
func TestSessionTransitions(t *testing.T) {
	t.Parallel()
	acts := map[string]string{ // what it leads to
		"thought": "active", "action": "active", "elicitation": "awaitingInput", "response": "complete", "error": "error",
		"prompt": "active", "stop": "active", "ephemeral": "active",
	}
	// silence is what half an hour of it leads to.
	silence := map[string]string{
		"pending": "stale", "active": "stale", "stale": "stale", "awaitingInput": "awaitingInput", "complete": "complete", "error": "error",
	}
	reach := map[string]string{ // an act that leads to a status
		"pending": "", "active": "thought", "awaitingInput": "elicitation", "complete": "response", "error": "error", "stale": "silence",
	}
	for from, by := range reach {
		for _, act := range []string{"thought", "action", "elicitation", "response", "error", "prompt", "stop", "ephemeral", "silence"} {
			t.Run(from+" "+act, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, Config{})
				clock := w.clock
				x := w.ada.StartSession(w.app, w.issue, nil)
				do := func(act string) {
					switch act {
					case "":
					case "silence":
						clock.Advance(staleAfter)
					case "prompt":
						w.ada.Prompt(x, "go on")
					case "stop":
						w.ada.Stop(x)
					case "ephemeral":
						w.do(`mutation($s:String!){agentActivityCreate(input:{agentSessionId:$s,ephemeral:true,content:{type:"thought",body:"b"}}){success}}`, map[string]any{"s": x.ID})
					case "action":
						w.do(`mutation($s:String!){agentActivityCreate(input:{agentSessionId:$s,content:{type:"action",action:"a",parameter:""}}){success}}`, map[string]any{"s": x.ID})
					default:
						w.do(`mutation($s:String!,$c:JSONObject!){agentActivityCreate(input:{agentSessionId:$s,content:$c}){success}}`,
							map[string]any{"s": x.ID, "c": map[string]any{"type": act, "body": "b"}})
					}
				}
				do(by)
				if got := x.Status(); got != from {
					t.Fatalf("status %s, want %s", got, from)
				}
				want := acts[act]
				if act == "silence" {
					want = silence[from]
				}
				do(act)
				if got := x.Status(); got != want {
					t.Errorf("status %s, want %s", got, want)
				}
			})
		}
	}
}

// TestSessionTiming checks the first sign of life, by an activity and by a link, in time
// and late.
func TestSessionTiming(t *testing.T) {
	t.Parallel()
	const think = `mutation($s:String!){agentActivityCreate(input:{agentSessionId:$s,content:{type:"thought",body:"b"}}){success}}`
	const link = `mutation($s:String!){agentSessionUpdate(id:$s,input:{addedExternalUrls:[{label:"l",url:"https://example.com"}]}){success}}`
	for name, tc := range map[string]struct {
		after        time.Duration
		sign         string
		unresponsive bool
	}{
		"a thought in time": {4 * time.Second, think, false},
		"a link in time":    {9 * time.Second, link, false},
		"a thought late":    {11 * time.Second, think, true},
		"nothing":           {11 * time.Second, "", true},
		"nothing yet":       {5 * time.Second, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Config{})
			clock := w.clock
			x := w.ada.StartSession(w.app, w.issue, nil)
			clock.Advance(tc.after)
			first := time.Duration(-1)
			if tc.sign != "" {
				w.do(tc.sign, map[string]any{"s": x.ID})
				first = tc.after
			}
			if c := x.Timing(); c.FirstSign != first || c.Unresponsive != tc.unresponsive {
				t.Errorf("clock %+v, want the first sign after %s, unresponsive %t", c, first, tc.unresponsive)
			}
		})
	}
}

// TestActivityContents checks what an app may write into a session.
func TestActivityContents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	x := w.ada.StartSession(w.app, w.issue, nil)
	body := func(typ string) map[string]any { return map[string]any{"type": typ, "body": "b"} }
	for name, tc := range map[string]struct {
		in map[string]any
		ok bool
	}{
		"thought":            {map[string]any{"content": body("thought")}, true},
		"passing thought":    {map[string]any{"content": body("thought"), "ephemeral": true}, true},
		"passing response":   {map[string]any{"content": body("response"), "ephemeral": true}, false},
		"prompt":             {map[string]any{"content": body("prompt")}, false},
		"dance":              {map[string]any{"content": body("dance")}, false},
		"blank":              {map[string]any{"content": map[string]any{"type": "response", "body": " "}}, false},
		"number":             {map[string]any{"content": map[string]any{"type": "response", "body": 7}}, false},
		"no body":            {map[string]any{"content": map[string]any{"type": "error"}}, false},
		"action":             {map[string]any{"content": map[string]any{"type": "action", "action": "a", "parameter": ""}}, true},
		"nameless action":    {map[string]any{"content": map[string]any{"type": "action", "parameter": "p"}}, false},
		"choice":             {map[string]any{"content": body("elicitation"), "signal": "select", "signalMetadata": map[string]any{"options": []any{map[string]any{"value": "a"}}}}, true},
		"choice of nothing":  {map[string]any{"content": body("elicitation"), "signal": "select"}, false},
		"choice in response": {map[string]any{"content": body("response"), "signal": "select", "signalMetadata": map[string]any{"options": []any{map[string]any{"value": "a"}}}}, false},
		"account":            {map[string]any{"content": body("elicitation"), "signal": "auth", "signalMetadata": map[string]any{"url": "https://example.com"}}, true},
		"account nowhere":    {map[string]any{"content": body("elicitation"), "signal": "auth", "signalMetadata": map[string]any{}}, false},
		"stop by an agent":   {map[string]any{"content": body("thought"), "signal": "stop"}, false},
	} {
		tc.in["agentSessionId"] = x.ID
		a := w.as(w.auth, `mutation($in:AgentActivityCreateInput!){agentActivityCreate(input:$in){success}}`, map[string]any{"in": tc.in})
		if got := a.code() == ""; got != tc.ok {
			t.Errorf("%s: accepted %t, want %t: %s", name, got, tc.ok, a.code())
		}
	}
}
