package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/webhook"
)

// Setting is one environment variable.
type Setting struct {
	// Name is the variable.
	Name string
	// Also lists alternative names that are read if Name is unset.
	Also []string
	// Flag is the flag of serve that sets it. Empty if there is none: secrets have
	// none, because other users of the machine can read command lines.
	Flag string
	// Default is the value used when the variable is unset. Empty if there is none.
	Default string
	// DefaultIs describes a default that is not a fixed text.
	DefaultIs string
	// Help says in one line what it means, in Markdown without links.
	Help string
	// Secret says that the value must not appear in logs, errors and pages.
	Secret bool

	// parse reads a value that is not blank into v. Its error continues a
	// sentence that begins with the name and quotes no secret. Nil for what
	// package linear reads and checks; see [Values.Lookup].
	parse func(v *Values, text string) error
}

// Table returns all variables in the order of the README.
func Table() []Setting {
	return append([]Setting{
		{
			Name: "LINEAR_CLIENT_ID",
			Help: "id of the OAuth app that the bot acts as",
		},
		{
			Name: "LINEAR_CLIENT_SECRET", Secret: true,
			Help: "secret of the OAuth app",
		},
		{
			Name: "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID",
			Help: "the same as `LINEAR_CLIENT_ID`; goes before it if its secret is set too",
		},
		{
			Name: "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET", Secret: true,
			Help: "the same as `LINEAR_CLIENT_SECRET`; goes before it if its id is set too",
		},
		{
			Name: "LINEAR_CLIENT_CREDENTIALS_SCOPES", DefaultIs: "`read,write,comments:create,issues:create`, and `app:mentionable,app:assignable` unless `LINEAR_MODE` is `comments`",
			Help: "scopes of the app's token. All processes of an app must ask for the same; otherwise Linear revokes the tokens of the others",
		},
		{
			Name: "LINEAR_REDIRECT_URI", DefaultIs: "`LINEARBOT_PUBLIC_URL` and `/linear/callback`",
			Help: "redirect URL of the OAuth app. If it is set, or `LINEARBOT_PUBLIC_URL` with `LINEAR_ENCRYPTION_KEY`, workspaces install the app at `/linear/install`",
		},
		{
			Name: "LINEAR_ENCRYPTION_KEY", Secret: true,
			Help: "keys that encrypt the tokens of installations, separated by commas; the first one encrypts, all decrypt. `linearbot keys generate` makes one",
		},
		{
			Name: "LINEAR_SCOPES", DefaultIs: "`read,write,app:assignable,app:mentionable`",
			Help: "scopes that an installation asks for",
		},
		{
			Name: "LINEARBOT_WORKSPACES", DefaultIs: "all",
			Help: "workspaces that may install the app, by id or by the part of their address after `linear.app/`, separated by commas",
		},
		{
			Name: "LINEARBOT_PLAINTEXT_TOKENS", Default: "false", parse: (*Values).parsePlaintext,
			Help: "store the tokens of installations unencrypted if no key is set",
		},
		{Name: "LINEAR_ACCESS_TOKEN", Secret: true, Help: "OAuth access token to act with instead; it is not renewed"},
		{Name: "LINEAR_API_KEY", Secret: true, Help: "personal API key to act with instead: the bot then writes as that person"},
		{
			Name: "LINEAR_WEBHOOK_SECRET", Secret: true, parse: (*Values).parseSecrets,
			Help: "signing secrets of the webhook, separated by commas; one that ends in `;until=2026-12-31` is accepted until then. Required",
		},
		{
			Name: "LINEAR_BOT_USERNAME", Flag: "name", parse: (*Values).parseName,
			Help: "a further handle that counts as a mention",
		},
		{Name: "LINEAR_MODE", Default: "both", Help: "`comments`, `agent-sessions` or `both`; what arrives as both is handled once"},
		{Name: "LINEAR_ASSIGNABLE", Default: "true", Help: "`false` leaves out the scope `app:assignable`: issues cannot be delegated to the bot"},
		{Name: "LINEAR_API_URL", DefaultIs: "`https://api.linear.app/graphql`", Help: "GraphQL endpoint; plain http only on this machine"},
		{Name: "LINEAR_OAUTH_URL", DefaultIs: "origin of `LINEAR_API_URL`", Help: "address below which the OAuth endpoints are"},
		{Name: "LINEAR_AUTHORIZE_URL", DefaultIs: "`https://linear.app/oauth/authorize`", Help: "page on which an admin approves an installation"},
		{Name: "LINEAR_UPLOADS_URL", DefaultIs: "`https://uploads.linear.app`", Help: "address below which Linear stores files"},
		{
			Name: "LINEARBOT_ADDR", Flag: "addr", Default: ":3000", parse: (*Values).parseAddr,
			Help: "address to listen on; `PORT` is read if it is not set",
		},
		{
			Name: "LINEARBOT_PUBLIC_URL", Flag: "public-url", parse: (*Values).parsePublicURL,
			Help: "where people reach the server, for example `https://bot.example.com`: buttons of cards and the answers to questions become links to it; without it they are labels",
		},
		{
			Name: "LINEARBOT_WEBHOOK_PATH", Flag: "path", Default: "/api/webhooks/linear", parse: (*Values).parsePath,
			Help: "path of the webhook",
		},
		{
			Name: "LINEARBOT_STATE", Flag: "state", Default: stateurl.Default, parse: (*Values).parseState,
			Help: "store: `memory`, `file:DIR` or `redis://host:port/db`",
		},
		{
			Name: "LINEARBOT_SECRET", Secret: true, parse: (*Values).parseIDSecret,
			DefaultIs: "random, kept in the store",
			Help:      "secret of at least 16 bytes under which the ids of writes are computed; the same for all processes of a bot",
		},
		{
			Name: "LINEARBOT_STRICT", Flag: "strict", Default: "false", parse: (*Values).parseStrict,
			Help: "refuse deliveries older than five minutes, Linear's retries after an hour among them",
		},
		{
			Name: "LINEARBOT_WORKERS", Flag: "workers", Default: "256", parse: (*Values).parseWorkers,
			Help: "most turns that run at once",
		},
		{
			Name: "LINEARBOT_LEASE_TTL", Flag: "lease", Default: "15s", parse: (*Values).parseLease,
			Help: "how long a thread stays reserved for a process that died",
		},
		{
			Name: "LINEARBOT_DRAIN_TIMEOUT", Flag: "drain", Default: "25s", parse: (*Values).parseDrain,
			Help: "how long running turns may finish after a stop; a negative time, such as `-1s`, ends them at once",
		},
		{
			Name: "LINEARBOT_MAX_BACKLOG", Flag: "backlog", Default: strconv.Itoa(defaultBacklog), parse: (*Values).parseBacklog,
			Help: "entries in the store from which deliveries are answered 503, so that Linear keeps them; -1 means no limit",
		},
		{
			Name: "LINEARBOT_METRICS_ADDR", Flag: "metrics-addr", parse: (*Values).parseMetricsAddr,
			Help: "address at which `/metrics` is served to Prometheus, without a token: give one that only the scraper reaches, such as `127.0.0.1:9090`",
		},
		{
			Name: "LINEARBOT_CATCH_UP", Default: "5m", parse: (*Values).parseCatchUp,
			Help: "how often Linear is asked for comments and sessions whose webhook did not arrive; `0` turns it off",
		},
		{
			Name: "LINEARBOT_TRACES", Default: "5000", parse: (*Values).parseTraces,
			Help: "about how many decision traces are kept of each workspace; `0` turns them off",
		},
		{
			Name: "LINEARBOT_TRACE_TTL", Default: "168h", parse: (*Values).parseTraceFor,
			Help: "how long traces are kept",
		},
		{
			Name: "LINEARBOT_TRACE_TEXT", Default: "false", parse: (*Values).parseTraceText,
			Help: "keep what people wrote in the traces, too",
		},
		{
			Name: "LINEARBOT_CLOCK", parse: (*Values).parseClock,
			Help: "for development: how far the clock of a file store is ahead, such as `0s` or `1h`. If it is set, the admin API can move it on. `dev` sets it, to skip time",
		},
		{
			Name: "LINEARBOT_ADMIN_ADDR", parse: (*Values).parseAdminAddr,
			DefaultIs: "a unix socket in the directory of a file store",
			Help:      "address of the admin API, such as `127.0.0.1:3001`; requires `LINEARBOT_ADMIN_TOKEN`. `off` turns the socket off, too",
		},
		{
			Name: "LINEARBOT_ADMIN_TOKEN", Secret: true, parse: (*Values).parseAdminToken,
			Help: "token of at least 16 bytes that opens the console at `/console/`, and the admin API at `LINEARBOT_ADMIN_ADDR`",
		},
		{
			Name: "LINEARBOT_COMMAND", DefaultIs: "none: the help is printed",
			Help: "command to run if the command line names none; `dev` sets it to `serve` for the programs that it runs",
		},
		{
			Name: "LINEARBOT_LOG_LEVEL", Flag: "log-level", Default: "info", parse: (*Values).parseLevel,
			Help: "`trace`, `debug`, `info`, `warn` or `error`",
		},
	}, ticketingRows()...)
}

// portName is read in place of LINEARBOT_ADDR, because many hosts set it.
const portName = "PORT"

func (v *Values) parseSecrets(text string) error {
	all, err := webhook.ParseSecrets(text)
	if err != nil {
		_, reason, _ := strings.Cut(err.Error(), "webhook: ")
		return errors.New("cannot be read: " + reason)
	}
	for _, s := range all {
		if s.Expires.IsZero() {
			v.Secrets = append(v.Secrets, s.Value)
		} else {
			v.Expiring = append(v.Expiring, s)
		}
	}
	if len(all) == 0 {
		return errors.New("holds no secret: copy the one that Linear shows beside the webhook")
	}
	return nil
}

func (v *Values) parseIDSecret(text string) error {
	if len(text) < 16 {
		return errors.New("is too short: give at least 16 bytes, for example from openssl rand -hex 32")
	}
	v.IDSecret = text
	return nil
}

func (v *Values) parseName(text string) error {
	v.Name = strings.TrimPrefix(text, "@")
	if v.Name == "" || strings.ContainsAny(v.Name, " \t\r\n@") {
		return fmt.Errorf("is %s: give one handle, such as helper-bot", quote(text))
	}
	return nil
}

func (v *Values) parseAddr(text string) error { return parseHostPort(&v.Addr, text) }

func (v *Values) parseMetricsAddr(text string) error { return parseHostPort(&v.MetricsAddr, text) }

func parseHostPort(to *string, text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("is %s: give host and port, such as :3000 or 127.0.0.1:3000", quote(text))
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("is %s: the port must be a number up to 65535", quote(text))
	}
	*to = net.JoinHostPort(host, port)
	return nil
}

// parsePort reads the port that a host has chosen.
func (v *Values) parsePort(text string) error {
	port := strings.TrimPrefix(text, ":")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("is %s: give a number up to 65535", quote(text))
	}
	v.Addr = ":" + port
	return nil
}

func (v *Values) parsePublicURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("must look like https://bot.example.com")
	}
	v.PublicURL = text
	return nil
}

func (v *Values) parsePath(text string) error {
	taken := []string{"/healthz", "/readyz"}
	switch {
	case text[0] != '/':
		return fmt.Errorf("is %s: it must begin with a slash", quote(text))
	case strings.ContainsAny(text, ":*?# "):
		return fmt.Errorf("is %s: give a plain path, without any of : * ? # and spaces", quote(text))
	case slices.Contains(taken, text) || strings.HasPrefix(text, adapter.ButtonPath):
		return fmt.Errorf("is %s, which the server needs itself: choose another", quote(text))
	}
	v.Path = text
	return nil
}

func (v *Values) parseState(text string) error {
	if err := stateurl.CheckURL(text); err != nil {
		return stateProblem(err)
	}
	v.State = text
	return nil
}

func (v *Values) parseStrict(text string) error { return parseBool(&v.Strict, text) }

// parsePlaintext checks the form: package workspaces reads the value.
func (*Values) parsePlaintext(text string) error { return parseBool(new(bool), text) }

func parseBool(to *bool, text string) error {
	switch strings.ToLower(text) {
	case "1", "t", "true", "yes", "on":
		*to = true
	case "0", "f", "false", "no", "off":
		*to = false
	default:
		return fmt.Errorf("is %s: use true or false", quote(text))
	}
	return nil
}

func (v *Values) parseWorkers(text string) error {
	return parseInt(&v.Workers, text, 1, 100_000)
}

// defaultBacklog is the default of LINEARBOT_MAX_BACKLOG.
const defaultBacklog = 1_000_000

func (v *Values) parseBacklog(text string) error {
	if err := parseInt(&v.Backlog, text, -1, 1_000_000_000); err != nil {
		return err
	}
	v.Backlog = cmp.Or(v.Backlog, defaultBacklog)
	return nil
}

func (v *Values) parseLease(text string) error {
	return parseDuration(&v.Lease, text, 100*time.Millisecond, time.Hour)
}

func (v *Values) parseDrain(text string) error {
	if d, err := time.ParseDuration(text); err == nil && d <= 0 {
		v.Drain = d // the bot interprets it
		return nil
	}
	return parseDuration(&v.Drain, text, time.Millisecond, 24*time.Hour)
}

func (v *Values) parseCatchUp(text string) error {
	if text == "0" || text == "0s" {
		v.CatchUp = -1
		return nil
	}
	return parseDuration(&v.CatchUp, text, time.Second, 12*time.Hour)
}

func (v *Values) parseTraces(text string) error {
	if err := parseInt(&v.Traces, text, 0, 1_000_000); err != nil {
		return err
	}
	if v.Traces == 0 {
		v.Traces = -1
	}
	return nil
}

func (v *Values) parseTraceFor(text string) error {
	return parseDuration(&v.TraceFor, text, time.Minute, 365*24*time.Hour)
}

func (v *Values) parseTraceText(text string) error { return parseBool(&v.TraceText, text) }

// MaxAhead is how far the clock of a store can be ahead. Times that are much later do
// not fit into the formats of what is stored.
const MaxAhead = 100 * 365 * 24 * time.Hour

func (v *Values) parseClock(text string) error {
	err := parseDuration(&v.Ahead, text, 0, MaxAhead)
	v.MovableClock = err == nil
	return err
}

func (v *Values) parseAdminAddr(text string) error {
	if text == "off" {
		v.AdminAddr = text
		return nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("is %s: give host and port, such as 127.0.0.1:3001, or off", quote(text))
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("is %s: the port must be a number up to 65535", quote(text))
	}
	v.AdminAddr = net.JoinHostPort(host, port)
	return nil
}

func (v *Values) parseAdminToken(text string) error {
	if len(text) < 16 {
		return errors.New("is too short: give at least 16 bytes, for example from openssl rand -hex 32")
	}
	v.AdminToken = text
	return nil
}

func (v *Values) parseLevel(text string) error {
	level, ok := map[string]zerolog.Level{
		"trace": zerolog.TraceLevel, "debug": zerolog.DebugLevel, "info": zerolog.InfoLevel,
		"warn": zerolog.WarnLevel, "warning": zerolog.WarnLevel, "error": zerolog.ErrorLevel,
	}[strings.ToLower(text)]
	if !ok {
		return fmt.Errorf("is %s: use trace, debug, info, warn or error", quote(text))
	}
	v.Level = level
	return nil
}

func parseInt(to *int, text string, least, most int) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return fmt.Errorf("is %s: give a whole number from %d to %d", quote(text), least, most)
	}
	*to = n
	return nil
}

func parseDuration(to *time.Duration, text string, least, most time.Duration) error {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return fmt.Errorf("is %s: give a duration as Go writes it, such as 500ms, 25s or 1m30s", quote(text))
	case d < least || d > most:
		return fmt.Errorf("is %s: give a duration from %s to %s", quote(text), short(least), short(most))
	}
	*to = d
	return nil
}

// short writes a duration without its zero parts: 24h in place of 24h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quote quotes the beginning of a value that is not secret.
func quote(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return strconv.Quote(text)
}
