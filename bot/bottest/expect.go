package bottest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/bot"
)

// Expect waits as [Kit.Wait] does and fails the test, which continues, unless
// [Thread.Posts] has texts that contain parts: each in a post of its own, in this
// order, with any posts between them.
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

// ExpectExactly waits as [Kit.Wait] does and fails the test, which continues,
// unless [Thread.Posts] has just these texts in this order.
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

// ExpectVersions waits as [Kit.Wait] does and fails the test, which continues,
// unless a message has had just these texts, one after the other: the first as
// it was posted, the others by edits.
func (th *Thread) ExpectVersions(messageID string, texts ...string) {
	th.kit.t.Helper()
	th.kit.Wait()
	if versions := th.Versions(messageID); !slices.Equal(versions, texts) {
		th.kit.t.Errorf("%s: the texts of %s were%s\nwant%s", th.id, messageID, list(versions), list(texts))
	}
}

// ExpectReactions waits as [Kit.Wait] does and fails the test, which continues,
// unless the bot's reactions to a message are just these, in any order and
// spelling. An empty messageID means the issue or the room that the thread belongs
// to.
func (th *Thread) ExpectReactions(messageID string, emoji ...string) {
	th.kit.t.Helper()
	th.kit.Wait()
	if messageID != "" && th.Versions(messageID) == nil {
		th.kit.t.Errorf("%s: there is no message %q", th.id, messageID)
		return
	}
	var got, want []string
	for _, r := range th.kit.platform.Reactions(workspace, th.id, messageID) {
		if r.User.IsSelf() {
			got = append(got, r.Emoji)
		}
	}
	for _, e := range emoji {
		want = append(want, bot.EmojiName(e))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		th.kit.t.Errorf("%s: the bot's reactions to %q are%s\nwant%s", th.id, messageID, list(got), list(want))
	}
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
