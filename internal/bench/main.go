package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is func main
	}
}

// run is the whole program, or that of a subject.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	redis.SetLogger(silence{}) // its client tries a server that is still starting
	if options := os.Getenv(childVariable); options != "" {
		c := &child{out: stdout}
		if err := json.Unmarshal([]byte(options), &c.o); err != nil {
			return err
		}
		return c.run(ctx, stdin)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print the report as JSON")
	window := flags.Duration("window", 2500*time.Millisecond, "how long each load is measured, after half a second")
	limit := flags.Duration("limit", 5*time.Minute, "when to give up")
	only := flags.String("only", "", "subjects to measure, separated by commas: "+strings.Join(subjects(), ", "))
	which := flags.String("load", "", "measure loads whose name begins like this")
	profiles := flags.String("profiles", "", "directory for CPU profiles and profiles of allocations")
	extra := flags.Bool("extra", true, "measure instances, waiting turns and fairness, too")
	pairs := flags.Int("traces", 0, "measure only what traces cost, in so many pairs of runs for each store")
	waits := flags.Bool("waiting", false, "measure only what turns cost that wait")
	scaling := flags.Bool("scale-out", false, "instead of all that: 1, 2 and 4 instances on one Redis server and on a Cluster")
	soaking := flags.Duration("soak", 0, "instead of all that: a steady load with faults on file and Redis for so long")
	rate := flags.Float64("rate", 200, "deliveries a second of a soak, for each store")
	picture := flags.String("picture", "", "file to draw a soak to, as SVG")
	if err := flags.Parse(args); err != nil {
		return err
	}
	// The generator's own collector shall not take the CPU from the subjects.
	debug.SetGCPercent(400)
	if *soaking > 0 {
		*limit = *soaking + time.Hour
	}
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "linearbot-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	if *profiles != "" {
		if err := os.MkdirAll(*profiles, 0o700); err != nil {
			return err
		}
	}
	begin := time.Now()
	progress := func(format string, args ...any) {
		fmt.Fprintf(stderr, "%4.0f s  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
	if *soaking > 0 {
		soaked, err := soak{length: *soaking, rate: *rate, picture: *picture}.run(ctx, dir, progress)
		for _, s := range soaked {
			fmt.Fprintf(stdout, "%s: %d acknowledged, %d answered, %d refused, %d writes repeated\n", s.Store, s.Acked, s.Answered, s.Refused, s.Again)
		}
		return err
	}
	a, err := startAPI(ctx)
	if err != nil {
		return err
	}
	defer a.close()
	r := &rig{api: a, dir: dir, window: *window, profiles: *profiles, progress: progress}
	report := &Report{Machine: machine(), Window: r.window.Seconds()}
	switch {
	case *scaling:
		report.Window = scaleWindow.Seconds()
		report.Scale, err = r.scaleOut(ctx)
	case *waits:
		err = r.allWaiting(ctx, report, wanted(*only))
	case *pairs > 0:
		err = r.allTraces(ctx, report, wanted(*only), *pairs)
	default:
		err = r.all(ctx, report, *only, *which, *extra)
	}
	if err != nil {
		return err
	}
	if *asJSON {
		return report.writeJSON(stdout)
	}
	return report.writeTable(stdout)
}

// silence drops the lines of the Redis client.
type silence struct{}

// Printf drops a line.
func (silence) Printf(context.Context, string, ...any) {}

// wanted reports whether a subject is one of a list, which is empty for all.
func wanted(only string) func(name string) bool {
	return func(name string) bool { return only == "" || slices.Contains(strings.Split(only, ","), name) }
}

// all measures what is asked for.
func (r *rig) all(ctx context.Context, report *Report, only, which string, extra bool) error {
	wanted := wanted(only)
	for _, l := range loads() {
		if !strings.HasPrefix(l.Name, which) {
			continue
		}
		for _, name := range subjects() {
			if !wanted(name) {
				continue
			}
			r.progress("%s under %s", name, l.Name)
			res, err := r.measure(ctx, name, l, childOptions{})
			if err != nil {
				return fmt.Errorf("%s under %s: %w", name, l.Name, err)
			}
			report.Results = append(report.Results, res)
		}
	}
	if extra {
		if err := r.extras(ctx, report, wanted); err != nil {
			return err
		}
	}
	report.Others = r.api.others.Load()
	return nil
}

func (r *rig) extras(ctx context.Context, report *Report, wanted func(string) bool) error {
	if wanted("redis") {
		i, err := r.instances(ctx)
		if err != nil {
			return fmt.Errorf("instances: %w", err)
		}
		report.Instances = &i
	}
	if err := r.allWaiting(ctx, report, wanted); err != nil {
		return err
	}
	if err := r.allTraces(ctx, report, wanted, tracePairs); err != nil {
		return err
	}
	for _, name := range []string{"file", "redis"} {
		if !wanted(name) {
			continue
		}
		f, err := r.fairness(ctx, name)
		if err != nil {
			return fmt.Errorf("fairness on %s: %w", name, err)
		}
		report.Fairness = append(report.Fairness, f)
	}
	return nil
}
