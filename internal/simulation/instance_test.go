package simulation

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/webhook"
)

// instance is one process of the bot.
type instance struct {
	world   *world
	name    string
	handler http.Handler
	stop    context.CancelFunc
	done    chan struct{}

	mu     sync.Mutex
	dead   bool
	closed chan struct{} // while it is frozen: closed when that ends
	ended  error
}

var errDead = errors.New("the process is gone")

// start runs a new instance.
func (w *world) start(name string) (*instance, error) {
	i := &instance{world: w, name: name, done: make(chan struct{})}
	lin, err := linear.New(linear.Config{
		ClientID: w.app.ClientID, ClientSecret: w.app.ClientSecret, APIURL: "https://linear.sim/graphql", UploadsURL: "https://linear.sim/assets",
		HTTPClient: &http.Client{Transport: toLinear{i}},
	})
	if err != nil {
		return nil, err
	}
	b, err := bot.New(bot.Config{
		Adapter: lin, Store: link{w.store, i}, Holder: name, Workers: w.workers(), NoApology: true, DrainTimeout: 10 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	b.OnNewMention(w.handle(i))
	srv, err := webhook.NewServer(webhook.Config{Secrets: []string{w.secret}, Acceptor: b, Durable: true})
	if err != nil {
		return nil, err
	}
	i.handler = srv.Handler()
	ctx, cancel := context.WithCancel(context.Background())
	i.stop = cancel
	go func() {
		defer close(i.done)
		i.ended = b.Run(ctx)
		lin.CloseIdleConnections()
	}()
	return i, nil
}

// workers is how many workers an instance has: few, or so many that some are kept for
// leases that come with their entries.
func (w *world) workers() int {
	if w.plan.seed%2 == 0 {
		return 8
	}
	return 64
}

// pass waits while the instance is frozen, and fails once it is dead.
func (i *instance) pass(ctx context.Context) error {
	i.mu.Lock()
	closed := i.closed
	i.mu.Unlock()
	if closed != nil {
		select {
		case <-closed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if i.gone() {
		return errDead
	}
	return nil
}

func (i *instance) gone() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.dead
}

// crash ends the instance as SIGKILL does: from now on nothing that it does has an
// effect.
func (i *instance) crash() {
	i.mu.Lock()
	i.dead = true
	closed := i.closed
	i.closed = nil
	i.mu.Unlock()
	if closed != nil {
		close(closed)
	}
	i.stop()
	<-i.done
}

// freeze stops the instance's contact with the world for a time, as SIGSTOP does.
func (i *instance) freeze(d time.Duration) {
	i.mu.Lock()
	if i.closed != nil || i.dead {
		i.mu.Unlock()
		return
	}
	closed := make(chan struct{})
	i.closed = closed
	i.mu.Unlock()
	time.AfterFunc(d, func() {
		i.mu.Lock()
		ours := i.closed == closed
		if ours {
			i.closed = nil
		}
		i.mu.Unlock()
		if ours {
			close(closed)
		}
	})
}

// frozen reports whether the instance is frozen.
func (i *instance) frozen() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.closed != nil
}
