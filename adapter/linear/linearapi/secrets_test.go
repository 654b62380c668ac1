package linearapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
)

// marker is the secret that must never appear.
const marker = "s3cr3t+m4rker/x"

// leaks reports whether text holds the marker, also percent-encoded.
func leaks(text string) bool {
	return strings.Contains(text, marker) || strings.Contains(text, url.QueryEscape(marker)) || strings.Contains(text, "m4rker")
}

// render returns v in every text form that logs and messages use.
func render(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	text, err := json.Marshal(v)
	if err == nil {
		b.Write(text)
	}
	zl := zerolog.New(&b)
	zl.Info().Interface("v", v).Any("w", v).Send()
	if err, ok := v.(error); ok {
		zl.Error().Err(err).Send()
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	return b.String()
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	token := Token{Value: marker, Kind: TokenRaw, Expires: time.Now()}
	cfg := ClientCredentialsConfig{ClientID: "app-1", ClientSecret: marker}
	credentials := ClientCredentials(ClientCredentialsConfig{
		ClientID: "app-1", ClientSecret: marker,
		HTTPClient: &http.Client{Transport: always(200, `{"access_token":"`+marker+`"}`, "Content-Type", "application/json")},
	})
	mustToken(t, credentials, marker)
	client := newClient(t, always(200, goodViewer), func(cfg *Config) { cfg.Tokens = APIKey(marker) })
	for name, v := range map[string]any{
		"token": token, "pointer to token": &token, "token in a struct": struct{ T Token }{token}, "tokens": []Token{token},
		"API key": APIKey(marker), "access token": AccessToken(marker),
		"credentials": credentials, "credentials config": cfg, "pointer to config": &cfg,
		"client": client, "client by value": struct{ C *Client }{client}, "config": Config{Tokens: APIKey(marker)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if text := render(t, v); leaks(text) {
				t.Errorf("the secret is shown:\n%s", text)
			}
		})
	}
}

// stepList is a trace that keeps its steps.
type stepList []adapter.TraceStep

func (*stepList) About(adapter.TraceSubject) {}
func (l *stepList) Step(s adapter.TraceStep) { *l = append(*l, s) }
func (*stepList) End()                       {}

func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	quoted, err := json.Marshal("said " + marker + " in Bearer " + marker + " " + strings.Repeat("pad ", 68) + marker)
	if err != nil {
		t.Fatal(err)
	}
	echo := func(extensions string) string {
		return `{"errors":[{"message":` + string(quoted) + `,"extensions":` + extensions + `}]}`
	}
	ext := func(code string) string {
		return `{"code":"` + code + marker + `","type":"` + marker + `","userPresentableMessage":` + string(quoted) + `,"validationErrors":[{"constraints":{"a":` + string(quoted) + `}}]}`
	}
	proxy := &url.Error{Op: "parse", URL: "http://ada:" + marker + "@proxy", Err: errors.New("invalid port in http://ada:m4rker@proxy:x")}
	answers := map[string]answer{
		"network":            failing(errors.New("sent Authorization: Bearer " + marker)),
		"network, proxy":     failing(proxy),
		"network, joined":    failing(errors.Join(errors.New("a"), proxy)),
		"message":            with(200, echo(`{}`)),
		"extensions":         with(200, echo(ext(""))),
		"extensions, 400":    with(400, echo(ext(""))),
		"extensions, 401":    with(401, echo(ext(""))),
		"constraints":        with(400, `{"errors":[{"message":"x","extensions":{"validationErrors":[{"constraints":{"a":`+string(quoted)+`}}]}}]}`),
		"conflict":           with(200, `{"errors":[{"message":"conflict on insert of `+marker+`","extensions":{"userPresentableMessage":"Entity `+marker+` with id `+marker+` already exists."}}]}`),
		"rate limit":         with(400, echo(`{"code":"RATELIMITED"}`), "Retry-After", "999"),
		"HTML":               with(200, "<html>"+marker),
		"HTML, 500":          with(500, "<html>"+marker),
		"HTML, 404":          with(404, "<html>"+marker),
		"plain 401":          with(401, marker),
		"wrong shape":        with(200, `{"data":{"viewer":"`+marker+`"}}`),
		"wrong shape, outer": with(200, `{"data":"`+marker+`","errors":{"`+marker+`":1}}`),
		"truncated":          with(200, `{"data":{"viewer":"`+marker),
		"redirect":           with(302, marker, "Location", "https://elsewhere.example/"+marker),
		"request id":         with(200, echo(`{"code":"FORBIDDEN"}`), "X-Request-Id", marker),
		"teapot":             with(418, marker),
	}
	sources := map[string]TokenSource{"key": APIKey(marker), "token": AccessToken(marker)}
	for answerName, answer := range answers {
		for sourceName, source := range sources {
			t.Run(answerName+"/"+sourceName, func(t *testing.T) {
				t.Parallel()
				var calls []Call
				c := newClient(t, inTurn(answer), func(cfg *Config) {
					cfg.Tokens = source
					cfg.Pause = time.Microsecond
					cfg.Observe = func(call Call) { calls = append(calls, call) }
				})
				var steps stepList
				_, err := c.Viewer(adapter.WithTrace(t.Context(), &steps))
				if err == nil {
					t.Fatal("succeeded, want an error")
				}
				if text := render(t, steps); leaks(text) || len(steps) == 0 {
					t.Errorf("the trace of %d steps shows the secret:\n%s", len(steps), text)
				}
				for e := err; e != nil; e = errors.Unwrap(e) {
					if text := render(t, e); leaks(text) {
						t.Errorf("%T shows the secret:\n%s", e, text)
					}
				}
				if text := render(t, calls); leaks(text) {
					t.Errorf("the observer sees the secret:\n%s", text)
				}
				if !answerShowsUp(answerName) {
					return
				}
				if !strings.Contains(err.Error(), redacted) {
					t.Errorf("the test proves nothing: %v", err)
				}
			})
		}
	}
}

// answerShowsUp names answers whose text is part of the error, so that the test
// fails if only the masking is removed.
func answerShowsUp(name string) bool {
	return name == "message" || name == "network" || name == "extensions"
}

func TestOAuthErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	js := []string{"Content-Type", "application/json"}
	for name, answer := range map[string]answer{
		"description":     with(400, `{"error":"invalid_client","error_description":"secret `+marker+` is wrong","error_uri":"`+marker+`","access_token":"`+marker+`"}`, js...),
		"other fields":    with(400, `{"error":"x","hint":"`+marker+`"}`, js...),
		"HTML":            with(400, marker),
		"HTML, 500":       with(500, marker),
		"form":            with(400, "client_secret="+url.QueryEscape(marker), "Content-Type", "application/x-www-form-urlencoded"),
		"broken JSON":     with(200, `{"access_token":"`+marker, js...),
		"number":          with(200, `{"access_token":1234,"expires_in":"`+marker+`"}`, js...),
		"network":         failing(errors.New("sent client_secret=" + url.QueryEscape(marker) + " " + marker)),
		"network, proxy":  failing(errors.New("proxy http://ada:m4rker@host refused")),
		"redirect":        with(307, marker, "Location", "https://elsewhere.example/"+marker),
		"strange charset": with(400, "\xff"+marker),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := ClientCredentials(ClientCredentialsConfig{
				ClientID: "app-1", ClientSecret: marker, HTTPClient: &http.Client{Transport: inTurn(answer)},
			})
			_, err := newClient(t, always(200, goodViewer), func(cfg *Config) {
				cfg.Tokens = source
				cfg.Pause = time.Microsecond
			}).Viewer(t.Context())
			if err == nil {
				t.Fatal("succeeded, want an error")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := render(t, e); leaks(text) {
					t.Errorf("%T shows the secret:\n%s", e, text)
				}
			}
		})
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                             "plain",
		"tok-9 and tok-9":                   "[redacted] and [redacted]",
		"get https://ada:pw@host/x?a=b@c":   "get https://[redacted]@host/x?a=b@c",
		`"http://u:p@q@h" and http://h/a@b`: `"http://[redacted]@h" and http://h/a@b`,
		"mail ada@example.com at x://":      "mail ada@example.com at x://",
	} {
		if got := mask(in, "tok-9", ""); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}
