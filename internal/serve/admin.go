package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/listen"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state"
)

// flushTimeout bounds the writing of the last traces.
const flushTimeout = 5 * time.Second

// observer keeps the traces of a process and serves the admin API. Nil keeps and
// serves nothing.
type observer struct {
	rec  *trace.Recorder
	log  zerolog.Logger
	apis []*adminServer
}

// adminServer is the admin API at one address.
type adminServer struct {
	network, addr string
	handler       http.Handler
}

// AdminSocket returns the path of the unix socket at which a bot with a store
// serves the admin API. Empty if its store has no directory.
func AdminSocket(store string) string {
	dir, ok := strings.CutPrefix(store, "file:")
	if !ok {
		return ""
	}
	return filepath.Join(dir, "admin.sock")
}

// maxSocket is how long the path of a unix socket can be everywhere.
const maxSocket = 100

// observe begins to keep traces, if they are wanted. The store must be open.
func (a *assembly) observe() *observer {
	if a.values.Traces < 0 {
		return nil
	}
	o := &observer{log: a.log}
	o.rec = trace.New(trace.Config{
		Book: notes.New(a.cfg.Bot.Store), Keep: a.values.Traces, For: a.values.TraceFor, Text: a.values.TraceText, Logger: a.log,
	})
	for _, t := range []*adapter.Tracer{&a.cfg.Bot.Tracer, &a.cfg.Webhook.Tracer} {
		if *t == nil {
			*t = o.rec
		} else { // the program has one of its own
			*t = trace.Tee(*t, o.rec)
		}
	}
	return o
}

// openAdmin prepares the admin API.
func (a *assembly) openAdmin(o *observer, b *bot.Bot, in *installs) {
	v := a.values
	network := v.AdminAddr != "" && v.AdminAddr != "off"
	if network && v.AdminToken == "" {
		a.problem("LINEARBOT_ADMIN_TOKEN", "is missing: the admin API at LINEARBOT_ADMIN_ADDR needs a token, for example from openssl rand -hex 32")
		return
	}
	inspector, ok := a.cfg.Bot.Store.(state.Inspector)
	if o == nil || b == nil || !ok {
		return
	}
	cfg := admin.Config{
		Book: notes.New(a.cfg.Bot.Store), Traces: o.rec.View(), Recorder: o.rec, Inspector: inspector,
		Replay: b.Replay, Body: again(a.cfg.Bot.Adapter), Logger: a.log, Status: a.status,
		Pages: a.adminPages(in), Removed: removed(a.registry(in)),
	}
	a.openConsole(cfg)
	if path := AdminSocket(v.State); a.opened && path != "" && v.AdminAddr != "off" {
		if len(path) > maxSocket {
			o.log.Warn().Str("path", path).Msg("the admin API has no socket: the path of the store is too long for one")
		} else {
			o.apis = append(o.apis, &adminServer{"unix", path, admin.New(cfg)})
		}
	}
	if network {
		cfg.Token = v.AdminToken
		o.apis = append(o.apis, &adminServer{"tcp", v.AdminAddr, a.beside(admin.New(cfg))})
	}
}

// again returns what asks the platform for a delivery again.
func again(a adapter.Adapter) func(ctx context.Context, t *trace.Trace) ([]byte, error) {
	refetcher, ok := a.(adapter.Refetcher)
	if !ok {
		return nil
	}
	return func(ctx context.Context, t *trace.Trace) ([]byte, error) {
		d, err := refetcher.Refetch(ctx, t.Workspace, t.Event)
		if err != nil {
			return nil, err
		}
		return d.Body, nil
	}
}

// Run keeps traces and serves until ctx ends.
func (o *observer) Run(ctx context.Context) error {
	if o == nil {
		<-ctx.Done()
		return nil
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	ctx, stop := context.WithCancel(ctx)
	defer wg.Wait()
	defer stop()
	for _, s := range o.apis {
		ln, err := s.listen(ctx)
		if err != nil && ctx.Err() != nil {
			break // it was stopped while a name was looked up
		}
		if err != nil {
			if s.network != "unix" {
				return fmt.Errorf("admin API: %w", err)
			}
			o.log.Warn().Err(err).Msg("the admin API has no socket: commands such as explain work while the bot is stopped")
			continue
		}
		o.log.Debug().Str("addr", s.addr).Msg("admin API is listening")
		wg.Go(func() {
			if err := s.serve(ctx, ln); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
				stop()
			}
		})
	}
	err := o.rec.Run(ctx)
	stop()
	wg.Wait()
	return errors.Join(append(errs, err)...)
}

// listen opens the socket. That of a process which was killed is replaced: the
// store's lock says that there is no other.
func (s *adminServer) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	if s.network != "unix" {
		return lc.Listen(ctx, s.network, s.addr)
	}
	if err := os.Remove(s.addr); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ln, err := lc.Listen(ctx, s.network, s.addr)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(s.addr, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// serve serves until ctx ends. Those who follow are cut off then.
func (s *adminServer) serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	if _, err := listen.Serve(ctx, srv, ln, time.Second); err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	return nil
}

// flush writes the last traces, of turns that ended while the process stopped.
func (o *observer) flush(ctx context.Context) {
	if o == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := o.rec.Flush(ctx); err != nil {
		o.log.Warn().Err(err).Msg("the last traces are lost")
	}
}

// OpenAdmin returns the admin API over a store that no bot has open.
func OpenAdmin(v *settings.Values, store state.Store) http.Handler {
	book := notes.New(store)
	return admin.New(admin.Config{Book: book, Traces: trace.NewView(book), Inspector: store, Removed: removed(managed(v, store))})
}
