package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/dev"
	"github.com/linearbot/linearbot/internal/serve"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
)

// target says whose admin API a command talks to: that of the bot at a URL, that
// of the bot on this machine which has the store, or, if none runs, one over the
// store itself.
type target struct {
	State string `help:"${help_state}" placeholder:"${default_state}"`
	Admin string `help:"URL of the admin API of a bot elsewhere, such as http://10.0.0.7:3001. Its token is read from LINEARBOT_ADMIN_TOKEN." placeholder:"URL"`
}

// adminClient talks to an admin API.
type adminClient struct {
	*admin.Client

	close func() error
}

// with finds the API for f, which only looks: a store that no bot has is opened for
// reading.
func (t *target) with(ctx context.Context, p *program, f func(c *adminClient) error) error {
	return t.call(ctx, p, serve.LookStore, f)
}

// change finds the API for f, which changes what the store holds.
func (t *target) change(ctx context.Context, p *program, f func(c *adminClient) error) error {
	return t.call(ctx, p, serve.OpenStore, f)
}

func (t *target) call(ctx context.Context, p *program, open opener, f func(c *adminClient) error) error {
	return t.ask(ctx, p, open, func(v *settings.Values, store state.Store) (http.Handler, error) {
		return serve.OpenAdmin(v, store), nil
	}, f)
}

// opener opens the configured store.
type opener func(ctx context.Context, v *settings.Values) (state.Store, error)

// ask finds the API for f: that of a bot, or what over returns for the store of
// none.
func (t *target) ask(
	ctx context.Context, p *program, open opener, over func(v *settings.Values, store state.Store) (http.Handler, error), f func(c *adminClient) error,
) (err error) {
	values, err := (&stateCmd{State: t.State}).values(p)
	if err != nil {
		return err
	}
	c, err := t.running(ctx, values)
	if err == nil && c == nil {
		if values, err = t.orPlayground(p, values); err == nil {
			c, err = t.running(ctx, values)
		}
	}
	if err != nil {
		return err
	}
	if c == nil {
		if c, err = offline(ctx, values, open, over); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, c.close()) }()
	return f(c)
}

// running returns a client of the bot that --admin names, or that has the store.
// Nil if there is none.
func (t *target) running(ctx context.Context, v *settings.Values) (*adminClient, error) {
	if t.Admin != "" {
		u, err := url.Parse(t.Admin)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			return nil, &usageError{errors.New("--admin must look like http://10.0.0.7:3001")}
		}
		return remote(strings.TrimSuffix(t.Admin, "/"), v.AdminToken, nil), nil
	}
	if path := serve.AdminSocket(v.State); path != "" {
		if c := local(ctx, path); c != nil {
			return c, nil
		}
	} else if v.AdminAddr != "" && v.AdminAddr != "off" {
		c := remote("http://"+reachable(v.AdminAddr), v.AdminToken, nil)
		if _, err := c.Get(ctx, "status", nil, nil); err == nil {
			return c, nil
		} else if _, answered := errors.AsType[*admin.Error](err); answered {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // no bot is not an error
}

// orPlayground returns the configuration, or that of the bot of the playground on this
// machine if the configured store does not exist. A store that was chosen is not replaced:
// then the error, or a hint, says how to reach the playground.
func (t *target) orPlayground(p *program, v *settings.Values) (*settings.Values, error) {
	there, err := stateurl.Exists(v.State)
	chosen := v.IsSet("LINEARBOT_STATE") || t.State != "" || t.Admin != ""
	if err != nil || there && chosen {
		return v, nil //nolint:nilerr // opening the store fails with it
	}
	all := dev.Playgrounds()
	switch {
	case len(all) == 0:
		return v, nil
	case there:
		fmt.Fprintf(p.err, "This is about the bot with the store %s. For that of the playground at %s: --state file:%s\n",
			strings.TrimPrefix(v.State, "file:"), all[0].URL, all[0].State)
		return v, nil
	case chosen || len(all) > 1:
		var b strings.Builder
		for _, one := range all {
			fmt.Fprintf(&b, "\nFor the bot of the playground at %s: --state file:%s", one.URL, one.State)
		}
		return nil, fmt.Errorf("there is no store in %s%s", strings.TrimPrefix(v.State, "file:"), b.String())
	}
	fmt.Fprintf(p.err, "The bot of the playground at %s (--state file:%s):\n", all[0].URL, all[0].State)
	return (&stateCmd{State: "file:" + all[0].State}).values(p)
}

// reachable is an address to connect to for one to listen on.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err == nil && (host == "" || host == "0.0.0.0" || host == "::") {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

func remote(base, token string, transport http.RoundTripper) *adminClient {
	return &adminClient{
		Client: &admin.Client{HTTP: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for no one else
		}, Base: base, Token: token},
		close: func() error { return nil },
	}
}

// local returns a client of the bot behind a socket. Nil if none listens.
func local(ctx context.Context, path string) *adminClient {
	var d net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) }
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil
	}
	_ = conn.Close() // it was a test
	transport := &http.Transport{DialContext: dial}
	c := remote("http://linearbot", "", transport)
	c.close = func() error { transport.CloseIdleConnections(); return nil }
	return c
}

// offline opens the store, which no bot has, and answers from it.
func offline(ctx context.Context, v *settings.Values, open opener, over func(v *settings.Values, store state.Store) (http.Handler, error)) (*adminClient, error) {
	if err := exists(v.State, "--state"); err != nil {
		return nil, err
	}
	store, err := open(ctx, v)
	if errors.Is(err, state.ErrLocked) {
		return nil, fmt.Errorf("%w, and its admin API cannot be reached: is LINEARBOT_ADMIN_ADDR off? Give --admin the URL of its API, or stop it first", err)
	}
	if err != nil {
		return nil, err
	}
	handler, err := over(v, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	c := remote("http://linearbot", "", admin.InProcess(handler))
	c.close = store.Close
	return c, nil
}
