package sse_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/internal/sse"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	s, err := sse.Open(rec, sse.Config{Retry: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !rec.Flushed || rec.Header().Get("Content-Type") != "text/event-stream; charset=utf-8" ||
		rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers %v", rec.Header())
	}
	for _, e := range []sse.Event{
		{Data: []byte("plain")},
		{Name: "part", Data: []byte("one\ntwo\r\nthree\rfour\n")},
		{Name: "empty"},
	} {
		if err := s.Send(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Alive(); err != nil {
		t.Fatal(err)
	}
	want := "retry: 2000\n\ndata: plain\n\nevent: part\ndata: one\ndata: two\ndata: three\ndata: four\ndata: \n\nevent: empty\ndata: \n\n: \n\n"
	if got := rec.Body.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, e := range []sse.Event{{Name: "a\nevent: x"}, {Name: "a\rb"}} {
		if err := s.Send(e); !errors.Is(err, sse.ErrName) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	if rec.Body.String() != want {
		t.Errorf("something of a refused event was sent: %q", rec.Body)
	}
}

// The beat comes when nothing was sent for a while.
func TestBeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := httptest.NewRecorder()
		s, err := sse.Open(rec, sse.Config{Beat: time.Minute, BeatEvent: "beat"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		began := time.Now()
		<-time.After(40 * time.Second)
		if err := s.Send(sse.Event{Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		<-s.Beat()
		if after := time.Since(began); after != 100*time.Second {
			t.Errorf("the beat came after %v", after)
		}
		if err := s.Alive(); err != nil || !strings.HasSuffix(rec.Body.String(), "event: beat\ndata: {}\n\n") {
			t.Errorf("%v %q", err, rec.Body)
		}
		<-s.Beat() // and again
	})
}

// A reader that takes nothing ends its stream.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s, err := sse.Open(w, sse.Config{Patience: 200 * time.Millisecond})
		if err != nil {
			ended <- err
			return
		}
		defer s.Close()
		for err == nil {
			err = s.Send(sse.Event{Data: []byte(strings.Repeat("x", 1<<16))})
		}
		ended <- err
	}))
	srv.Config.WriteTimeout = 50 * time.Millisecond // for plain answers
	srv.Start()
	defer srv.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("writes to a reader that takes nothing never time out")
	}
}

// The deadline of the server for plain answers does not end a stream.
func TestOutlastsTheServersDeadline(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s, err := sse.Open(w, sse.Config{})
		if err != nil {
			return
		}
		defer s.Close()
		for range 5 {
			<-time.After(30 * time.Millisecond)
			if s.Send(sse.Event{Data: []byte("x")}) != nil {
				return
			}
		}
	}))
	srv.Config.WriteTimeout = 50 * time.Millisecond
	srv.Start()
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil || strings.Count(string(all), "data: x\n\n") != 5 {
		t.Errorf("%v %q", err, all)
	}
}
