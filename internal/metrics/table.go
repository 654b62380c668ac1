package metrics

import (
	"fmt"
	"strings"
)

// Kind is what sort of number a metric is.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Row describes one metric.
type Row struct {
	Name   string
	Kind   Kind
	Labels []string
	Help   string
}

// The names of the metrics.
const (
	buildInfo = "linearbot_build_info"

	webhookRequests   = "linearbot_webhook_requests_total"
	webhookRefused    = "linearbot_webhook_refused_total"
	webhookLate       = "linearbot_webhook_late_total"
	webhookDuration   = "linearbot_webhook_duration_seconds"
	webhookLast       = "linearbot_webhook_last_accepted_timestamp_seconds"
	webhookSecretUses = "linearbot_webhook_secret_matches_total"                //nolint:gosec // a name
	webhookSecretLast = "linearbot_webhook_secret_last_match_timestamp_seconds" //nolint:gosec // a name

	eventsReceived = "linearbot_events_received_total"
	eventsIgnored  = "linearbot_events_ignored_total"
	deliveries     = "linearbot_deliveries_total"
	missedWebhooks = "linearbot_missed_webhooks_total"
	turnsEnded     = "linearbot_turns_total"
	turnFailures   = "linearbot_turn_failures_total"
	turnWait       = "linearbot_turn_wait_seconds"
	turnDuration   = "linearbot_turn_duration_seconds"
	turnsRunning   = "linearbot_turns_running"
	turnsLimit     = "linearbot_turns_limit"
	replies        = "linearbot_replies_total"
	repliesDiffer  = "linearbot_replies_differing_total"

	storeUp      = "linearbot_store_up"
	storeLanes   = "linearbot_store_lanes"
	storeEntries = "linearbot_store_entries"
	storeLeased  = "linearbot_store_leased_lanes"
	storeDelayed = "linearbot_store_delayed"
	storeOldest  = "linearbot_store_oldest_entry_timestamp_seconds"
	storeDead    = "linearbot_store_dead_letters"
	storeDropped = "linearbot_store_dead_letters_dropped_total"

	linearRequests  = "linearbot_linear_requests_total"
	linearRetries   = "linearbot_linear_retries_total"
	linearDuration  = "linearbot_linear_request_duration_seconds"
	linearPoints    = "linearbot_linear_complexity_points_total"
	budgetRemaining = "linearbot_linear_budget_remaining"
	budgetLimit     = "linearbot_linear_budget_limit"
	budgetReset     = "linearbot_linear_budget_reset_timestamp_seconds"

	workspacesByStatus = "linearbot_workspaces"
	installEvents      = "linearbot_installation_events_total"

	ticketingRequests = "linearbot_ticketing_requests_total"
	ticketingDuration = "linearbot_ticketing_request_duration_seconds"
)

// Table returns all metrics of this package, in the order of the documentation.
// Those of the Go runtime and of the process come besides.
func Table() []Row {
	return []Row{
		{buildInfo, Gauge, []string{"version", "go"}, "Always 1, with the versions of the program and of Go."},

		{webhookRequests, Counter, []string{"status"}, "Requests to the path of the webhook, by the HTTP status of the answer."},
		{webhookRefused, Counter, []string{"reason"}, "Requests that were not answered 200, by reason."},
		{webhookLate, Counter, nil, "Accepted deliveries that were signed more than a minute before: most are retries."},
		{webhookDuration, Histogram, nil, "Time from a request to its answer, without the delay while handling is behind. Linear gives up after 5 s."},
		{webhookLast, Gauge, nil, "When a delivery was last answered 200. Absent before the first."},
		{webhookSecretUses, Counter, []string{"secret"}, "Deliveries that a signing secret has verified, by the name of the secret."},
		{webhookSecretLast, Gauge, []string{"secret"}, "When a signing secret last verified a delivery. Absent before the first."},

		{eventsReceived, Counter, []string{"type"}, "Authentic deliveries by Linear's type of event, ignored ones included."},
		{deliveries, Counter, []string{"outcome"}, "Deliveries by what became of them: accepted into the store, or duplicate."},
		{missedWebhooks, Counter, nil, "Messages whose webhook did not arrive, and that were found by asking Linear."},
		{eventsIgnored, Counter, []string{"reason"}, "Events that no handler got, by reason."},
		{turnsEnded, Counter, []string{"outcome"}, "Turns by how they ended: handled, retried, buried, parked, returned or skipped."},
		{turnFailures, Counter, []string{"code"}, "Runs of turns that failed, by the code of the error."},
		{turnWait, Histogram, nil, "Time that an event was in the store before its turn first began, by the store's clock."},
		{turnDuration, Histogram, nil, "Time that turns took."},
		{turnsRunning, Gauge, nil, "Turns that run now in this process."},
		{turnsLimit, Gauge, nil, "Turns that may run at once in this process."},
		{replies, Counter, nil, "Messages that were posted."},
		{repliesDiffer, Counter, nil, "Posts of a repeated turn that said something else than the first time, where nothing can be changed."},

		{storeUp, Gauge, []string{"store"}, "1 if the store answered this scrape, and 0 if not."},
		{storeLanes, Gauge, []string{"store"}, "Threads with work."},
		{storeEntries, Gauge, []string{"store"}, "Entries in the lanes of threads, those that are worked on included."},
		{storeLeased, Gauge, []string{"store"}, "Threads that a process works on."},
		{storeDelayed, Gauge, []string{"store"}, "Entries that wait: scheduled posts, questions and retries."},
		{storeOldest, Gauge, []string{"store"}, "When the oldest entry in the lanes was stored, looked up every 15 seconds. Absent if the lanes are empty."},
		{storeDead, Gauge, []string{"store"}, "Dead letters."},
		{storeDropped, Counter, []string{"store"}, "Dead letters that were dropped because there were too many or they were too old."},

		{linearRequests, Counter, []string{"operation", "code"}, "Requests to Linear's API, by operation and code; ok is a success."},
		{linearRetries, Counter, nil, "Requests to Linear's API that repeated a failed one."},
		{linearDuration, Histogram, nil, "Time that requests to Linear's API took."},
		{linearPoints, Counter, []string{"operation"}, "Complexity that Linear charged, in points."},
		{budgetRemaining, Gauge, []string{"budget"}, "What is left of Linear's hourly budget of requests or complexity, in the workspace that has the smallest share left. Absent until Linear has said it."},
		{budgetLimit, Gauge, []string{"budget"}, "That workspace's hourly budget."},
		{budgetReset, Gauge, []string{"budget"}, "When that workspace's budget is full again."},

		{workspacesByStatus, Gauge, []string{"status"}, "Workspaces that have installed the app, by status: active, needs_reauth, leaving while their tokens are revoked, or unreadable if the key of their tokens is missing. Absent without installations."},
		{installEvents, Counter, []string{"event"}, "What happened to installations: installed, refreshed, refresh_failed and others."},

		{ticketingRequests, Counter, []string{"status"}, "Requests to the ticketing API, by HTTP status."},
		{ticketingDuration, Histogram, nil, "Time that requests to the ticketing API took."},
	}
}

// Markdown returns the table for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| metric | kind | labels | meaning |\n|---|---|---|---|\n")
	for _, r := range Table() {
		labels := ""
		if len(r.Labels) > 0 {
			labels = "`" + strings.Join(r.Labels, "`, `") + "` "
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s| %s |\n", r.Name, r.Kind, labels, r.Help)
	}
	return b.String()
}
