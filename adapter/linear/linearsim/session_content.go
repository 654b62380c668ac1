package linearsim

import (
	"net/url"
	"slices"
	"strings"
)

// contentFields are the fields that the content of an activity may have, by its type,
// the required ones first. An app cannot create prompts.
func contentFields(typ string) (required, optional []string) {
	switch typ {
	case "thought", "elicitation", "response":
		return []string{"body"}, nil
	case "error":
		return []string{"body"}, []string{"reasonCode"}
	case "action":
		return []string{"action"}, []string{"parameter", "result"}
	default:
		return nil, nil
	}
}

// checkActivity checks what an app wants to write into a session.
func checkActivity(in args) error {
	content := in.object("content")
	typ := content.text("type")
	required, optional := contentFields(typ)
	if required == nil {
		return invalidField("content", "type", "content.type is not one that an agent can create")
	}
	for name, v := range content {
		if name == "type" {
			continue
		}
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			continue // as Linear does with what it does not know
		}
		if _, isText := v.(string); !isText && (v != nil || slices.Contains(required, name)) {
			return invalidField("content", "isString", "content."+name+" must be a string")
		}
	}
	for _, name := range required {
		if _, given := content[name]; !given {
			return invalidField("content", "isString", "content."+name+" must be a string")
		}
	}
	if strings.TrimSpace(content.text(required[0])) == "" {
		return invalidField("content", "isNotEmpty", "content."+required[0]+" should not be empty")
	}
	if in.flag("ephemeral") && typ != "thought" && typ != "action" {
		return invalidArgument("only thoughts and actions can be ephemeral")
	}
	return checkSignal(typ, in)
}

// checkSignal checks the signal of an activity and what belongs to it.
func checkSignal(typ string, in args) error {
	signal := in.text("signal")
	meta := in.object("signalMetadata")
	switch signal {
	case "":
		return nil
	case "select":
		if typ != "elicitation" {
			return invalidField("signal", "isIn", "signal "+signal+" is only valid for elicitations")
		}
		options := meta.list("options")
		if len(options) == 0 {
			return invalidField("signalMetadata", "isNotEmpty", "signalMetadata.options should not be empty")
		}
		for _, o := range options {
			if asArgs(o).text("value") == "" {
				return invalidField("signalMetadata", "isNotEmpty", "signalMetadata.options.value should not be empty")
			}
		}
		return nil
	case "auth":
		if typ != "elicitation" {
			return invalidField("signal", "isIn", "signal "+signal+" is only valid for elicitations")
		}
		if !isWebURL(meta.text("url")) {
			return invalidField("signalMetadata", "isUrl", "signalMetadata.url must be a URL address")
		}
		return nil
	default:
		return invalidField("signal", "isIn", "signal "+signal+" cannot be sent by an agent")
	}
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// checkPlan checks the plan of a session, which may be null.
func checkPlan(in args) error {
	if in["plan"] == nil {
		return nil
	}
	for _, raw := range in.list("plan") {
		step := asArgs(raw)
		if strings.TrimSpace(step.text("content")) == "" {
			return invalidField("plan", "isNotEmpty", "plan.content should not be empty")
		}
		switch step.text("status") {
		case "pending", "inProgress", "completed", "canceled":
		default:
			return invalidField("plan", "isIn", "plan.status must be one of pending, inProgress, completed, canceled")
		}
	}
	return nil
}

// checkLinks checks links of a session.
func checkLinks(links []any) error {
	for _, raw := range links {
		link := asArgs(raw)
		if strings.TrimSpace(link.text("label")) == "" {
			return invalidField("externalUrls", "isNotEmpty", "externalUrls.label should not be empty")
		}
		if !isWebURL(link.text("url")) {
			return invalidField("externalUrls", "isUrl", "externalUrls.url must be a URL address")
		}
	}
	return nil
}
