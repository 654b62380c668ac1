package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/loopback"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/roundtrip"
	"github.com/linearbot/linearbot/internal/wording"
)

// hook is a webhook as Linear shows it to admins.
type hook struct {
	URL           string   `json:"url"`
	Enabled       bool     `json:"enabled"`
	Label         string   `json:"label"`
	Secret        string   `json:"secret"`
	ResourceTypes []string `json:"resourceTypes"`
}

// readWebhooks reads the webhooks of the workspace. Only admins and tokens with the
// scope admin may, so a refusal is not a finding.
func (e *exam) readWebhooks(ctx context.Context, api *linearapi.Client) {
	raw, err := api.Raw(ctx, linearapi.RawRequest{
		Name: "doctorWebhooks", Repeatable: true,
		Query: "query doctorWebhooks { webhooks(first: 100) { nodes { url enabled label secret resourceTypes } } }",
	})
	if err != nil {
		return
	}
	var data struct {
		Webhooks struct {
			Nodes []hook `json:"nodes"`
		} `json:"webhooks"`
	}
	if json.Unmarshal(raw, &data) == nil {
		e.webhooks = data.Webhooks.Nodes
	}
}

// hookURL is the public address of the webhook, or "".
func (e *exam) hookURL() string {
	if e.PublicURL == "" {
		return ""
	}
	return strings.TrimRight(e.PublicURL, "/") + e.Path
}

// publicURL posts to the public address, and looks whether that arrives.
func (e *exam) publicURL(ctx context.Context) {
	if len(e.Secrets) == 0 {
		return // the configuration has a finding about it
	}
	if e.PublicURL == "" {
		e.add(Note, "address", "LINEARBOT_PUBLIC_URL is not set, so doctor cannot test whether Linear reaches the bot",
			"Set it to the https address of the server, such as https://bot.example.com")
		return
	}
	if u, err := url.Parse(e.PublicURL); err == nil && u.Scheme == "http" && !loopback.Host(u.Hostname()) {
		e.add(Error, "address", e.PublicURL+" is plain http, and Linear posts to https only", "Put a proxy or tunnel with TLS in front, and set LINEARBOT_PUBLIC_URL to its https address")
	}
	trip := roundtrip.Trip{URL: e.hookURL(), Secret: e.Secrets[0], Addr: e.Addr, Path: e.Path, HTTPClient: e.HTTPClient}
	running, err := trip.Check(ctx)
	if wrong, ok := errors.AsType[*roundtrip.Error](err); ok {
		if wrong.Alone && e.running == nil {
			e.down = true
			e.add(Error, "server", "nothing listens on "+e.Addr+": the bot is not running", "Start it, and see whether that was all: run doctor again")
		}
		text := wrong.Text
		if wrong.Err != nil {
			text += ": " + wrong.Err.Error()
		}
		e.add(Error, "address", text, wrong.Fix)
		return
	}
	if err != nil {
		e.add(Note, "address", "the public address could not be tested: "+err.Error(), "")
		return
	}
	by := "; doctor itself answered, as the bot is not running"
	if running || e.running != nil {
		e.proven = true
		by = " at the running bot, which has the same signing secret"
	}
	e.add(OK, "address", "a signed delivery to "+trip.URL+" arrives"+by, "")
}

// secret looks for a proof that Linear signs with the secret that is configured.
func (e *exam) secret(context.Context) {
	if len(e.Secrets) == 0 {
		return
	}
	const check, fix = "secret", "Copy the signing secret that Linear shows next to the webhook into LINEAR_WEBHOOK_SECRET"
	if found := e.ourHooks(); len(found) > 0 {
		for _, h := range found {
			switch {
			case !h.Enabled:
				e.add(Error, "webhook", "the webhook "+cmp.Or(h.Label, h.URL)+" is disabled in Linear, which Linear does after many failed deliveries",
					"Enable it again under Settings → API in Linear, and check there why its deliveries failed")
			case h.Secret != "" && !slices.Contains(e.Secrets, h.Secret):
				e.add(Error, check, "the signing secret of the webhook in Linear is not in LINEAR_WEBHOOK_SECRET, so every delivery is refused", fix)
			default:
				e.add(OK, "webhook", "the webhook is enabled in Linear and uses the configured signing secret", "")
			}
			e.subscribed(h)
		}
		return
	}
	if e.webhooks != nil && e.PublicURL != "" && !slices.ContainsFunc(e.webhooks, func(h hook) bool { return h.URL == "" }) {
		e.add(Error, "webhook", "no webhook in Linear leads to "+e.hookURL(), "Create one under Settings → API in Linear, or correct the address of the one that is there")
		return
	}
	if e.running == nil {
		e.add(Note, check, "the signing secret is not proven yet: that takes a delivery from Linear to the running bot",
			"Start the bot, mention it in Linear, and run doctor again")
		return
	}
	arrived := e.arrived()
	switch wrong := e.running.Intake.Refused[reason.BadSignature] + e.running.Intake.Refused[reason.SecretExpired]; {
	case arrived == 0 && wrong > 0:
		e.add(Error, check, wording.Count(wrong, "delivery arrived, and its signature was wrong", "deliveries arrived, and the signatures of all of them were wrong"), fix)
	case arrived == 0:
		e.add(Note, check, "no delivery has arrived since the bot started, so the signing secret is not proven yet", "Mention the bot in Linear, and run doctor again")
	case wrong > 0:
		e.add(Warning, check, "Linear uses the configured signing secret, but "+wording.Count(wrong, "other delivery had a wrong signature", "other deliveries had a wrong signature"),
			"Either another webhook posts to this address, or the secret was changed: add the other secret to LINEAR_WEBHOOK_SECRET, after a comma")
	default:
		e.add(OK, check, wording.Count(arrived, "delivery was", "deliveries were")+" signed with a configured secret", "")
	}
}

// arrived is how many authentic deliveries the running server has received, round
// trips like that of this package not counted.
func (e *exam) arrived() int64 {
	n := int64(0)
	for _, t := range e.running.Traffic {
		if t.Type != roundtrip.Type {
			n += t.Count
		}
	}
	return n
}

// ourHooks are the readable webhooks that lead to this bot.
func (e *exam) ourHooks() []hook {
	var found []hook
	for _, h := range e.webhooks {
		if h.URL != "" && h.URL == e.hookURL() {
			found = append(found, h)
		}
	}
	return found
}

// needed are the types of event that the mode needs.
func (e *exam) needed() (must, should []string) {
	switch e.Mode {
	case linear.ModeComments:
		return []string{"Comment"}, []string{"Reaction", "Issue"}
	case linear.ModeSessions:
		return []string{"AgentSessionEvent"}, nil
	default:
		return []string{"Comment"}, []string{"AgentSessionEvent", "Reaction", "Issue"}
	}
}

// subscribed compares what a webhook sends with what the mode needs.
func (e *exam) subscribed(h hook) {
	must, should := e.needed()
	lacks := func(all []string) (missing []string) {
		for _, t := range all {
			if len(h.ResourceTypes) > 0 && !slices.Contains(h.ResourceTypes, t) {
				missing = append(missing, t)
			}
		}
		return missing
	}
	const fix = "Turn these events on in the settings of the webhook in Linear"
	switch missing, more := lacks(must), lacks(should); {
	case len(missing) > 0:
		e.add(Error, "events", "the webhook does not send "+strings.Join(missing, " and ")+", so the bot gets no messages", fix)
	case len(more) > 0 && !slices.Equal(more, []string{"AgentSessionEvent"}): // only apps have those
		e.add(Note, "events", "the webhook does not send "+strings.Join(more, ", ")+": handlers of those do not run", fix+", if the bot uses them")
	default:
		e.add(OK, "events", "the webhook sends what the mode needs", "")
	}
}

// foreign looks for deliveries of a workspace that the credentials do not belong to.
func (e *exam) foreign(context.Context) {
	if e.running == nil {
		return
	}
	if n := e.running.Counts["ignored:"+reason.OtherWorkspace]; n > 0 {
		e.add(Error, "workspace", "deliveries came from another workspace than the one that the bot's credentials belong to; "+wording.Count(n, "was ignored", "were ignored"),
			reason.Of(reason.OtherWorkspace).Do)
	}
}

// enoughTraffic is how many deliveries say something about what is missing.
const enoughTraffic = 20

// traffic compares the types of events that have arrived with what the mode needs.
func (e *exam) traffic(context.Context) {
	if e.running == nil || len(e.ourHooks()) > 0 {
		return
	}
	seen, total := make(map[string]int64), e.arrived()
	for _, t := range e.running.Traffic {
		if t.Type != roundtrip.Type {
			seen[t.Type] += t.Count
		}
	}
	if total == 0 {
		return // the secret has a finding about it
	}
	must, should := e.needed()
	const fix = "Turn these events on in the settings of the app's webhook in Linear"
	for _, t := range must {
		if seen[t] == 0 {
			level := Warning
			if total >= enoughTraffic {
				level = Error
			}
			e.add(level, "events", fmt.Sprintf("%s arrived, but no %s, which the bot needs", wording.Count(total, "delivery has", "deliveries have"), t), fix)
			return
		}
	}
	if slices.Contains(should, "AgentSessionEvent") && seen["AgentSessionEvent"] == 0 && total >= enoughTraffic {
		e.add(Warning, "events", wording.Count(total, "delivery has", "deliveries have")+" arrived, but no AgentSessionEvent: the bot is not shown as an agent",
			fix+": Agent session events. If that is meant, set LINEAR_MODE=comments")
		return
	}
	var names []string
	for name, n := range seen {
		names = append(names, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(names)
	e.add(OK, "events", "arrived since the start: "+strings.Join(names, ", "), "")
}
