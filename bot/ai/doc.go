// Package ai connects a bot to any language model. It is independent of vendors:
// it turns messages into role and parts, and what a bot can do into
// tools with a JSON Schema. Sending both to a model is up to the caller;
// examples/ai-agent does it with an endpoint that many vendors offer.
//
//	b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
//		history, err := ai.FromThread(ctx, t, 20, ai.MessageOptions{Names: true})
//		if err != nil {
//			return err
//		}
//		answer, err := ask(ctx, history, ai.Tools(t, ai.ToolOptions{}))
//		if err != nil {
//			return err
//		}
//		_, err = t.Post(ctx, bot.Markdown(answer))
//		return err
//	})
//
// # Messages
//
// [FromMessages] sorts messages by time. What the bot wrote is of role
// [RoleAssistant], everything else of role [RoleUser]; neighbours of one role are not
// merged. Text stays as it was written. Pictures and text files become
// [FilePart]s if [MessageOptions.Open] can read them. Messages without anything to say
// are left out.
//
// What people write is what the model is there to read, and cannot be trusted
// either, as little as the people. What comes from further away, the titles and
// descriptions of linked pages, is escaped, cut and fenced as
// data. Neither makes a model safe: what it can do is bounded by its tools.
//
// # Tools
//
// [Tools] returns functions for one thread. They work in that thread, or with
// [ToolOptions.SameChannel] in the threads beside it, for all ids that the model
// asks for. A message of another thread is out of reach, and only the bot's own
// messages can be edited and deleted. A tool that writes is refused unless
// [ToolOptions.Approve] allows the call or [ToolOptions.AllowWrites] allows
// them all.
//
// The error of a call is an [*Error], whose text is written for the model;
// [Error.Result] is what to answer it.
//
// # Turns that run again
//
// A turn that failed runs again from the start, and a model says something else
// each time. The n-th post of a repeated turn is still the one that landed the
// first time. Keep the answers of the model, for example with a step, if what
// was said and what was done must fit together.
package ai
