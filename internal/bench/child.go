package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linearbot/linearbot"
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/filestate"
	"github.com/linearbot/linearbot/state/redisstate"
	"github.com/linearbot/linearbot/webhook"
)

// childVariable makes this program the subject that its value describes.
const childVariable = "BENCH_CHILD"

// childOptions describe a subject.
type childOptions struct {
	// Kind is "bot" or the name of a floor.
	Kind string `json:"kind"`
	// State is the address of the store; that of a floor names its Redis.
	State string `json:"state"`
	// API is the address of the GraphQL API.
	API string `json:"api"`
	// Workers is the most turns at once; 0 means the default.
	Workers int `json:"workers"`
	// Wait is how long a handler waits before it answers.
	Wait time.Duration `json:"wait"`
	// Forget is how long the store remembers deliveries; 0 means the default.
	Forget time.Duration `json:"forget"`
	// AnyWorkspace has the bot answer in all workspaces with one token.
	AnyWorkspace bool `json:"anyWorkspace"`
	// Untraced keeps no decision traces.
	Untraced bool `json:"untraced"`
}

// counters is what a child tells of itself.
type counters struct {
	Started    int64 `json:"started"`
	Goroutines int   `json:"goroutines"`
	// Live and Stacks are bytes: the live heap after a collection, and all stacks.
	Live   uint64 `json:"live"`
	Stacks uint64 `json:"stacks"`
}

// child is a subject in its own process. It prints its address, then obeys the
// commands on standard input, one a line, and answers each with one line.
type child struct {
	o       childOptions
	out     io.Writer
	started atomic.Int64
	profile *os.File
}

func (c *child) run(ctx context.Context, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			fmt.Fprintln(c.out, c.obey(lines.Text()))
		}
	})
	var err error
	switch c.o.Kind {
	case "bot":
		err = c.bot(ctx)
	default:
		err = c.floor(ctx)
	}
	return err // the reader of commands ends with the process
}

// obey carries out a command and returns the answer.
func (c *child) obey(line string) string {
	command, arg, _ := strings.Cut(line, " ")
	switch command {
	case "profile":
		f, err := os.Create(arg) //nolint:gosec // the path is the caller's
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			return err.Error()
		}
		c.profile = f
	case "stop":
		pprof.StopCPUProfile()
		if c.profile != nil {
			_ = c.profile.Close() // a cut profile shows itself
		}
	case "allocs", "heap":
		f, err := os.Create(arg) //nolint:gosec // the path is the caller's
		if err == nil {
			err = errors.Join(pprof.Lookup(command).WriteTo(f, 0), f.Close())
		}
		if err != nil {
			return err.Error()
		}
	case "mallocs":
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return strconv.FormatUint(m.Mallocs, 10) + " " + strconv.FormatUint(m.TotalAlloc, 10)
	case "counters":
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b, err := json.Marshal(counters{c.started.Load(), runtime.NumGoroutine(), m.HeapAlloc, m.StackInuse})
		if err != nil {
			return err.Error()
		}
		return string(b)
	case "free":
		debug.FreeOSMemory()
	default:
		return "unknown command"
	}
	return "ok"
}

// bot runs the whole bot with one handler.
func (c *child) bot(ctx context.Context) error {
	environ := []string{
		"LINEAR_WEBHOOK_SECRET=" + secret, "LINEAR_CLIENT_ID=bench", "LINEAR_CLIENT_SECRET=bench-client-secret",
		"LINEAR_API_URL=" + c.o.API, "LINEARBOT_STATE=" + c.o.State, "LINEARBOT_ADDR=127.0.0.1:0", "LINEARBOT_LOG_LEVEL=error",
	}
	if c.o.Workers > 0 {
		environ = append(environ, "LINEARBOT_WORKERS="+strconv.Itoa(c.o.Workers))
	}
	if c.o.Untraced {
		environ = append(environ, "LINEARBOT_TRACES=0")
	}
	cfg := linearbot.Config{
		Register: c.register, Environ: environ,
		Webhook: webhook.Config{OnListen: func(addr net.Addr) { fmt.Fprintln(c.out, addr) }},
	}
	if c.o.Forget > 0 {
		store, err := c.forgetful(ctx)
		if err != nil {
			return err
		}
		defer store.Close() //nolint:errcheck // the process ends
		cfg.Bot.Store = store
	}
	if c.o.AnyWorkspace {
		a, err := linear.New(linear.Config{ClientID: "bench", ClientSecret: "bench-client-secret", APIURL: c.o.API})
		if err != nil {
			return err
		}
		cfg.Bot.Adapter = anywhere{a}
	}
	return linearbot.Run(ctx, cfg)
}

// forgetful opens the store so that what it keeps for a day is gone sooner.
func (c *child) forgetful(ctx context.Context) (state.Store, error) {
	if dir, ok := strings.CutPrefix(c.o.State, "file:"); ok {
		return filestate.OpenContext(ctx, dir, filestate.Options{DedupTTL: c.o.Forget})
	}
	return redisstate.OpenOptions(c.o.State, redisstate.Options{DedupTTL: c.o.Forget})
}

func (c *child) register(b *bot.Bot) error {
	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
		c.started.Add(1)
		if c.o.Wait > 0 && pause.For(ctx, c.o.Wait) != nil {
			return ctx.Err()
		}
		_, err := t.Post(ctx, bot.Markdown("The log says **why**. pong "+strconv.Itoa(number([]byte(m.Text()), "ping "))))
		return err
	})
	return nil
}

// anywhere is an adapter whose one token is good for every workspace.
type anywhere struct{ *linear.Adapter }

// Identity says who the bot is, as if the workspace were its own.
func (a anywhere) Identity(ctx context.Context, workspace string) (*adapter.Identity, error) {
	self, err := a.Adapter.Identity(ctx, "")
	if err == nil && workspace != "" {
		self.Workspace = workspace
	}
	return self, err
}

// Post writes with the one token.
func (a anywhere) Post(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	own := *p
	own.Workspace = ""
	return a.Adapter.Post(ctx, &own)
}
