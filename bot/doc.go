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
// A new message goes to the first of these groups that has a handler for it:
//
//  1. commands, if the message is written as one (see below),
//  2. handlers of subscribed messages, if the thread is subscribed,
//  3. handlers of mentions, if the message mentions the bot,
//  4. handlers of patterns that match,
//  5. a question whether another command was meant,
//  6. handlers of events of any kind.
//
// All handlers of the group run, in the order of registration, until one fails.
// A handler that returns [Next] declines; if all of a group decline, the next
// group is tried.
//
// A mention in the description of an issue goes to the commands, if the
// description begins with it, and then to the handlers of mentions.
//
// The bot's own messages never reach a handler. Messages of other apps and of
// integrations do only if they mention the bot, unless [Config.Bots] says
// otherwise.
//
// # Options of a handler
//
// What [Config] says for the whole bot, a handler can have otherwise:
//
//	b.OnNewMention(answer).With(bot.HandlerOptions{
//		Timeout:     time.Hour,
//		MaxAttempts: 3,
//		Policy:      bot.Debounce(5 * time.Second),
//	})
//
// A Timeout ends the handler; one that is longer than [Config.TurnTimeout] is
// granted. MaxAttempts and Backoff are those of the handler in which a turn
// fails. A Name makes the keys of what the handler writes independent of the
// order of registration. With an Access the handler listens to some people only.
//
// With a Policy, messages for this handler that wait in a thread are taken
// together: the newest is handled, the others are its Skipped. Everything still
// happens in the order of arrival. Commands for another handler, edits,
// reactions and the like that arrived between two such messages are handled
// before the newer one. While Debounce or Burst wait, the thread waits. A
// message that might go elsewhere once those before it are handled, because
// their handler may subscribe the thread, is not passed over: what follows it is
// taken together without what it follows. If something in between subscribes the
// thread, or takes that back, the messages before it stay with their handler.
//
// # Commands
//
// [Bot.OnCommand] registers a command. A message is written as a command if it
// begins with a mention of the bot and the name, as in
//
//	@bot create "Fix login" --priority=2 --label bug
//
// or with "/" and the name, as in "/create", wherever that is. Where the
// platform itself addresses messages to the bot, as in agent sessions, the name
// is enough. Whoever writes a command means it, so it goes before handlers of
// the thread; what only resembles one ("@bot, could you create …") is a mention
// like any other. An edit runs no command.
//
// Arguments and flags stand on the first line; they are separated by white
// space. Quotation marks, straight or typographic, keep words together, a
// backslash takes the next sign as it is, and code spans and links are one piece
// and stay as written. "--" ends the flags. Lines below are the Body.
//
// A command that cannot be read, because of an unknown flag for example, is
// answered with its usage, and its handler does not run. "help" lists the
// commands. A name that is off by a letter or two after a mention is answered
// with a question, unless the bot has handlers of mentions.
//
// # Access
//
// [Config.Access] is asked before every handler, whether a message, an edit, a
// reaction, a change of an issue or anything else set it off, and before an
// answer to a question counts. Only a request to stop and a removal of the bot
// always pass. Who is refused may be told, by a reaction or at most once an hour
// by a reply, and never speaks for others: where several messages are handled
// together, those of refused authors are left out. Access does not limit what
// a handler reads later, for example with Thread.Messages.
//
// Package access has the rules:
//
//	cfg.Access = access.All(access.Teams("ENG"), access.NotGuests()).
//		Else(bot.DenyWithReply("Please ask in #eng."))
//
// # What can be posted
//
// [Text] is plain text and arrives exactly as it was written, [Markdown] is
// Markdown, with [Escape] for the text of other people in it, a card of package
// card is rendered as Markdown, [Stream] grows while it is read (in a comment by edits whose pace follows the
// platform's budget, in an agent session as thoughts, actions and one response),
// and a [Plan] is a list of tasks that is kept up to date in place.
//
// [WithFiles] attaches files to any of them. They are uploaded first, once in a
// turn even if it runs again, and linked below the text:
//
//	f := adapter.Upload{Name: "chart.png", Size: int64(len(png)), Content: bytes.NewReader(png)}
//	t.Post(ctx, bot.WithFiles(bot.Markdown("Last week:"), f))
//
// Somebody is mentioned by the id, as [MentionUser] spells it: "<@" and the id and
// ">" in anything that is posted become the address of the user's profile, which
// the platform shows as a mention and tells the user of.
//
//	t.Post(ctx, bot.Markdown(bot.MentionUser(m.Author)+", it is done."))
//
// An id that nobody has stays as written, and so does one in code. A user who
// cannot be looked up now makes the post fail, so that the turn is tried again.
//
// [Thread.PostAt] posts later, over restarts. [Thread.Edit], [Thread.Delete] and
// [Thread.React] change what stands there.
//
// # Buttons
//
// Linear's comments have no buttons, so a card.Button is a signed link to
// a page of the bot's own server, where a person presses it:
//
//	b, err := bot.New(bot.Config{
//		Links: bot.LinkConfig{BaseURL: "https://bot.example.com", Secrets: secrets},
//		…
//	})
//	b.OnAction(func(ctx context.Context, t *bot.Thread, a *adapter.ActionEvent) error {
//		_, err := t.Edit(ctx, a.MessageID, card.Card{Title: "Deploying " + a.Value})
//		return err
//	}, "deploy")
//
// Opening the page changes nothing, a link works once and for a week, and the
// press is stored before the page says so. Nobody knows who pressed: for what
// not everybody may do, ask with [RequestApproval] and name the approvers.
//
// # Turns that last
//
// [State] keeps typed values of a thread, shared by all instances:
//
//	count := bot.State[int](t)
//	err := count.Update(ctx, func(n *int) error { *n++; return nil })
//
// [Step] keeps the result of something dear, so that a turn that runs again
// after an error or a crash does not pay for it twice:
//
//	draft, err := bot.Step(ctx, "draft", func(ctx context.Context) (string, error) {
//		return model.Complete(ctx, m.Text())
//	})
//
// [Ask] asks people and ends the turn until they answer, over restarts and for
// days. Then the handler runs from the start again, its steps are skipped, and
// Ask returns the answer:
//
//	ok, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: "Send this?", Details: draft})
//	if err != nil {
//		return err // also while the turn waits
//	}
//	if ok.Approved {
//		…
//	}
//
// A handler that takes a while calls [Thread.Typing]. People see it as a thought
// in an agent session and, if [Config.TypingEmoji] is set, as a reaction to their
// comment until the turn ends.
//
// [Thread.Stop] ends what goes on in a thread: the contexts of its turns end with
// the cause [ErrStopped], and they write nothing more. In agent sessions people
// have a button for that.
//
// # Outside a turn
//
// What does not begin with a delivery, such as a report every morning, begins
// with a [Workspace]:
//
//	t, err := b.Workspace(organizationID).Thread("linear:" + issueID)
//	if err != nil {
//		return err
//	}
//	_, err = t.Post(ctx, bot.Markdown("Good morning."))
//
// Nothing tells such a post from one that was made before: it lands as often as
// it is made.
//
// # The fate of a turn
//
// The value that a handler returns decides. Nil: done. [Permanent]: to the dead
// letters at once. [RetryAfter]: again later, without counting an attempt. Any
// other error, a panic and a timeout: again after a growing wait, and to the
// dead letters after [Config.MaxAttempts]. While the waits are short, 30 s in
// all, the thread waits with them; then the turn steps aside and later messages
// pass.
//
// # Tests
//
// Package bottest runs a bot in memory: people say, edit, react and press, and
// the test sees what the bot made of it, on a virtual clock if it likes.
//
//	k := bottest.New(t, bot.Config{}, register)
//	th := k.NewThread()
//	k.User("ada").Mention(th, "hello")
//	th.ExpectExactly("Hello **ada**")
package bot
