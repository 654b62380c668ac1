package bottest_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/access"
	"github.com/linearbot/linearbot/bot/bottest"
)

// notes are what handlers saw.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, fmt.Sprintf(format, args...))
}

// want fails the test unless the notes since the last look are these.
func (n *notes) want(t *testing.T, want ...string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if diff := cmp.Diff(want, n.all); diff != "" {
		t.Errorf("handlers saw (-want +got):\n%s", diff)
	}
	n.all = nil
}

// Whatever a user does reaches the handler for it, once.
func TestEvents(t *testing.T) {
	t.Parallel()
	var saw notes
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			saw.add("mention %s %q", m.ID, m.Text())
			_, err := t.Post(ctx, bot.Text("answer"))
			return err
		})
		b.OnMessageUpdated(func(_ context.Context, t *bot.Thread, m *bot.Message, previous string) error {
			saw.add("edit %s %s %q, was %q", t.ID(), m.ID, m.Body, previous)
			return nil
		})
		b.OnMessageDeleted(func(_ context.Context, t *bot.Thread, m *bot.Message) error {
			saw.add("delete %s %s %q", t.ID(), m.ID, m.Body)
			return nil
		})
		b.OnReaction(func(_ context.Context, t *bot.Thread, r *adapter.ReactionEvent) error {
			saw.add("reaction %t %s %s to %s by %s", r.Added, t.ID(), r.Emoji, r.MessageID, r.User.ID)
			return nil
		})
		b.OnResolved(func(_ context.Context, t *bot.Thread, r *adapter.ResolveEvent) error {
			saw.add("resolved %t %s", r.Resolved, t.ID())
			return nil
		})
	})
	ada, bob, th := k.User("ada"), k.User("bob"), k.NewThread()
	twice := func(want ...string) {
		t.Helper()
		k.Duplicate()
		k.Wait()
		saw.want(t, want...)
	}
	id := ada.Mention(th, "go")
	twice(`mention m1 "go"`)
	ada.Edit(id, "@helper stop")
	twice(`edit fake:room:thread-1 m1 "@helper stop", was "@helper go"`)
	ada.Edit(id, "@helper go")
	twice(`edit fake:room:thread-1 m1 "@helper go", was "@helper stop"`)
	answer := th.Post(0).ID
	for range 2 { // what is repeated by people is another event
		bob.React(answer, "+1")
		twice("reaction true fake:room:thread-1 thumbs_up to post-0 by bob")
		bob.Unreact(answer, "👍")
		twice("reaction false fake:room:thread-1 thumbs_up to post-0 by bob")
	}
	ada.Resolve(th)
	twice("resolved true fake:room:thread-1")
	if !th.Resolved() {
		t.Error("the thread is open")
	}
	ada.Unresolve(th)
	twice("resolved false fake:room:thread-1")
	bob.Delete(id)
	twice(`delete fake:room:thread-1 m1 "@helper go"`)
	th.ExpectExactly("answer")
}

// What the bot does is seen, and done once though the turn runs thrice.
func TestDoings(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			draft, err := t.Post(ctx, bot.Text("draft"))
			if err != nil {
				return err
			}
			scrap, err := t.Post(ctx, bot.Text("scrap"))
			if err != nil {
				return err
			}
			for _, do := range []func() error{
				func() error { return t.Typing(ctx, "writing") },
				func() error { return t.React(ctx, m.ID, "eyes") },
				func() error { return t.React(ctx, m.ID, "rocket") },
				func() error { return t.React(ctx, m.ID, "fire") },
				func() error { return t.Unreact(ctx, m.ID, "eyes") },
				func() error { return t.React(ctx, "", "check") },
				func() error { _, err := t.Edit(ctx, draft.ID, bot.Text("final")); return err },
				func() error { return t.Delete(ctx, scrap.ID) },
				func() error { return t.Resolve(ctx) },
			} {
				if err := do(); err != nil {
					return err
				}
			}
			if m.Attempt < 3 {
				return errBoom
			}
			return nil
		})
	})
	th := k.NewThread()
	id := k.User("ada").Mention(th, "go")
	th.ExpectExactly("final")
	th.ExpectVersions("post-0", "draft", "final")
	th.ExpectVersions("post-1", "scrap")
	th.ExpectReactions(id, "fire", "🚀")
	th.ExpectReactions(id, "🚀", "fire")
	th.ExpectReactions("", "white_check_mark")
	k.User("bob").React(id, "eyes")
	th.ExpectReactions(id, "rocket", "fire") // bob's is not the bot's
	k.Thread("fake:room").ExpectNone()       // the posts of its threads are theirs
	if post := th.Post(0); post.ID != "post-0" || post.Body != "final" || post.EditedAt.IsZero() || post.ParentID != id {
		t.Errorf("the post is %+v", post)
	}
	if !th.Resolved() {
		t.Error("the thread is open")
	}
	if diff := cmp.Diff([]string{"writing", "writing", "writing"}, th.Statuses()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	var all []string
	for _, m := range th.Messages() {
		all = append(all, fmt.Sprintf("%s %s %d", m.Author.Name, m.Body, len(m.Reactions)))
	}
	if diff := cmp.Diff([]string{"ada @helper go 3", "helper final 0"}, all); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// A handler reads back what was said and done.
func TestHistory(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			var all []string
			for m, err := range t.AllMessages(ctx) {
				if err != nil {
					return err
				}
				all = append(all, m.Author.Name+": "+m.Body)
			}
			_, err := t.Post(ctx, bot.Markdown(strings.Join(all, " | ")))
			return err
		})
	})
	ada, th, other := k.User("ada"), k.NewThread(), k.NewThread()
	ada.Say(other, "elsewhere")
	first := ada.Say(th, "frist")
	ada.Delete(ada.Say(th, "second"))
	ada.Edit(first, "first")
	ada.Mention(th, "what was said?")
	want := "ada: first | ada: @helper what was said?"
	th.ExpectExactly(want)
	k.Restart()
	k.User("bob").Mention(th, "again")
	th.ExpectExactly(want, want+" | helper: "+want+" | bob: @helper again")
	if n := len(th.Messages()); n != 5 {
		t.Errorf("%d messages, want 5", n)
	}
	for i := range 60 { // more than a page
		ada.Say(other, fmt.Sprint(i))
	}
	if n := len(other.Messages()); n != 61 {
		t.Errorf("%d messages, want 61", n)
	}
}

// A reaction to the question is an answer.
func TestApproval(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
			a, err := bot.RequestApproval(ctx, t, bot.ApprovalRequest{Title: "Deploy?", Approvers: []string{"bob"}})
			if err != nil {
				return err
			}
			_, err = t.Post(ctx, bot.Text(fmt.Sprintf("%t by %s", a.Approved, a.By.Name)))
			return err
		})
	})
	ada, bob, th := k.User("ada"), k.User("bob"), k.NewThread()
	request := ada.Mention(th, "deploy")
	question := th.Post(0).ID
	ada.React(question, "thumbs_up") // may not answer
	bob.React(request, "thumbs_up")  // is not an answer
	th.Expect("Deploy?")
	k.Restart()
	bob.React(question, "👎")
	th.Expect("Deploy?", "false by bob")
}

func TestIssues(t *testing.T) {
	t.Parallel()
	var saw notes
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		note := func(name string) bot.IssueHandler {
			return func(_ context.Context, t *bot.Thread, i *bot.IssueChange) error {
				saw.add("%s %s %s", name, t.ID(), i.Issue.Title)
				return nil
			}
		}
		b.OnIssue(note("created"), bot.IssueCreated())
		b.OnIssue(note("removed"), bot.IssueRemoved())
		b.OnIssue(note("delegated"), bot.IssueDelegated())
		b.OnIssue(func(_ context.Context, _ *bot.Thread, i *bot.IssueChange) error {
			before, after, _ := i.Field("priority")
			saw.add("priority %s to %s", before, after)
			return nil
		}, bot.IssueChanged("priority"))
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			issue, err := t.Subject(ctx)
			if err != nil {
				return err
			}
			saw.add("mention %s %q in %s", t.ID(), m.Text(), issue.Identifier)
			return nil
		})
	})
	ada := k.User("ada")
	issue := ada.CreateIssue(adapter.Issue{Title: "Checkout fails", Description: "@helper look"})
	k.Duplicate()
	k.Wait()
	saw.want(t, "created fake:issue-1 Checkout fails", `mention fake:issue-1 "look" in TEST-1`)
	th := issue.NewThread()
	ada.Mention(th, "help")
	k.Wait()
	saw.want(t, `mention fake:issue-1:thread-1 "help" in TEST-1`)
	self := k.Self()
	ada.UpdateIssue(th, func(i *adapter.Issue) { i.Delegate = &self })
	k.Wait()
	saw.want(t, "delegated fake:issue-1 Checkout fails")
	ada.UpdateIssue(issue, func(i *adapter.Issue) { i.Priority, i.Title = 1, "Checkout" })
	k.Duplicate()
	k.Wait()
	saw.want(t, "priority 0 to 1")
	ada.UpdateIssue(issue, func(i *adapter.Issue) {
		i.Assignee, i.Labels = &adapter.User{ID: "ada"}, []adapter.Label{{Name: "bug"}}
	})
	ada.UpdateIssue(issue, func(i *adapter.Issue) { i.Assignee.ID = "bob" })
	ada.UpdateIssue(issue, func(i *adapter.Issue) { i.Labels[0].Name = "feature" })
	k.Wait()
	saw.want(t)
	ada.UpdateIssue(issue, func(i *adapter.Issue) { i.Description = "@helper look, please" }) // mentioned before
	k.Wait()
	saw.want(t)
	ada.DeleteIssue(th)
	k.Wait()
	saw.want(t, "removed fake:issue-1 Checkout")
	if other := ada.CreateIssue(adapter.Issue{ID: "i9", Title: "Another"}); other.ID() != "fake:i9" {
		t.Errorf("the issue is %s", other.ID())
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			if m.Body == "wait" {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			p := bot.NewPlan("Work", "look")
			if _, err := t.Post(ctx, p); err != nil {
				return err
			}
			_, err := t.Post(ctx, bot.Text("done"))
			return err
		})
		b.OnStop(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Text("stopped by "+m.Author.Name))
			return err
		})
	})
	ada, s := k.User("ada"), k.NewSession()
	ada.Say(s, "do it")
	s.ExpectExactly("done")
	if diff := cmp.Diff([]adapter.PlanStep{{Content: "look", Status: "pending"}}, s.Plan()); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if all := s.Activities(); len(all) != 1 || all[0].Kind != adapter.ActivityResponse || all[0].Body != "done" {
		t.Errorf("activities %+v, want one response", all)
	}
	ada.Say(s, "wait")
	ada.Stop(s)
	s.ExpectExactly("done", "stopped by ada")
	if k.NewSession().ID() == s.ID() {
		t.Error("two sessions have the same id")
	}
}

// A stream is shown while it comes; in the end there is one post.
func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
			b.OnNewMention(func(ctx context.Context, t *bot.Thread, _ *bot.Message) error {
				words := func(yield func(string, error) bool) {
					for _, word := range []string{"one ", "two ", "three"} {
						if !yield(word, nil) {
							return
						}
						time.Sleep(10 * time.Second)
					}
				}
				_, err := t.Post(ctx, bot.Stream(words))
				return err
			})
		})
		th := k.NewThread()
		k.User("ada").Mention(th, "count")
		th.ExpectExactly("one two three")
		versions := th.Versions(th.Post(0).ID)
		if n := len(versions); n < 3 || versions[n-1] != "one two three" {
			t.Errorf("it was shown as %q", versions)
		}
	})
}

func TestUsers(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{Access: access.Users("ada@example.com", "bob", "ci")}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			_, err := t.Post(ctx, bot.Text(fmt.Sprintf("%s %s <%s>", m.Author.Name, m.Author.Kind, m.Author.Email)))
			return err
		})
	})
	k.UserOf(adapter.User{ID: "u1", Name: "ada", FullName: "Ada Byron", Email: "ada@example.com"})
	k.UserOf(adapter.User{ID: "ci", FullName: "CI", Kind: adapter.UserApp})
	k.UserOf(adapter.User{ID: "x", Email: "x@example.com", Kind: adapter.UserExternal})
	k.UserOf(adapter.User{ID: "silent"})
	th := k.NewThread()
	for _, id := range []string{"u1", "bob", "ci", "x", "y"} {
		k.User(id).Mention(th, "hello")
	}
	th.ExpectExactly(bot.Escape("ada human <ada@example.com>"), bot.Escape("bob human <>"), bot.Escape("ci app <>"))
	for name, q := range map[string]adapter.UserQuery{"u1": {Name: "@Ada"}, "x": {Email: "x@example.com"}, "y": {ID: "y"}, "silent": {Name: "silent"}} {
		if u, err := k.Bot().Workspace("W1").User(t.Context(), q); err != nil || u.ID != name {
			t.Errorf("User(%+v) = %+v, %v, want %s", q, u, err, name)
		}
	}
	if u := k.User("u1"); u != k.User("u1") {
		t.Error("a user is two")
	}
	if self := k.Self(); self.ID == "" || !self.IsSelf() {
		t.Errorf("the bot is %+v", self)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNewMention(func(ctx context.Context, t *bot.Thread, m *bot.Message) error {
			for _, a := range m.Attachments {
				f, err := t.Open(ctx, a.URL, 0)
				if err != nil {
					return err
				}
				content, err := io.ReadAll(f)
				_ = f.Close() // in memory
				if err != nil {
					return err
				}
				if _, err := t.Post(ctx, bot.Text(f.Name+" "+f.Type+" "+string(content))); err != nil {
					return err
				}
			}
			return nil
		})
	})
	url, err := k.Platform().Upload(t.Context(), "W1", adapter.Upload{Name: "log.txt", Type: "text/plain", Size: 4, Content: strings.NewReader("boom")})
	if err != nil {
		t.Fatal(err)
	}
	th := k.NewThread()
	k.User("ada").Mention(th, "read [the log]("+url+")")
	th.ExpectExactly("log.txt text/plain boom")
}

// Events that no one has a method for are delivered, too.
func TestDeliver(t *testing.T) {
	t.Parallel()
	var saw notes
	k := bottest.New(t, bot.Config{}, func(b *bot.Bot) {
		b.OnNotification(func(_ context.Context, t *bot.Thread, n *adapter.NotificationEvent) error {
			saw.add("%s %s", n.Kind, t.ID())
			return nil
		})
		b.OnUninstalled(func(_ context.Context, w *bot.Workspace) error {
			saw.add("uninstalled %s", w.ID())
			return nil
		})
	})
	th := k.NewThread()
	k.Deliver(&adapter.NotificationEvent{Meta: adapter.Meta{Thread: th.ID()}, Kind: "issueAssignedToYou"})
	k.Wait()
	k.Deliver(&adapter.UninstallEvent{})
	k.Duplicate()
	k.Wait()
	saw.want(t, "issueAssignedToYou fake:room:thread-1", "uninstalled W1")
}
