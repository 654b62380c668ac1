package cli

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/doctor"
	"github.com/linearbot/linearbot/internal/serve"
)

// TestDoctorExitCodes has the exit code say how bad it is.
func TestDoctorExitCodes(t *testing.T) {
	t.Parallel()
	scene := linearsim.New(t)
	app := append(scene.App.Env(), "LINEAR_WEBHOOK_SECRET=MARKER-SECRET")
	for _, tt := range []struct {
		name string
		env  []string
		args []string
		code int
		want string
	}{
		{"well", slices.Concat(app, []string{"LINEARBOT_STATE=file:" + t.TempDir() + "/new"}), nil, ExitOK, "All is well."},
		{"warnings", slices.Concat(app, []string{"LINEARBOT_STATE=memory"}), nil, ExitWarnings, "1 warning."},
		{"unhealthy", slices.Concat(app, []string{"LINEARBOT_STATE=memory", "LINEAR_CLIENT_SECRET=wrong"}), nil, ExitUnhealthy, "1 error and 1 warning."},
		{"misconfigured", scene.App.Env(), nil, ExitConfig, "LINEAR_WEBHOOK_SECRET is missing"},
		{"misused", app, []string{"--nonsense"}, ExitConfig, ""},
		{"a flag", app, []string{"--state", "memory", "--name", "helperbot"}, ExitWarnings, "2 warnings."},
		{"for programs", slices.Concat(app, []string{"LINEARBOT_STATE=memory"}), []string{"--json"}, ExitWarnings, `"check": "store"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			code := Run(t.Context(), Program{
				Name: "linearbot", Config: serve.Config{Environ: tt.env}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
			}, append([]string{"doctor"}, tt.args...))
			if code != tt.code || !strings.Contains(out.String(), tt.want) {
				t.Errorf("code %d, want %d; it says\n%s%s", code, tt.code, &out, &errs)
			}
			if strings.Contains(out.String()+errs.String(), "MARKER") {
				t.Errorf("a secret is shown: %s%s", &out, &errs)
			}
			var report doctor.Report
			if tt.name == "for programs" && (json.Unmarshal(out.Bytes(), &report) != nil || report.Worst() != doctor.Warning) {
				t.Errorf("%s", &out)
			}
		})
	}
}
