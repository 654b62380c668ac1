package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// workspacesCmd manages the workspaces that have installed the app. List and show
// ask the bot that has a file store; what changes something needs it stopped. A
// Redis store can be used while bots run.
type workspacesCmd struct {
	State string `help:"${help_state}" placeholder:"${default_state}"`

	List       workspacesList       `cmd:"" help:"List the workspaces that have installed the app."`
	Show       workspacesShow       `cmd:"" help:"Show one of them, with what happened to its installation."`
	Disconnect workspacesDisconnect `cmd:"" help:"End an installation: revoke its tokens, then delete them."`
	Purge      workspacesPurge      `cmd:"" help:"Delete everything that is stored of a workspace that left."`
	Import     workspacesImport     `cmd:"" help:"Add installations that another bot stored, as JSON lines."`
}

// with opens the registry for f.
func (c *workspacesCmd) with(ctx context.Context, p *program, f func(*workspaces.Registry, state.Store) error) error {
	open := stateCmd{State: c.State}
	return open.with(ctx, p, func(store state.Store) error { return registered(p, store, f) })
}

// registered calls f with the registry over a store.
func registered(p *program, store state.Store, f func(*workspaces.Registry, state.Store) error) error {
	reg, err := p.registry(store)
	if err != nil {
		return err
	}
	return f(reg, store)
}

// registry returns a registry over a store, for commands.
func (p *program) registry(store state.Store) (*workspaces.Registry, error) {
	values, _ := settings.Read(p.environ(), nil)
	cfg, _, err := workspaces.ConfigFrom(values.Lookup)
	if err != nil {
		return nil, &settings.Error{Problems: []settings.Problem{
			{Name: values.Source("LINEAR_ENCRYPTION_KEY"), Reason: "cannot be read: " + err.Error()},
		}}
	}
	cfg.Store = store
	if s, ok := store.(state.Signaler); ok {
		cfg.Signals = s
	}
	return workspaces.Manage(cfg)
}

// look finds what knows the installations for f: the bot that has the store, or the
// store itself.
func (c *workspacesCmd) look(ctx context.Context, p *program, l looking, f func(api *adminClient) error) error {
	over := func(_ *settings.Values, store state.Store) (http.Handler, error) {
		reg, err := p.registry(store)
		if err != nil {
			return nil, err
		}
		mux := http.NewServeMux()
		for path, h := range serve.WorkspacePages(reg) {
			mux.Handle(path, h)
		}
		return mux, nil
	}
	return l.target(c.State).ask(ctx, p, serve.LookStore, over, f)
}

type workspacesList struct {
	looking

	JSON bool `name:"json" help:"One JSON object a line."`
}

func (c workspacesList) Run(ctx context.Context, w *workspacesCmd, p *program) error {
	return w.look(ctx, p, c.looking, func(api *adminClient) error {
		var all serve.Workspaces
		if _, err := api.Get(ctx, serve.WorkspacesPath, nil, &all); err != nil {
			return err
		}
		if c.JSON {
			_, err := jsonLines(p.out, listed(all.Workspaces))
			return err
		}
		ended, locked, problems := 0, 0, []string(nil)
		t := newTable(idColumn("WORKSPACE"), textColumn("NAME"), column{name: "STATUS"}, column{name: "INSTALLED"}, column{name: "REFRESHED"},
			column{name: "LAST DELIVERY"}, column{name: "KEY"})
		for _, ws := range all.Workspaces {
			t.row(ws.ID, wording.Clip(ws.Name, 40), ws.Status, ago(ws.InstalledAt), ago(ws.RefreshedAt), ago(ws.LastDelivery), ws.Key)
			if ws.Status == workspaces.StatusNeedsReauth {
				ended++
			}
			if ws.Status == workspaces.StatusUnreadable {
				locked++
			}
			if ws.Problem != "" {
				problems = append(problems, cmp.Or(ws.Name, ws.ID)+": "+ws.Problem)
			}
		}
		if err := p.list(t, "no workspace has installed the app", ""); err != nil {
			return err
		}
		if ended > 0 {
			fmt.Fprintf(p.err, "Linear has ended the login of %d of them (needs_reauth): an admin of each has to install the app again at %s. What people write meanwhile waits.\n",
				ended, all.InstallURL)
		}
		if locked > 0 {
			fmt.Fprintf(p.err, "The tokens of %d of them cannot be decrypted (unreadable): look at LINEAR_ENCRYPTION_KEY of the bot, and of this command. "+
				"Add the earlier key to it, after the current one and a comma. What people write meanwhile waits.\n", locked)
		}
		for _, problem := range problems {
			fmt.Fprintln(p.err, printable(problem))
		}
		return nil
	})
}

type workspacesShow struct {
	looking

	Workspace string `arg:"" help:"Id of the workspace, as list shows it."`
}

func (c workspacesShow) Run(ctx context.Context, w *workspacesCmd, p *program) error {
	return w.look(ctx, p, c.looking, func(api *adminClient) error {
		var ws serve.Workspace
		switch _, err := api.Get(ctx, serve.WorkspacePath, url.Values{"id": {c.Workspace}}, &ws); {
		case err != nil:
			return err
		case ws.Workspace == nil && len(ws.Audit) == 0:
			return fmt.Errorf("workspace %s has not installed the app: see \"%s workspaces list\"", c.Workspace, p.name)
		}
		enc := json.NewEncoder(p.out)
		enc.SetIndent("", "  ")
		return enc.Encode(ws)
	})
}

type workspacesDisconnect struct {
	Workspace string `arg:"" help:"Id of the workspace, as list shows it."`
	Why       string `help:"Reason, for the audit line." default:"disconnected by hand"`
}

func (c workspacesDisconnect) Run(ctx context.Context, w *workspacesCmd, p *program) error {
	return w.with(ctx, p, func(reg *workspaces.Registry, _ state.Store) error {
		bye, err := reg.Disconnect(ctx, c.Workspace, c.Why)
		switch {
		case err != nil:
			return err
		case bye.Revoked:
			fmt.Fprintf(p.out, "disconnected %s: its tokens are revoked and deleted\n", c.Workspace)
		default:
			fmt.Fprintf(p.out, "disconnected %s: Linear has not confirmed that its tokens are revoked. The bot tries again until %s and then deletes them; "+
				"to be sure, remove the app in the workspace's settings in Linear\n", c.Workspace, bye.Until.UTC().Format(time.RFC3339))
		}
		return nil
	})
}

type workspacesPurge struct {
	Workspace string `arg:"" help:"Id of the workspace, as list shows it."`
	Yes       bool   `help:"Do it. Without this flag nothing is deleted."`
}

func (c workspacesPurge) Run(ctx context.Context, w *workspacesCmd, p *program) error {
	if !c.Yes {
		return &usageError{fmt.Errorf("this deletes all that is stored of workspace %s, its subscriptions and state among it: repeat it with --yes", c.Workspace)}
	}
	return w.with(ctx, p, func(reg *workspaces.Registry, store state.Store) error {
		n, err := reg.Purge(ctx, store, c.Workspace)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "deleted %s, %s, %s and %s of %s\n", wording.Count(n.Values, "value", "values"), wording.Count(n.Subscriptions, "subscription", "subscriptions"),
			wording.Count(n.Notes, "note", "notes"), wording.Count(n.Dead, "dead letter", "dead letters"), c.Workspace)
		return nil
	})
}

type workspacesImport struct{ source }

func (c workspacesImport) Run(ctx context.Context, w *workspacesCmd, p *program) error {
	return c.read(p, func(from io.Reader) error { return loadInstallations(ctx, w, p, from) })
}

// loadInstallations stores installations.
func loadInstallations(ctx context.Context, w *workspacesCmd, p *program, from io.Reader) error {
	open := stateCmd{State: w.State}
	load := func(reg *workspaces.Registry, _ state.Store) error {
		dec := json.NewDecoder(bufio.NewReader(from))
		for n := 0; ; n++ {
			var raw json.RawMessage
			switch err := dec.Decode(&raw); {
			case errors.Is(err, io.EOF):
				fmt.Fprintf(p.err, "imported %s\n", wording.Count(n, "installation", "installations"))
				return nil
			case err != nil:
				return fmt.Errorf("record %d is not JSON", n+1)
			}
			org, err := reg.Import(ctx, raw)
			switch {
			case adapter.CodeOf(err) == adapter.CodeConflict: // by an earlier run that stopped halfway
				fmt.Fprintf(p.err, "skipped %s: %v\n", org, err)
				n--
				continue
			case errors.Is(err, workspaces.ErrNoKey):
				return &settings.Error{Problems: []settings.Problem{noKey(p)}}
			case err != nil:
				return fmt.Errorf("record %d: %w", n+1, err)
			}
			fmt.Fprintln(p.out, org)
		}
	}
	return open.withNew(ctx, p, func(store state.Store) error { return registered(p, store, load) })
}

// noKey says that there is no key to encrypt tokens with.
func noKey(p *program) settings.Problem {
	return settings.Problem{
		Name: "LINEAR_ENCRYPTION_KEY", Reason: "is missing, so tokens would be stored unencrypted: make a key with \"" + p.name +
			" keys generate\", or set LINEARBOT_PLAINTEXT_TOKENS=true to store them as they are",
	}
}

// ago formats how long ago t was.
func ago(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return wording.Ago(time.Since(t))
}

// keysCmd makes and rotates the keys that encrypt tokens.
type keysCmd struct {
	Generate keysGenerate `cmd:"" help:"Print a new key for LINEAR_ENCRYPTION_KEY."`
	Rotate   keysRotate   `cmd:"" help:"Encrypt all tokens with the first key of LINEAR_ENCRYPTION_KEY."`
}

type keysGenerate struct{}

func (keysGenerate) Run(p *program) error {
	fmt.Fprintln(p.err, "Keep this key like a password: anyone who has it and the store can act as the app.")
	fmt.Fprintln(p.err, "Set it as LINEAR_ENCRYPTION_KEY. To rotate keys, append it to the current one after a comma; docs/workspaces.md has the steps.")
	_, err := fmt.Fprintln(p.out, workspaces.GenerateKey())
	return err
}

type keysRotate struct {
	State string `help:"${help_state}" placeholder:"${default_state}"`
}

func (c keysRotate) Run(ctx context.Context, p *program) error {
	open := stateCmd{State: c.State}
	return open.with(ctx, p, func(store state.Store) error {
		reg, err := p.registry(store)
		if err != nil {
			return err
		}
		done, err := reg.Rotate(ctx)
		if err != nil {
			return err
		}
		if done.Key == "none" {
			return &usageError{errors.New("LINEAR_ENCRYPTION_KEY is not set: set the key to encrypt with")}
		}
		fmt.Fprintf(p.out, "encrypted with key %s: %s\n", done.Key, wording.Count(done.Encrypted, "installation", "installations"))
		if len(done.Other) == 0 {
			fmt.Fprintln(p.out, "No other key is needed: remove the others from LINEAR_ENCRYPTION_KEY.")
			return nil
		}
		for key, n := range done.Other {
			fmt.Fprintf(p.out, "still encrypted with key %s: %s\n", key, wording.Count(n, "installation", "installations"))
		}
		return errors.New("some installations could not be encrypted: is their key in LINEAR_ENCRYPTION_KEY?")
	})
}
