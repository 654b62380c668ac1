package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/term"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/setup"
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
	values, _ := settings.Read(p.environ(), nil)
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
	fmt.Fprintf(p.out, "\nWrote %s, readable by you alone. Load it into the environment and run \"%s serve\".\n", c.File, p.name)
	if public, many := env.Get("LINEARBOT_PUBLIC_URL"), env.Get("LINEAR_ENCRYPTION_KEY"); many != "" {
		fmt.Fprintf(p.out, "Then open %s%s to install the app.\n", public, workspaces.InstallPath)
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
