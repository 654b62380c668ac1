package e2e

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/linearbot/linearbot/internal/metrics"
	"github.com/linearbot/linearbot/internal/reason"
)

// monitoring is where the dashboard and the rules are.
const monitoring = "../../docs/monitoring/"

// exported are metrics of the Go runtime, of the process and of Prometheus itself
// that dashboards and rules may use.
var exported = []string{"up", "go_goroutines", "go_memstats_heap_inuse_bytes", "process_cpu_seconds_total", "process_resident_memory_bytes"}

// series returns the names of the metrics that a Prometheus of these tests has, with
// their labels.
func series() map[string][]string {
	all := make(map[string][]string)
	for _, row := range metrics.Table() {
		if row.Kind != metrics.Histogram {
			all[row.Name] = row.Labels
			continue
		}
		all[row.Name+"_bucket"] = append([]string{"le"}, row.Labels...)
		all[row.Name+"_count"], all[row.Name+"_sum"] = row.Labels, row.Labels
	}
	for _, name := range exported {
		all[name] = nil
	}
	return all
}

// checkExpr parses an expression and reports names and labels that do not exist.
func checkExpr(t *testing.T, text string, used map[string]bool) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	known := series()
	var labels []string
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			has, ok := known[n.Name]
			if !ok {
				t.Errorf("%s: there is no metric %s", text, n.Name)
			}
			used[n.Name] = true
			labels = append(labels, has...)
			for _, m := range n.LabelMatchers {
				if !slices.Contains(append([]string{"__name__", "instance", "job"}, has...), m.Name) {
					t.Errorf("%s: %s has no label %s", text, n.Name, m.Name)
				}
				if m.Name == "reason" {
					for word := range strings.SplitSeq(m.Value, "|") {
						if kind := reason.Kinds()[word]; kind != reason.Refused && kind != reason.Ignored {
							t.Errorf("%s: there is no reason %q", text, word)
						}
					}
				}
			}
		case *parser.AggregateExpr:
			for _, by := range n.Grouping {
				labels = append(labels, "\x00"+by)
			}
		}
		return nil
	})
	for _, l := range labels {
		if by, ok := strings.CutPrefix(l, "\x00"); ok && by != "instance" && !slices.Contains(labels, by) {
			t.Errorf("%s groups by %s, which no metric in it has", text, by)
		}
	}
}

// TestAlertRules parses the alert rules as Prometheus does.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(monitoring + "alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			checkExpr(t, r.Expr, make(map[string]bool))
			if r.For != "" {
				if _, err := time.ParseDuration(r.For); err != nil {
					t.Errorf("%s: for is %v", r.Alert, err)
				}
			}
			if seen[r.Alert] || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s is there twice, or lacks severity, summary or description", r.Alert)
			}
			seen[r.Alert] = true
		}
	}
	if len(seen) < 10 {
		t.Errorf("%d rules", len(seen))
	}
}

// TestDashboard parses every expression of the dashboard, and has every metric of
// the table on it.
func TestDashboard(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(monitoring + "dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID    string
		Panels []struct {
			ID            int
			Title, Type   string
			GridPos       struct{ X, Y, W, H int }
			Targets       []struct{ Expr string }
			FieldConfig   any
			Datasource    any
			Options       any
			Collapsed     bool
			Description   string
			SchemaVersion int
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	used, ids := make(map[string]bool), make(map[int]bool)
	cells := make(map[[2]int]string)
	variables := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d %q has no title, or the id of another", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := cells[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q or beside the page", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			checkExpr(t, variables.Replace(target.Expr), used)
		}
	}
	for _, row := range metrics.Table() {
		if !used[row.Name] && !used[row.Name+"_bucket"] {
			t.Errorf("%s is on no panel", row.Name)
		}
	}
}
