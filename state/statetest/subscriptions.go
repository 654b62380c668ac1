package statetest

import (
	"context"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/state"
)

func subscriptionChecks() []check {
	return []check{
		{"subscribe and unsubscribe", subscribe},
		{"per workspace", subscribePerWorkspace},
		{"any text in names", subscribeAnyText},
		{"many threads", subscribeMany},
		{"loops that end early", subscribeBreak},
	}
}

func (k *kit) subscribe(threads ...state.Key) {
	k.Helper()
	for _, th := range threads {
		if err := k.s.Subscribe(k.ctx(), th); err != nil {
			k.Fatalf("Subscribe(%q): %v", th, err)
		}
	}
}

func (k *kit) subscribed(thread state.Key, want bool) {
	k.Helper()
	if got, err := k.s.Subscribed(k.ctx(), thread); err != nil || got != want {
		k.Errorf("Subscribed(%q) = %v, %v, want %v", thread, got, err, want)
	}
}

func (k *kit) threads(workspace string, want ...state.Key) {
	k.Helper()
	var got []state.Key
	for th, err := range k.s.Threads(k.ctx(), workspace) {
		if err != nil {
			k.Fatalf("Threads(%q): %v", workspace, err)
		}
		got = append(got, th)
	}
	sortKeys(got)
	want = slices.Clone(want)
	sortKeys(want)
	if diff := cmp.Diff(want, got); diff != "" {
		k.Errorf("Threads(%q) (-want +got):\n%s", workspace, diff)
	}
}

func sortKeys(ks []state.Key) {
	slices.SortFunc(ks, func(a, b state.Key) int { return strings.Compare(a.String(), b.String()) })
}

func subscribe(k *kit) {
	a, b := lane("a"), lane("b")
	k.subscribed(a, false)
	k.threads("w1")
	k.subscribe(a, a, b)
	k.subscribed(a, true)
	k.threads("w1", a, b)
	for range 2 {
		if err := k.s.Unsubscribe(k.ctx(), a); err != nil {
			k.Errorf("Unsubscribe: %v", err)
		}
		k.subscribed(a, false)
		k.subscribed(b, true)
		k.threads("w1", b)
	}
	k.subscribe(a)
	k.threads("w1", a, b)
}

func subscribePerWorkspace(k *kit) {
	a := state.Key{Workspace: "w1", Kind: "thread", ID: "a"}
	b := state.Key{Workspace: "w2", Kind: "thread", ID: "a"}
	c := state.Key{Kind: "thread", ID: "a"}
	d := state.Key{Workspace: "w1", Kind: "other", ID: "a"}
	k.subscribe(a)
	k.subscribed(b, false)
	k.subscribed(c, false)
	k.subscribed(d, false)
	k.subscribe(b, c, d)
	k.threads("w1", a, d)
	k.threads("w2", b)
	k.threads("", c)
	k.threads("w")
	k.threads("w3")
	if err := k.s.Unsubscribe(k.ctx(), a); err != nil {
		k.Errorf("Unsubscribe: %v", err)
	}
	k.subscribed(b, true)
	k.threads("w1", d)
	k.threads("w2", b)
}

func subscribeAnyText(k *kit) {
	byWorkspace := map[string][]state.Key{}
	for _, n := range oddNames() {
		for _, th := range []state.Key{
			{Workspace: n, Kind: "thread", ID: "x"},
			{Workspace: "w", Kind: "thread", ID: n},
			{Workspace: "w", Kind: n, ID: "x"},
		} {
			k.subscribe(th)
			byWorkspace[th.Workspace] = append(byWorkspace[th.Workspace], th)
		}
	}
	for ws, want := range byWorkspace {
		k.threads(ws, want...)
	}
}

func subscribeMany(k *kit) {
	want := make([]state.Key, 0, 500)
	for _, id := range numbered("t", 500) {
		want = append(want, lane(id))
	}
	k.subscribe(want...)
	k.threads("w1", want...)
}

func subscribeBreak(k *kit) {
	k.subscribe(lane("a"), lane("b"), lane("c"))
	for _, err := range k.s.Threads(k.ctx(), "w1") {
		k.wants("Threads", err, nil)
		break
	}
	// The body may change what it walks over.
	for th, err := range k.s.Threads(k.ctx(), "w1") {
		if err != nil {
			k.Fatalf("Threads: %v", err)
		}
		if err := k.s.Unsubscribe(k.ctx(), th); err != nil {
			k.Fatalf("Unsubscribe: %v", err)
		}
	}
	k.threads("w1")
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	n := 0
	for _, err := range k.s.Threads(ctx, "w1") {
		n++
		k.wants("Threads with an ended context", err, context.Canceled)
	}
	if n != 1 {
		k.Errorf("Threads gave %d pairs with an ended context, want its error once", n)
	}
}
