// Package bot is the library that bots are written with: handlers, threads,
// messages and what happens between a delivery and an answer.
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
// # What a bot promises
//
// A delivery that [Bot.Accept] took is stored, and [Bot.Run] handles it, in
// this process or the next. Messages of one thread are handled one at a time in
// the order of arrival; threads run side by side. Nothing that arrives while a
// handler runs is dropped.
//
// Handlers run at least once: after a crash or an error the same message comes
// again. What they post lands once all the same, because every post carries an
// id computed from the event, the handler and the number of the post within
// it. A handler that posts in the same order each time it sees the same message
// therefore never posts twice. Other effects are the handler's own affair.
//
// # Routing
//
// A message goes to the first group that has a handler for it: handlers of
// subscribed threads, then of mentions, then of patterns. All handlers of the
// group run, in the order of registration, until one fails. A handler that
// returns [Next] declines; if all of a group decline, the next group is tried.
//
// The bot's own messages never reach a handler. Messages of other apps and of
// integrations do only if they mention the bot, unless [Config.Bots] says
// otherwise.
//
// # The fate of a turn
//
// The value that a handler returns decides. Nil: done. [Permanent]: to the dead
// letters at once. [RetryAfter]: again later, without counting an attempt. Any
// other error, a panic and a timeout: again after a growing wait, and to the
// dead letters after [Config.MaxAttempts]. While the waits are short, 30 s in
// all, the thread waits with them; then the turn steps aside and later messages
// pass.
package bot
