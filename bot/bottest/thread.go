package bottest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

// workspace is the workspace that everything happens in.
const workspace = "W1"

// User is somebody who writes. Make one with [Kit.User].
type User struct {
	kit  *Kit
	user adapter.User
}

// Say delivers a message and returns its id; the ids are "m1", "m2" and so on.
// It returns when the message is stored, and does not wait for the bot. A
// mention of the bot is its name after "@".
func (u *User) Say(in *Thread, text string) string {
	k := u.kit
	k.t.Helper()
	k.messages++
	id := fmt.Sprintf("m%d", k.messages)
	k.accept(k.fake.SaidBy(u.user, workspace, in.id, id, text))
	return id
}

// Thread is a thread of the platform. Make one with [Kit.NewThread].
type Thread struct {
	kit *Kit
	id  adapter.ThreadID
}

// ID returns the id.
func (th *Thread) ID() adapter.ThreadID { return th.id }

// Posts returns what the bot has posted so far, in order.
func (th *Thread) Posts() []string { return th.kit.fake.Posted(th.id) }

// Subscribed reports whether the bot listens to the thread now.
func (th *Thread) Subscribed() bool {
	k := th.kit
	k.t.Helper()
	t, err := k.bot.Thread(workspace, th.id)
	if err != nil {
		k.t.Fatalf("bottest: %v", err)
		return false
	}
	subscribed, err := t.Subscribed(k.t.Context())
	if err != nil {
		k.t.Fatalf("bottest: %v", err)
	}
	return subscribed
}

// Expect waits as [Kit.Wait] does and fails the test, which goes on, unless the
// bot posted texts that contain parts: each in a post of its own, in this order,
// with any posts between them.
func (th *Thread) Expect(parts ...string) {
	th.kit.t.Helper()
	th.kit.Wait()
	posts := th.Posts()
	from := 0
	for _, part := range parts {
		i := slices.IndexFunc(posts[from:], func(post string) bool { return strings.Contains(post, part) })
		if i < 0 {
			th.kit.t.Errorf("%s: no post contains %q%s; the posts are%s", th.id, part, after(from), list(posts))
			return
		}
		from += i + 1
	}
}

// ExpectExactly waits as [Kit.Wait] does and fails the test, which goes on,
// unless the bot posted just these texts in this order.
func (th *Thread) ExpectExactly(texts ...string) {
	th.kit.t.Helper()
	th.kit.Wait()
	if posts := th.Posts(); !slices.Equal(posts, texts) {
		th.kit.t.Errorf("%s: the posts are%s\nwant%s", th.id, list(posts), list(texts))
	}
}

// ExpectNone is ExpectExactly without texts.
func (th *Thread) ExpectNone() {
	th.kit.t.Helper()
	th.ExpectExactly()
}

func after(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" after number %d", n)
}

func list(texts []string) string {
	if len(texts) == 0 {
		return " none"
	}
	var b strings.Builder
	for i, text := range texts {
		fmt.Fprintf(&b, "\n%3d %q", i+1, text)
	}
	return b.String()
}
