package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/term"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/setup"
	"github.com/linearbot/linearbot/state"
)

// initCmd creates a verified .env.
type initCmd struct {
	File  string `help:"File to write." default:".env" placeholder:".env"`
	Force bool   `help:"Replace the file if it is there, and write it even if a check fails."`
}

// Run asks, checks and writes.
func (c *initCmd) Run(ctx context.Context, p *program) error {
	if _, err := os.Lstat(c.File); err == nil && !c.Force {
		return &usageError{fmt.Errorf("%s is there already: choose another --file, or replace it with --force", c.File)}
	}
	var store stateCmd
	values, err := store.values(p)
	if err != nil {
		return err
	}
	w := &setup.Wizard{
		In: p.in, Out: p.out, Addr: values.Addr, Path: values.Path,
		APIURL: values.Lookup("LINEAR_API_URL"), OAuthURL: values.Lookup("LINEAR_OAUTH_URL"),
	}
	if f, ok := p.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		w.Secret = func() (string, error) {
			text, err := term.ReadPassword(int(f.Fd()))
			return string(text), err
		}
	}
	env, checked := w.Run(ctx)
	if env == nil || checked != nil && !c.Force {
		return checked
	}
	if err := writeSecret(c.File, env.String(), c.Force); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\nWrote %s, readable by you alone.\n", c.File)
	many := env.Get("LINEAR_ENCRYPTION_KEY") != ""
	if many && checked == nil {
		checked = w.Install(ctx, env, func() (state.Store, error) {
			store, err := serve.OpenStore(ctx, values)
			return store, stopFirst(err)
		})
	}
	fmt.Fprintf(p.out, "Load %s into the environment and run \"%s serve\".\n", c.File, p.name)
	if many {
		fmt.Fprintf(p.out, "Workspaces then install the app at %s%s.\n", env.Get("LINEARBOT_PUBLIC_URL"), workspaces.InstallPath)
	}
	return checked
}

// writeSecret writes a file that only its owner can read.
func writeSecret(name, text string, replace bool) (err error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if replace {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(name, flags, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.WriteString(text)
	return err
}
