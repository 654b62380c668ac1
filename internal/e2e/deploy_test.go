package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/linearbot/linearbot/internal/settings"
)

// drain is the default of LINEARBOT_DRAIN_TIMEOUT.
const drain = 25 * time.Second

// TestManifests reads every manifest under deploy/kubernetes into Kubernetes' own
// types, in which an unknown field is an error, and checks what they promise.
func TestManifests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../deploy/kubernetes/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d manifests, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			docs := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw)))
			var pods []podded
			var selectors []*metav1.LabelSelector
			for {
				doc, err := docs.Read()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				var kind metav1.TypeMeta
				if err := yaml.Unmarshal(doc, &kind); err != nil {
					t.Fatal(err)
				}
				switch kind.APIVersion + " " + kind.Kind {
				case "v1 Secret":
					for name := range into[corev1.Secret](t, doc).StringData {
						known(t, name)
					}
				case "v1 Service":
					s := into[corev1.Service](t, doc)
					selectors = append(selectors, &metav1.LabelSelector{MatchLabels: s.Spec.Selector})
				case "policy/v1 PodDisruptionBudget":
					selectors = append(selectors, into[policyv1.PodDisruptionBudget](t, doc).Spec.Selector)
				case "apps/v1 Deployment":
					d := into[appsv1.Deployment](t, doc)
					pods, selectors = append(pods, podded{d.Spec.Template, nil, *d.Spec.Replicas}), append(selectors, d.Spec.Selector)
				case "apps/v1 StatefulSet":
					s := into[appsv1.StatefulSet](t, doc)
					pods = append(pods, podded{s.Spec.Template, s.Spec.VolumeClaimTemplates, *s.Spec.Replicas})
					selectors = append(selectors, s.Spec.Selector)
				default:
					t.Errorf("a %s of %s is not checked", kind.Kind, kind.APIVersion)
				}
			}
			for _, p := range pods {
				p.check(t)
				for _, sel := range selectors {
					s, err := metav1.LabelSelectorAsSelector(sel)
					if err != nil || s.Empty() || !s.Matches(labels.Set(p.template.Labels)) {
						t.Errorf("selector %v does not select the pods (%v)", sel, err)
					}
				}
			}
		})
	}
}

// into reads a document strictly.
func into[T any](t *testing.T, doc []byte) *T {
	t.Helper()
	out := new(T)
	if err := yaml.UnmarshalStrict(doc, out); err != nil {
		t.Fatalf("%T: %v", *out, err)
	}
	return out
}

// compose is what docker-compose.yml has, as far as it is checked.
type compose struct {
	Services map[string]struct {
		EnvFile     []map[string]any  `json:"env_file"`
		Environment map[string]string `json:"environment"`
		Grace       string            `json:"stop_grace_period"`
		Command     []string          `json:"command"`
	} `json:"services"`
}

// TestCompose checks that docker-compose.yml gives the bot all variables of a .env,
// keeps both stores in a Redis that forgets nothing, and lets turns finish.
func TestCompose(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file compose
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	bot := file.Services["bot"]
	if len(bot.EnvFile) != 1 || bot.EnvFile[0]["path"] != ".env" {
		t.Errorf("the bot reads %v, want .env", bot.EnvFile)
	}
	stores := map[string]bool{}
	for name, value := range bot.Environment {
		known(t, name)
		if strings.HasSuffix(name, "_STATE") {
			stores[value] = strings.HasPrefix(value, "redis://redis:6379/")
		}
	}
	if len(stores) != 2 || slices.Contains(slices.Collect(maps.Values(stores)), false) {
		t.Errorf("the stores are %v, want two databases of the Redis", stores)
	}
	if grace, err := time.ParseDuration(bot.Grace); err != nil || grace < drain+10*time.Second {
		t.Errorf("a grace period of %q is too short for a drain of %v", bot.Grace, drain)
	}
	redis := strings.Join(file.Services["redis"].Command, " ")
	for _, want := range []string{"--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"} {
		if !strings.Contains(redis, want) {
			t.Errorf("Redis runs without %s", want)
		}
	}
}

// TestImage checks that the variables of the image are known, and that what they
// place is on its volume.
func TestImage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	volume := regexp.MustCompile(`(?m)^VOLUME (\S+)$`).FindSubmatch(raw)
	set := regexp.MustCompile(`\b(LINEARBOT_\w+)=(\S+)`).FindAllSubmatch(raw, -1)
	if volume == nil || len(set) != 2 {
		t.Fatalf("volume %q, variables %q", volume, set)
	}
	for _, m := range set {
		known(t, string(m[1]))
		if dir, ok := strings.CutPrefix(string(m[2]), "file:"); !ok || !strings.HasPrefix(dir+"/", string(volume[1])+"/") {
			t.Errorf("%s is %s, which is not on the volume %s", m[1], m[2], volume[1])
		}
	}
}

// podded is what makes pods.
type podded struct {
	template corev1.PodTemplateSpec
	volumes  []corev1.PersistentVolumeClaim
	replicas int32
}

func (p podded) check(t *testing.T) {
	t.Helper()
	spec := p.template.Spec
	c := spec.Containers[0]
	pause := time.Duration(0)
	if c.Lifecycle != nil {
		pause = time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	}
	if grace := time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second; grace < drain+pause+10*time.Second {
		t.Errorf("a grace period of %v is too short for a drain of %v after %v", grace, drain, pause)
	}
	if c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/healthz" {
		t.Error("the probes are not those of the server")
	}
	if port := c.Ports[0]; port.ContainerPort != 3000 || c.ReadinessProbe.HTTPGet.Port.StrVal != port.Name || c.LivenessProbe.HTTPGet.Port.StrVal != port.Name {
		t.Error("the probes are not on the port that the server listens on by default")
	}
	if !*spec.SecurityContext.RunAsNonRoot || *c.SecurityContext.AllowPrivilegeEscalation || !*c.SecurityContext.ReadOnlyRootFilesystem {
		t.Error("the container has more rights than it needs")
	}
	file := false
	for _, e := range c.Env {
		known(t, e.Name)
		dir, ok := strings.CutPrefix(e.Value, "file:")
		if e.Name != "LINEARBOT_STATE" || !ok {
			continue
		}
		file = true
		if len(p.volumes) != 1 || c.VolumeMounts[0].Name != p.volumes[0].Name || c.VolumeMounts[0].MountPath != dir {
			t.Errorf("state in %s, which is not on a volume", dir)
		}
	}
	if file != (p.replicas == 1) {
		t.Errorf("%d replicas with state in a file: %v", p.replicas, file)
	}
}

// known checks that the program reads a variable.
func known(t *testing.T, name string) {
	t.Helper()
	for _, row := range settings.Table() {
		if row.Name == name {
			return
		}
	}
	t.Errorf("the program does not read %s", name)
}

// TestUnit checks that every line of the systemd unit is a setting, a section or
// a comment, and what the comments promise.
func TestUnit(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../deploy/systemd/linearbot.service")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^(#.*|\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=.*|)$`)
	values := map[string]string{}
	var environment []string
	for i, l := range strings.Split(string(raw), "\n") {
		if !line.MatchString(l) {
			t.Errorf("line %d: %q", i+1, l)
		}
		if k, v, ok := strings.Cut(l, "="); ok && !strings.HasPrefix(l, "#") {
			values[k] = v
			if k == "Environment" {
				environment = append(environment, v)
			}
		}
	}
	stop, err := time.ParseDuration(values["TimeoutStopSec"] + "s")
	if err != nil || stop < drain+10*time.Second {
		t.Errorf("TimeoutStopSec %q is too short for a drain of %v", values["TimeoutStopSec"], drain)
	}
	guide, err := os.ReadFile("../../docs/deployment.md")
	if err != nil {
		t.Fatal(err)
	}
	stores := map[string]bool{}
	for _, e := range environment {
		name, value, _ := strings.Cut(e, "=")
		known(t, name)
		stores[name] = true
		if !strings.HasPrefix(value+"/", "file:/var/lib/"+values["StateDirectory"]+"/") {
			t.Errorf("%s is %s, which the unit does not make", name, value)
		}
		if !strings.Contains(string(guide), "; "+e+";") {
			t.Errorf("the command beside the unit in docs/deployment.md lacks %s", e)
		}
	}
	if !stores["LINEARBOT_STATE"] || !stores["LINEARBOT_TICKETING_STATE"] {
		t.Errorf("the unit says where %v is, want both stores", stores)
	}
	if values["RestartPreventExitStatus"] != "2" {
		t.Error("a wrong configuration is started again and again")
	}
}
