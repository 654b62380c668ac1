package adaptertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

// readAll reads every page.
func readAll(t *testing.T, h AbilityHarness, p adapter.Historian, r adapter.PageRequest) (all []*adapter.Message, pages int) {
	t.Helper()
	r.Workspace = h.Workspace
	for {
		page, err := p.Messages(t.Context(), r)
		if err != nil {
			t.Fatalf("Messages: %v", err)
		}
		if pages++; pages > 100 {
			t.Fatal("the pages do not end")
		}
		if len(page.Messages) > r.Limit {
			t.Errorf("a page of %d messages, the limit is %d", len(page.Messages), r.Limit)
		}
		all = append(all, page.Messages...)
		if page.Next == "" {
			return all, pages
		}
		r.Cursor = page.Next
	}
}

func bodies(all []*adapter.Message) []string {
	out := make([]string, 0, len(all))
	for _, m := range all {
		out = append(out, m.Body)
	}
	return out
}

func historyThread(t *testing.T, h AbilityHarness) {
	p := can[adapter.Historian](t, h)
	for i := range 6 {
		h.Say(t, fmt.Sprintf("said %d", i))
	}
	h.post(t, "and the bot answers")
	texts := h.Texts(t)
	for limit := 1; limit <= len(texts)+1; limit++ {
		for _, oldest := range []bool{true, false} {
			want := slices.Clone(texts)
			if !oldest {
				slices.Reverse(want)
			}
			all, pages := readAll(t, h, p, adapter.PageRequest{Thread: h.Thread, OldestFirst: oldest, Limit: limit})
			if got := bodies(all); !slices.Equal(got, want) {
				t.Errorf("limit %d, oldest first %v:\n%q, want\n%q", limit, oldest, got, want)
			}
			if most := (len(texts) + limit - 1) / limit; pages > most+1 {
				t.Errorf("limit %d: %d pages for %d messages", limit, pages, len(texts))
			}
			checkMessages(t, h, all)
		}
	}
}

// checkMessages checks what all messages of Thread must satisfy.
func checkMessages(t *testing.T, h AbilityHarness, all []*adapter.Message) {
	t.Helper()
	roots, own := 0, 0
	for _, m := range all {
		if m.ID == "" || m.Thread != h.Thread || m.CreatedAt.IsZero() || m.Author.ID == "" || m.Author.Name == "" {
			t.Errorf("message %+v lacks something", m)
		}
		if m.ParentID == "" {
			roots++
		}
		if m.Author.IsSelf() {
			own++
		}
		if m.Author.IsSelf() != (m.Body == "and the bot answers") && strings.HasPrefix(m.Body, "said ") {
			t.Errorf("the author of %q is %+v", m.Body, m.Author)
		}
	}
	if roots != 1 || own == 0 {
		t.Errorf("%d first messages and %d of the bot's own, want one and some", roots, own)
	}
}

func historyChannel(t *testing.T, h AbilityHarness) {
	p := can[adapter.Historian](t, h)
	channel, err := h.Adapter.Channel(h.Thread)
	if err != nil {
		t.Fatal(err)
	}
	mark := h.Say(t, "in the channel, too")
	for _, oldest := range []bool{true, false} {
		all, _ := readAll(t, h, p, adapter.PageRequest{Thread: channel, OldestFirst: oldest, Limit: 4})
		seen := map[string]bool{}
		var before *adapter.Message
		for _, m := range all {
			if seen[m.ID] {
				t.Errorf("message %s comes twice", m.ID)
			}
			seen[m.ID] = true
			if before != nil && before.CreatedAt.Compare(m.CreatedAt) != 0 && before.CreatedAt.Before(m.CreatedAt) != oldest {
				t.Errorf("oldest first %v: %v comes before %v", oldest, before.CreatedAt, m.CreatedAt)
			}
			before = m
			if m.ID == mark && m.Thread != h.Thread {
				t.Errorf("message %s has thread %q, want %q", m.ID, m.Thread, h.Thread)
			}
		}
		if !seen[mark] {
			t.Errorf("oldest first %v: the last message is missing", oldest)
		}
	}
}

func historyThreads(t *testing.T, h AbilityHarness) {
	p := can[adapter.Historian](t, h)
	h.Say(t, "an answer")
	r := adapter.PageRequest{Workspace: h.Workspace, Thread: h.Thread, Limit: 1}
	found := false
	for range 100 {
		page, err := p.Threads(t.Context(), r)
		if err != nil {
			t.Fatalf("Threads: %v", err)
		}
		for _, info := range page.Threads {
			if info.Root == nil || info.Root.Thread != info.ID || info.Root.ParentID != "" {
				t.Errorf("thread %+v has no proper root", info)
			}
			if info.ID == h.Thread {
				found = true
				if info.LastReplyAt.IsZero() {
					t.Error("LastReplyAt is zero, want the time of the reply")
				}
			}
		}
		if page.Next == "" {
			break
		}
		r.Cursor = page.Next
	}
	if !found {
		t.Errorf("thread %q is not among the threads", h.Thread)
	}
}

func cursors(t *testing.T, h AbilityHarness) {
	p := can[adapter.Historian](t, h)
	h.Say(t, "one")
	h.Say(t, "two")
	r := adapter.PageRequest{Workspace: h.Workspace, Thread: h.Thread, Limit: 1}
	page, err := p.Messages(t.Context(), r)
	if err != nil || page.Next == "" {
		t.Fatalf("Messages = %+v, %v, want a next page", page, err)
	}
	for _, cursor := range []string{"x", "1.", "1.e30", page.Next + "A", page.Next[:len(page.Next)-1]} {
		r.Cursor = cursor
		_, err := p.Messages(t.Context(), r)
		wantCode(t, "cursor "+cursor, err, adapter.CodeInvalid)
	}
	r.Cursor, r.OldestFirst = page.Next, true
	_, err = p.Messages(t.Context(), r)
	wantCode(t, "a cursor of the other order", err, adapter.CodeInvalid)
	channel, err := h.Adapter.Channel(h.Thread)
	if err != nil {
		t.Fatal(err)
	}
	r.Thread, r.OldestFirst = channel, false
	_, err = p.Messages(t.Context(), r)
	wantCode(t, "a cursor of another thread", err, adapter.CodeInvalid)
}
