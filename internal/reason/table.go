package reason

import (
	"fmt"
	"strings"
	"sync"
)

// Kind says what a code means for the delivery.
type Kind string

// The kinds.
const (
	// Step: the delivery went on.
	Step Kind = "step"
	// Done: nothing is left to do.
	Done Kind = "done"
	// Refused: the request was not answered 200.
	Refused Kind = "refused"
	// Ignored: no handler got the event.
	Ignored Kind = "ignored"
	// Waits: the turn waits, or is tried again.
	Waits Kind = "waits"
	// Failed: the turn is in the dead letters. The code may also be why a turn
	// is tried again, if it is tried again.
	Failed Kind = "failed"
)

// Info describes a code.
type Info struct {
	Code string
	Kind Kind
	// Says is one sentence for people: what happened.
	Says string
	// Do says what to do about it. Empty if there is nothing to do.
	Do string
}

// Of returns the row of a code. A code that is not in the table, from another
// version, is a row of its own.
func Of(code string) Info {
	if i, ok := rows()[code]; ok {
		return i
	}
	return Info{Code: code, Kind: Step, Says: "Something that this version has no sentence for: " + code + "."}
}

// rows is the table by code: traces ask it for every step.
var rows = sync.OnceValue(func() map[string]Info { //nolint:gochecknoglobals // a constant that is built at its first use
	all := Table()
	by := make(map[string]Info, len(all))
	for _, i := range all {
		by[i.Code] = i
	}
	return by
})

// Kinds returns the kind of each code.
func Kinds() map[string]Kind {
	kinds := make(map[string]Kind)
	for _, i := range Table() {
		kinds[i.Code] = i.Kind
	}
	return kinds
}

// Table returns all codes, in the order in which a delivery may meet them.
func Table() []Info {
	all := append(intake(), refused()...)
	all = append(all, ignored()...)
	all = append(all, turn()...)
	all = append(all, waits()...)
	return append(all, failed()...)
}

// Markdown returns the table as docs/traces.md shows it.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| code | kind | what happened | what to do |\n|---|---|---|---|\n")
	for _, i := range Table() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", i.Code, i.Kind, i.Says, i.Do)
	}
	return b.String()
}

func intake() []Info {
	return []Info{
		{Received, Step, "The request arrived.", ""},
		{Verified, Step, "The signature is valid.", ""},
		{Late, Step, "Linear sent it more than a minute before it arrived, so it is most likely a retry.", "If this happens often, check whether the server was down, or took longer than 5 seconds to answer, when Linear first tried."},
		{Replayed, Step, "It was replayed by hand.", ""},
		{Missed, Step, "Linear's webhook for it did not arrive. The bot found it by asking Linear.", "Check in Linear that the webhook is enabled, and that its URL reaches this server."},
		{Stored, Step, "It was stored in the queue of its thread, and Linear got its answer, 200.", ""},
		{Duplicate, Done, "It is a duplicate of a delivery that was stored before.", ""},
	}
}

func refused() []Info {
	return []Info{
		{NoSignature, Refused, "The request has no signature, so it does not come from Linear.", "If Linear did send it, a proxy in front of the server removes the header Linear-Signature. Configure the proxy to pass it on."},
		{BadSignature, Refused, "The signature matches none of the signing secrets.", "Copy the signing secret that Linear shows next to the webhook into LINEAR_WEBHOOK_SECRET. If it is the same already, a proxy changes the body of requests: switch that off."},
		{SecretExpired, Refused, "The request was signed with a signing secret that has expired.", "Switch the webhook in Linear to the new secret, or extend the time of the old one in LINEAR_WEBHOOK_SECRET."},
		{NotVerified, Refused, "The program's own check (webhook.Config.Verify) refused the request.", "Find out why in the program that verifies deliveries."},
		{TooLarge, Refused, "The body is larger than the server accepts.", "If Linear sends bodies of that size, raise webhook.Config.MaxBody."},
		{CutOff, Refused, "The body did not arrive in full. Linear retries the delivery.", "If this happens often, check whether a proxy in front of the server cuts requests off."},
		{NotJSON, Refused, "The signature is valid, but the body is not a JSON object.", "Check whether another program signs with the same secret: Linear sends JSON only."},
		{NoTimestamp, Refused, "The signed body has no webhookTimestamp, so its age is unknown.", "Check whether another program signs with the same secret: Linear always sends the time."},
		{Expired, Refused, "It was sent too long ago to be accepted: it is a replay or a very late retry.", "Check the clock of this machine. With LINEARBOT_STRICT, or without a durable store, deliveries are accepted for five minutes only, otherwise for eight hours."},
		{FromTheFuture, Refused, "According to its timestamp it was sent more than a minute in the future.", "The clock of this machine is slow: turn on time synchronization (NTP)."},
		{Overloaded, Refused, "Too many requests were being stored at once. Linear retries the delivery.", "If this happens often, give the server or its store more capacity."},
		{Unreadable, Refused, "The signature is valid, but the body is not one of Linear's deliveries.", "Check whether another program signs with the same secret."},
		{StoreDown, Refused, "The store could not be reached. Linear retries the delivery.", "Bring the store back: LINEARBOT_STATE says where it is, and the log says why it does not answer."},
		{StoreFull, Refused, "The store is full. Linear retries the delivery.", "Free space on the disk or in Redis, or raise LINEARBOT_MAX_BACKLOG. linearbot state lanes shows which threads the backlog is in."},
		{IntakeFailed, Refused, "The delivery could not be stored. Linear retries it.", "Look up the cause in the log."},
		{WrongPath, Refused, "The request was posted to a path that does not exist here.", "Correct the URL of the webhook in Linear: it has to end in the path that LINEARBOT_WEBHOOK_PATH sets, by default /api/webhooks/linear."},
	}
}

func ignored() []Info {
	return []Info{
		{NotMentioned, Ignored, "The message does not mention the bot, and the bot is not subscribed to its thread.", "Mention the bot by its name in Linear. If the message uses another name on purpose, set LINEAR_BOT_USERNAME to that name."},
		{Self, Ignored, "The bot itself wrote it.", ""},
		{OtherBot, Ignored, "Another bot or integration wrote it, without mentioning this bot.", "If the bot should answer it, have the other one mention the bot, or set bot.Config.Bots to BotsAlways."},
		{NoHandler, Ignored, "The bot has no handler for this kind of event.", "If the bot should react to it, register a handler, such as OnNewMention or OnEvent."},
		{Access, Ignored, "An access rule of the bot excludes its author.", "If the author should be allowed, change the rule: bot.Config.Access, or the Access option of the handler."},
		{SameAct, Ignored, "The bot answers the same message through another event, such as an agent session.", ""},
		{OwnSession, Ignored, "The bot itself started the session.", ""},
		{NoSession, Ignored, "The bot was about to close a session, but the platform has no sessions.", ""},
		{BotLoop, Ignored, "The bot and another bot kept answering each other in this thread, so the bot stopped.", "To bring it back, have a person mention the bot in the thread."},
		{Busy, Ignored, "The bot was busy in this thread, and its policy Drop discards messages that arrive meanwhile.", "If such messages should be answered, choose another bot.Config.Policy."},
		{Skipped, Ignored, "The bot answered it together with a newer message of the thread.", "If each message should get an answer of its own, choose another bot.Config.Policy."},
		{QuestionClosed, Ignored, "It answers a question that is no longer open: it was answered before, or it has expired.", ""},
		{Canceled, Ignored, "The scheduled post was canceled.", ""},
		{Stopped, Ignored, "A person told the bot to stop in this thread.", "To start it again, write to the bot in the thread."},
		{Deleted, Ignored, "The message was deleted before the bot answered it.", ""},
		{Gone, Ignored, "The comment, issue or session no longer exists, or the bot has no access to it.", "If it still exists, give the app access to its team: in Linear under Settings, Applications."},
		{Mode, Ignored, "LINEAR_MODE excludes this kind of conversation.", "To have the bot answer comments and agent sessions, set LINEAR_MODE=both."},
		{OtherApp, Ignored, "It is meant for another app of the workspace.", "If it is meant for this bot, compare LINEAR_CLIENT_ID with the client ID of the app in Linear."},
		{NotAnEdit, Ignored, "The comment was updated, but its text was not edited and it was not resolved.", ""},
		{NoAuthor, Ignored, "Linear does not say who wrote the comment.", ""},
		{SessionRoot, Ignored, "Linear itself wrote this comment, to begin an agent session.", ""},
		{NoThread, Ignored, "It belongs neither to an issue nor to anything else that has comments.", ""},
		{NoWorkspace, Ignored, "The delivery does not say which workspace it comes from.", "Linear may have changed its format: check for a newer version of linearbot."},
		{Malformed, Ignored, "The delivery lacks a field that the bot needs.", "Linear may have changed its format: check for a newer version of linearbot."},
		{NotInstalled, Ignored, "The workspace has not installed the app, or has removed it.", "Have an admin of the workspace open the page /linear/install of this server."},
		{OtherWorkspace, Ignored, "It comes from another workspace than the one that the bot's credentials belong to.", "Delete the webhook in that workspace. If the bot is meant for it, set the credentials of an app there. To serve several workspaces, set up installations (docs/workspaces.md)."},
		{NeedsReauth, Ignored, "Linear no longer accepts the tokens of the workspace.", "Have an admin of the workspace open the page /linear/install of this server and approve the app again."},
		{Stale, Ignored, "It belongs to an earlier installation of the app, which has been installed again since.", ""},
		{Check, Ignored, "linearbot doctor or linearbot init sent it, to test whether deliveries arrive.", ""},
		{Probe, Ignored, "The bot checked whether the thread was idle.", ""},
	}
}

func turn() []Info {
	return []Info{
		{Attempt, Step, "The bot took it from the queue of its thread.", ""},
		{AttemptLost, Step, "An attempt began and never ended: the process died during it, or another process took over the thread.", "Look in the log for what ended the process: a crash, an out-of-memory kill or a restart."},
		{Author, Step, "This is who wrote it.", ""},
		{Text, Step, "This is what it says.", ""},
		{Mention, Step, "It mentions the bot.", ""},
		{Subscribed, Step, "The bot is subscribed to the thread.", ""},
		{Policy, Step, "It is answered together with earlier messages of the thread.", ""},
		{Handler, Step, "A handler began.", ""},
		{HandlerEnded, Step, "The handler ended.", ""},
		{StepRan, Step, "A step of the handler ran, and its result was saved.", ""},
		{StepKept, Step, "A step of the handler was skipped: its result was saved by an earlier attempt.", ""},
		{APICall, Step, "Linear answered a request.", ""},
		{APIFailed, Step, "A request to Linear failed.", ""},
		{Reply, Step, "The bot posted a message.", ""},
		{ReplyKept, Step, "An earlier attempt had already posted the message, so it was not posted again.", ""},
		{Answered, Step, "It answers a question of the bot.", ""},
		{More, Step, "Further steps were left out.", ""},
		{Handled, Done, "The bot handled it.", ""},
		{Posted, Done, "The scheduled post was posted.", ""},
		{Parked, Waits, "The bot asked a question, and waits for a person to answer it.", "Answer the question in Linear."},
		{NoTurn, Done, "Nothing was left to do.", ""},
		{Retried, Waits, "The attempt failed, and the bot will try again.", ""},
		{Returned, Waits, "It went back into the queue and continues later. This does not count as an attempt.", ""},
	}
}

func waits() []Info {
	return []Info{
		{Waiting, Waits, "It waits in the queue of its thread.", "If it waits for long, an earlier message of the thread is still being handled or retried: linearbot explain that one."},
		{Yields, Waits, "It waits because something else goes first.", ""},
		{Draining, Waits, "The process stopped. Another process, or the next start, continues.", "Start the bot again if no other process runs."},
		{LeaseLost, Waits, "Another process took over the thread, because this one did not renew its claim in time.", "If this happens often, this process is short of CPU or its store is slow. LINEARBOT_LEASE_TTL sets how long a claim lasts."},
		{TakenOver, Waits, "A newer message of the thread canceled it and is answered in its place.", ""},
		{IdentityUnknown, Waits, "Linear has not told the bot who it is, so the bot cannot handle anything yet.", "Run linearbot doctor: it checks the credentials and says what is wrong with them."},
		{NoStore, Waits, "The store could not be reached while the bot was at work.", "Bring the store back: LINEARBOT_STATE says where it is, and the log says why it does not answer."},
		{NoRoom, Waits, "The store is full, so it has to wait.", "Free space on the disk or in Redis, or raise LINEARBOT_MAX_BACKLOG."},
	}
}

func failed() []Info {
	const again = " Then requeue it: linearbot dead requeue ID."
	return []Info{
		{Crashed, Failed, "The process ended during every attempt, so the message was moved to the dead letters.", "Look in the log for what ended the process, such as a crash or an out-of-memory kill, and fix that." + again},
		{Panic, Failed, "The handler panicked.", "Fix the handler: linearbot dead show ID prints the stack." + again},
		{Unknown, Failed, "The handler returned an error.", "Fix what the error names." + again},
		{TimedOut, Failed, "The handler, or one of its requests, took too long.", "If it needs that long, raise bot.Config.TurnTimeout or the Timeout of the handler." + again},
		{Permanent, Failed, "The handler returned an error that it marked as permanent.", "Fix what the error names." + again},
		{RateLimited, Failed, "Linear's rate limit was reached.", "The bot tries again when Linear allows it. If this happens often, make fewer requests for each message: the metric linearbot_linear_requests_total says which ones there are."},
		{Unavailable, Failed, "Linear could not be reached, or failed.", "Check https://linearstatus.com and the network of this machine." + again},
		{Unauthenticated, Failed, "Linear refuses the bot's token: it is invalid, expired or revoked.", "Set a valid LINEAR_CLIENT_SECRET or token and restart the bot; with installations, have an admin install the app again. linearbot doctor checks it." + again},
		{Forbidden, Failed, "The bot's token does not permit this.", "Give the app access to the team, or the scope that is missing: linearbot doctor lists them." + again},
		{NotFound, Failed, "The bot tried to read or change something that does not exist, or that it has no access to.", "If it exists, give the app access to its team: in Linear under Settings, Applications." + again},
		{Invalid, Failed, "Linear rejected a request as invalid.", "Fix what the error names, usually in the handler." + again},
		{Conflict, Failed, "There is something else in the place where the bot wanted to write.", "Look at what is there. It may come from a bot with another LINEARBOT_SECRET: give both the same." + again},
		{AppendOnly, Failed, "The handler tried to change something that cannot be changed, such as an activity of a session.", "Have the handler post something new instead." + again},
		{Unsupported, Failed, "Linear, or this kind of thread, does not support what the handler tried to do.", "Have the handler check for errors.ErrUnsupported." + again},
	}
}
