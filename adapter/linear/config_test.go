package linear

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// marker is a secret that must never appear.
const marker = "lin_m4rker"

func TestConfigFromEnv(t *testing.T) {
	all := []string{
		"LINEAR_API_KEY", "LINEAR_ACCESS_TOKEN", "LINEAR_CLIENT_ID", "LINEAR_CLIENT_SECRET",
		"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET",
		"LINEAR_CLIENT_CREDENTIALS_SCOPES", "LINEAR_API_URL", "LINEAR_OAUTH_URL", "LINEAR_ASSIGNABLE",
	}
	for _, tc := range []struct {
		name string
		env  map[string]string
		want Config
	}{
		{"nothing", nil, Config{}},
		{"each", map[string]string{
			"LINEAR_API_KEY": " k\n", "LINEAR_ACCESS_TOKEN": "t", "LINEAR_CLIENT_ID": "i", "LINEAR_CLIENT_SECRET": "s",
			"LINEAR_API_URL": "http://a/graphql", "LINEAR_OAUTH_URL": "http://o",
		}, Config{APIKey: "k", AccessToken: "t", ClientID: "i", ClientSecret: "s", APIURL: "http://a/graphql", OAuthURL: "http://o"}},
		{"aliases", map[string]string{
			"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID": "i", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET": "s",
			"LINEAR_CLIENT_CREDENTIALS_SCOPES": "read, write app:mentionable,",
		}, Config{ClientID: "i", ClientSecret: "s", Scopes: []string{"read", "write", "app:mentionable"}}},
		{"the specific pair goes first", map[string]string{
			"LINEAR_CLIENT_ID": "i", "LINEAR_CLIENT_SECRET": "s",
			"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID": "x", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET": "y",
		}, Config{ClientID: "x", ClientSecret: "y"}},
		{"the specific pair and half of the other", map[string]string{
			"LINEAR_CLIENT_ID":                    "i",
			"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID": "x", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET": "y",
		}, Config{ClientID: "x", ClientSecret: "y"}},
		{"half of the specific pair and the other", map[string]string{
			"LINEAR_CLIENT_ID": "i", "LINEAR_CLIENT_SECRET": "s", "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID": "x",
		}, Config{ClientID: "i", ClientSecret: "s"}},
		{"two halves", map[string]string{
			"LINEAR_CLIENT_SECRET": "s", "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID": "x",
		}, Config{ClientID: "x", missing: "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET"}},
		{"two halves, the other way", map[string]string{
			"LINEAR_CLIENT_ID": "i", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET": "y",
		}, Config{ClientSecret: "y", missing: "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID"}},
		{"not assignable", map[string]string{"LINEAR_ASSIGNABLE": "No"}, Config{NotAssignable: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, name := range all {
				t.Setenv(name, tc.env[name])
			}
			if got := ConfigFromEnv(); !cmp.Equal(tc.want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(Config{})) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

// none is an empty set of installations.
type none struct{ Installations }

func TestAuth(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		cfg  Config
		want string
	}{
		{Config{APIKey: marker}, "API key, from APIKey (LINEAR_API_KEY)"},
		{Config{ClientID: "i", ClientSecret: marker}, "client credentials, from ClientID (LINEAR_CLIENT_ID) and ClientSecret (LINEAR_CLIENT_SECRET)"},
		{Config{Installations: none{}, InstallationsFrom: "LINEAR_REDIRECT_URI"}, "OAuth installations, from Installations (LINEAR_REDIRECT_URI)"},
		{Config{Installations: none{}}, "OAuth installations, from Installations (LINEAR_REDIRECT_URI, or LINEARBOT_PUBLIC_URL with LINEAR_ENCRYPTION_KEY)"},
	} {
		if got, err := tc.cfg.Auth(); err != nil || got.String() != tc.want {
			t.Errorf("%s, %v, want %s", got, err, tc.want)
		}
	}
}

func TestNewChecksConfig(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		cfg  Config
		says []string // one per problem, in order
	}{
		{"API key", Config{APIKey: "lin_api_x"}, nil},
		{"access token", Config{AccessToken: "lin_oauth_x"}, nil},
		{"client credentials", Config{ClientID: "i", ClientSecret: "s"}, nil},
		{"token function", Config{Token: func(context.Context) (linearapi.Token, error) { return linearapi.Token{}, nil }}, nil},
		{"two ways", Config{APIKey: "k", ClientID: "i"}, []string{"APIKey (LINEAR_API_KEY) contradicts ClientID (LINEAR_CLIENT_ID) and ClientSecret (LINEAR_CLIENT_SECRET)"}},
		{"two tokens", Config{APIKey: "k", AccessToken: "t"}, []string{"APIKey (LINEAR_API_KEY) contradicts AccessToken (LINEAR_ACCESS_TOKEN)"}},
		{"a key and installations", Config{APIKey: "k", Installations: none{}}, []string{"APIKey (LINEAR_API_KEY) contradicts Installations (LINEAR_REDIRECT_URI, or"}},
		{"installations beside their client", Config{ClientID: "i", ClientSecret: "s", Installations: none{}}, nil},
		{"nothing", Config{}, []string{"LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET are missing"}},
		{"no secret", Config{ClientID: "i"}, []string{"ClientSecret (LINEAR_CLIENT_SECRET) is missing"}},
		{"no id", Config{ClientSecret: marker}, []string{"ClientID (LINEAR_CLIENT_ID) is missing"}},
		{"bearer", Config{APIKey: "Bearer " + marker}, []string{`APIKey (LINEAR_API_KEY) begins with "Bearer"`}},
		{"white space", Config{AccessToken: marker + " x"}, []string{"AccessToken (LINEAR_ACCESS_TOKEN) holds white space"}},
		{"key as token", Config{AccessToken: "lin_api_" + marker}, []string{"AccessToken (LINEAR_ACCESS_TOKEN) is a personal API key: set it as LINEAR_API_KEY"}},
		{"token as key", Config{APIKey: "lin_oauth_" + marker}, []string{"APIKey (LINEAR_API_KEY) is an OAuth access token: set it as LINEAR_ACCESS_TOKEN"}},
		{
			"all at once",
			Config{ClientID: "i", Scopes: []string{"read,write"}, APIURL: "https://u:" + marker + "@api.example/graphql", OAuthURL: "oauth.example"},
			[]string{
				"ClientSecret (LINEAR_CLIENT_SECRET)", "Scopes (LINEAR_CLIENT_CREDENTIALS_SCOPES)",
				"APIURL (LINEAR_API_URL) must not hold a user name or password", "OAuthURL (LINEAR_OAUTH_URL) must begin with",
			},
		},
		{"plain http", Config{APIKey: "k", APIURL: "http://linear.test/graphql", OAuthURL: "http://10.0.0.1", UploadsURL: "http://localhost.test"}, []string{
			"APIURL (LINEAR_API_URL) must begin with https://", "OAuthURL (LINEAR_OAUTH_URL) must begin with https://",
			"UploadsURL (LINEAR_UPLOADS_URL) must begin with https://",
		}},
		{"plain http on this machine", Config{APIKey: "k", APIURL: "http://[::1]:1/graphql", OAuthURL: "http://127.9.9.9", UploadsURL: "http://LocalHost:80"}, nil},
		{"bad address", Config{APIKey: "k", APIURL: "https://h:" + marker}, []string{"APIURL (LINEAR_API_URL) is not a URL"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, err := New(tc.cfg)
			if (a == nil) == (err == nil) {
				t.Fatalf("adapter %v, error %v", a, err)
			}
			if err == nil && tc.says == nil {
				return
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), "m4rker") {
				t.Errorf("the error shows a secret: %v", err)
			}
			joined, ok := err.(interface{ Unwrap() []error })
			if !ok {
				t.Fatalf("error %v is not joined", err)
			}
			problems := joined.Unwrap()
			if len(problems) != len(tc.says) {
				t.Fatalf("%d problems, want %d: %v", len(problems), len(tc.says), err)
			}
			for i, problem := range problems {
				var e *adapter.Error
				if !errors.As(problem, &e) || e.Code != adapter.CodeInvalid || !strings.HasPrefix(e.Err.Error(), tc.says[i]) {
					t.Errorf("problem %d: %v, want %q", i, problem, tc.says[i])
				}
			}
		})
	}
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ api, oauth, wantAPI, wantOAuth string }{
		{"", "", linearapi.DefaultURL, "https://api.linear.app"},
		{"http://127.0.0.1:99/api/graphql?x=1", "", "http://127.0.0.1:99/api/graphql?x=1", "http://127.0.0.1:99"},
		{"http://localhost/graphql", "http://b.localhost/base/", "http://localhost/graphql", "http://b.localhost/base/"},
	} {
		got, err := Config{APIKey: "k", APIURL: tc.api, OAuthURL: tc.oauth}.withDefaults()
		if err != nil || got.APIURL != tc.wantAPI || got.OAuthURL != tc.wantOAuth {
			t.Errorf("%q, %q: got %q, %q, %v", tc.api, tc.oauth, got.APIURL, got.OAuthURL, err)
		}
	}
}

func TestTokensPrecedence(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		cfg  Config
		want linearapi.Token
	}{
		{Config{APIKey: "k", AccessToken: "t", ClientID: "i", ClientSecret: "s"}, linearapi.Token{Value: "k", Kind: linearapi.TokenRaw}},
		{Config{AccessToken: "t", ClientID: "i", ClientSecret: "s"}, linearapi.Token{Value: "t", Kind: linearapi.TokenBearer}},
	} {
		got, err := tc.cfg.tokens(nil).Token(t.Context())
		if err != nil || got.Value != tc.want.Value || got.Kind != tc.want.Kind {
			t.Errorf("%v: %v", tc.cfg, err)
		}
	}
}

func TestConfigDoesNotPrint(t *testing.T) {
	t.Parallel()
	cfg := Config{
		APIKey: marker, AccessToken: marker, ClientID: "app-1", ClientSecret: marker, Scopes: []string{"read"},
		APIURL: "https://u:" + marker + "@api.example/graphql?key=" + marker, HTTPClient: &http.Client{},
	}
	key, err := New(Config{APIKey: marker})
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(Config{ClientID: "app-1", ClientSecret: marker})
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"config": cfg, "pointer": &cfg, "in a struct": struct{ C Config }{cfg},
		"adapter with a key": key, "adapter with an app": app,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&b, verb+"\n", v)
			}
			if text, err := json.Marshal(v); err == nil {
				b.Write(text)
			}
			zl := zerolog.New(&b)
			zl.Info().Interface("v", v).Send()
			slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
			if strings.Contains(b.String(), "m4rker") {
				t.Errorf("a secret is shown:\n%s", b.String())
			}
		})
	}
	if s := cfg.String(); !strings.Contains(s, "app-1") || !strings.Contains(s, "https://api.example") {
		t.Errorf("String() = %s", s)
	}
}

// TestDefaultScopes checks the default scopes of the app's token: an agent that
// requests fewer stops being one.
func TestDefaultScopes(t *testing.T) {
	t.Parallel()
	plain := []string{"read", "write", "comments:create", "issues:create"}
	mentionable := append(slices.Clone(plain), "app:mentionable")
	agent := append(slices.Clone(mentionable), "app:assignable")
	for _, tc := range []struct {
		mode  Mode
		not   bool
		given []string
		want  []string
	}{
		{ModeBoth, false, nil, agent},
		{ModeBoth, true, nil, mentionable},
		{ModeSessions, false, nil, agent},
		{ModeComments, false, nil, plain},
		{ModeBoth, false, []string{"read"}, []string{"read"}},
	} {
		c := Config{ClientID: "i", ClientSecret: "s", Mode: tc.mode, Scopes: tc.given, NotAssignable: tc.not}
		a, err := New(c)
		if err != nil || !slices.Equal(a.Scopes(), tc.want) {
			t.Errorf("mode %d, given %v: %v, %v, want %v", tc.mode, tc.given, a.Scopes(), err, tc.want)
		}
	}
	if a, err := New(Config{APIKey: "k"}); err != nil || a.Scopes() != nil {
		t.Errorf("with a key: scopes %v, %v", a.Scopes(), err)
	}
}

// A missing half is named by the variable that completes the pair.
func TestMissingHalf(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"LINEAR_CLIENT_ID":                        "LINEAR_CLIENT_SECRET",
		"LINEAR_CLIENT_SECRET":                    "LINEAR_CLIENT_ID",
		"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID":     "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET",
		"LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET": "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID",
	} {
		_, err := New(ConfigFrom(func(name string) string { return map[string]string{set: "x"}[name] }))
		bad, ok := errors.AsType[*ConfigError](err)
		if !ok || bad.Variable != want {
			t.Errorf("%s alone: %v, want a problem with %s", set, err, want)
		}
	}
}
