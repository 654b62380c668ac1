package linearsim

import (
	"net/http"
	"slices"
	"strings"
)

func (reg *Registration) typename() string { return "Webhook" }

func (reg *Registration) field(_ *request, name string, _ args) (any, error) {
	switch name {
	case "id":
		return reg.ID, nil
	case "url":
		if reg.app != nil {
			return nil, nil // as Linear has it for the webhooks of apps
		}
		return reg.URL, nil
	case "secret":
		return reg.Secret, nil
	case "enabled":
		return reg.enabled, nil
	case "failures":
		return reg.failures(), nil
	case "label":
		return opt(reg.label), nil
	case "resourceTypes":
		return reg.types, nil
	case "allPublicTeams":
		return reg.team == nil, nil
	case "team":
		return reg.team, nil
	case "creator":
		return reg.creator, nil
	case "createdAt":
		return reg.createdAt, nil
	case "updatedAt":
		return reg.updatedAt, nil
	}
	return nil, noField("Webhook", name)
}

// failures are the newest 50 attempts that failed.
func (reg *Registration) failures() []payload {
	out := []payload{}
	for _, d := range slices.Backward(reg.ws.srv.deliveries) {
		if d.reg != reg {
			continue
		}
		for _, a := range slices.Backward(d.attempts) {
			if a.Status == http.StatusOK {
				continue
			}
			text := a.Answer
			if a.Err != "" {
				text = a.Err
			}
			var status any
			if a.Status != 0 {
				status = a.Status
			}
			out = append(out, payload{"WebhookFailureEvent", map[string]any{
				"id": derivedID(d.id, a.At.String()), "executionId": d.id, "httpStatus": status, "responseOrError": text, "url": reg.URL,
				"createdAt": a.At, "webhook": reg,
			}})
			if len(out) == 50 {
				return out
			}
		}
	}
	return out
}

// admin refuses callers that may not manage webhooks: people who are not admins,
// and apps without the scope admin.
func (r *request) admin() error {
	if r.srv.cfg.AnyScope {
		return nil
	}
	if r.token.key && !r.user.Admin {
		return forbidden("Only admins can manage webhooks")
	}
	if !r.token.key && !r.token.has("admin") {
		return forbidden("Invalid scope: `admin` required")
	}
	return nil
}

func (r *request) findWebhook(id string) (*Registration, error) {
	if err := r.admin(); err != nil {
		return nil, err
	}
	reg, ok := byID(r.ws.registrations, id, func(reg *Registration) string { return reg.ID })
	if !ok {
		return nil, notFound("Webhook")
	}
	return reg, nil
}

func webhookQueries() map[string]operation {
	return map[string]operation{
		"webhook": func(r *request, a args) (any, error) { return found(r.findWebhook(a.text("id"))) },
		"webhooks": func(r *request, a args) (any, error) {
			if err := r.admin(); err != nil {
				return nil, err
			}
			return page(r, "Webhook", a, r.ws.registrations, nil)
		},
	}
}

func webhookMutations() map[string]operation {
	return map[string]operation{
		"webhookCreate": createWebhook,
		"webhookUpdate": func(r *request, a args) (any, error) {
			reg, err := r.findWebhook(a.text("id"))
			if err != nil {
				return nil, err
			}
			in := a.object("input")
			if in.set("url") {
				reg.URL = in.text("url")
			}
			if in.set("secret") {
				reg.Secret = in.text("secret")
			}
			if in.has("label") {
				reg.label = in.text("label")
			}
			if in.set("enabled") {
				reg.enabled, reg.failed = in.flag("enabled"), 0
			}
			if in.set("resourceTypes") {
				reg.types = in.texts("resourceTypes")
			}
			reg.updatedAt = r.srv.now()
			return r.done("WebhookPayload", "webhook", reg), nil
		},
		"webhookDelete": func(r *request, a args) (any, error) {
			reg, err := r.findWebhook(a.text("id"))
			if err != nil {
				return nil, err
			}
			reg.enabled = false
			r.ws.registrations = slices.DeleteFunc(slices.Clone(r.ws.registrations), func(v *Registration) bool { return v == reg })
			r.srv.drop(reg)
			return r.done("DeletePayload", "entityId", reg.ID), nil
		},
		"webhookRotateSecret": func(r *request, a args) (any, error) {
			reg, err := r.findWebhook(a.text("id"))
			if err != nil {
				return nil, err
			}
			reg.Secret = "lin_wh_" + r.srv.secret(16)
			return r.done("WebhookRotateSecretPayload", "secret", reg.Secret), nil
		},
	}
}

func createWebhook(r *request, a args) (any, error) {
	if err := r.admin(); err != nil {
		return nil, err
	}
	in := a.object("input")
	id, err := r.srv.claim("Webhook", in)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.text("url"), "http://") && !strings.HasPrefix(in.text("url"), "https://") {
		return nil, invalidField("url", "isUrl", "url must be a URL address")
	}
	for _, typ := range in.texts("resourceTypes") {
		if r.srv.schema.Types["WebhookResourceType"].EnumValues.ForName(typ) == nil {
			return nil, invalidField("resourceTypes", "isEnum", "each value in resourceTypes must be a valid webhook resource type")
		}
	}
	if !in.set("teamId") && !in.flag("allPublicTeams") {
		return nil, invalidArgument("teamId or allPublicTeams must be defined")
	}
	var team *Team
	if in.set("teamId") {
		if team, err = r.ws.findTeam(in.text("teamId")); err != nil {
			return nil, err
		}
	}
	reg := r.ws.register(Webhook{URL: in.text("url"), Secret: in.text("secret"), ResourceTypes: in.texts("resourceTypes")}, nil)
	r.srv.take("Webhook", id)
	reg.ID, reg.team, reg.creator, reg.label, reg.enabled = id, team, r.user, in.text("label"), !in.set("enabled") || in.flag("enabled")
	return r.done("WebhookPayload", "webhook", reg), nil
}
