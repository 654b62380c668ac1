package bot

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

func testLink() *link {
	return &link{
		set: [8]byte{1, 2, 3}, n: 7, expires: time.Unix(1_800_000_000, 0),
		workspace: "W1", thread: "fake:room:t1", id: "deploy", value: "api\x00é", label: "Deploy", title: "Deploy api?",
	}
}

func TestLinkRoundTrip(t *testing.T) {
	t.Parallel()
	l := newLinks(LinkConfig{BaseURL: "https://bot.example.com/x/", Secrets: []string{"new", "old"}})
	url, err := l.url(testLink())
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(url, "https://bot.example.com/x/buttons/")
	if !ok {
		t.Fatalf("address %q", url)
	}
	got, err := l.read(token)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(testLink(), got, cmp.AllowUnexported(link{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinkSecrets(t *testing.T) {
	t.Parallel()
	of := func(secrets ...string) links { return newLinks(LinkConfig{BaseURL: "http://h", Secrets: secrets}) }
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
		if _, err := of(tt.secrets...).read(old); (err == nil) != tt.ok {
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
	l := newLinks(LinkConfig{BaseURL: "http://h", Secrets: []string{"s"}})
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
		if _, err := l.read(base64.RawURLEncoding.EncodeToString(raw)); !errors.Is(err, errLink) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		raw[i] ^= 1 << (i % 8)
	}
	for _, bad := range []string{"", "x", token[:len(token)-1], token + "A", token + "=", " " + token, strings.ToLower(token), "../" + token} {
		if _, err := l.read(bad); adapter.CodeOf(err) != adapter.CodeNotFound {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLinkTooLong(t *testing.T) {
	t.Parallel()
	l := newLinks(LinkConfig{BaseURL: "http://h", Secrets: []string{"s"}})
	k := testLink()
	k.value = strings.Repeat("x", linkField+1)
	if _, err := l.sign(k); err == nil || !strings.Contains(err.Error(), "Deploy") {
		t.Errorf("%v, want an error that names the button", err)
	}
}

func TestLinkConfig(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    LinkConfig
		want string // part of the error; empty if there is none
	}{
		{"off", LinkConfig{}, ""},
		{"on", LinkConfig{BaseURL: "https://bot.example.com", Secrets: []string{"s"}}, ""},
		{"under a path", LinkConfig{BaseURL: "http://localhost:3000/bots/", Secrets: []string{"s"}}, ""},
		{"no address", LinkConfig{Secrets: []string{"s"}}, "BaseURL"},
		{"no secrets", LinkConfig{BaseURL: "https://h"}, "Secrets"},
		{"an empty secret", LinkConfig{BaseURL: "https://h", Secrets: []string{"s", ""}}, "empty"},
		{"no scheme", LinkConfig{BaseURL: "bot.example.com", Secrets: []string{"s"}}, "must look like"},
		{"another scheme", LinkConfig{BaseURL: "javascript://h", Secrets: []string{"s"}}, "must look like"},
		{"a query", LinkConfig{BaseURL: "https://h?x=1", Secrets: []string{"s"}}, "must look like"},
		{"a password", LinkConfig{BaseURL: "https://u:p@h", Secrets: []string{"s"}}, "must look like"},
		{"negative", LinkConfig{BaseURL: "https://h", Secrets: []string{"s"}, TTL: -1}, "TTL"},
	} {
		err := tt.c.check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzLink(f *testing.F) {
	l := newLinks(LinkConfig{BaseURL: "http://h", Secrets: []string{"s"}})
	token, err := l.sign(testLink())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token, []byte("x"))
	f.Add("", []byte{linkVersion})
	f.Fuzz(func(t *testing.T, token string, body []byte) {
		if k, err := l.read(token); err == nil {
			again, err := l.sign(k)
			if err != nil || again != token {
				t.Errorf("%q was read but is written as %q, %v", token, again, err)
			}
		}
		// Signed all the same, as if an older version had written it.
		if len(body) > 0 {
			body[0] = linkVersion
		}
		signed := append(body, linkSum(l.keys[0], body)...) //nolint:gocritic // body is not used again
		_, _ = l.read(base64.RawURLEncoding.EncodeToString(signed))
	})
}

func BenchmarkLink(b *testing.B) {
	l := newLinks(LinkConfig{BaseURL: "https://bot.example.com", Secrets: []string{"new", "old"}})
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
			if _, err := l.read(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
