// Package bot is what chat bots are written with: handlers, threads, messages,
// and everything between a delivery and an answer.
//
//	b, err := bot.New(bot.Config{Name: "my-bot", Adapter: lin, Store: store})
//	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
//		if err := t.Subscribe(ctx); err != nil {
//			return err
//		}
//		_, err := t.Post(ctx, bot.Markdown("Hello **from Linear**"))
//		return err
//	})
//	err = srv.Run(ctx, b)
//
// A delivery that [Bot.Accept] took is stored, and [Bot.Run] handles it, in this
// process or the next. Messages of one thread are handled one at a time, in the
// order of arrival; threads run in parallel.
//
// Handlers run at least once: after an error or a crash the turn is retried. What
// they post lands once, because every post carries an id computed from the event,
// the handler and the number of the post within it. So post in the same order each
// time, put other effects and expensive calls into a [Step], and questions into
// [Ask].
//
// A new message goes to the first of these groups with a handler that takes it:
// commands, subscribed threads, mentions, patterns, a question whether another
// command was meant, events of any kind. A handler that returns [Next] declines.
// The bot's own messages never reach a handler; those of other bots only if they
// mention it, see [Config.Bots].
//
// The error of a handler decides the turn. Nil: done. [Permanent]: dead letter.
// [RetryAfter]: retried later, without counting an attempt. Any other error, a
// panic and a timeout: retried after a growing backoff, and a dead letter after
// [Config.MaxAttempts]. [Bot.OnFailed] handles every dead letter.
//
// What can be posted is [Text], [Markdown], a card of package card, [Stream] and
// [Plan], each also [WithFiles], [As] someone else, or [Quiet]. Text of other
// people goes through [Escape]. Outside of a turn, everything begins with
// [Bot.Workspace]. Package access has rules for [Config.Access], package ai serves
// language models, and package bottest tests handlers.
//
// # Agent sessions
//
// A session is a thread in which people watch the bot at work; [Thread.Session] has
// what can be written there. A prompt is handled like every message. In addition, a
// keeper shows in the session that the bot is at work:
//
//	Accept ── stored ──► lane ── lease ──► gate ──► handler ──► settle
//	   │                                     │         │           │
//	   └─ no turn within 2 s, or behind      │         └ writes    └ no answer, question or
//	      others:                            │           after       error yet: the keeper
//	      a first word                       │           the first   writes the end
//	                                         └ the keeper sends the first activity,
//	                                           then signs of life
//
// The keeper stores nothing. Its writes are named after the event, so another process
// that continues the turn repeats none of them.
//
// The guide with examples is docs/writing-handlers.md in the repository, that to
// sessions docs/agent-sessions.md.
//
// # Words
//
// A lane is the queue of a thread, a lease the right to work on it for a while, a
// turn one run of the handlers for one event, and an attempt one try of a turn. A
// turn that waits for an answer is parked, and one that failed for good is a dead
// letter.
package bot
