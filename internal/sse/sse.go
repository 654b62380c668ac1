// Package sse writes server-sent events: streams of small texts that a browser
// reads with EventSource.
//
// A [Stream] belongs to one request and one goroutine. It sets the headers that
// keep proxies from holding events back, flushes each event, sends a comment when
// nothing else was sent for a while, and gives each write a deadline of its own:
// the server's is for plain answers, and a reader that takes nothing must not hold
// its goroutine for good.
package sse

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Defaults of [Config].
const (
	DefaultBeat     = 15 * time.Second
	DefaultPatience = 30 * time.Second
)

// Config says how to stream. The zero value has the defaults.
type Config struct {
	// Beat is after how long without an event a comment is sent, so that both
	// sides notice a connection that is gone. Defaults to 15 s.
	Beat time.Duration
	// BeatEvent is an event that is sent instead of the comment, for pages that
	// reload something with each. Defaults to none.
	BeatEvent string
	// Patience is how long a write may take. Defaults to 30 s.
	Patience time.Duration
	// Retry is how long a browser waits before it connects again. Defaults to
	// what the browser chooses.
	Retry time.Duration
}

// Event is one event.
type Event struct {
	// Name is the type of the event. Empty means "message".
	Name string
	// Data may have several lines. An event without data is not seen by browsers.
	Data []byte
}

// ErrName says that a name holds a line break, which would end it.
var ErrName = errors.New("sse: a name must be one line")

// Stream is the answer to one request.
type Stream struct {
	w    http.ResponseWriter
	out  *http.ResponseController
	cfg  Config
	beat *time.Timer
	buf  bytes.Buffer
}

// Open answers w with a stream: it sends the headers at once. Call Close when done.
func Open(w http.ResponseWriter, cfg Config) (*Stream, error) {
	if cfg.Beat <= 0 {
		cfg.Beat = DefaultBeat
	}
	if cfg.Patience <= 0 {
		cfg.Patience = DefaultPatience
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // for proxies that would keep events back
	s := &Stream{w: w, out: http.NewResponseController(w), cfg: cfg, beat: time.NewTimer(cfg.Beat)}
	s.deadline()
	w.WriteHeader(http.StatusOK)
	if cfg.Retry > 0 {
		s.buf.WriteString("retry: " + strconv.FormatInt(cfg.Retry.Milliseconds(), 10) + "\n\n")
	}
	if err := s.flush(); err != nil {
		s.beat.Stop()
		return nil, err
	}
	return s, nil
}

// Close releases what the stream holds. The answer ends when the handler returns.
func (s *Stream) Close() { s.beat.Stop() }

// Beat is ready when it is time to call [Stream.Alive].
func (s *Stream) Beat() <-chan time.Time { return s.beat.C }

// Alive sends a sign of life: the comment, or the event of Config.BeatEvent.
func (s *Stream) Alive() error {
	if s.cfg.BeatEvent != "" {
		return s.Send(Event{Name: s.cfg.BeatEvent, Data: []byte("{}")})
	}
	s.buf.WriteString(": \n\n")
	return s.flush()
}

// Send writes events and flushes them together. An error means that the reader is
// gone or too slow: end the stream.
func (s *Stream) Send(events ...Event) error {
	for i := range events {
		e := &events[i]
		if strings.ContainsAny(e.Name, "\r\n") {
			s.buf.Reset()
			return ErrName
		}
		if e.Name != "" {
			s.buf.WriteString("event: " + e.Name + "\n")
		}
		s.data(e.Data)
		s.buf.WriteByte('\n')
	}
	return s.flush()
}

// data writes the lines of data. A carriage return ends a line as well.
func (s *Stream) data(data []byte) {
	for {
		end := bytes.IndexAny(data, "\r\n")
		line := data
		if end >= 0 {
			line = data[:end]
		}
		s.buf.WriteString("data: ")
		s.buf.Write(line)
		s.buf.WriteByte('\n')
		if end < 0 {
			return
		}
		if data[end] == '\r' && end+1 < len(data) && data[end+1] == '\n' {
			end++
		}
		data = data[end+1:]
	}
}

func (s *Stream) deadline() {
	_ = s.out.SetWriteDeadline(time.Now().Add(s.cfg.Patience)) // a writer without deadlines sets none
}

// flush sends what was written, and puts the next beat off.
func (s *Stream) flush() error {
	s.deadline()
	if s.buf.Len() > 0 {
		_, err := s.w.Write(s.buf.Bytes())
		s.buf.Reset()
		if err != nil {
			return err
		}
	}
	s.beat.Reset(s.cfg.Beat)
	if err := s.out.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil // a writer that cannot flush sends at the end
}
