package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/migrate"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/state/stateurl"
)

// migrateCmd takes over what a bot on the npm package @chat-adapter/linear has
// stored in Redis.
type migrateCmd struct {
	From      string   `help:"Redis of the other bot: one server, or a node of its Cluster. Defaults to REDIS_URL, which keeps a password off the command line." placeholder:"redis://host:6379/0"`
	Prefix    string   `help:"What its keys begin with (keyPrefix)." default:"chat-sdk"`
	State     string   `help:"${help_state}" placeholder:"${default_state}"`
	Workspace string   `help:"Id of the only workspace, if there is one only. Defaults to that of the credentials; installations are asked for each issue." placeholder:"ID"`
	Only      []string `help:"Take over only these, separated by commas: installations, subscriptions, states, transcripts." enum:"installations,subscriptions,states,transcripts" placeholder:"KIND,..."`
	Apply     bool     `help:"Do it. Without this flag nothing is written."`
	JSON      bool     `name:"json" help:"One JSON object a line: each thing that is left out, then the report."`
}

// Run migrates, or says what would be done.
func (c *migrateCmd) Run(ctx context.Context, p *program) error {
	open := stateCmd{State: c.State}
	values, err := open.values(p)
	if err != nil {
		return err
	}
	address := cmp.Or(c.From, redisURL(p.environ()))
	if address == "" {
		return &usageError{errors.New("set REDIS_URL to the Redis of the other bot, or give --from")}
	}
	source, err := migrate.OpenSource(address, c.Prefix)
	if err != nil {
		return &usageError{err}
	}
	defer source.Close() //nolint:errcheck // nothing was written
	there, err := stateurl.Exists(values.State)
	switch {
	case err != nil:
		return err
	case values.State == "memory" && c.Apply:
		return &usageError{errors.New("the store is memory, which ends with this command: give --state")}
	case !there && !c.Apply: // a dry run creates nothing
		store := memstate.New(memstate.Options{})
		defer store.Close() //nolint:errcheck // it holds nothing
		return c.migrate(ctx, p, values, source, store)
	}
	return open.withNew(ctx, p, func(store state.Store) error { return c.migrate(ctx, p, values, source, store) })
}

// migration is a run of the command.
type migration struct {
	cmd    *migrateCmd
	p      *program
	values *settings.Values
	reg    *workspaces.Registry
	// lookup is set if issues are looked up.
	lookup *migrate.Lookup
	// examples are the first things that are left out, by kind and reason.
	examples map[migrate.Skipped][]string
	// told is when progress was last printed.
	told time.Time
}

func (c *migrateCmd) migrate(ctx context.Context, p *program, values *settings.Values, source *migrate.Source, store state.Store) error {
	reg, err := p.registry(store)
	if err != nil {
		return err
	}
	m := &migration{cmd: c, p: p, values: values, reg: reg, examples: map[migrate.Skipped][]string{}, told: time.Now()}
	report, err := migrate.Run(ctx, migrate.Config{
		Source: source, Store: store, Registry: reg, Homes: m.homes, Only: c.kinds(), Apply: c.Apply,
		OnSkip: m.skipped, OnProgress: m.progress,
	})
	if errors.Is(err, workspaces.ErrNoKey) {
		err = &settings.Error{Problems: []settings.Problem{noKey(p)}}
	}
	if report == nil || err != nil && len(report.Counts) == 0 { // it has nothing to say
		return emptySource(err)
	}
	if err == nil {
		for _, n := range report.Counts {
			if n.Skipped[migrate.ReasonAsked] > 0 {
				err = errors.New("some issues could not be looked up, so what belongs to them is left out: run this again later")
			}
		}
	}
	return errors.Join(err, m.print(source, report))
}

// emptySource says which flag to change if the other bot has stored nothing there.
func emptySource(err error) error {
	if nothing, ok := errors.AsType[*migrate.NothingError](err); ok {
		return fmt.Errorf("%w (--from, REDIS_URL, --prefix)", nothing)
	}
	return err
}

// redisURL returns the variable that names the other bot's Redis.
func redisURL(environ []string) string {
	url := ""
	for _, kv := range environ {
		if value, ok := strings.CutPrefix(kv, "REDIS_URL="); ok {
			url = strings.TrimSpace(value)
		}
	}
	return url
}

// kinds returns what to take over.
func (c *migrateCmd) kinds() []migrate.Kind {
	var out []migrate.Kind
	for _, word := range c.Only {
		switch word {
		case "installations":
			out = append(out, migrate.KindInstallation)
		case "subscriptions":
			out = append(out, migrate.KindSubscription)
		case "states":
			out = append(out, migrate.KindThreadState, migrate.KindChannelState)
		case "transcripts":
			out = append(out, migrate.KindTranscript)
		}
	}
	return out
}

// homes decides how the workspaces of issues are found.
func (m *migration) homes(ctx context.Context, found []*workspaces.NPMInstallation) (migrate.Homes, error) {
	if m.cmd.Workspace != "" {
		return migrate.One(m.cmd.Workspace), nil
	}
	here, err := m.reg.List(ctx)
	if err != nil {
		return nil, err
	}
	here = slices.DeleteFunc(here, func(w workspaces.Workspace) bool { return w.Status != workspaces.StatusActive })
	if len(found)+len(here) == 0 {
		return m.only(ctx)
	}
	all := map[string]migrate.API{}
	for _, f := range found {
		if !f.Expires.IsZero() && time.Now().After(f.Expires) {
			all[f.Workspace] = migrate.Failing("its access token has expired, and only --apply may renew it")
			continue
		}
		if all[f.Workspace], err = m.api(f.Tokens()); err != nil {
			return nil, err
		}
	}
	for _, w := range here {
		if !m.cmd.Apply && !w.Expires.IsZero() && time.Now().After(w.Expires) {
			if all[w.ID] == nil {
				all[w.ID] = migrate.Failing("its access token has expired, and only --apply may renew it")
			}
			continue
		}
		if all[w.ID], err = m.api(m.reg.Tokens(w.ID)); err != nil {
			return nil, err
		}
	}
	m.lookup = migrate.NewLookup(all)
	return m.lookup, nil
}

func (m *migration) api(tokens linearapi.TokenSource) (migrate.API, error) {
	return linearapi.New(linearapi.Config{URL: m.values.Lookup("LINEAR_API_URL"), Tokens: tokens})
}

// only returns the workspace of the credentials.
func (m *migration) only(ctx context.Context) (migrate.Homes, error) {
	lin, err := linear.New(linear.ConfigFrom(m.values.Lookup))
	if err != nil {
		return nil, &usageError{fmt.Errorf("the workspace is not known: give its id with --workspace, or the credentials of the bot: %w", err)}
	}
	defer lin.CloseIdleConnections()
	self, err := lin.Identity(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("the workspace of the credentials cannot be asked for, give its id with --workspace: %w", err)
	}
	return migrate.One(self.Workspace), nil
}

// mostExamples is how many examples are shown of what is left out for one reason.
const mostExamples = 3

func (m *migration) skipped(s migrate.Skipped) {
	if m.cmd.JSON {
		line := struct {
			LeftOut migrate.Skipped `json:"left_out"`
		}{s}
		_ = json.NewEncoder(m.p.out).Encode(line) //nolint:errchkjson // the report fails, too
		return
	}
	of := migrate.Skipped{Kind: s.Kind, Reason: s.Reason}
	if len(m.examples[of]) < mostExamples {
		text := wording.Clip(printable(s.ID), 120)
		if s.Detail != "" {
			text += " (" + printable(s.Detail) + ")"
		}
		m.examples[of] = append(m.examples[of], text)
	}
}

// progress prints where a long run is, every five seconds.
func (m *migration) progress(k migrate.Kind, done, of int) {
	if time.Since(m.told) < 5*time.Second {
		return
	}
	m.told = time.Now()
	if of > 0 {
		fmt.Fprintf(m.p.err, "%s: %d of %d\n", k, done, of)
		return
	}
	fmt.Fprintf(m.p.err, "%s: %d\n", k, done)
}

func (m *migration) print(source *migrate.Source, report *migrate.Report) error {
	advice := migrate.Advice(m.p.environ())
	var problems []string
	if m.lookup != nil {
		problems = m.lookup.Problems()
	}
	for _, n := range report.Counts {
		if n.Kind == migrate.KindInstallation && n.New > 0 {
			text := "installations: only one bot may refresh their tokens, or Linear logs the other one out: "
			if report.Applied {
				text += "do not start the other bot again"
			} else {
				text += "stop the other bot before --apply, or leave them out with --only"
			}
			problems = append(problems, text)
		}
	}
	if m.cmd.JSON {
		return json.NewEncoder(m.p.out).Encode(map[string]any{"report": struct {
			*migrate.Report

			Problems    []string `json:"problems,omitempty"`
			Environment []string `json:"environment,omitempty"`
		}{report, problems, advice}})
	}
	out := m.p.out
	fmt.Fprintf(out, "from %s, keys %s:*, to %s\n\n", source.Address(), printable(source.Prefix()), shownState(m.values))
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tFOUND\tNEW\tUPDATED\tSAME\tKEPT\tLEFT OUT")
	for _, n := range report.Counts {
		left := 0
		for _, k := range n.Skipped {
			left += k
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", n.Kind, n.Found, n.New, n.Updated, n.Same, n.Kept, left)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, n := range report.Counts {
		for _, reason := range sortedReasons(n.Skipped) {
			fmt.Fprintf(out, "\n%d of %s left out, as each %s:\n", n.Skipped[reason], n.Kind, reason.Text())
			for _, example := range m.examples[migrate.Skipped{Kind: n.Kind, Reason: reason}] {
				fmt.Fprintln(out, "  "+example)
			}
		}
	}
	for i, line := range slices.Concat(problems, advice) {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out)
	if report.Applied {
		fmt.Fprintf(out, "%s, the other bot's store is unchanged\n", wording.Count(report.Changes(), "thing was written", "things were written"))
		return nil
	}
	fmt.Fprintf(out, "dry run: nothing was written. --apply would write %s\n", wording.Count(report.Changes(), "thing", "things"))
	return nil
}

// shownState returns the address of the store without what may be a password.
func shownState(values *settings.Values) string {
	if strings.ContainsAny(values.State, "@?#") {
		return "the store of " + values.Source("LINEARBOT_STATE")
	}
	return values.State
}

func sortedReasons(of map[migrate.Reason]int) []migrate.Reason {
	out := make([]migrate.Reason, 0, len(of))
	for reason := range of {
		out = append(out, reason)
	}
	slices.Sort(out)
	return out
}
