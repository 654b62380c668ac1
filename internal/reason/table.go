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
		{Verified, Step, "The signature is right.", ""},
		{Late, Step, "It was sent more than a minute before it arrived: most likely it is one of Linear's retries.", "If this happens often, see whether the server was down or answered slowly when Linear tried first."},
		{Replayed, Step, "It was replayed by hand.", ""},
		{Missed, Step, "Linear's webhook for it did not arrive. The bot found it by asking Linear.", "See in Linear whether the webhook is enabled, and whether its URL reaches this server."},
		{Stored, Step, "It is stored in the lane of its thread, and Linear got its 200.", ""},
		{Duplicate, Done, "It is a duplicate of a delivery that was stored before.", ""},
	}
}

func refused() []Info {
	return []Info{
		{NoSignature, Refused, "The request carries no signature, so it is not from Linear.", "If Linear sent it, a proxy in front of the server removes the header Linear-Signature: let it pass."},
		{BadSignature, Refused, "The signature matches none of the signing secrets.", "Copy the signing secret that Linear shows beside the webhook into LINEAR_WEBHOOK_SECRET. If it is right, a proxy changes the body: switch that off."},
		{SecretExpired, Refused, "The signature was made with a signing secret that has expired.", "Set Linear's webhook to the new secret, or extend the time of the old one in LINEAR_WEBHOOK_SECRET."},
		{NotVerified, Refused, "The program's own check (webhook.Config.Verify) refuses the request.", "See why in the program that verifies deliveries."},
		{TooLarge, Refused, "The body is larger than the server accepts.", "Raise webhook.Config.MaxBody if Linear sends bodies of that size."},
		{CutOff, Refused, "The body did not arrive in full.", "See whether a proxy in front of the server cuts requests off. Linear retries the delivery."},
		{NotJSON, Refused, "The body is signed but is not a JSON object.", "See whether another program signs with the same secret."},
		{NoTimestamp, Refused, "The signed body has no webhookTimestamp, so its age is unknown.", "See whether another program signs with the same secret: Linear always sends the time."},
		{Expired, Refused, "It was sent too long ago to be accepted: it is a replay or a very late retry.", "See whether the clock of this machine is right. With LINEARBOT_STRICT or without a durable store, deliveries are accepted for five minutes only."},
		{FromTheFuture, Refused, "Its time of sending is more than a minute in the future.", "Set the clock of this machine: it is slow."},
		{Overloaded, Refused, "Too many requests were being stored at once. Linear retries the delivery.", "If this happens often, give the server or its store more capacity."},
		{Unreadable, Refused, "The body is signed but cannot be read as a delivery.", "See whether another program signs with the same secret."},
		{StoreDown, Refused, "The store could not be reached. Linear retries the delivery.", "Bring the store back: LINEARBOT_STATE says where it is, and the log says why it does not answer."},
		{StoreFull, Refused, "The store is full. Linear retries the delivery.", "Make room for the store, or raise LINEARBOT_MAX_BACKLOG, and see why the backlog grows."},
		{IntakeFailed, Refused, "The delivery could not be stored. Linear retries it.", "The log has the cause."},
		{WrongPath, Refused, "A request was posted to a path that does not exist.", "Compare the URL of the webhook in Linear with LINEARBOT_WEBHOOK_PATH."},
	}
}

func ignored() []Info {
	return []Info{
		{NotMentioned, Ignored, "The message does not mention the bot, and the bot is not subscribed to its thread.", "Mention the bot by its name in Linear. If the message does mention it, compare the name with the bot's display name, and set LINEAR_BOT_USERNAME to a further one."},
		{Self, Ignored, "The bot itself wrote it.", "If a person wrote it, the bot acts with that person's API key: use the client id and secret of an OAuth app."},
		{OtherBot, Ignored, "Another program wrote it, without mentioning the bot.", "Have the program mention the bot, or set bot.Config.Bots to BotsAlways."},
		{NoHandler, Ignored, "No handler of the bot wants events of this kind.", "Register a handler for it, such as OnNewMention or OnEvent."},
		{Access, Ignored, "An access rule of the bot refuses its author.", "See the rules in bot.Config.Access and in the options of the handlers."},
		{SameAct, Ignored, "Another event about the same message is answered in its place, an agent session for example.", ""},
		{OwnSession, Ignored, "The bot itself started the session.", ""},
		{NoSession, Ignored, "The end of a session was to be written, and the platform has no sessions.", ""},
		{BotLoop, Ignored, "The bot and another program have written to each other too often in this thread, so the bot has stopped.", "Have a person mention the bot in the thread to bring it back."},
		{Busy, Ignored, "The thread was busy, and the policy Drop leaves out what arrives in a busy thread.", "Choose another bot.Config.Policy if such messages are to be answered."},
		{Skipped, Ignored, "A newer message of the thread was handled together with it.", "Choose another bot.Config.Policy if each message is to be answered by itself."},
		{QuestionClosed, Ignored, "It answers a question that is closed: it was answered before, or its time is over.", ""},
		{Canceled, Ignored, "The scheduled post was canceled.", ""},
		{Stopped, Ignored, "A person stopped the bot in this thread.", "Write to the bot again."},
		{Deleted, Ignored, "The message was deleted before it was answered.", ""},
		{Gone, Ignored, "What it belongs to does not exist any more, or the bot cannot see it.", "If it exists, give the app access to the team."},
		{Mode, Ignored, "LINEAR_MODE leaves out this kind of conversation.", "Set LINEAR_MODE to both, or talk to the bot the other way."},
		{OtherApp, Ignored, "It is meant for another app of the workspace.", "If it is meant for this one, compare LINEAR_CLIENT_ID with the app in Linear."},
		{NotAnEdit, Ignored, "The comment changed, but neither its text nor its resolution.", ""},
		{NoAuthor, Ignored, "Linear names no author of the comment.", ""},
		{SessionRoot, Ignored, "Linear wrote this comment itself as the first one of an agent session.", ""},
		{NoThread, Ignored, "It is attached to nothing that can have a conversation.", ""},
		{NoWorkspace, Ignored, "The delivery names no workspace.", "Linear may have changed its format: look for a newer version of linearbot."},
		{Malformed, Ignored, "A field that is needed is missing in the delivery.", "Linear may have changed its format: look for a newer version of linearbot."},
		{NotInstalled, Ignored, "The workspace has not installed the app, or has removed it.", "Have an admin of the workspace open /linear/install."},
		{NeedsReauth, Ignored, "Linear refuses the tokens of the workspace: an admin has to approve the app again.", "Have an admin of the workspace open /linear/install."},
		{Stale, Ignored, "It tells of an earlier installation, and the app was installed again since.", ""},
		{Check, Ignored, "linearbot doctor or init looked whether deliveries arrive.", ""},
		{Probe, Ignored, "The bot looked whether the thread was idle.", ""},
	}
}

func turn() []Info {
	return []Info{
		{Attempt, Step, "A worker took it out of the lane of its thread.", ""},
		{AttemptLost, Step, "An attempt began and did not end: the process stopped during it, or lost the thread to another one.", "Look in the log for what ended the process: a crash, an out-of-memory kill, or a restart."},
		{Author, Step, "This is who wrote it.", ""},
		{Text, Step, "This is what it says.", ""},
		{Mention, Step, "It counts as a mention of the bot.", ""},
		{Subscribed, Step, "The bot is subscribed to the thread.", ""},
		{Policy, Step, "It is handled together with earlier messages of the thread.", ""},
		{Handler, Step, "A handler began.", ""},
		{HandlerEnded, Step, "The handler ended.", ""},
		{StepRan, Step, "A step of the handler ran, and its result is kept.", ""},
		{StepKept, Step, "A step of the handler was skipped: its result is kept from an earlier attempt.", ""},
		{APICall, Step, "Linear answered a request.", ""},
		{APIFailed, Step, "A request to Linear failed.", ""},
		{Reply, Step, "The bot posted a message.", ""},
		{ReplyKept, Step, "The message was posted by an earlier attempt, and stands.", ""},
		{Answered, Step, "It answers a question of the bot.", ""},
		{More, Step, "Further steps were not kept.", ""},
		{Handled, Done, "The bot handled it.", ""},
		{Posted, Done, "The scheduled post was posted.", ""},
		{Parked, Waits, "The turn waits for a person's answer to a question.", ""},
		{NoTurn, Done, "Nothing was left to do.", ""},
		{Retried, Waits, "The turn failed and will be tried again.", ""},
		{Returned, Waits, "The turn was handed back and continues later. This does not count as an attempt.", ""},
	}
}

func waits() []Info {
	return []Info{
		{Waiting, Waits, "It waits in the lane of its thread for its turn.", "If it waits long, an earlier message of the thread is still being handled or tried again."},
		{Yields, Waits, "It lets something else go first.", ""},
		{Draining, Waits, "The process stopped: another one, or the next start, continues.", ""},
		{LeaseLost, Waits, "Another process took over the thread, or could have.", "If this happens often, the process is short of CPU or the store is slow: see LINEARBOT_LEASE_TTL."},
		{TakenOver, Waits, "A newer message of the thread took over, and stands for it.", ""},
		{IdentityUnknown, Waits, "The bot cannot learn from Linear who it is, so it handles nothing.", "Check the bot's credentials: the log says which variable Linear refuses."},
		{NoStore, Waits, "The store could not be reached during the turn.", "Bring the store back: LINEARBOT_STATE says where it is, and the log says why it does not answer."},
		{NoRoom, Waits, "The store is full, so the turn steps aside.", "Make room for the store."},
	}
}

func failed() []Info {
	const again = " Then requeue it: linearbot dead requeue."
	return []Info{
		{Crashed, Failed, "The process ended during each attempt, so the message was put into the dead letters.", "Look in the log for what ended the process, such as a crash or an out-of-memory kill." + again},
		{Panic, Failed, "The handler panicked.", "Mend the handler: linearbot dead show has the stack." + again},
		{Unknown, Failed, "The handler returned an error.", "Mend what the error names." + again},
		{TimedOut, Failed, "A request or the whole turn ran out of time.", "Raise bot.Config.TurnTimeout, or the Timeout of the handler, if it needs that long." + again},
		{Permanent, Failed, "The handler returned an error that it calls permanent.", "Mend what the error names." + again},
		{RateLimited, Failed, "Linear's rate limit is reached.", "Nothing: it is tried again when Linear allows it. If this happens often, make fewer requests for each message."},
		{Unavailable, Failed, "Linear could not be reached, or failed.", "See https://linearstatus.com and the network of this machine." + again},
		{Unauthenticated, Failed, "Linear refuses the bot's token: it is invalid, expired or revoked.", "Set a token or client secret that is valid, or install the app again." + again},
		{Forbidden, Failed, "The bot's token may not do this.", "Give the app access to the team, or the scope that is missing." + again},
		{NotFound, Failed, "What the bot wanted to read or write does not exist, or the bot cannot see it.", "If it exists, give the app access to the team." + again},
		{Invalid, Failed, "Linear refuses the request as invalid.", "Mend what the error names." + again},
		{Conflict, Failed, "Something else stands where the bot wanted to write.", "See what stands there: it may be from a bot with another LINEARBOT_SECRET." + again},
		{AppendOnly, Failed, "What the bot wanted to change cannot be changed, such as an activity of a session.", "Have the handler post something new in its place." + again},
		{Unsupported, Failed, "Linear, or this kind of thread, cannot do what the handler asked for.", "Have the handler check for errors.ErrUnsupported." + again},
	}
}
