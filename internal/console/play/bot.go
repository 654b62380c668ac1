package play

import (
	"context"
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
)

// Status describes a bot's program.
type Status struct {
	State State
	// Reason says why a program failed.
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
