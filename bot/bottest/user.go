package bottest

import (
	"fmt"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// workspace is the workspace that everything happens in.
const workspace = "W1"

// User is a user of the platform, most often a person. Get one with [Kit.User]. The methods
// return when what happened is stored, and do not wait for the bot. What cannot
// happen on a platform, such as an edit of another user's message, ends the
// test.
type User struct {
	kit  *Kit
	user adapter.User
}

// Say writes a message and returns its id; the ids are "m1", "m2" and so on. A
// mention of the bot is its name after "@".
func (u *User) Say(in *Thread, text string) string {
	k := u.kit
	k.t.Helper()
	k.messages++
	id := fmt.Sprintf("m%d", k.messages)
	k.Deliver(&adapter.MessageEvent{Meta: u.at(in), Message: &adapter.Message{ID: id, Author: u.user, Body: text}})
	return id
}

// Mention is Say with a mention of the bot before the text.
func (u *User) Mention(in *Thread, text string) string {
	u.kit.t.Helper()
	return u.Say(in, "@"+u.kit.platform.Self.Name+" "+text)
}

// Edit replaces the text of a message that the user wrote.
func (u *User) Edit(messageID, text string) {
	u.kit.t.Helper()
	u.kit.Deliver(&adapter.EditEvent{Meta: u.meta(), Message: &adapter.Message{ID: messageID, Body: text}})
}

// Delete removes a message of any author.
func (u *User) Delete(messageID string) {
	u.kit.t.Helper()
	u.kit.Deliver(&adapter.DeleteEvent{Meta: u.meta(), Message: &adapter.Message{ID: messageID}})
}

// React adds a reaction to a message, for example to one of the bot's; see
// [Thread.Post]. emoji is a name in any common spelling or the emoji itself.
func (u *User) React(messageID, emoji string) {
	u.kit.t.Helper()
	u.kit.Deliver(&adapter.ReactionEvent{Meta: u.meta(), Added: true, RawEmoji: emoji, MessageID: messageID, User: u.user})
}

// Unreact removes a reaction of the user's.
func (u *User) Unreact(messageID, emoji string) {
	u.kit.t.Helper()
	u.kit.Deliver(&adapter.ReactionEvent{Meta: u.meta(), RawEmoji: emoji, MessageID: messageID, User: u.user})
}

// Resolve marks a thread as resolved.
func (u *User) Resolve(th *Thread) {
	u.kit.t.Helper()
	u.kit.Deliver(&adapter.ResolveEvent{Meta: u.at(th), Resolved: true})
}

// Unresolve reopens a thread.
func (u *User) Unresolve(th *Thread) {
	u.kit.t.Helper()
	u.kit.Deliver(&adapter.ResolveEvent{Meta: u.at(th)})
}

// Delegate delegates an issue to the bot, with a title and a description, and returns
// the agent session that begins with it.
func (u *User) Delegate(title, description string) *Thread {
	k := u.kit
	k.t.Helper()
	th := k.NewSession()
	k.messages++
	k.Deliver(&adapter.MessageEvent{
		Meta: u.at(th),
		Message: &adapter.Message{
			ID: fmt.Sprintf("m%d", k.messages), Thread: th.id, Author: u.user,
			Issue: &adapter.Issue{ID: "room", Title: title, Description: description},
			Session: &adapter.Session{
				ID: string(th.id), New: true, Delegated: true, Creator: &u.user,
				Request: strings.TrimSpace(title + "\n\n" + description),
			},
		},
	})
	return th
}

// Stop asks the bot to stop working in an agent session.
func (u *User) Stop(session *Thread) {
	u.kit.t.Helper()
	u.kit.Deliver(&adapter.StopEvent{Meta: u.at(session)})
}

// CreateIssue creates an issue and returns its thread; [Thread.NewThread] makes
// the threads of comments on it. Of i nothing is required: the ids count from
// "issue-1", the identifiers from "TEST-1".
func (u *User) CreateIssue(i adapter.Issue) *Thread {
	k := u.kit
	k.t.Helper()
	k.issues++
	if i.ID == "" {
		i.ID = fmt.Sprintf("issue-%d", k.issues)
	}
	if i.Identifier == "" {
		i.Identifier = fmt.Sprintf("TEST-%d", k.issues)
	}
	th := k.Thread(adapter.ThreadID("fake:" + i.ID))
	meta := u.at(th)
	meta.Action = "create"
	k.Deliver(&adapter.IssueEvent{Meta: meta, Issue: &i})
	return th
}

// UpdateIssue changes the issue that a thread belongs to. Handlers see what changed
// by Linear's names, such as "priority" or "stateId". A state, a team or a label
// without an id goes by its name.
func (u *User) UpdateIssue(th *Thread, change func(i *adapter.Issue)) {
	k := u.kit
	k.t.Helper()
	issue, err := k.platform.Subject(k.t.Context(), workspace, th.id)
	if err != nil {
		k.t.Fatalf("bottest: %s does not belong to an issue: %v", th.id, err)
		return
	}
	change(issue)
	k.Deliver(&adapter.IssueEvent{Meta: u.at(th.channel()), Issue: issue})
}

// DeleteIssue deletes the issue that a thread belongs to.
func (u *User) DeleteIssue(th *Thread) {
	u.kit.t.Helper()
	meta := u.at(th.channel())
	meta.Action = "remove"
	u.kit.Deliver(&adapter.IssueEvent{Meta: meta})
}

func (u *User) meta() adapter.Meta { return adapter.Meta{Workspace: workspace, Actor: u.user} }

func (u *User) at(th *Thread) adapter.Meta {
	m := u.meta()
	m.Thread = th.id
	return m
}
