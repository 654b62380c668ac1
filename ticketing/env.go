package ticketing

import (
	"cmp"
	"errors"
	"strings"
)

// The variables that [ConfigFrom] and [StateFrom] read.
const (
	envPrefix      = "LINEARBOT_TICKETING_PREFIX"
	envState       = "LINEARBOT_TICKETING_STATE"
	envAccounts    = "LINEARBOT_TICKETING_ACCOUNTS"
	envDefault     = "LINEARBOT_TICKETING_DEFAULT"
	envDeskURL     = "LINEARBOT_HELPDESK_URL"
	envFormerURLs  = "LINEARBOT_HELPDESK_FORMER_URLS"
	envWording     = "LINEARBOT_HELPDESK_WORDING"
	envEnvelope    = "LINEARBOT_HELPDESK_ENVELOPE"
	envChatwootURL = "LINEARBOT_CHATWOOT_URL"
	envChatwootKey = "LINEARBOT_CHATWOOT_TOKEN"
)

// DefaultState is where tokens, links and outgoing deliveries are kept, unless
// LINEARBOT_TICKETING_STATE says otherwise.
const DefaultState = "file:linearbot.tickets"

// DefaultPrefix is where the API is, unless LINEARBOT_TICKETING_PREFIX says
// otherwise.
const DefaultPrefix = "/ticketing"

// StateFrom returns the address of the store, for stateurl.Open. lookup returns
// the value of a variable, or "" if it is not set, as [os.Getenv] does.
func StateFrom(lookup func(name string) string) string {
	return cmp.Or(lookup(envState), DefaultState)
}

// ConfigFrom returns what the environment says about the API. Connections,
// Store and Logger are the caller's. The variables are in the README. lookup
// returns the value of a variable, or "" if it is not set. The error joins
// everything that is invalid; each part begins with the name of a variable.
func ConfigFrom(lookup func(name string) string) (Config, error) {
	var problems []error
	wrong := func(name, reason string) { problems = append(problems, errors.New(name+" "+reason)) }
	cfg := Config{
		Prefix:   cmp.Or(lookup(envPrefix), DefaultPrefix),
		Default:  lookup(envDefault),
		Helpdesk: Helpdesk{ConversationURL: lookup(envDeskURL), Wording: Wording(lookup(envWording))},
	}
	if cfg.Prefix[0] != '/' {
		wrong(envPrefix, "must begin with a slash")
	}
	for pair := range strings.FieldsSeq(strings.ReplaceAll(lookup(envAccounts), ",", " ")) {
		workspace, account, ok := strings.Cut(pair, "=")
		if !ok || workspace == "" || account == "" || len(account) > 100 {
			wrong(envAccounts, "must be pairs such as acme=1,globex=2: the id or the URL key of a workspace, and an account of the helpdesk")
			break
		}
		if cfg.Accounts == nil {
			cfg.Accounts = map[string]string{}
		}
		if _, twice := cfg.Accounts[workspace]; twice {
			wrong(envAccounts, "names a workspace twice: one belongs to one account")
			break
		}
		cfg.Accounts[workspace] = account
	}
	for u := range strings.FieldsSeq(strings.ReplaceAll(lookup(envFormerURLs), ",", " ")) {
		cfg.Helpdesk.FormerURLs = append(cfg.Helpdesk.FormerURLs, u)
	}
	const address = "must be an http or https address with {conversation} and, if there are several accounts, {account}"
	if (&Helpdesk{ConversationURL: cfg.Helpdesk.ConversationURL}).check() != nil {
		wrong(envDeskURL, address)
	}
	if (&Helpdesk{FormerURLs: cfg.Helpdesk.FormerURLs}).check() != nil {
		wrong(envFormerURLs, "holds something that is not the address of a conversation: each "+address)
	}
	if (&Helpdesk{Wording: cfg.Helpdesk.Wording}).check() != nil {
		wrong(envWording, "must be passive or short")
	}
	switch lookup(envEnvelope) {
	case "", "bare":
	case "data":
		cfg.Helpdesk.Envelope = true
	default:
		wrong(envEnvelope, "must be bare or data")
	}
	switch u, key := lookup(envChatwootURL), lookup(envChatwootKey); {
	case u != "":
		w, err := NewChatwoot(ChatwootConfig{URL: u, Token: key})
		if err != nil {
			wrong(envChatwootURL, "must be an http or https address without user name and password")
			break
		}
		cfg.Helpdesk.Sessions = w
		if key != "" {
			cfg.Helpdesk.Sink = w
		}
	case key != "":
		wrong(envChatwootKey, "needs "+envChatwootURL)
	}
	if len(problems) > 0 {
		return Config{}, errors.Join(problems...)
	}
	return cfg, nil
}
