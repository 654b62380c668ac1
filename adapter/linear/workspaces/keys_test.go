package workspaces

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

func TestParseKeys(t *testing.T) {
	t.Parallel()
	raw := []byte(strings.Repeat("k", 31) + "1")
	std, hx := base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(raw)
	for _, tt := range []struct {
		list string
		n    int
		says string
	}{
		{"", 0, ""},
		{" , ", 0, ""},
		{std, 1, ""},
		{hx, 1, ""},
		{strings.ToUpper(hx), 1, ""},
		{base64.RawURLEncoding.EncodeToString(raw), 1, ""},
		{std + "," + hx, 1, ""}, // the same key
		{GenerateKey() + ", " + GenerateKey(), 2, ""},
		{"short", 0, "key 1 is not 32 bytes"},
		{std + ",m4rker", 0, "key 2 is not 32 bytes"},
		{hx + "00", 0, "key 1"},
		{strings.Repeat(GenerateKey()+",", maxKeys+1), 0, "more than"},
	} {
		k, err := ParseKeys(tt.list)
		if (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) || len(k.IDs()) != tt.n && err == nil {
			t.Errorf("%d keys, %v, want %d, %q", len(k.IDs()), err, tt.n, tt.says)
		}
		if err != nil && strings.Contains(err.Error(), "m4rker") {
			t.Error("the error quotes the key")
		}
		if text := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(text, "kkkk") || strings.Contains(text, std) {
			t.Error(text)
		}
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	parse := func(list string) *Keys {
		k, err := ParseKeys(list)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	a, b := GenerateKey(), GenerateKey()
	one, both, swapped, other := parse(a), parse(b+","+a), parse(a+","+b), parse(b)
	s := one.seal("org", fieldAccess, "text")
	for _, k := range []*Keys{one, both, swapped} {
		if got, err := k.open("org", fieldAccess, s); got != "text" || err != nil {
			t.Errorf("%v: %q, %v", k, got, err)
		}
	}
	damaged := *s
	damaged.Data = append([]byte(nil), s.Data...)
	damaged.Data[0] ^= 1
	cut := *s
	cut.IV = s.IV[:4]
	noID := *s
	noID.Key = ""
	for _, tt := range []struct {
		name       string
		k          *Keys
		org, field string
		s          *sealed
		says       string
	}{
		{"another key", other, "org", fieldAccess, s, "add that key to LINEAR_ENCRYPTION_KEY"},
		{"no key", nil, "org", fieldAccess, s, "set LINEAR_ENCRYPTION_KEY"},
		{"another workspace", one, "org2", fieldAccess, s, "cannot be decrypted"},
		{"another field", one, "org", fieldRefresh, s, "cannot be decrypted"},
		{"damaged", one, "org", fieldAccess, &damaged, "cannot be decrypted"},
		{"cut", one, "org", fieldAccess, &cut, "cannot be decrypted"},
		{"without its id", one, "org", fieldAccess, &noID, "cannot be decrypted"},
	} {
		got, err := tt.k.open(tt.org, tt.field, tt.s)
		if _, sealed := errors.AsType[*sealError](err); got != "" || !sealed || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
	if x, y := one.seal("org", "f", "text"), one.seal("org", "f", "text"); string(x.IV) == string(y.IV) || string(x.Data) == string(y.Data) {
		t.Error("the same text twice gives the same bytes")
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	reg := r.process()
	key := GenerateKey()
	withOld := r.process(func(c *Config) { c.Keys = r.parse(GenerateKey() + "," + key) })
	r.install(reg, r.ada)
	s, err := reg.read(t.Context(), r.acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	// As the predecessor encrypts: the bare key, a nonce of 12 bytes, no additional data.
	old := func(text string) any {
		raw, _ := base64.StdEncoding.DecodeString(key)
		block, err := aes.NewCipher(raw)
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		iv := []byte("twelve bytes")
		out := gcm.Seal(nil, iv, []byte(text), nil)
		return map[string][]byte{"iv": iv, "data": out[:len(out)-16], "tag": out[len(out)-16:]}
	}
	record := func(access, refresh, expires any) []byte {
		raw, err := json.Marshal(map[string]any{
			"accessToken": access, "refreshToken": refresh, "botUserId": "u", "expiresAt": expires, "organizationId": r.acme.ID,
		})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	access, refresh := s.access.text(), s.refresh.text()
	if _, err := reg.Import(t.Context(), record(access, refresh, nil)); adapter.CodeOf(err) != adapter.CodeConflict {
		t.Errorf("over an installation: %v", err)
	}
	forget := func() {
		if err := r.store.Delete(t.Context(), recordKey(r.acme.ID)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name    string
		access  any
		refresh any
		expires any
	}{
		{"plain", access, refresh, float64(r.clock.Now().Add(time.Hour).UnixMilli())},
		{"encrypted", old(access), old(refresh), nil},
		{"no refresh token", old(access), nil, nil},
	} {
		forget()
		org, err := withOld.Import(t.Context(), record(tt.access, tt.refresh, tt.expires))
		if err != nil || org != r.acme.ID {
			t.Fatalf("%s: %q, %v", tt.name, org, err)
		}
		r.mustCall(withOld, org)
		w, err := withOld.Workspace(t.Context(), org)
		if err != nil || w.Key != withOld.cfg.Keys.IDs()[0] || w.Expires.IsZero() != (tt.expires == nil) {
			t.Errorf("%s: %+v, %v", tt.name, w, err)
		}
	}
	forget()
	for name, data := range map[string][]byte{
		"no JSON": []byte("{"), "no workspace": []byte(`{"accessToken":"m4rker"}`), "no token": record(nil, nil, nil),
		"odd token": record([]int{1}, nil, nil), "other key": record(map[string]string{"iv": "AAAAAAAAAAAAAAAA", "data": "AAAA", "tag": "AAAAAAAAAAAAAAAAAAAAAA=="}, nil, nil),
	} {
		if _, err := withOld.Import(t.Context(), data); adapter.CodeOf(err) != adapter.CodeInvalid || strings.Contains(err.Error(), "m4rker") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Keys are rotated during calls and refreshes, following the steps of the manual.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{EndOnRefresh: true})
	old, next := GenerateKey(), GenerateKey()
	process := func(keys string) *Registry { return r.process(func(c *Config) { c.Keys = r.parse(keys) }) }
	first := process(old)
	orgs := []string{r.acme.ID}
	r.install(first, r.ada)
	for _, name := range []string{"umbrella", "globex"} {
		ws := r.sim.AddWorkspace(name, name)
		orgs = append(orgs, ws.ID)
		r.install(first, ws.AddUser("Eve", "eve-"+name))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var load sync.WaitGroup
	var calls atomic.Int64
	var mu sync.RWMutex // an instance that is replaced finishes what it has begun
	regs := []*Registry{first, first}
	for i := range 4 {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				org := orgs[n%len(orgs)]
				mu.RLock()
				got, err := r.call(context.WithoutCancel(ctx), regs[(i+n)%2], org)
				mu.RUnlock()
				calls.Add(1)
				if err != nil || got != org {
					t.Errorf("%s: %q, %v", org, got, err)
					return
				}
				if i == 0 && n%5 == 4 {
					mu.Lock() // a day does not pass within a call
					r.clock.Advance(25 * time.Hour)
					mu.Unlock()
				}
			}
		})
	}
	deploy := func(keys string) { // one instance after the other
		for i := range regs {
			reg := process(keys)
			mu.Lock()
			<-regs[i].landed()
			regs[i] = reg
			mu.Unlock()
			before := calls.Load()
			r.until("the load continues", func() bool { return calls.Load() >= before+20 || ctx.Err() != nil || t.Failed() })
		}
	}
	deploy(old + "," + next)
	deploy(next + "," + old)
	rotated, err := process(next + "," + old).Rotate(t.Context())
	if err != nil || rotated.Encrypted != len(orgs) || len(rotated.Other) != 0 {
		t.Errorf("%+v, %v", rotated, err)
	}
	deploy(next)
	cancel()
	load.Wait()
	for _, org := range orgs {
		w, err := first.Workspace(t.Context(), org)
		if err != nil || w.Status != StatusUnreadable || w.Key != r.parse(next).IDs()[0] || !strings.Contains(w.Problem, "add that key") {
			t.Errorf("%+v, %v", w, err)
		}
	}
	// A process without the key neither uses nor harms a record.
	if _, err := first.Installed(t.Context(), orgs[0]); err != nil && adapter.CodeOf(err) != adapter.CodeUnavailable {
		t.Error(err)
	}
	if err := process(old).Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	r.mustCall(process(next), orgs[0])
}

// TestUnreadable: with a key that was changed an installation is unreadable, for those who
// ask and in what is counted, and active again when the key is back.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	r.install(r.process(), r.ada)
	other := r.process(func(c *Config) { c.Keys = r.parse(GenerateKey()) })
	for name, tt := range map[string]struct {
		reg  *Registry
		want Status
	}{"another key": {other, StatusUnreadable}, "the key": {r.process(), StatusActive}} {
		if err := tt.reg.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w, err := tt.reg.Workspace(t.Context(), r.acme.ID)
		if err != nil || w.Status != tt.want || (w.Problem == "") != (tt.want == StatusActive) {
			t.Errorf("%s: %+v, %v", name, w, err)
		}
		if n := tt.reg.Statuses(); len(n) != 1 || n[tt.want] != 1 {
			t.Errorf("%s: counted %v", name, n)
		}
	}
}

func TestPlaintext(t *testing.T) {
	t.Parallel()
	r := newRig(t, linearsim.OAuthApp{})
	cfg := r.config()
	cfg.Keys = nil
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "LINEAR_ENCRYPTION_KEY") || !strings.Contains(err.Error(), "keys generate") {
		t.Errorf("without a key: %v", err)
	}
	cfg.AllowPlaintext = true
	plain, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, r.log.String(), "tokens are stored as they are")
	r.install(plain, r.ada)
	if w, err := plain.Workspace(t.Context(), r.acme.ID); err != nil || w.Key != "none" {
		t.Errorf("%+v, %v", w, err)
	}
	// With a key, the next sweep encrypts.
	reg := r.process()
	if err := reg.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w, err := reg.Workspace(t.Context(), r.acme.ID); err != nil || w.Key != r.keys.IDs()[0] {
		t.Errorf("%+v, %v", w, err)
	}
	r.mustCall(reg, r.acme.ID)
}

func FuzzDecode(f *testing.F) {
	keys, err := ParseKeys(GenerateKey())
	if err != nil {
		f.Fatal(err)
	}
	rec := record{Version: 1, Organization: "o", Status: StatusActive, Pair: "p"}
	rec.Access = keys.seal("o", fieldAccess, "text")
	raw, err := json.Marshal(rec)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{"v":1,"organization":"o","access":{"k":"x","iv":"AAAA"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := decode(raw, "o", keys)
		if err == nil && s.rec.Organization != "o" {
			t.Errorf("a record of %q was taken", s.rec.Organization)
		}
		if err == nil {
			s.rec.due(time.Now())
			s.rec.expired(time.Now())
		}
	})
}
