package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state/stateurl"
)

// ticketingRows returns the variables of the ticketing API. Package ticketing
// reads all but the first.
func ticketingRows() []Setting {
	return []Setting{
		{
			Name: "LINEARBOT_TICKETING", Default: "false", parse: (*Values).parseTicketing,
			Help: "serve the ticketing API, with a store of its own; the variables below are for it",
		},
		{
			Name: "LINEARBOT_TICKETING_PREFIX", Default: "/ticketing", parse: (*Values).parseTicketingPrefix,
			Help: "path below which the API is",
		},
		{
			Name: "LINEARBOT_TICKETING_STATE", Default: "file:linearbot.tickets", parse: (*Values).parseTicketingState,
			Help: "store of the API: `file:DIR` or `redis://host:port/db`, not that of the bot; `?prefix=NAME` separates them in one database or Cluster",
		},
		{
			Name: "LINEARBOT_TICKETING_ACCOUNTS",
			Help: "account of the helpdesk that each workspace belongs to, by id or URL key: `acme=1,globex=2`; a workspace that is missing then belongs to none of them",
		},
		{
			Name: "LINEARBOT_TICKETING_DEFAULT",
			Help: "id or URL key of the workspace that is used if a request names none and there are several",
		},
		{
			Name: "LINEARBOT_HELPDESK_URL",
			Help: "address of a conversation in the helpdesk: `https://desk.example.com/app/accounts/{account}/conversations/{conversation}`",
		},
		{
			Name: "LINEARBOT_HELPDESK_FORMER_URLS",
			Help: "earlier values, separated by commas, whose links are still found",
		},
		{
			Name: "LINEARBOT_HELPDESK_WORDING", Default: "passive",
			Help: "`passive` (Linear issue ENG-12 was created by Ada) or `short` (Created Linear issue ENG-12)",
		},
		{
			Name: "LINEARBOT_HELPDESK_ENVELOPE", Default: "bare",
			Help: "`data` wraps the answers for a dashboard in an object with that key",
		},
		{
			Name: "LINEARBOT_CHATWOOT_URL",
			Help: "Chatwoot that vouches for the sessions of its users",
		},
		{
			Name: "LINEARBOT_CHATWOOT_TOKEN", Secret: true,
			Help: "access token of that Chatwoot, to write activities there as private notes",
		},
	}
}

func (v *Values) parseTicketing(text string) error {
	var as Values
	err := as.parseStrict(text) // the same words
	v.Ticketing = as.Strict
	return err
}

// parseTicketingPrefix checks the form: package ticketing reads the value.
func (*Values) parseTicketingPrefix(text string) error {
	below := strings.TrimRight(text, "/") + "/"
	switch {
	case text[0] != '/':
		return fmt.Errorf("is %s: it must begin with a slash", quote(text))
	case strings.ContainsAny(text, ":*?#%{} "):
		return fmt.Errorf("is %s: give a plain path, without any of : * ? # %% { } and spaces", quote(text))
	case below == "/" || below == "/healthz/" || below == "/readyz/" || strings.HasPrefix(below, adapter.ButtonPath):
		return fmt.Errorf("is %s, which the server needs itself: choose another, such as /ticketing", quote(text))
	}
	return nil
}

// parseTicketingState checks the form: package ticketing reads the value.
func (*Values) parseTicketingState(text string) error {
	if err := stateurl.CheckURL(text); err != nil {
		return stateProblem(err)
	}
	if text == "memory" {
		return errors.New("is memory, which would forget the tokens that open the API: give file:DIR or redis://host:port/db")
	}
	return nil
}
