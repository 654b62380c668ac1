package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serving runs the command until the test ends. Then it has to stop cleanly. Its
// context ends sooner if the test takes long.
func serving(t *testing.T) (ctx context.Context, base string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	address := make(chan string, 1)
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, options{addr: "127.0.0.1:0", conversations: 3}, func(a net.Addr) { address <- "http://" + a.String() })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ctx, <-address
}

// The command serves the inbox, creates an issue through it, and stops cleanly.
func TestRun(t *testing.T) {
	t.Parallel()
	ctx, base := serving(t)
	send := func(method, path, body string, header ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		content, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(content)
	}
	if status, page := send("GET", "/", ""); status != 200 || !strings.Contains(page, "Support inbox") {
		t.Errorf("the page: %d", status)
	}
	status, body := send("POST", "/desk/conversations/1/issues", `{"name":"x","team":"ENG"}`)
	var made struct{ Issue struct{ Number string } }
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != 201 || made.Issue.Number == "" {
		t.Errorf("create: %d %s", status, body)
	}
	if status, body := send("POST", "/desk/conversations/1/issues", `{"name":"x","team":"ENG"}`, "Origin", "https://evil.example"); status != http.StatusForbidden {
		t.Errorf("from another origin: %d %s", status, body)
	}
	if status, _ := send("POST", "/ada/"+made.Issue.Number, `{"state":"Done"}`); status != http.StatusNoContent {
		t.Errorf("ada: %d", status)
	}
}

// --help prints help and exits with 0; a wrong command line is 2.
func TestCommandLine(t *testing.T) {
	t.Setenv("HELPDESK_ADDR", "")
	for _, c := range []struct {
		args        []string
		code        int
		out, errOut string
	}{
		{[]string{"--help"}, 0, "Usage: helpdesk [flags]", ""},
		{[]string{"-h"}, 0, "127.0.0.1:4000", ""},
		{[]string{"--nope"}, 2, "", "not defined: -nope"},
		{[]string{"serve"}, 2, "", `unexpected argument "serve"`},
		{[]string{"--conversations", "0"}, 2, "", "from 1 to 1000"},
		{[]string{"--addr", "nowhere:-1"}, 1, "", "invalid port"},
	} {
		var out, errOut bytes.Buffer
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		code := start(ctx, c.args, &out, &errOut)
		stop()
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errOut.String(), c.errOut) {
			t.Errorf("%q: %d, out %q, err %q", c.args, code, out.String(), errOut.String())
		}
		if c.errOut == "" && errOut.Len() > 0 {
			t.Errorf("%q wrote %q", c.args, errOut.String())
		}
	}
}

// One stream has what happens in the conversation and in the inbox.
func TestEvents(t *testing.T) {
	t.Parallel()
	ctx, base := serving(t)
	send := func(method, path, body string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	stream := send("GET", "/conversations/1/events", "")
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "event: "+want {
				return
			}
		}
		t.Fatalf("the stream ends without %s: %v", want, lines.Err())
	}
	next("beat")
	send("POST", "/conversations/2/reply", `{"text":"hello","kind":"note"}`).Body.Close()
	next("inbox")
	send("POST", "/desk/conversations/1/links", `{"issue":"ENG-1"}`).Body.Close()
	next("links")
	send("POST", "/linear", `{"away":true}`).Body.Close()
	next("inbox")
}
