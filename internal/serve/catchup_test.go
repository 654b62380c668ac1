package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
)

// teller tells of messages, whenever it is asked.
type teller struct {
	adapter.Refetcher

	fake  *adaptertest.Fake
	after []time.Time
	found []*adapter.Delivery
	err   error
}

func (m *teller) Missed(_ context.Context, _ string, after time.Time, _ int) ([]*adapter.Delivery, time.Time, error) {
	m.after = append(m.after, after)
	return m.found, after, m.err
}

// said adds a message that was written some time ago.
func (m *teller) said(t *testing.T, key string, age time.Duration) {
	t.Helper()
	d := m.fake.Said("fake:c1:t1", key, "ada", "hello")
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(d.Body, &fields); err != nil {
		t.Fatal(err)
	}
	fields["createdAt"] = json.RawMessage(fmt.Sprintf("%q", time.Now().Add(-age).Format(time.RFC3339Nano)))
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	m.found = append(m.found, &adapter.Delivery{Body: body})
}

func TestCatchUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// looked is how long ago the last look was. Zero means never.
		looked time.Duration
		err    error
		// after is how far back it asks; zero means that it does not ask.
		after  time.Duration
		missed int64
		logs   string
	}{
		{name: "the first look only notes the time"},
		{name: "a look that is due", looked: time.Hour, after: time.Hour + catchUpOverlap, missed: 1, logs: "webhooks did not arrive"},
		{name: "another instance has just looked", looked: time.Minute},
		{name: "a long absence", looked: 48 * time.Hour, after: catchUpHorizon, missed: 1, logs: "away for longer than it can catch up with"},
		{
			name: "no budget left", looked: time.Hour, after: time.Hour + catchUpOverlap,
			err: &adapter.Error{Code: adapter.CodeRateLimited, Op: "missed"},
		},
		{
			name: "no answer", looked: time.Hour, after: time.Hour + catchUpOverlap,
			err: errors.New("no answer"), logs: "cannot be looked for now",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := memstate.New(memstate.Options{})
			defer store.Close()
			fake := adaptertest.NewFake("fake")
			b, err := bot.New(bot.Config{Adapter: fake, Store: store})
			if err != nil {
				t.Fatal(err)
			}
			m := &teller{fake: fake, err: tt.err}
			m.said(t, "arrived", 10*time.Minute)
			if err := b.Accept(t.Context(), m.found[0]); err != nil {
				t.Fatal(err)
			}
			m.said(t, "missed", 10*time.Minute)
			m.said(t, "on-its-way", 10*time.Second)
			var log bytes.Buffer
			c := &catchUp{
				bot: b, from: m, book: notes.New(store), every: 5 * time.Minute, log: zerolog.New(&log).Level(zerolog.InfoLevel),
				identity: fake.Identity, workspaces: func(context.Context) ([]string, error) { return []string{"W1"}, nil },
			}
			v := c.book.Value(notes.Seen, "W1")
			var before []byte
			if tt.looked > 0 {
				at := time.Now().Add(-tt.looked)
				before, err = json.Marshal(look{Until: at, At: at})
				if err == nil {
					err = v.Set(t.Context(), before)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			c.all(t.Context())
			c.all(t.Context()) // soon afterwards: never again, unless it has failed

			if n := b.Counts()["missed_webhooks"]; n != tt.missed {
				t.Errorf("%d were missed, want %d", n, tt.missed)
			}
			if tt.logs == "" && log.Len() > 0 || !strings.Contains(log.String(), tt.logs) {
				t.Errorf("the log is %s", log.String())
			}
			switch {
			case tt.after == 0 && len(m.after) > 0:
				t.Errorf("it asked for what came after %v", m.after)
			case tt.after > 0 && len(m.after) == 0:
				t.Error("it did not ask")
			case tt.after > 0:
				if got := time.Since(m.after[0]); got < tt.after || got > tt.after+time.Minute {
					t.Errorf("it looked back %s, want %s", got, tt.after)
				}
			}
			now, err := v.Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			kept := bytes.Equal(now, before)
			if want := tt.err != nil || tt.looked == time.Minute; kept != want {
				t.Errorf("the mark is %s after %s", now, before)
			}
		})
	}
}

// crowd tells of more messages than one look takes, in full parts.
type crowd struct {
	adapter.Refetcher

	from  time.Time
	after []time.Time
}

func (m *crowd) Missed(_ context.Context, _ string, after time.Time, most int) ([]*adapter.Delivery, time.Time, error) {
	m.after = append(m.after, after)
	found := make([]*adapter.Delivery, most)
	for i := range found { // too young to be missed
		found[i] = &adapter.Delivery{Body: fmt.Appendf(nil, `{"createdAt":%q}`, time.Now().Format(time.RFC3339Nano))}
	}
	return found, m.from.Add(time.Duration(len(m.after)) * time.Second), nil
}

// A look that finds more than it takes goes on where it has stopped.
func TestCatchUpContinues(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	defer store.Close()
	fake := adaptertest.NewFake("fake")
	b, err := bot.New(bot.Config{Adapter: fake, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	m := &crowd{from: time.Now().Add(-time.Hour)}
	c := &catchUp{
		bot: b, from: m, book: notes.New(store), every: 5 * time.Minute, log: zerolog.Nop(),
		identity: fake.Identity, workspaces: func(context.Context) ([]string, error) { return []string{"W1"}, nil },
	}
	v := c.book.Value(notes.Seen, "W1")
	before, err := json.Marshal(look{Until: m.from, At: m.from})
	if err == nil {
		err = v.Set(t.Context(), before)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.all(t.Context())
	if len(m.after) != catchUpParts || !m.after[1].Equal(m.from.Add(time.Second)) {
		t.Errorf("it asked for what came after %v", m.after)
	}
	var l look
	if now, err := v.Get(t.Context()); err != nil || json.Unmarshal(now, &l) != nil || !l.Until.Equal(m.from.Add(catchUpParts*time.Second)) {
		t.Errorf("the mark is %s, %v", now, err)
	}
}
