package adaptertest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

// Harness connects an adapter to the suite of what every adapter can. All fields are
// required.
type Harness struct {
	// Adapter is the adapter under test, connected to a platform that the
	// test controls.
	Adapter adapter.Adapter
	// Workspace is the workspace that the adapter's token is for.
	Workspace string
	// Thread is a thread that exists and can be written to.
	Thread adapter.ThreadID
	// NoThread is a well-formed id of a thread that does not exist.
	NoThread adapter.ThreadID
	// Say makes another user write text into Thread and returns the delivery of the
	// message.
	Say func(t *testing.T, text string) *adapter.Delivery
	// Texts returns the texts of the messages in Thread, oldest first.
	Texts func(t *testing.T) []string
}

// Run runs the suite: routing, decoding, identity, posting once, and errors. The
// subtests share the harness and run one after the other.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"thread ids", threadIDs},
		{"identity", identity},
		{"route and decode agree", routeDecode},
		{"unreadable deliveries", unreadable},
		{"post", post},
		{"equal keys make one message", equalKeys},
		{"equal keys at the same time make one message", equalKeysAtOnce},
		{"errors have codes", codes},
		{"own messages are its own", ownMessages},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
}

func threadIDs(t *testing.T, h Harness) {
	channel, err := h.Adapter.Channel(h.Thread)
	if err != nil {
		t.Fatalf("Channel(%q): %v", h.Thread, err)
	}
	again, err := h.Adapter.Channel(channel)
	if err != nil || again != channel {
		t.Errorf("Channel(%q) = %q, %v, want itself", channel, again, err)
	}
	for _, id := range []adapter.ThreadID{"", "nothing", ":", "other-platform:x", adapter.ThreadID(h.Adapter.Name()), adapter.ThreadID(h.Adapter.Name() + ":")} {
		if got, err := h.Adapter.Channel(id); adapter.CodeOf(err) != adapter.CodeInvalid || err == nil {
			t.Errorf("Channel(%q) = %q, %v, want an error with code invalid", id, got, err)
		}
	}
}

func identity(t *testing.T, h Harness) {
	self, err := h.Adapter.Identity(t.Context(), h.Workspace)
	if err != nil {
		t.Fatalf("Identity: %v", err)
	}
	if self.Workspace != h.Workspace || self.UserID == "" || self.Name == "" {
		t.Errorf("Identity = %+v, want the workspace %q, a user id and a name", self, h.Workspace)
	}
	own, err := h.Adapter.Identity(t.Context(), "")
	if err != nil || own.UserID != self.UserID {
		t.Errorf("Identity of no workspace = %+v, %v, want the token's own", own, err)
	}
	if _, err := h.Adapter.Identity(t.Context(), "00000000-0000-4000-8000-00000000dead"); err == nil {
		t.Error("Identity of an unknown workspace succeeded, want an error")
	}
}

func routeDecode(t *testing.T, h Harness) {
	self, err := h.Adapter.Identity(t.Context(), h.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	d := h.Say(t, "hello there")
	r, err := h.Adapter.Route(d)
	if err != nil {
		t.Fatalf("Route: %v", err)
	}
	if r.Ignore != "" || r.Key == "" || r.Workspace != h.Workspace || r.Thread != h.Thread {
		t.Errorf("Route = %+v, want thread %q of workspace %q and a key", r, h.Thread, h.Workspace)
	}
	kept := *d // as it comes from a store
	kept.Header = r.Header
	if again, err := h.Adapter.Route(&kept); err != nil || again != r {
		t.Errorf("Route of a delivery with the header that was kept = %+v, %v, want %+v as without", again, err, r)
	}
	for _, d := range []*adapter.Delivery{d, &kept, {ID: d.ID, Body: d.Body, SentAt: d.SentAt, ReceivedAt: d.ReceivedAt, Header: "\x00unknown"}, d} {
		ev, err := h.Adapter.Decode(d, self)
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		m, ok := ev.(*adapter.MessageEvent)
		if !ok {
			t.Fatalf("Decode = %T, want *adapter.MessageEvent", ev)
		}
		if m.Key != r.Key || m.Thread != r.Thread || m.Workspace != r.Workspace || m.Type != r.Type || m.Action != r.Action {
			t.Errorf("Decode = %+v, does not agree with Route %+v", m.Meta, r)
		}
		if m.Message.Body != "hello there" || m.Message.ID == "" || m.Message.Thread != h.Thread || m.Message.Author.IsSelf() {
			t.Errorf("message = %+v", m.Message)
		}
	}
}

func unreadable(t *testing.T, h Harness) {
	self, err := h.Adapter.Identity(t.Context(), h.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"", "x", "[]", `"text"`, "{", "\x00"} {
		d := &adapter.Delivery{Body: []byte(body)}
		if _, err := h.Adapter.Route(d); err == nil || adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("Route(%q): %v, want code invalid", body, err)
		}
		if _, err := h.Adapter.Decode(d, self); err == nil || adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("Decode(%q): %v, want code invalid", body, err)
		}
	}
	for _, body := range []string{"{}", `{"type":1}`, `{"type":"Comment","action":"create"}`, `{"type":"Nonsense"}`} {
		d := &adapter.Delivery{Body: []byte(body)}
		r, err := h.Adapter.Route(d)
		if err != nil || r.Ignore == "" {
			t.Errorf("Route(%q) = %+v, %v, want a reason to ignore it", body, r, err)
		}
		ev, err := h.Adapter.Decode(d, self)
		if _, ok := ev.(*adapter.OtherEvent); err != nil || !ok {
			t.Errorf("Decode(%q) = %T, %v, want *adapter.OtherEvent", body, ev, err)
		}
	}
}

func post(t *testing.T, h Harness) {
	before := len(h.Texts(t))
	m, err := h.Adapter.Post(t.Context(), &adapter.Post{Workspace: h.Workspace, Thread: h.Thread, Body: "**bold** words", Key: "post"})
	if err != nil {
		t.Fatalf("Post: %v", err)
	}
	if m.ID == "" || m.Thread != h.Thread || !m.Author.IsSelf() || m.Body != "**bold** words" {
		t.Errorf("Post = %+v, want the message as stored", m)
	}
	texts := h.Texts(t)
	if len(texts) != before+1 || texts[len(texts)-1] != "**bold** words" {
		t.Errorf("the thread holds %q", texts)
	}
}

func equalKeys(t *testing.T, h Harness) {
	before := len(h.Texts(t))
	var first string
	for i := range 3 {
		m, err := h.Adapter.Post(t.Context(), &adapter.Post{Workspace: h.Workspace, Thread: h.Thread, Body: "once", Key: "same key"})
		if err != nil {
			t.Fatalf("Post: %v", err)
		}
		if first == "" {
			first = m.ID
		}
		if m.ID != first {
			t.Errorf("Post = message %s, want %s again", m.ID, first)
		}
		if m.Existed != (i > 0) {
			t.Errorf("post %d: Existed = %t", i+1, m.Existed)
		}
	}
	if _, err := h.Adapter.Post(t.Context(), &adapter.Post{Workspace: h.Workspace, Thread: h.Thread, Body: "once", Key: "other key"}); err != nil {
		t.Fatalf("Post: %v", err)
	}
	if n := len(h.Texts(t)) - before; n != 2 {
		t.Errorf("two keys made %d messages", n)
	}
}

func equalKeysAtOnce(t *testing.T, h Harness) {
	before := len(h.Texts(t))
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range cap(errs) {
		wg.Go(func() {
			_, err := h.Adapter.Post(t.Context(), &adapter.Post{Workspace: h.Workspace, Thread: h.Thread, Body: "race", Key: "raced key"})
			errs <- err
		})
	}
	wg.Wait()
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Errorf("Post: %v", err)
		}
	}
	if n := len(h.Texts(t)) - before; n != 1 {
		t.Errorf("one key made %d messages", n)
	}
}

func codes(t *testing.T, h Harness) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		post adapter.Post
		want []adapter.Code
	}{
		{"no thread", t.Context(), adapter.Post{Thread: "", Body: "x", Key: "k1"}, []adapter.Code{adapter.CodeInvalid}},
		{"blank body", t.Context(), adapter.Post{Thread: h.Thread, Body: " \n", Key: "k2"}, []adapter.Code{adapter.CodeInvalid}},
		{"no key", t.Context(), adapter.Post{Thread: h.Thread, Body: "x"}, []adapter.Code{adapter.CodeInvalid}},
		{"a thread that does not exist", t.Context(), adapter.Post{Thread: h.NoThread, Body: "x", Key: "k3"}, []adapter.Code{adapter.CodeNotFound, adapter.CodeInvalid}},
		{"an ended context", gone, adapter.Post{Thread: h.Thread, Body: "x", Key: "k4"}, []adapter.Code{adapter.CodeCanceled}},
	} {
		c.post.Workspace = h.Workspace
		_, err := h.Adapter.Post(c.ctx, &c.post)
		if err == nil {
			t.Errorf("%s: succeeded, want an error", c.name)
			continue
		}
		ok := false
		for _, code := range c.want {
			ok = ok || adapter.CodeOf(err) == code
		}
		if !ok {
			t.Errorf("%s: code %s, want one of %v: %v", c.name, adapter.CodeOf(err), c.want, err)
		}
	}
	if _, err := h.Adapter.Post(gone, &adapter.Post{Workspace: h.Workspace, Thread: h.Thread, Body: "x", Key: "k5"}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v, want context.Canceled in it", err)
	}
}

func ownMessages(t *testing.T, h Harness) {
	self, err := h.Adapter.Identity(t.Context(), h.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := h.Adapter.Decode(h.Say(t, "I am another user"), self)
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := ev.(*adapter.MessageEvent); !ok || !m.Message.Author.IsHuman() {
		t.Errorf("another user's message = %+v, want a person's", ev)
	}
}
