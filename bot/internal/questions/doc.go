// Package questions keeps what a bot has asked people: the questions of each thread
// that wait, what counts as an answer to them, and the entries that run a turn again
// when there is one.
//
// A [Question] is kept by itself, from before it is posed until its answer has long
// been taken. The notes of its thread list it as long as it waits, and remember which
// events have answered, so that an event that is handled again answers nothing else.
// In between, every step is durable before the next, in this order: listed, posed,
// answered, resumed, unlisted, taken. After a crash, the next run continues from
// what is kept.
//
// For a turn that asks, [Book.Begin] says how far its question is. For an event of the
// thread, [Book.Hear] says what it is to the questions there, and [Book.Take] carries an
// answer out.
//
// The package knows stores and what events say. How a question is posed, who may
// answer by the rules of the bot, and what a turn does is the bot's.
package questions

import (
	"context"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// Queue is where turns wait.
type Queue interface {
	Enqueue(ctx context.Context, e state.Entry) (state.Receipt, error)
}

// Book is all the questions of a bot. Make one with [New]. It is cheap to copy and
// safe for concurrent use.
type Book struct {
	notes notes.Book
	queue Queue
	page  Page
}

// Page returns the notes of a thread: those that a turn has brought along in ctx, or
// new ones.
type Page func(ctx context.Context, workspace string, thread adapter.ThreadID) *notes.Thread

// New returns the questions that are kept in a book of notes.
func New(book notes.Book, queue Queue, page Page) Book {
	return Book{notes: book, queue: queue, page: page}
}

// Resume has the turn of a question run again after d, for a reason.
func (b Book) Resume(ctx context.Context, q *Question, w Why, d time.Duration) error {
	_, err := b.queue.Enqueue(ctx, state.Entry{ID: q.EntryID(w), Lane: q.Lane, Body: q.Delivery, Delay: d})
	if err != nil {
		return fmt.Errorf("bot: question: %w", err)
	}
	return nil
}

// alive returns why ctx is over, if it is: what another process does by now is not
// changed.
func alive(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
