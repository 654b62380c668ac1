package settings

import (
	"errors"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state/stateurl"
	"github.com/linearbot/linearbot/webhook"
)

// Values is a configuration as the table reads it: what is set, and the defaults
// for everything else. Fields without a default are empty if unset.
type Values struct {
	// Secrets are the signing secrets of the webhook.
	Secrets []string
	// IDSecret is the secret from which the ids of writes are computed.
	IDSecret string
	// Expiring are those of them that are accepted until a time.
	Expiring []webhook.Secret
	// Name is an additional handle of the bot.
	Name string
	// Addr is the address to listen on, and Path the path of the webhook.
	Addr, Path string
	// PublicURL is the address at which people reach the server.
	PublicURL string
	// State is the address of the store.
	State string
	// Strict refuses late deliveries.
	Strict bool
	// Workers is the maximum number of concurrent turns.
	Workers int
	// Lease and Drain are the lease's lifetime and the time to finish. A negative
	// Drain means none.
	Lease, Drain time.Duration
	// Backlog is the limit of the store; negative means none.
	Backlog int
	// MetricsAddr is the address at which metrics are served. Empty means none.
	MetricsAddr string
	// Level is the lowest level that is logged.
	Level zerolog.Level
	// MovableClock says that the clock of the store can be moved on, and Ahead how
	// far it is ahead at the start.
	MovableClock bool
	Ahead        time.Duration
	// Traces is how many traces are kept of each workspace, TraceFor for how long,
	// and TraceText says whether they hold what people wrote. None are kept if
	// Traces is negative.
	Traces    int
	TraceFor  time.Duration
	TraceText bool
	// CatchUp is how often messages are looked for whose webhook did not arrive.
	// None are looked for if it is negative.
	CatchUp time.Duration
	// AdminAddr is where the admin API listens, and AdminToken opens it.
	AdminAddr, AdminToken string
	// Ticketing enables the ticketing API.
	Ticketing bool

	table []Setting
	set   map[string]source // by the name of the setting
}

// source is a value that was set, and what set it.
type source struct{ name, text string }

// Read reads the table: flags, by flag name, first, then environ, whose entries
// are "NAME=value" as those of os.Environ, then the defaults. A blank value
// counts as not set. The problems are those of single values; what is required
// is for the caller to say, who may have it from elsewhere. Values is complete
// even if there are problems, with the defaults in place of what is wrong.
func Read(environ []string, flags map[string]string) (*Values, []Problem) {
	env := make(map[string]string, len(environ))
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = strings.TrimSpace(value)
	}
	v := &Values{table: Table(), set: make(map[string]source)}
	var problems []Problem
	for _, s := range v.table {
		if s.parse != nil && s.Default != "" {
			_ = s.parse(v, s.Default) // a test reads every default
		}
		from, ok := s.find(env, flags)
		if s.Name == "LINEARBOT_ADDR" && !ok {
			if port := env[portName]; port != "" {
				if err := v.parsePort(port); err != nil {
					problems = append(problems, Problem{Name: portName, Reason: err.Error()})
				}
				v.set[s.Name] = source{portName, port}
			}
		}
		if !ok {
			continue
		}
		v.set[s.Name] = from
		if s.parse == nil {
			continue
		}
		if err := s.parse(v, from.text); err != nil {
			problems = append(problems, Problem{Name: from.name, Reason: err.Error()})
		}
	}
	return v, problems
}

// find returns the source that sets s, if any.
func (s *Setting) find(env, flags map[string]string) (source, bool) {
	if text := strings.TrimSpace(flags[s.Flag]); s.Flag != "" && text != "" {
		return source{"--" + s.Flag, text}, true
	}
	for _, name := range append([]string{s.Name}, s.Also...) {
		if text := env[name]; text != "" {
			return source{name, text}, true
		}
	}
	return source{}, false
}

// IsSet reports whether a variable was set, by whatever name, or its flag.
func (v *Values) IsSet(name string) bool {
	_, ok := v.set[name]
	return ok
}

// Source returns what set a variable: its name, another name of it or a flag. It
// returns the name itself if the variable is unset.
func (v *Values) Source(name string) string {
	if s, ok := v.set[name]; ok {
		return s.name
	}
	return name
}

// Lookup returns the text that a variable was set to, or "". Package linear reads
// its part of the table with it.
func (v *Values) Lookup(name string) string { return v.set[name].text }

// Each calls f for everything that was set, in the order of the table, with
// values redacted by Show.
func (v *Values) Each(f func(name, shown string)) {
	for _, s := range v.table {
		if from, ok := v.set[s.Name]; ok {
			f(from.name, s.Show(from.text))
		}
	}
}

// Show returns a value of s that is safe to show: secrets, and addresses that may
// contain one in a password or a query, are replaced by "[redacted]".
func (s *Setting) Show(value string) string {
	if value != "" && (s.Secret || strings.ContainsAny(value, "@?#")) {
		return wording.Redacted
	}
	return value
}

// stateProblem turns an error about the address of a store into one that
// continues a sentence.
func stateProblem(err error) error {
	if bad, ok := errors.AsType[*stateurl.AddressError](err); ok {
		return errors.New(bad.Reason)
	}
	return err
}
