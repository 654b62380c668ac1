package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	// Generated clients import it; this keeps its version in go.mod.
	_ "github.com/oapi-codegen/runtime"
)

// in runs a command in a directory and returns what it prints.
func in(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// copied copies the files of a directory of testdata.
func copied(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(e.Name(), ".txt")), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A Go client that is generated from the document compiles and works.
func TestGeneratedGoClient(t *testing.T) {
	t.Parallel()
	s := newTicketingStage(t)
	_, _, doc := s.send("GET", "/openapi.json", nil)
	dir := copied(t, "testdata/goclient")
	write(t, filepath.Join(dir, "openapi.json"), doc)
	if err := os.Mkdir(filepath.Join(dir, "client"), 0o700); err != nil {
		t.Fatal(err)
	}
	in(t, ".", "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "client", "-o", filepath.Join(dir, "client", "client.go"), filepath.Join(dir, "openapi.json"))
	// The client's own module uses the requirements of this one.
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(raw), "module github.com/linearbot/linearbot/internal/e2e", "module goclient", 1)
		root, err := filepath.Abs("../..")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), []byte(strings.Replace(text, "=> ../..", "=> "+root, 1)))
	}
	in(t, dir, "go", "build", "-o", "client.bin", ".")
	if out := in(t, dir, filepath.Join(dir, "client.bin"), s.http.URL, s.token); !strings.Contains(out, "ENG-1 From the Go client") {
		t.Errorf("it says %q", out)
	}
}

// A TypeScript client that is generated from the document compiles and works.
// It needs node and packages from a registry.
func TestGeneratedTypeScriptClient(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("npm is missing")
		}
		t.Skip("npm is missing")
	}
	s := newTicketingStage(t)
	_, _, doc := s.send("GET", "/openapi.json", nil)
	dir := copied(t, "testdata/tsclient")
	write(t, filepath.Join(dir, "openapi.json"), doc)
	in(t, dir, "npm", "install", "--silent", "--no-audit", "--no-fund")
	in(t, dir, "npx", "openapi-typescript", "openapi.json", "-o", "api.ts")
	in(t, dir, "npx", "tsc")
	if out := in(t, dir, "node", "out/flow.js", s.http.URL, s.token); !strings.Contains(out, "ENG-1 From TypeScript") {
		t.Errorf("it says %q", out)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
