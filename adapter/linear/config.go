package linear

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/loopback"
	"github.com/linearbot/linearbot/internal/wording"
)

// Config says how to reach Linear and how to authenticate: with an API key, an
// access token, a function that returns one, client credentials, or the
// installations of many workspaces. Exactly one of them is set; [Config.Auth]
// says which. The text forms of a Config show no secrets.
type Config struct {
	// APIKey is a personal API key; the bot then acts as that person.
	// Defaults to none.
	APIKey string
	// AccessToken is an OAuth access token. It is not renewed. Defaults to
	// none.
	AccessToken string
	// Token returns the token to use now; see linearapi.TokenFunc. Defaults to
	// none.
	Token linearapi.TokenFunc
	// ClientID and ClientSecret are those of an OAuth app that has client
	// credentials enabled; the bot then acts as the app. Defaults to none.
	ClientID, ClientSecret string
	// Installations are the workspaces that have installed the app; ClientID
	// and ClientSecret are then used by them and may be set as well. Defaults
	// to none.
	Installations Installations
	// InstallationsFrom says in lines and errors what Installations were chosen by,
	// for example "LINEAR_REDIRECT_URI". Defaults to the variables that can do so.
	InstallationsFrom string
	// Scopes are what the app's token may do. Defaults to
	// [linearapi.DefaultScopes]: those of an agent, or in ModeComments those of
	// a plain app.
	Scopes []string
	// NotAssignable keeps issues from being delegated to the app: the default
	// scopes are then without app:assignable.
	NotAssignable bool
	// Mode says which conversations the bot takes. Defaults to ModeBoth.
	Mode Mode
	// APIURL is the address of the GraphQL API. Defaults to
	// "https://api.linear.app/graphql".
	APIURL string
	// OAuthURL is the base address of the OAuth endpoints. Defaults to the
	// origin of APIURL.
	OAuthURL string
	// UploadsURL is the address below which Linear stores files. Only files
	// there are ever opened. The default resolves to public addresses only; an
	// address that is set may be in a private network. Defaults to
	// "https://uploads.linear.app".
	UploadsURL string
	// MaxBody is the longest comment, in characters. Longer posts become
	// several comments, split between blocks of Markdown where possible. Linear
	// does not document its limit. Activities in agent sessions are never
	// split. Defaults to 50,000; negative means that comments are not split
	// either.
	MaxBody int
	// Connections is how many idle connections to the API are kept. It should
	// be the number of turns that may run at once, so that no post has to
	// connect first. It does not limit requests. Ignored if HTTPClient has a
	// transport. Defaults to 64.
	Connections int
	// HTTPClient sends all requests. It is copied, and the copy follows no
	// redirects. Defaults to a client with one transport for the API, see
	// linearapi.NewTransport, and another one for files.
	HTTPClient *http.Client
	// Observe is called after every attempt to call the API; see
	// linearapi.Config. Defaults to none.
	Observe func(linearapi.Call)

	// missing names the variable that completes the pair of client credentials
	// of which one is set. Empty for the usual pair.
	missing string
}

// ConfigFromEnv reads a Config from the environment:
//
//	LINEAR_API_KEY            APIKey
//	LINEAR_ACCESS_TOKEN       AccessToken
//	LINEAR_CLIENT_CREDENTIALS_CLIENT_ID, LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET
//	                          ClientID and ClientSecret, if both are set
//	LINEAR_CLIENT_ID, LINEAR_CLIENT_SECRET
//	                          the same, if those are not both set
//	LINEAR_CLIENT_CREDENTIALS_SCOPES
//	                          Scopes, separated by commas or spaces
//	LINEAR_API_URL            APIURL
//	LINEAR_OAUTH_URL          OAuthURL
//	LINEAR_UPLOADS_URL        UploadsURL
//	LINEAR_MODE               Mode: both, comments or agent-sessions
//	LINEAR_ASSIGNABLE         NotAssignable, if it is false, no, off or 0
//
// Unset and blank variables leave their field empty. Values are not validated
// here; [New] does that.
func ConfigFromEnv() Config { return ConfigFrom(os.Getenv) }

// ConfigFrom is [ConfigFromEnv] with lookup in place of [os.Getenv].
func ConfigFrom(lookup func(name string) string) Config {
	env := func(name string) string { return strings.TrimSpace(lookup(name)) }
	id, secret := env("LINEAR_CLIENT_ID"), env("LINEAR_CLIENT_SECRET")
	// The more specific pair takes precedence, and halves of two pairs are
	// never mixed.
	specificID, specificSecret := env("LINEAR_CLIENT_CREDENTIALS_CLIENT_ID"), env("LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET")
	half := ""
	switch {
	case specificID != "" && specificSecret != "":
		id, secret = specificID, specificSecret
	case id != "" && secret != "":
	case specificID != "":
		id, secret, half = specificID, "", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET" //nolint:gosec // the name of a variable
	case specificSecret != "":
		id, secret, half = "", specificSecret, "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID" //nolint:gosec // the name of a variable
	}
	return Config{
		APIKey:       env("LINEAR_API_KEY"),
		AccessToken:  env("LINEAR_ACCESS_TOKEN"),
		ClientID:     id,
		ClientSecret: secret,
		missing:      half,
		Scopes:       splitScopes(env("LINEAR_CLIENT_CREDENTIALS_SCOPES")),
		APIURL:       env("LINEAR_API_URL"),
		OAuthURL:     env("LINEAR_OAUTH_URL"),
		UploadsURL:   env("LINEAR_UPLOADS_URL"),
		Mode:         parseMode(env("LINEAR_MODE")),

		NotAssignable: isOff(env("LINEAR_ASSIGNABLE")),
	}
}

func isOff(word string) bool {
	switch strings.ToLower(word) {
	case "0", "f", "false", "no", "off":
		return true
	default:
		return false
	}
}

func splitScopes(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// tokens returns the token source of the one workspace that c is for. It
// requests tokens over the given transport unless HTTPClient has one.
func (c Config) tokens(api http.RoundTripper) linearapi.TokenSource {
	client := &http.Client{}
	if c.HTTPClient != nil {
		*client = *c.HTTPClient
	}
	if client.Transport == nil {
		client.Transport = api
	}
	switch {
	case c.APIKey != "":
		return linearapi.APIKey(c.APIKey)
	case c.AccessToken != "":
		return linearapi.AccessToken(c.AccessToken)
	case c.Token != nil:
		return c.Token
	default:
		return linearapi.ClientCredentials(linearapi.ClientCredentialsConfig{
			ClientID:     c.ClientID,
			ClientSecret: c.ClientSecret,
			Scopes:       c.Scopes,
			TokenURL:     strings.TrimRight(c.OAuthURL, "/") + "/oauth/token",
			HTTPClient:   client,
		})
	}
}

// ConfigError says what is wrong with one field of a [Config]. [New] wraps each
// in an *adapter.Error with code Invalid.
type ConfigError struct {
	// Field is the name of the field. Empty if the problem concerns several.
	Field string
	// Variable is the environment variable that [ConfigFromEnv] reads the
	// field from. Empty if there is none.
	Variable string
	// Reason continues a sentence that begins with the field or the variable.
	// It holds no secret.
	Reason string
}

// Error returns "Field (Variable) reason".
func (e *ConfigError) Error() string {
	switch {
	case e.Field == "":
		return e.Reason
	case e.Variable == "":
		return e.Field + " " + e.Reason
	default:
		return e.Field + " (" + e.Variable + ") " + e.Reason
	}
}

// withDefaults returns a copy of c that is complete, or everything that is
// wrong with c.
func (c Config) withDefaults() (Config, error) {
	var problems []error
	problem := func(field, variable, reason string) {
		problems = append(problems, &adapter.Error{
			Code: adapter.CodeInvalid, Op: "linear", Err: &ConfigError{Field: field, Variable: variable, Reason: reason},
		})
	}
	if _, err := c.Auth(); err != nil {
		problems = append(problems, err)
	}
	if c.APIKey != "" {
		if wrong := checkToken(c.APIKey); wrong != "" {
			problem("APIKey", "LINEAR_API_KEY", wrong)
		}
		if strings.HasPrefix(c.APIKey, "lin_oauth_") {
			problem("APIKey", "LINEAR_API_KEY", "is an OAuth access token: set it as LINEAR_ACCESS_TOKEN")
		}
	}
	if c.AccessToken != "" {
		if wrong := checkToken(c.AccessToken); wrong != "" {
			problem("AccessToken", "LINEAR_ACCESS_TOKEN", wrong)
		}
		if strings.HasPrefix(c.AccessToken, "lin_api_") {
			problem("AccessToken", "LINEAR_ACCESS_TOKEN", "is a personal API key: set it as LINEAR_API_KEY")
		}
	}
	if c.Mode > ModeSessions {
		problem("Mode", "LINEAR_MODE", "is not valid: use both, comments or agent-sessions")
	}
	for _, scope := range c.Scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
			problem("Scopes", "LINEAR_CLIENT_CREDENTIALS_SCOPES", "has an entry that is not one scope: give each scope an entry of its own")
			break
		}
	}
	if c.Scopes = slices.Clone(c.Scopes); len(c.Scopes) == 0 {
		c.Scopes = c.defaultScopes()
	}
	if c.APIURL == "" {
		c.APIURL = linearapi.DefaultURL
	}
	if err := checkURL(c.APIURL); err != nil {
		problem("APIURL", "LINEAR_API_URL", err.Error()+": give it as in "+linearapi.DefaultURL)
	} else if c.OAuthURL == "" {
		c.OAuthURL = origin(c.APIURL)
	}
	if c.OAuthURL != "" {
		if err := checkURL(c.OAuthURL); err != nil {
			problem("OAuthURL", "LINEAR_OAUTH_URL", err.Error()+": give it as in https://api.linear.app")
		}
	}
	if c.UploadsURL == "" {
		c.UploadsURL = linearapi.DefaultUploadsURL
	}
	if err := checkURL(c.UploadsURL); err != nil {
		problem("UploadsURL", "LINEAR_UPLOADS_URL", err.Error()+": give it as in "+linearapi.DefaultUploadsURL)
	}
	if c.Connections < 0 {
		problem("Connections", "", "is negative")
	}
	switch {
	case c.MaxBody < 0:
		c.MaxBody = math.MaxInt
	case c.MaxBody == 0:
		c.MaxBody = defaultMaxBody
	}
	return c, errors.Join(problems...)
}

// WithCredentials returns c with the way to authenticate of another Config.
func (c Config) WithCredentials(of Config) Config {
	c.APIKey, c.AccessToken, c.Token, c.Installations = of.APIKey, of.AccessToken, of.Token, of.Installations
	c.InstallationsFrom = of.InstallationsFrom
	c.ClientID, c.ClientSecret, c.missing = of.ClientID, of.ClientSecret, of.missing
	return c
}

// defaultScopes are the scopes of the mode.
func (c Config) defaultScopes() []string {
	scopes := linearapi.DefaultScopes(c.Mode != ModeComments)
	if c.NotAssignable {
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == "app:assignable" })
	}
	return scopes
}

// checkURL reports what is wrong with an address that credentials are sent to.
// Plain http is allowed only for a Linear on this machine; over a network it
// would expose the token to everyone in between.
func checkURL(address string) error {
	if err := linearapi.CheckURL(address); err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Scheme == "http" && !loopback.Host(u.Hostname()) {
		return errors.New("must begin with https://, because the token would travel unencrypted (http:// is for loopback addresses)")
	}
	return nil
}

// checkToken says what is wrong with the form of a token, or "".
func checkToken(token string) string {
	switch {
	case strings.HasPrefix(strings.ToLower(token), "bearer "):
		return `begins with "Bearer": give the token alone`
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "holds white space or characters that no token has: copy it again"
	}
	return ""
}

// defaultMaxBody is the default length limit of a comment, in characters.
const defaultMaxBody = 50_000

// host returns the host of an address, "" if it has none.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// origin returns scheme and host of an address, "" if it has none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// shown is a Config as it may be shown.
type shown struct {
	APIKey       string   `json:"apiKey,omitempty"`
	AccessToken  string   `json:"accessToken,omitempty"`
	ClientID     string   `json:"clientId,omitempty"`
	ClientSecret string   `json:"clientSecret,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
	APIURL       string   `json:"apiUrl,omitempty"`
	OAuthURL     string   `json:"oauthUrl,omitempty"`
	UploadsURL   string   `json:"uploadsUrl,omitempty"`
}

func (c Config) shown() shown {
	hide := func(s string) string {
		if s == "" {
			return ""
		}
		return wording.Redacted
	}
	return shown{
		APIKey: hide(c.APIKey), AccessToken: hide(c.AccessToken),
		ClientID: c.ClientID, ClientSecret: hide(c.ClientSecret),
		Scopes: c.Scopes, APIURL: origin(c.APIURL), OAuthURL: origin(c.OAuthURL),
		UploadsURL: origin(c.UploadsURL),
	}
}

// String returns what is set, without secrets. Of addresses it shows scheme
// and host.
func (c Config) String() string { return fmt.Sprintf("%+v", c.shown()) }

// GoString returns the same as String.
func (c Config) GoString() string { return c.String() }

// Format writes the same as String, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// MarshalJSON returns what is set, without secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.shown()) }
