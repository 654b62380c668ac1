package adapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCodeOf(t *testing.T) {
	t.Parallel()
	var none *Error
	for _, tt := range []struct {
		name string
		err  error
		want Code
	}{
		{"nil", nil, CodeOK},
		{"an error", errors.New("x"), CodeUnknown},
		{"an Error", &Error{Code: CodeNotFound}, CodeNotFound},
		{"a wrapped Error", fmt.Errorf("x: %w", &Error{Code: CodeConflict}), CodeConflict},
		{"the outermost Error", &Error{Code: CodeInvalid, Err: &Error{Code: CodeForbidden}}, CodeInvalid},
		{"an Error without a code", &Error{Op: "post"}, CodeUnknown},
		{"an Error without a code, and its cause", &Error{Err: context.Canceled}, CodeUnknown},
		{"a nil *Error", none, CodeUnknown},
		{"canceled", fmt.Errorf("x: %w", context.Canceled), CodeCanceled},
		{"late", context.DeadlineExceeded, CodeCanceled},
		{"unsupported", errors.ErrUnsupported, CodeUnsupported},
	} {
		if got := CodeOf(tt.err); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	retryable := map[Code]bool{CodeUnknown: true, CodeUnavailable: true, CodeRateLimited: true, CodeUnauthenticated: true}
	words := map[string]Code{}
	for c := CodeOK; c <= CodeUnsupported; c++ {
		if other, ok := words[c.String()]; ok {
			t.Errorf("%d and %d are both %q", c, other, c)
		}
		words[c.String()] = c
		if c.Retryable() != retryable[c] {
			t.Errorf("%s: retryable %t", c, c.Retryable())
		}
	}
	if err := (&Error{Op: "post"}).Error(); !strings.HasPrefix(err, "post: unknown") {
		t.Errorf("an error without a code reads %q", err)
	}
}

func TestUserKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[UserKind]struct {
		word       string
		human, bot bool
	}{
		UserUnknown:     {"unknown", false, false},
		UserHuman:       {"human", true, false},
		UserSelf:        {"self", false, true},
		UserApp:         {"app", false, true},
		UserIntegration: {"integration", false, true},
		UserAutomation:  {"automation", false, true},
		UserExternal:    {"external", true, false},
		255:             {"unknown", false, false},
	} {
		u := User{Kind: kind}
		if u.IsHuman() != want.human || u.IsBot() != want.bot || u.IsSelf() != (kind == UserSelf) || kind.String() != want.word {
			t.Errorf("%s: human %t, bot %t, self %t", kind, u.IsHuman(), u.IsBot(), u.IsSelf())
		}
	}
	if (User{}).Kind != UserUnknown {
		t.Error("the zero kind is not unknown")
	}
}

// TestErrorSaysOnceHowLong: an error that carries on the wait of its cause does not
// repeat it.
func TestErrorSaysOnceHowLong(t *testing.T) {
	t.Parallel()
	cause := &Error{Op: "token", Code: CodeUnauthenticated, RetryAfter: 5 * time.Second}
	for _, c := range []struct {
		wait time.Duration
		want string
	}{
		{5 * time.Second, "identity: unauthenticated: token: unauthenticated (try again in 5s)"},
		{7 * time.Second, "identity: unauthenticated: token: unauthenticated (try again in 5s) (try again in 7s)"},
		{0, "identity: unauthenticated: token: unauthenticated (try again in 5s)"},
	} {
		err := &Error{Op: "identity", Code: CodeUnauthenticated, RetryAfter: c.wait, Err: cause}
		if got := err.Error(); got != c.want {
			t.Errorf("%s: %q, want %q", c.wait, got, c.want)
		}
	}
}

// TestUserStored: answers to questions are stored with the user who gave them, under these
// keys.
func TestUserStored(t *testing.T) {
	t.Parallel()
	const stored = `{"id":"u","name":"ada","full_name":"Ada Byron","email":"ada@acme.test","url":"https://x/ada","avatar":"https://x/a.png","kind":1,"guest":true}`
	user := User{
		ID: "u", Name: "ada", FullName: "Ada Byron", Email: "ada@acme.test",
		URL: "https://x/ada", AvatarURL: "https://x/a.png", Kind: UserHuman, Guest: true,
	}
	if got, err := json.Marshal(user); err != nil || string(got) != stored {
		t.Errorf("%s, %v\nwant %s", got, err, stored)
	}
	var back User
	if err := json.Unmarshal([]byte(stored), &back); err != nil || back != user {
		t.Errorf("read back as %+v, %v", back, err)
	}
}
