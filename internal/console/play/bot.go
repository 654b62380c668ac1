package play

import (
	"context"
	"net/http"
	"time"
)

// State is how a bot's program is.
type State string

// The states.
const (
	Building State = "building" // or starting: it does not listen yet
	Running  State = "running"
	Stopped  State = "stopped" // by a person
	Failed   State = "failed"  // it ended, and starts again when its code changes
	Broken   State = "broken"  // it could not be built
)

// Down reports whether the program does not run, and will not without a change.
func (s State) Down() bool { return s == Stopped || s == Failed || s == Broken }

// Status describes a bot's program.
type Status struct {
	State State
	// Reason says why a program failed, or what the compiler says.
	Reason string
	// Since is when the state began.
	Since time.Time
	// Starts counts how often the program was started.
	Starts int
	// What is run, for people: "this program" or a command.
	What string
	// URL is where the program receives webhooks.
	URL string
}

// Line is a line that the program has printed.
type Line struct {
	// Number counts the lines since the start, from 1.
	Number int
	At     time.Time
	Text   string
	Level  string // debug, info, warn, error, or empty if the line does not say
}

// Bot is the program of a bot, which a page can start and stop.
type Bot interface {
	// Status returns how the program is.
	Status() Status
	// Lines returns the newest lines after a number.
	Lines(after int) []Line
	// Start starts the program unless it runs, Stop stops it, Restart does both.
	// They do not wait.
	Start()
	Stop()
	Restart()
	// Wait blocks until the status or the lines change, or ctx ends.
	Wait(ctx context.Context) error
}

// bot tells programs how the bot's program is.
func (p *Playground) bot(w http.ResponseWriter, _ *http.Request) {
	s := p.cfg.Bot.Status()
	answer(w, map[string]string{"state": string(s.State), "reason": s.Reason}, nil)
}
