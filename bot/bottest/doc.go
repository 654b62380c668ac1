// Package bottest runs a bot in memory, for the tests of its handlers.
//
//	func TestGreeting(t *testing.T) {
//		k := bottest.New(t, bot.Config{}, register)
//		th := k.NewThread()
//		k.User("ada").Say(th, "@helper hello")
//		k.Wait()
//		th.ExpectExactly("Hello ada")
//	}
//
// The bot, called helper, is a real one: it runs on a platform that exists in
// memory only and on a store in memory, so deliveries are stored, retried,
// told apart from duplicates and buried like anywhere else. Everything ends with
// the test.
//
// # Waiting
//
// [Kit.Wait] returns when no thread has work left. A message that came and a
// turn that failed and will be tried again are work. A turn that waits for the
// answer to a question is not: Wait returns when the question is posted.
//
// # Time
//
// On a real clock the bot tries again after a millisecond, unless Config.Backoff
// says otherwise, so tests of errors are fast.
//
// In a bubble of testing/synctest the kit works too, and time is virtual. The
// waits between attempts are then those of a real bot, Wait passes them in no
// time, and [Kit.Sleep] lets days go by. Make the kit within the bubble, with the
// bubble's t:
//
//	synctest.Test(t, func(t *testing.T) {
//		k := bottest.New(t, bot.Config{}, failsTwice)
//		th := k.NewThread()
//		k.User("ada").Say(th, "@helper hello")
//		k.Wait() // seconds on the virtual clock
//		th.ExpectExactly("At last")
//	})
//
// # Limits
//
// The platform has messages and nothing else: no edits, reactions, history or
// issues. Use lineartest for bots that need those.
package bottest
