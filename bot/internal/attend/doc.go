// Package attend looks after agent sessions, so that a person who watches one always
// sees what is going on, whatever a handler does.
//
//   - A [Turn] is a turn in a session, from its opening to what is said when it failed
//     for good. While its handlers run it has a keeper, which sends a first activity and
//     signs of life, and counts what the turn writes.
//   - First words: a turn may be long in coming, and then the intake speaks for it. The
//     word has one id and one claimant, and is never said after the end of the turn.
//   - An [End] is the last activity of a turn, now or, if the platform is down, later.
//   - A [Wait] is a turn that waits for another attempt, and of which people are told.
//   - Starts: sessions that the bot itself begins, and is told of as of others.
//
// What is written here has ids of the entry that it is for, so a turn that continues in
// another process shows nothing twice. Entries are named by their ids; an entry that is
// handled again has the name of the first.
package attend

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Patience bounds each request that nothing but the session waits for.
const Patience = 10 * time.Second

// keyThread is the thread id in log lines.
const keyThread = "thread"

// Key is the key of what is written for an entry, also if it is handled again.
func Key(entry, name string) string { return "keeper\x00" + entry + "\x00" + name }

// Thread names a thread that is a session.
type Thread struct {
	Workspace string
	ID        adapter.ThreadID
}

// Later is something to be written into a session at another time: an end or a wait.
type Later struct {
	// Key is the id under which it is stored, once, in Lane.
	Key  string
	Lane state.Key
	// In is how long it waits.
	In time.Duration
	// End and Wait are what is to be written. One of them is set.
	End  *End
	Wait *Wait
}

// Config says how sessions are looked after.
type Config struct {
	// Unattended says that nothing is written besides what handlers write.
	Unattended bool
	// Agent writes into sessions. Nil if the platform has none.
	Agent adapter.Agent
	// Owner starts sessions and takes issues over. May be nil.
	Owner adapter.SessionOwner
	// Planner cancels plans. May be nil.
	Planner adapter.PlanCanceler
	// First is the text of the first activity.
	First string
	// KeepAlive is how long a turn may write nothing. Zero means no limit.
	KeepAlive time.Duration
	// Take says what of a new session's issue is taken over.
	Take adapter.TakeIssue
	// Alive returns the cause if what ctx belongs to may write nothing more.
	Alive func(ctx context.Context) error
	// Later stores something to be written later.
	Later func(ctx context.Context, l *Later) error
	Log   zerolog.Logger
}

// Sessions writes into sessions what no handler does. Make it with [New]. It is safe
// for concurrent use.
type Sessions struct {
	Config

	book notes.Book
}

// New returns Sessions that remember in book.
func New(cfg Config, book notes.Book) *Sessions { return &Sessions{cfg, book} }

// Is reports whether a thread is a session.
func (s *Sessions) Is(id adapter.ThreadID) bool { return s.Agent != nil && s.Agent.IsSession(id) }

// Tell writes an ephemeral thought under a key and reports whether it is written. A
// failure is not worth more than a line in the log.
func (s *Sessions) Tell(ctx context.Context, t Thread, key, text string) bool {
	_, ok := s.Say(ctx, t, key, text)
	return ok
}

// Say is Tell, and reports whether it was written before.
func (s *Sessions) Say(ctx context.Context, t Thread, key, text string) (existed, ok bool) {
	if s.Alive(ctx) != nil {
		return false, false
	}
	ctx, cancel := context.WithTimeout(adapter.WithPriority(ctx, adapter.PriorityAcknowledging), Patience)
	defer cancel()
	a := &adapter.Activity{
		Workspace: t.Workspace, Thread: t.ID, Key: key, Kind: adapter.ActivityThought, Body: text, Ephemeral: true,
	}
	err := s.Agent.Activity(ctx, a)
	if err != nil && ctx.Err() == nil {
		s.Log.Warn().Err(err).Str(keyThread, string(t.ID)).Msg("a session could not be told that the bot is at work")
	}
	return a.Existed, err == nil
}

// TakeIssue takes over the issue of a new session, as the configuration says.
func (s *Sessions) TakeIssue(ctx context.Context, t Thread, of *adapter.Session) {
	if s.Take == (adapter.TakeIssue{}) || of == nil || !of.New || s.Owner == nil || s.Alive(ctx) != nil {
		return
	}
	// A handler that is done does not take the issue back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Patience)
	defer cancel()
	if err := s.Owner.TakeIssue(ctx, t.Workspace, t.ID, s.Take); err != nil && ctx.Err() == nil {
		s.Log.Warn().Err(err).Str(keyThread, string(t.ID)).Msg("the issue of a session could not be taken over")
	}
}

// CancelPlan cancels what is unfinished in the plan of a session whose turn was stopped
// or has failed: a person must not read of work that is not done. Another process may
// have made the plan. A failure is logged, as the end of the session is not to wait.
func (s *Sessions) CancelPlan(ctx context.Context, t Thread) {
	if s.Unattended || s.Planner == nil || !s.Is(t.ID) || s.Alive(ctx) != nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if err := s.Planner.CancelPlan(limited, t.Workspace, t.ID); err != nil && ctx.Err() == nil {
		s.Log.Warn().Err(err).Str(keyThread, string(t.ID)).Msg("what is unfinished in the plan of a session could not be canceled")
	}
}
