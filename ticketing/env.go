package ticketing

import (
	"errors"
	"os"
	"strings"
)

// The variables that [ConfigFromEnv] reads.
const (
	envPrefix      = "LINEARBOT_TICKETING_PREFIX"
	envState       = "LINEARBOT_TICKETING_STATE"
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

// StateFromEnv returns the address of the store, for stateurl.Open.
func StateFromEnv() string {
	if s := os.Getenv(envState); s != "" {
		return s
	}
	return DefaultState
}

// ConfigFromEnv returns what the environment says about the API. Connections,
// Store and Logger are the caller's. The variables are in the README. It fails
// if one of them makes no sense.
func ConfigFromEnv() (Config, error) {
	cfg := Config{
		Prefix: os.Getenv(envPrefix),
		Helpdesk: Helpdesk{
			ConversationURL: os.Getenv(envDeskURL),
			Wording:         Wording(os.Getenv(envWording)),
		},
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "/ticketing"
	}
	for u := range strings.FieldsSeq(strings.ReplaceAll(os.Getenv(envFormerURLs), ",", " ")) {
		cfg.Helpdesk.FormerURLs = append(cfg.Helpdesk.FormerURLs, u)
	}
	switch v := os.Getenv(envEnvelope); v {
	case "", "bare":
	case "data":
		cfg.Helpdesk.Envelope = true
	default:
		return Config{}, errors.New(envEnvelope + " must be bare or data")
	}
	if u := os.Getenv(envChatwootURL); u != "" {
		w, err := NewChatwoot(ChatwootConfig{URL: u, Token: os.Getenv(envChatwootKey)})
		if err != nil {
			return Config{}, errors.New(envChatwootURL + " must be an http or https address without user name and password")
		}
		cfg.Helpdesk.Sessions = w
		if os.Getenv(envChatwootKey) != "" {
			cfg.Helpdesk.Sink = w
		}
	}
	return cfg, cfg.Helpdesk.check()
}
