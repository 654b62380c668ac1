package links

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
)

func newTestLinks(c Config) Links { return New(c, notes.New(memstate.New(memstate.Options{}))) }

func testLink() *Link {
	return &Link{
		Set: [8]byte{1, 2, 3}, N: 7, Expires: time.Unix(1_800_000_000, 0),
		Workspace: "W1", Thread: "fake:room:t1", ID: "deploy", Value: "api\x00é", Label: "Deploy", Title: "Deploy api?",
	}
}

func TestLinkRoundTrip(t *testing.T) {
	t.Parallel()
	l := newTestLinks(Config{BaseURL: "https://bot.example.com/x/", Secrets: []string{"new", "old"}})
	token, err := l.sign(testLink())
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Read(token)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(testLink(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinkSecrets(t *testing.T) {
	t.Parallel()
	of := func(secrets ...string) Links { return newTestLinks(Config{BaseURL: "http://h", Secrets: secrets}) }
	old, err := of("old").sign(testLink())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		secrets []string
		ok      bool
	}{
		{"the same", []string{"old"}, true},
		{"a new one before it", []string{"new", "old"}, true},
		{"replaced", []string{"new"}, false},
	} {
		if _, err := of(tt.secrets...).Read(old); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	// The secret may be that of the webhook. A webhook signature is not a valid link.
	if strings.Contains(old, base64.RawURLEncoding.EncodeToString([]byte("old"))) {
		t.Error("the secret stands in the link")
	}
}

func TestLinkFromElsewhere(t *testing.T) {
	t.Parallel()
	l := newTestLinks(Config{BaseURL: "http://h", Secrets: []string{"s"}})
	token, err := l.sign(testLink())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw { // any bit of any byte
		raw[i] ^= 1 << (i % 8)
		if _, err := l.Read(base64.RawURLEncoding.EncodeToString(raw)); !errors.Is(err, ErrToken) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		raw[i] ^= 1 << (i % 8)
	}
	for _, bad := range []string{"", "x", token[:len(token)-1], token + "A", token + "=", " " + token, strings.ToLower(token), "../" + token} {
		if _, err := l.Read(bad); adapter.CodeOf(err) != adapter.CodeNotFound {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLinkTooLong(t *testing.T) {
	t.Parallel()
	l := newTestLinks(Config{BaseURL: "http://h", Secrets: []string{"s"}})
	k := testLink()
	k.Value = strings.Repeat("x", maxField+1)
	if _, err := l.sign(k); err == nil || !strings.Contains(err.Error(), "Deploy") {
		t.Errorf("%v, want an error that names the button", err)
	}
}

// TestSet makes the links of a message, keeps it and uses one of them.
func TestSet(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l := newTestLinks(Config{BaseURL: "https://bot.example.com/x/", Secrets: []string{"s"}, TTL: time.Hour})
	at := time.Now()
	s := l.Set("W1", "fake:room:t1", "key", "Deploy :rocket:?", at)
	if !s.Empty() {
		t.Error("a new set is not empty")
	}
	names := make([]string, 2)
	for i := range names {
		url, err := s.Link("deploy", "api", strings.Repeat("x", 100))
		if err != nil {
			t.Fatal(err)
		}
		token, ok := strings.CutPrefix(url, "https://bot.example.com/x/buttons/")
		if !ok {
			t.Fatalf("address %q", url)
		}
		k, err := l.Read(token)
		if err != nil {
			t.Fatal(err)
		}
		names[i] = k.Name()
		if len([]rune(k.Label)) != 80 || k.Workspace != "W1" || k.Thread != "fake:room:t1" || k.Expires.Unix() != at.Add(time.Hour).Unix() {
			t.Errorf("link %+v", k)
		}
	}
	if s.Empty() || names[0] == names[1] {
		t.Errorf("links %q of one set", names)
	}
	if again := l.Set("W1", "fake:room:t1", "key", "", at); !bytes.Equal(again.Name(), s.Name()) {
		t.Error("the same post has another set")
	}
	if err := l.Named(s.Name(), "W1", at).Keep(ctx, &adapter.Message{ID: "M1", URL: "https://m", Thread: "fake:room:t1"}); err != nil {
		t.Fatal(err)
	}
	if m, err := l.MessageOf(ctx, "W1", names[1]); err != nil || m != (Message{"M1", "https://m", "fake:room:t1"}) {
		t.Errorf("message %+v, %v", m, err)
	}
	if err := l.MarkUsed(ctx, "W1", names[0]); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		if used, err := l.Used(ctx, "W1", names[i]); err != nil || used != want {
			t.Errorf("link %d: used %v, %v", i, used, err)
		}
	}
	if used, err := l.Used(ctx, "W2", names[0]); err != nil || used {
		t.Errorf("in another workspace: used %v, %v", used, err)
	}
}

func TestOff(t *testing.T) {
	t.Parallel()
	l := New(Config{}, notes.New(memstate.New(memstate.Options{})))
	if _, err := l.Read("x"); l.On() || !errors.Is(err, ErrToken) {
		t.Errorf("off: %v, %v", l.On(), err)
	}
	var none *Set
	if err := none.Keep(t.Context(), &adapter.Message{}); err != nil {
		t.Error(err)
	}
}

func FuzzLink(f *testing.F) {
	l := newTestLinks(Config{BaseURL: "http://h", Secrets: []string{"s"}})
	token, err := l.sign(testLink())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token, []byte("x"))
	f.Add("", []byte{version})
	f.Fuzz(func(t *testing.T, token string, body []byte) {
		if k, err := l.Read(token); err == nil {
			again, err := l.sign(k)
			if err != nil || again != token {
				t.Errorf("%q was read but is written as %q, %v", token, again, err)
			}
		}
		// Signed all the same, as if an older version had written it.
		if len(body) > 0 {
			body[0] = version
		}
		signed := append(body, macOf(l.keys[0], body)...) //nolint:gocritic // body is not used again
		_, _ = l.Read(base64.RawURLEncoding.EncodeToString(signed))
	})
}

func BenchmarkLink(b *testing.B) {
	l := newTestLinks(Config{BaseURL: "https://bot.example.com", Secrets: []string{"new", "old"}})
	token, err := l.sign(testLink())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := l.sign(testLink()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := l.Read(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
