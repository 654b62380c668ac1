package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The command serves the inbox, creates an issue through it, and stops cleanly.
func TestRun(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	address := make(chan string, 1)
	done := make(chan error, 1)
	go func() { done <- run(ctx, "127.0.0.1:0", func(a net.Addr) { address <- "http://" + a.String() }) }()
	base := <-address
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
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
