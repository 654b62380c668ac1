package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
)

// stateCmd inspects a store and moves its content. What counts and lists asks the
// bot that has a file store; the other commands need that bot stopped. A Redis store can
// be inspected while bots run.
type stateCmd struct {
	State string `help:"${help_state}" placeholder:"${default_state}"`

	Stats   stateStats   `cmd:"" help:"Count what the store holds."`
	Lanes   stateLanes   `cmd:"" help:"List the threads that have work."`
	Delayed stateDelayed `cmd:"" help:"List what waits: scheduled posts, questions and retries."`
	Check   stateCheck   `cmd:"" help:"Examine a file store for damage, or the settings of Redis."`
	Export  stateExport  `cmd:"" help:"Write everything as JSON lines."`
	Import  stateImport  `cmd:"" help:"Read what export wrote."`
}

// values reads the part of the configuration that concerns the store.
func (c *stateCmd) values(p *program) (*settings.Values, error) {
	values, problems := settings.Read(p.environ(), map[string]string{"state": c.State})
	name := values.Source("LINEARBOT_STATE")
	if i := slices.IndexFunc(problems, func(p settings.Problem) bool { return p.Name == name }); i >= 0 {
		return nil, &settings.Error{Problems: problems[i : i+1]}
	}
	return values, nil
}

// with opens an existing store for f.
func (c *stateCmd) with(ctx context.Context, p *program, f func(state.Store) error) error {
	return c.withExisting(ctx, p, serve.OpenStore, f)
}

// look opens an existing store for f, which only reads.
func (c *stateCmd) look(ctx context.Context, p *program, f func(state.Store) error) error {
	return c.withExisting(ctx, p, serve.LookStore, f)
}

func (c *stateCmd) withExisting(ctx context.Context, p *program, open opener, f func(state.Store) error) error {
	values, err := c.values(p)
	if err != nil {
		return err
	}
	if err := exists(values.State, "--state"); err != nil {
		return err
	}
	return opened(ctx, values, open, f)
}

// withNew opens the store for f, and creates it if it does not exist.
func (c *stateCmd) withNew(ctx context.Context, p *program, f func(state.Store) error) error {
	values, err := c.values(p)
	if err != nil {
		return err
	}
	return opened(ctx, values, serve.OpenStore, f)
}

func opened(ctx context.Context, v *settings.Values, open opener, f func(state.Store) error) (err error) {
	store, err := open(ctx, v)
	if err != nil {
		return stopFirst(err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return f(store)
}

// exists returns an error if there is no store at an address. flag is the flag
// that selects another one.
func exists(address, flag string) error {
	switch there, err := stateurl.Exists(address); {
	case err != nil:
		return err
	case !there:
		return fmt.Errorf("there is no store in %s: run this where the bot runs, or give %s", strings.TrimPrefix(address, "file:"), flag)
	}
	return nil
}

// stopFirst adds advice to the error of a store that another process has open.
func stopFirst(err error) error {
	if errors.Is(err, state.ErrLocked) {
		return fmt.Errorf("%w: if that is the bot, stop it, run this again, and start the bot afterwards", err)
	}
	return err
}

type stateCheck struct{}

func (stateCheck) Run(ctx context.Context, c *stateCmd, p *program) error {
	values, err := c.values(p)
	if err != nil {
		return err
	}
	if err := exists(values.State, "--state"); err != nil {
		return err
	}
	warnings, err := stateurl.Check(ctx, values.State)
	for _, w := range warnings {
		fmt.Fprintln(p.out, w)
	}
	if err == nil && len(warnings) == 0 {
		fmt.Fprintln(p.out, "ok")
	}
	return stopFirst(err)
}

// looking are the flags of commands that look at a store, or ask the bot that has
// it.
type looking struct {
	Admin string `help:"URL of the admin API of a bot elsewhere, such as http://10.0.0.7:3001. Its token is read from LINEARBOT_ADMIN_TOKEN." placeholder:"URL"`
}

func (l looking) target(store string) *target { return &target{State: store, Admin: l.Admin} }

type stateStats struct{ looking }

func (c stateStats) Run(ctx context.Context, st *stateCmd, p *program) error {
	return c.target(st.State).with(ctx, p, func(api *adminClient) error {
		var s admin.Status
		if _, err := api.Get(ctx, "status", nil, &s); err != nil {
			return err
		}
		bot := s.Stores["bot"]
		if bot.Error != "" {
			return errors.New("the store does not answer the bot: " + bot.Error)
		}
		return json.NewEncoder(p.out).Encode(bot.Stats)
	})
}

type stateLanes struct {
	looking

	Limit int  `help:"The most." default:"100"`
	JSON  bool `name:"json" help:"One JSON object a line."`
}

func (c stateLanes) Run(ctx context.Context, st *stateCmd, p *program) error {
	return c.target(st.State).with(ctx, p, func(api *adminClient) error {
		var all admin.Lanes
		if _, err := api.Get(ctx, "lanes", url.Values{"limit": {strconv.Itoa(c.Limit)}}, &all); err != nil {
			return err
		}
		if c.JSON {
			_, err := jsonLines(p.out, listed(all.Lanes))
			return err
		}
		t := newTable(append(plain("DEPTH", "AGE"), textColumn("HOLDER"), idColumn("WORKSPACE"), laneColumn("THREAD"))...)
		for _, l := range all.Lanes {
			t.row(l.Depth, age(l.Oldest), l.Holder, l.Lane.Workspace, l.Lane.ID)
		}
		return p.list(t, "no thread has work", rest(all.More))
	})
}

// listed iterates over what is listed already.
func listed[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

type stateExport struct{}

func (stateExport) Run(ctx context.Context, c *stateCmd, p *program) error {
	return c.look(ctx, p, func(store state.Store) error {
		n, err := jsonLines(p.out, store.Export(ctx))
		if err != nil {
			return fmt.Errorf("after %d records: %w", n, err)
		}
		fmt.Fprintf(p.err, "exported %s\n", wording.Count(n, "record", "records"))
		return nil
	})
}

// source is what an import reads.
type source struct {
	File string `arg:"" optional:"" help:"File to read. Defaults to standard input." type:"existingfile"`
}

// read calls f with the file, or standard input.
func (s source) read(p *program, f func(from io.Reader) error) (err error) {
	if s.File == "" {
		return f(p.in)
	}
	file, err := os.Open(s.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return f(file)
}

type stateImport struct{ source }

func (c stateImport) Run(ctx context.Context, st *stateCmd, p *program) error {
	return c.read(p, func(from io.Reader) error { return load(ctx, st, p, from) })
}

// load stores what was exported.
func load(ctx context.Context, st *stateCmd, p *program, from io.Reader) error {
	return st.withNew(ctx, p, func(store state.Store) error {
		dec := json.NewDecoder(bufio.NewReaderSize(from, 1<<20))
		for n := 0; ; n++ {
			var r state.Record
			switch err := dec.Decode(&r); {
			case errors.Is(err, io.EOF):
				fmt.Fprintf(p.err, "imported %s\n", wording.Count(n, "record", "records"))
				return nil
			case err != nil:
				return fmt.Errorf("record %d cannot be read: %w", n+1, err)
			}
			if err := store.Import(ctx, r); err != nil {
				return fmt.Errorf("record %d: %w", n+1, err)
			}
		}
	})
}

// jsonLines writes one JSON object per line and returns how many.
func jsonLines[T any](w io.Writer, all iter.Seq2[T, error]) (int, error) {
	buf := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(buf)
	n := 0
	for v, err := range all {
		if err != nil {
			return n, errors.Join(err, buf.Flush())
		}
		if err := enc.Encode(v); err != nil {
			return n, err
		}
		n++
	}
	return n, buf.Flush()
}

func age(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return time.Since(t).Round(time.Second).String()
}

// until formats the time left until t.
func until(t time.Time) string { return max(time.Until(t).Round(time.Second), 0).String() }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
