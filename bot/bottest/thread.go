package bottest

import (
	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// Thread is a thread of the platform. Make one with [Kit.NewThread]. What it
// returns is what is there now: call [Kit.Wait] before. The expectations wait by
// themselves.
type Thread struct {
	kit *Kit
	id  adapter.ThreadID
}

// ID returns the id.
func (th *Thread) ID() adapter.ThreadID { return th.id }

// NewThread returns a thread of the same room or issue without
// messages.
func (th *Thread) NewThread() *Thread {
	th.kit.t.Helper()
	return th.kit.newThread(th.channel().id)
}

// channel returns what the thread is part of, as a thread.
func (th *Thread) channel() *Thread {
	th.kit.t.Helper()
	id, err := th.kit.platform.Channel(th.id)
	if err != nil {
		th.kit.t.Fatalf("bottest: %v", err)
	}
	return &Thread{kit: th.kit, id: id}
}

// Posts returns the texts of what the bot has posted, in order, as Markdown: what
// bot.Text posts is bot.Escape of it. A post that was edited has the text of now,
// one that was deleted is left out. The thread of an issue has the posts of all its
// threads.
func (th *Thread) Posts() []string {
	th.kit.t.Helper()
	var out []string
	for _, m := range th.posts() {
		out = append(out, m.Body)
	}
	return out
}

// Post waits as [Kit.Wait] does and returns the bot's post with an index in
// Posts, with its id and with everyone's reactions. The test ends if there is
// none.
func (th *Thread) Post(i int) adapter.Message {
	th.kit.t.Helper()
	th.kit.Wait()
	all := th.posts()
	if i < 0 || i >= len(all) {
		th.kit.t.Fatalf("%s: there is no post %d; the posts are%s", th.id, i, list(th.Posts()))
		return adapter.Message{}
	}
	return all[i]
}

func (th *Thread) posts() []adapter.Message {
	th.kit.t.Helper()
	var out []adapter.Message
	whole := th.isIssue()
	for _, m := range th.Messages() {
		if m.Author.IsSelf() && (m.Thread == th.id || whole) {
			out = append(out, m)
		}
	}
	return out
}

// isIssue reports whether the thread is an issue, and not one of its threads.
func (th *Thread) isIssue() bool {
	k := th.kit
	_, err := k.platform.Subject(k.t.Context(), workspace, th.id)
	return err == nil && th.channel().id == th.id
}

// Messages returns what people and the bot have written, in order, as it stands
// now: with edits and everyone's reactions, without what was deleted. The
// thread of an issue has what is written in all its threads.
func (th *Thread) Messages() []adapter.Message {
	k := th.kit
	k.t.Helper()
	var out []adapter.Message
	r := adapter.PageRequest{Workspace: workspace, Thread: th.id, OldestFirst: true}
	for {
		page, err := k.platform.Messages(k.t.Context(), r)
		if err != nil {
			k.t.Fatalf("bottest: %v", err)
			return nil
		}
		for _, m := range page.Messages {
			out = append(out, *m)
		}
		if r.Cursor = page.Next; r.Cursor == "" {
			return out
		}
	}
}

// Versions returns the texts that a message has had, the first one included, and
// also if it was deleted since.
func (th *Thread) Versions(messageID string) []string {
	return th.kit.platform.Versions(workspace, messageID)
}

// Activities returns what the bot wrote into an agent session, answers included, as
// people see it now: ephemeral ones are gone once another one followed.
func (th *Thread) Activities() []adapter.Activity {
	var out []adapter.Activity
	all := th.AllActivities()
	for i, a := range all {
		if !a.Ephemeral || i == len(all)-1 {
			out = append(out, a)
		}
	}
	return out
}

// AllActivities returns all that the bot ever wrote into an agent session, in order.
func (th *Thread) AllActivities() []adapter.Activity {
	return th.kit.platform.Activities(workspace, th.id)
}

// Links returns the links of an agent session.
func (th *Thread) Links() []adapter.SessionLink { return th.kit.platform.Links(workspace, th.id) }

// Taken returns what the bot has taken over of the issue of an agent session.
func (th *Thread) Taken() adapter.TakeIssue { return th.kit.platform.Taken(workspace, th.id) }

// Plan returns the plan of an agent session.
func (th *Thread) Plan() []adapter.PlanStep { return th.kit.platform.Plan(workspace, th.id) }

// Statuses returns what the bot has shown with Typing, in order.
func (th *Thread) Statuses() []string { return th.kit.platform.Statuses(workspace, th.id) }

// Resolved reports whether the thread is resolved.
func (th *Thread) Resolved() bool { return th.kit.platform.Resolved(workspace, th.id) }

// Issue returns the issue that the thread belongs to, as it is now. The test ends if
// there is none.
func (th *Thread) Issue() *adapter.Issue {
	k := th.kit
	k.t.Helper()
	issue, err := k.platform.Subject(k.t.Context(), workspace, th.id)
	if err != nil {
		k.t.Fatalf("bottest: %s does not belong to an issue: %v", th.id, err)
	}
	return issue
}

// Handle returns the handle that programs have on the thread outside of turns, for
// example to read its state.
func (th *Thread) Handle() *bot.Thread {
	k := th.kit
	k.t.Helper()
	t, err := k.Workspace().Thread(th.id)
	if err != nil {
		k.t.Fatalf("bottest: %v", err)
	}
	return t
}

// Subscribed reports whether the bot listens to the thread.
func (th *Thread) Subscribed() bool {
	k := th.kit
	k.t.Helper()
	subscribed, err := th.Handle().Subscribed(k.t.Context())
	if err != nil {
		k.t.Fatalf("bottest: %v", err)
	}
	return subscribed
}
