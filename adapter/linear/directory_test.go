package linear

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

const aUser = `{"id":"u-ada","name":"Ada Byron","displayName":"ada","email":"ada@acme.test","url":"https://linear.app/acme/profiles/ada","avatarUrl":"https://x/y.png","app":false,"active":true}`

func usersAnswer(nodes string) string {
	return `{"data":{"users":{"nodes":[` + nodes + `],"pageInfo":{}}}}`
}

const noUser = `{"errors":[{"message":"Entity not found: User","extensions":{"code":"INPUT_ERROR","type":"invalid input"}}],"data":null}`

func TestUserIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := linearStub(func(int, apiCall) (int, string) { return 200, usersAnswer(aUser) })
		a := newAdapter(t, s)
		want := &adapter.User{
			ID: "u-ada", Name: "ada", FullName: "Ada Byron", Email: "ada@acme.test",
			URL: "https://linear.app/acme/profiles/ada", AvatarURL: "https://x/y.png", Kind: adapter.UserHuman,
		}
		ask := func(requests int) {
			t.Helper()
			got, err := a.User(t.Context(), ownOrg, adapter.UserQuery{Name: "ada"})
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("user, %v (-want +got):\n%s", err, diff)
			}
			if got != nil {
				got.Name = "changed" // a caller's copy
			}
			if n := len(s.ops()) - 1; n != requests {
				t.Errorf("%d requests, want %d", n, requests)
			}
		}
		ask(1)
		ask(1)
		time.Sleep(userTTL - time.Second)
		ask(1)
		time.Sleep(time.Second)
		ask(2)
	})
}

func TestNoUserIsRememberedForLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := linearStub(func(int, apiCall) (int, string) { return 200, noUser })
		a := newAdapter(t, s)
		ask := func(requests int) {
			t.Helper()
			_, err := a.User(t.Context(), ownOrg, adapter.UserQuery{ID: "u-eve"})
			if adapter.CodeOf(err) != adapter.CodeNotFound {
				t.Errorf("error %v, want NotFound", err)
			}
			if n := len(s.ops()) - 1; n != requests {
				t.Errorf("%d requests, want %d", n, requests)
			}
		}
		ask(1)
		ask(1)
		time.Sleep(noUserTTL)
		ask(2)
	})
}

func TestUserFailuresAreNotRemembered(t *testing.T) {
	t.Parallel()
	s := linearStub(func(n int, _ apiCall) (int, string) {
		if n == 1 {
			return 200, `{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}`
		}
		return 200, usersAnswer(aUser)
	})
	a := newAdapter(t, s)
	q := adapter.UserQuery{Email: "ada@acme.test"}
	if _, err := a.User(t.Context(), ownOrg, q); adapter.CodeOf(err) != adapter.CodeForbidden {
		t.Errorf("error %v, want Forbidden", err)
	}
	if u, err := a.User(t.Context(), ownOrg, q); err != nil || u.ID != "u-ada" {
		t.Errorf("user %+v, %v", u, err)
	}
	if got := string(s.calls[2].Vars); !strings.Contains(got, `{"email":{"eqIgnoreCase":"ada@acme.test"}}`) {
		t.Errorf("variables %s", got)
	}
}

func TestUserOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := linearStub(func(int, apiCall) (int, string) { return 200, usersAnswer(aUser) })
		a := newAdapter(t, s)
		if _, err := a.Identity(t.Context(), ownOrg); err != nil {
			t.Fatal(err)
		}
		s.delay = 5 * time.Second
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := a.User(ctx, ownOrg, adapter.UserQuery{Name: "ada"}); adapter.CodeOf(err) != adapter.CodeCanceled {
				t.Errorf("the first caller got %v, want Canceled", err)
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if _, err := a.User(t.Context(), ownOrg, adapter.UserQuery{Name: "ADA"}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if n := len(s.ops()); n != 2 {
			t.Errorf("%d requests, want the identity and one user", n)
		}
	})
}

func TestUserKinds(t *testing.T) {
	t.Parallel()
	for nodes, want := range map[string]adapter.UserKind{
		`{"id":"` + ownBot + `","displayName":"bot","app":true}`:                     adapter.UserSelf,
		`{"id":"u-2","displayName":"other","app":true}`:                              adapter.UserApp,
		`{"id":"u-3","displayName":"mail","email":"x@oauthapp.linear.app"}`:          adapter.UserApp,
		`{"id":"u-4","displayName":"bob","email":"bob@acme.test","someday":{"a":1}}`: adapter.UserHuman,
	} {
		s := linearStub(func(int, apiCall) (int, string) { return 200, usersAnswer(nodes) })
		if u, err := newAdapter(t, s).User(t.Context(), ownOrg, adapter.UserQuery{Name: "x"}); err != nil || u.Kind != want {
			t.Errorf("%s: %+v, %v, want %s", nodes, u, err, want)
		}
	}
}

func TestLinksToPeopleAndIssues(t *testing.T) {
	t.Parallel()
	s := linearStub(func(_ int, c apiCall) (int, string) {
		if c.Op == "issue" {
			return 200, `{"data":{"issue":{"id":"` + anIssue + `","url":"https://linear.app/acme/issue/ENG-7/title"}}}`
		}
		return 200, `{"data":{"user":` + aUser + `}}`
	})
	a := newAdapter(t, s)
	for issue, want := range map[string]string{
		"ENG-15": "https://linear.app/acme/issue/ENG-15", "eng-2": "https://linear.app/acme/issue/ENG-2",
		anIssue: "https://linear.app/acme/issue/ENG-7/title",
	} {
		if got, err := a.IssueURL(t.Context(), ownOrg, issue); got != want || err != nil {
			t.Errorf("IssueURL(%q) = %q, %v, want %q", issue, got, err, want)
		}
	}
	for user, want := range map[string]string{
		"u-ada": "https://linear.app/acme/profiles/ada", ownBot: "https://linear.app/acme/profiles/bot",
	} {
		if got, err := a.MentionURL(t.Context(), ownOrg, user); got != want || err != nil {
			t.Errorf("MentionURL(%q) = %q, %v, want %q", user, got, err, want)
		}
	}
}

func TestShortNames(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"ENG-1": true, "e2e-10": true, "A_B-3": true, "": false, "ENG": false, "ENG-": false, "-1": false,
		"1A-1": false, "ENG-1a": false, "ENG-1/x": false, anIssue: false,
	} {
		if got := isShortName(s); got != want {
			t.Errorf("isShortName(%q) = %v", s, got)
		}
	}
}

// TestUsersByID looks up many ids: with one request for fifty of them, none for those
// that are cached, and none for what cannot be an id.
func TestUsersByID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		id := func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
		s := linearStub(func(_ int, c apiCall) (int, string) {
			var nodes []string
			for n := range 60 {
				if n != 7 && strings.Contains(string(c.Vars), id(n)) {
					nodes = append(nodes, fmt.Sprintf(`{"id":"%s","displayName":"u%d","url":"https://linear.app/acme/profiles/u%d","active":%t}`, id(n), n, n, n != 3))
				}
			}
			return 200, usersAnswer(strings.Join(nodes, ","))
		})
		a := newAdapter(t, s)
		var ids []string
		for n := range 60 {
			ids = append(ids, id(n), fmt.Sprint("boss", n))
		}
		ask := func(requests int) {
			t.Helper()
			found, err := a.UsersByID(t.Context(), ownOrg, append(ids, id(0)))
			if err != nil || len(found) != 59 || found[id(7)] != nil || found[id(3)] == nil || found[id(59)].Name != "u59" {
				t.Errorf("found %d users, %v, want all but one", len(found), err)
			}
			if n := len(s.ops()) - 1; n != requests {
				t.Errorf("%d requests, want %d", n, requests)
			}
		}
		ask(2)
		ask(2)
		if _, err := a.User(t.Context(), ownOrg, adapter.UserQuery{ID: id(12)}); err != nil || len(s.ops())-1 != 2 {
			t.Errorf("%v after %d requests, want the user from the cache", err, len(s.ops())-1)
		}
		time.Sleep(noUserTTL) // the absence of one is asked again
		ask(3)
		if got := string(s.calls[len(s.calls)-1].Vars); !strings.Contains(got, `"in":["`+id(7)+`"]`) || !strings.Contains(got, `"includeDisabled":true`) {
			t.Errorf("variables %s, want the one that was not found", got)
		}
	})
}
