// Package bottest runs a bot in memory, for the tests of its handlers.
//
//	func TestGreeting(t *testing.T) {
//		k := bottest.New(t, bot.Config{}, register)
//		th := k.NewThread()
//		k.User("ada").Mention(th, "hello")
//		th.ExpectExactly("Hello ada")
//	}
//
// The bot, called helper, is a real one: it runs on a platform that exists in
// memory only and on a store in memory, so deliveries are stored, retried,
// told apart from duplicates and buried like anywhere else. Everything ends with
// the test. Its warnings and errors are in the log of the test.
//
// # What happens
//
// A [User] says, edits and deletes messages, reacts to anyone's, resolves
// threads, stops sessions, and creates, changes and removes issues. [Kit.Press]
// presses a button. Other events go through [Kit.Deliver]. Each is delivered once; [Kit.Duplicate] delivers the
// last one again. What cannot happen on a platform ends the test. What the bot does
// itself is not delivered to it.
//
// A [Thread] shows the present state: what the bot posted, with
// its edits and without what it deleted, everyone's messages and reactions,
// whether the thread is resolved, the plan and the activities of a session. The
// methods that begin with Expect wait for the bot and compare, and Post waits for
// it, too.
//
//	id := k.User("ada").Mention(th, "deploy")
//	th.ExpectReactions(id, "eyes")             // the bot has seen it
//	k.User("bob").React(th.Post(0).ID, "+1")   // the answer to its question
//	th.Expect("Deploy?", "Approved by bob")
//	th.ExpectVersions(th.Post(1).ID, "Deploying", "Approved by bob: deployed")
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
//		k.User("ada").Mention(th, "hello")
//		th.ExpectExactly("At last") // seconds on the virtual clock
//	})
//
// # Limits
//
// The platform does not exist elsewhere: it takes any text and never runs out of
// budget. It makes one event of one mention, where Linear makes up to three. Use
// package linearbottest for what depends on Linear itself: it plays the simulator
// adapter/linear/linearsim around the whole program. Conversations that both can
// play have the same result; TestKitAndSimulatorAgree plays them on both.
package bottest
