package workspaces

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
)

// alive reports whether Linear still takes an access token.
func (r *rig) alive(token string) bool {
	r.t.Helper()
	api, err := linearapi.New(linearapi.Config{URL: r.sim.GraphQLURL(), Tokens: linearapi.AccessToken(token), HTTPClient: r.http, MaxAttempts: 1})
	if err != nil {
		r.t.Fatal(err)
	}
	_, err = api.Viewer(r.t.Context())
	return err == nil
}

// settle lets a process do everything that is due.
func (r *rig) settle(reg *Registry) {
	r.t.Helper()
	for range 3 {
		r.clock.Advance(2 * time.Minute)
		if err := reg.Sweep(r.t.Context()); err != nil {
			r.t.Error(err)
		}
	}
}

// consistent fails unless a workspace that the app is installed in is listed and
// works, and one that it is not installed in has nothing secret left.
func (r *rig) consistent(reg *Registry) {
	r.t.Helper()
	all, err := reg.List(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	switch got := r.status(reg, r.acme.ID); got {
	case "":
	case StatusActive:
		r.mustCall(reg, r.acme.ID)
	case StatusGone:
		r.secretless(r.acme.ID)
	case StatusNeedsReauth, StatusLeaving, StatusUnreadable:
		r.t.Errorf("status %s", got)
	}
	if r.status(reg, r.acme.ID) != "" && len(all) != 1 {
		r.t.Errorf("%d workspaces are listed", len(all))
	}
}

// TestKillDuringInstall kills an instance at each step of an install: of the first
// one, of one that replaces a login, and of one after a removal whose tokens are
// not revoked yet. A login that worked still works, and the app can be installed
// again at once.
func TestKillDuringInstall(t *testing.T) {
	t.Parallel()
	for _, before := range []Status{"", StatusActive, StatusLeaving} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("before=%s,after=%t", before, after), func(t *testing.T) {
				t.Parallel()
				step := 1
				for died := true; died; step++ {
					died = killInstall(t, before, step, after)
				}
				if step < 12 {
					t.Errorf("an install has only %d steps", step)
				}
			})
		}
	}
}

func killInstall(t *testing.T, before Status, step int, after bool) (died bool) {
	t.Helper()
	r := newRig(t, linearsim.OAuthApp{})
	boot, org := r.process(), r.acme.ID
	old := ""
	if before != "" {
		r.install(boot, r.ada)
		s, err := boot.read(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		old = s.access.text()
	}
	if before == StatusLeaving {
		r.sim.Fault(linearsim.Fault{Operation: linearsim.RevokeEndpoint, Status: 500})
		if bye, err := boot.Disconnect(t.Context(), org, "test"); err != nil || bye.Revoked {
			t.Fatalf("%+v, %v", bye, err)
		}
	}
	b := r.browser(boot)
	back, err := r.app.Approve(b.begin(), r.ada)
	if err != nil {
		t.Fatal(err)
	}
	victim, l := r.mortal()
	b.handler = victim.Handler()
	l.dieIn(step, after)
	_ = b.visit(http.MethodGet, back)
	<-victim.landed()

	other := r.process()
	if before == StatusActive && r.status(other, org) != StatusActive {
		t.Errorf("step %d: the login is lost", step)
	}
	r.settle(other)
	r.consistent(other)
	if before == StatusLeaving && r.alive(old) {
		t.Errorf("step %d: the tokens of the installation that was removed still work", step)
	}
	r.install(other, r.ada)
	r.settle(other)
	r.consistent(other)
	if got := r.status(other, org); got != StatusActive {
		t.Errorf("step %d: installed again: %s", step, got)
	}
	return l.ended()
}

// TestKillDuringDisconnect kills a command at each step of a disconnect, while an
// instance sweeps or after it. The installation continues, or ends with both tokens
// revoked.
func TestKillDuringDisconnect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for _, race := range []bool{false, true} {
			t.Run(fmt.Sprintf("after=%t,race=%t", after, race), func(t *testing.T) {
				t.Parallel()
				step := 1
				for died := true; died; step++ {
					r := newRig(t, linearsim.OAuthApp{})
					bot, org := r.process(), r.acme.ID
					r.install(bot, r.ada)
					s, err := bot.read(t.Context(), org)
					if err != nil {
						t.Fatal(err)
					}
					victim, l := r.mortal()
					l.dieIn(step, after)
					var wg sync.WaitGroup
					if race {
						wg.Go(func() { r.settle(bot) })
					}
					bye, err := victim.Disconnect(t.Context(), org, "test")
					wg.Wait()
					died = l.ended()
					r.settle(bot)
					r.consistent(bot)
					_, refreshErr := bot.oauth.Refresh(t.Context(), s.refresh.text())
					switch got := r.status(bot, org); {
					case got == StatusGone && (r.alive(s.access.text()) || !errors.Is(refreshErr, linearapi.ErrGrantDead)):
						t.Errorf("step %d: a token still works: %v", step, refreshErr)
					case err == nil && got != StatusGone, !died && !bye.Revoked:
						t.Errorf("step %d: %s, %+v", step, got, bye)
					}
				}
				if step < 6 {
					t.Errorf("a disconnect has only %d steps", step)
				}
			})
		}
	}
}

// TestKillDuringRotation kills a command at each step of a key rotation, while
// another one rotates or before it. All tokens stay readable, and end up under the
// new key.
func TestKillDuringRotation(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for _, race := range []bool{false, true} {
			t.Run(fmt.Sprintf("after=%t,race=%t", after, race), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, linearsim.OAuthApp{})
				bot := r.process()
				orgs := []string{r.acme.ID}
				r.install(bot, r.ada)
				for _, name := range []string{"Umbrella", "Globex"} {
					ws := r.sim.AddWorkspace(name, name)
					orgs = append(orgs, ws.ID)
					r.install(bot, ws.AddUser("Eve", "eve"))
				}
				last := GenerateKey()
				r.keys = r.parse(last)
				if done, err := bot.Rotate(t.Context()); err != nil || done.Encrypted != len(orgs) {
					t.Fatalf("%+v, %v", done, err)
				}
				bot.cfg.Keys = &Keys{ring: append(r.keys.ring, bot.cfg.Keys.ring...)}
				if _, err := bot.Rotate(t.Context()); err != nil {
					t.Fatal(err)
				}
				step := 1
				for died := true; died; step++ {
					next := GenerateKey()
					r.keys = r.parse(next + "," + last)
					victim, l := r.mortal()
					other := r.process()
					l.dieIn(step, after)
					var wg sync.WaitGroup
					wg.Go(func() { _, _ = victim.Rotate(t.Context()) })
					if !race {
						wg.Wait()
					}
					for _, org := range orgs {
						r.mustCall(other, org)
					}
					_, _ = other.Rotate(t.Context())
					wg.Wait()
					died = l.ended()
					if done, err := other.Rotate(t.Context()); err != nil || done.Encrypted != len(orgs) || len(done.Other) != 0 {
						t.Fatalf("step %d: %+v, %v", step, done, err)
					}
					r.keys = r.parse(next)
					only := r.process()
					for _, org := range orgs {
						r.mustCall(only, org)
					}
					last = next
				}
				if step < 20 {
					t.Errorf("a rotation has only %d steps", step)
				}
			})
		}
	}
}

// TestRacingLives plays histories of two processes that install, disconnect, rotate
// keys, refresh and die. What was acknowledged stays so: the last install works,
// and after the last disconnect nothing secret is left.
func TestRacingLives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t, linearsim.OAuthApp{EndOnRefresh: rapid.Bool().Draw(rt, "end")})
		org := r.acme.ID
		current := GenerateKey()
		r.keys = r.parse(current)
		var procs [2]*Registry
		var lives [2]*life
		for i := range procs {
			procs[i], lives[i] = r.mortal()
		}
		// want is the status that was acknowledged last, "" if one is as good as the
		// other because a process died meanwhile.
		want := StatusGone
		for range rapid.IntRange(3, 12).Draw(rt, "steps") {
			i := rapid.IntRange(0, 1).Draw(rt, "process")
			switch what := rapid.SampledFrom([]string{"die", "install", "install", "disconnect", "rotate", "pass", "race"}).Draw(rt, "what"); what {
			case "die":
				lives[i].dieIn(rapid.IntRange(1, 16).Draw(rt, "at"), rapid.Bool().Draw(rt, "after"))
			case "install":
				b := r.browser(r.process())
				back, err := r.app.Approve(b.begin(), r.ada)
				if err != nil {
					rt.Fatal(err)
				}
				b.handler = procs[i].Handler()
				if w := b.visit(http.MethodGet, back); w.Code == http.StatusSeeOther {
					want = StatusActive
				} else if want != StatusActive { // over a login it changes nothing that shows
					want = ""
				}
			case "disconnect":
				switch _, err := procs[i].Disconnect(t.Context(), org, "test"); {
				case err == nil, adapter.CodeOf(err) == adapter.CodeNotFound && !lives[i].ended():
					want = StatusGone
				case want != StatusGone:
					want = ""
				}
			case "rotate":
				next := GenerateKey()
				r.keys = r.parse(current + "," + next)
				procs[i], lives[i] = r.mortal()
				procs[1-i], lives[1-i] = r.mortal()
				r.keys = r.parse(next + "," + current)
				if _, err := r.process().Rotate(t.Context()); err != nil {
					rt.Fatal(err)
				}
				_, _ = procs[i].Rotate(t.Context()) // with the old key first
				current = next + "," + current
				if _, err := r.process().Rotate(t.Context()); err != nil {
					rt.Fatal(err)
				}
			case "pass":
				r.clock.Advance(time.Duration(rapid.IntRange(1, 26*60).Draw(rt, "minutes")) * time.Minute)
			case "race":
				var wg sync.WaitGroup
				for j := range procs {
					wg.Go(func() { _ = procs[j].Sweep(t.Context()) })
					wg.Go(func() { _, _ = procs[j].Tokens(org).Token(t.Context()) })
				}
				wg.Wait()
			}
			for j := range procs {
				<-procs[j].landed()
				if lives[j].ended() {
					procs[j], lives[j] = r.mortal()
				}
			}
			r.lapse(org)
			// Once in a while someone looks after what has happened, within Linear's window.
			r.settle(r.process())
		}
		last := r.process()
		r.settle(last)
		switch got := r.status(last, org); {
		case want == StatusActive && got != StatusActive, want == StatusGone && got != StatusGone && got != "":
			rt.Fatalf("status %q, want %q:\n%s", got, want, r.log)
		}
		r.consistent(last)
	})
}

// lapse waits until the lease of a dead process has lapsed. It lives by the clock
// of the store.
func (r *rig) lapse(org string) {
	r.t.Helper()
	r.until("the lease lapses", func() bool {
		_, err := r.store.Get(r.t.Context(), leaseKey(org))
		return errors.Is(err, state.ErrNotFound)
	})
}
