package cli

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSim runs the simulator until it is told to stop.
func TestSim(t *testing.T) {
	t.Parallel()
	seed := filepath.Join(t.TempDir(), "seed.json")
	text := `{"workspaces":[{"name":"Globex","urlKey":"globex","users":[{"name":"Eve","displayName":"eve"}],"apps":[{"name":"Helper"}]}]}`
	if err := os.WriteFile(seed, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "state.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	var errs strings.Builder
	code := make(chan int, 1)
	go func() {
		code <- Run(ctx, Program{Name: "my-bot", Stdout: w, Stderr: &errs},
			[]string{"sim", "--addr", "127.0.0.1:0", "--seed", "7", "--seed-file", seed, "--state", state, "--retry-after", "1s,2s"})
	}()
	buf := make([]byte, 8192)
	n, err := r.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	out := string(buf[:n])
	for _, part := range []string{"LINEAR_CLIENT_SECRET=", "# globex/eve: lin_api_", "LINEAR_ACCESS_TOKEN="} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is missing in\n%s", part, out)
		}
	}
	_, rest, _ := strings.Cut(out, "LINEAR_API_URL=")
	address, _, _ := strings.Cut(rest, "\n")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(address, "application/json", strings.NewReader(`{"query":"{__typename}"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s answers %d", address, resp.StatusCode)
	}
	cancel()
	if got := <-code; got != ExitOK {
		t.Errorf("exit code %d: %s", got, &errs)
	}
	if raw, err := os.ReadFile(state); err != nil || !strings.Contains(string(raw), "globex") {
		t.Errorf("state: %v %.100s", err, raw)
	}
	if got := Run(t.Context(), Program{Name: "my-bot", Stdout: io.Discard, Stderr: &errs}, []string{"sim", "--addr", "nowhere:x"}); got != ExitFailed {
		t.Errorf("a wrong address: exit code %d", got)
	}
}
