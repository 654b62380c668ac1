package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// startPage runs a program until the test ends and returns the address of the page
// that it serves, which its first line of output holds.
func startPage(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ended badly: %v", cmd.Path, err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://[^/]+/`).FindString(line)
	if address == "" {
		t.Fatalf("no address in %q", line)
	}
	return address
}
