// Package logkeys is the table of the keys that log lines have. Every line of the
// bot uses these keys only, which a test checks, so that one query finds all lines
// about a delivery, a thread or a workspace, whichever package wrote them.
package logkeys

import (
	"fmt"
	"strings"
)

// Row describes a key.
type Row struct {
	Key     string
	Meaning string
}

// Table returns all keys, the most useful first.
func Table() []Row {
	return []Row{
		{"time", "when the line was written"},
		{"level", "`trace`, `debug`, `info`, `warn` or `error`"},
		{"message", "what happened, as a sentence; `warn` and `error` say what to do"},
		{"error", "the cause"},
		{"trace", "id of the delivery's trace, which `explain` takes: the hash of the signed body. Also the id of its entry in the store, and the beginning of the trace id in OpenTelemetry"},
		{"delivery", "Linear's `Linear-Delivery` header. It is not signed"},
		{"thread", "id of the conversation, `linear:…`"},
		{"workspace", "id of the Linear organization"},
		{"event_key", "key of the event: type, action, entity and version. Two deliveries of one occurrence have the same"},
		{"type", "Linear's type and action of the event: `Comment create`"},
		{"event", "Linear's `Linear-Event` header. It is not signed"},
		{"reason", "why an event was ignored or a request refused: a code of the table of reasons"},
		{"code", "why a turn failed, in a word: `panic`, `permanent`, `rate_limited`, …"},
		{"reference", "the beginning of a dead letter's id, as people get it in the bot's apology"},
		{"handler", "the handler that ran, such as `mention/0`"},
		{"mention_rule", "the rule by which a message counts as a mention"},
		{"attempt", "which run of the turn it is, from 1 on"},
		{"aside", "whether the rest of the thread continues while the turn waits"},
		{"wait_ms", "how long a turn waits until it is tried again, in milliseconds"},
		{"took_ms", "how long something took, in milliseconds"},
		{"depth", "entries in the lane of the thread"},
		{"outcome", "what the store did with a delivery: `added`, `duplicate` or `busy`"},
		{"missing", "what a signed delivery lacks"},
		{"synced_with", "services that a thread is synced with"},
		{"user", "id of a person or an app in Linear"},
		{"stack", "stack of a panic"},
		{"age", "age of a delivery by its signed time, in milliseconds"},
		{"limit", "size that a body went over, in bytes"},
		{"addr", "address that is listened on"},
		{"client", "address that a request came from"},
		{"path", "path of a request that leads nowhere, or of a file"},
		{"right_path", "path of the webhook"},
		{"times", "how often it happened since the last such line"},
		{"secret", "name of a signing secret: a hash, which does not reveal it"},
		{"position", "its position in `LINEAR_WEBHOOK_SECRET`, from 1 on"},
		{"check", "readiness check that fails or has recovered"},
		{"name", "name of a variable or of a workspace"},
		{"value", "value of a variable; `[redacted]` if it may be secret"},
		{"scopes", "scopes that tokens are asked for"},
		{"url", "address of a page of this server"},
		{"active", "installations that work"},
		{"needs_reauth", "installations that an admin has to renew"},
		{"turns", "turns that still run"},
		{"running", "at most 20 of them, the oldest first: the issue, for how long, and the thread"},
		{"drain_timeout", "how long they may, in milliseconds"},
		{"since", "time from which missed messages are looked for"},
		{"from", "beginning of a period that is searched again"},
		{"to", "end of that period"},
		{"messages", "messages that were found"},
		{"until", "time up to which missed messages were looked for"},
		{"letters", "dead letters that were changed by hand"},
		{"post", "id of a scheduled post"},
		{"page", "page of the console"},
		{"issue", "short name of an issue, in lines of the ticketing API"},
		{"kind", "kind of work, in lines of the ticketing API"},
		{"operation", "operation of the ticketing API"},
		{"request_id", "id of a request to the ticketing API, as in its answer"},
		{"status", "HTTP status of its answer"},
		{"cause", "cause of an error of the ticketing API"},
		{"webhook", "id of an outgoing webhook of the ticketing API"},
	}
}

// Markdown returns the table for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| log key | meaning |\n|---|---|\n")
	for _, r := range Table() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.Key, r.Meaning)
	}
	return b.String()
}
