package ticketing

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/linearbot/linearbot/state/memstate"
)

func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"a=1&a[]=2&a[0]=3&b[c][d]=4", "q=100%&x=%zz", "a;b=c", "%5B=%5D", "[]=1", "a[b=1", "next_cursor=", "a=+%2B", "a[99999999999999999999]=1", "\xff=\xfe",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, ok := parseQuery(s)
		if ok && len(s) > maxQuery || !ok && len(s) <= maxQuery && strings.Count(s, "&") < maxParams {
			t.Errorf("limits: %v", ok)
		}
		seen := map[string]bool{}
		for _, p := range q.params {
			if p.name == "" || len(p.values) == 0 || seen[p.key()] {
				t.Errorf("%+v", p)
			}
			seen[p.key()] = true
			for _, v := range p.values {
				if !utf8.ValidString(v) {
					t.Errorf("%q is not UTF-8", v)
				}
			}
			q.all(p.key())
		}
		if len(q.rest()) != 0 {
			t.Errorf("left over: %v", q.rest())
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Add("application/json", []byte(`{"a":[{"id":1},"x",null],"b":{"id":"y"}}`))
	f.Add("application/x-www-form-urlencoded", []byte("a[]=1&a[b]=2&a=3"))
	f.Add("", []byte("{} {}"))
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		in, err := decodeBody(kind, raw)
		if err != nil {
			if problemOf(err).status != 400 {
				t.Errorf("%v", err)
			}
			return
		}
		for name := range in.fields {
			in.text(10, name)
			in.ref(name)
			in.refs(5, name)
			in.flag(name)
			in.number(name)
			in.sub(name)
		}
		if len(in.unknown()) != 0 {
			t.Errorf("unknown: %v", in.unknown())
		}
		_ = in.done()
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("a.b")
	f.Add("eyJ2IjoxfQ.AAAA")
	store := memstate.New(memstate.Options{})
	f.Cleanup(func() { _ = store.Close() })
	s := &signer{docs: documents{store}}
	good, err := s.sign(context.Background(), cursor{Resource: "tickets", Place: "x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := s.read(t.Context(), text)
		if (err == nil) != (text == good) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	})
}

func FuzzReferences(f *testing.F) {
	f.Add("see https://linear.app/acme/issue/ENG-1/x and ENG-2, UTF-8")
	f.Add("ENG-1")
	f.Add("https://x/issue/")
	h := Helpdesk{ConversationURL: "https://desk.example/app/accounts/{account}/conversations/{conversation}"}
	f.Fuzz(func(t *testing.T, s string) {
		for _, m := range mentions(s) {
			if ref, _ := issueRef(m); !isIdentifier(ref) {
				t.Errorf("%q is not an issue", m)
			}
		}
		if account, conversation := h.parse(s); conversation != "" && h.address(account, conversation) != s && !strings.Contains(s, "%") {
			if a, c := h.parse(h.address(account, conversation)); a != account || c != conversation {
				t.Errorf("%q became %q", s, h.address(account, conversation))
			}
		}
		a := h.address(s, s)
		if s != "" {
			if account, conversation := h.parse(a); account != s || conversation != s {
				t.Errorf("%q: %q, %q", a, account, conversation)
			}
		}
		if sel, err := selection(strings.Split(s, ",")); err == nil && strings.Trim(sel, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ {}") != "" {
			t.Errorf("selection %q", sel)
		}
		_ = plainText(s)
		_ = filesIn("i", s, func(string) bool { return true })
		_ = likenessTo(s).of(s)
	})
}

func TestQuerySpellings(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"ids[]=a&ids[]=b":                "ids=a,b",
		"ids%5B0%5D=a&ids%5B1%5D=b":      "ids=a,b",
		"ids=a&ids=b":                    "ids=a,b",
		"team[id]=x":                     "team[id]=x",
		"created_at%5Bgte%5D=2026-01-01": "created_at[gte]=2026-01-01",
		"q=100%":                         "q=100%",
		"q=a%2":                          "q=a%2",
		"q=a+b%20c":                      "q=a b c",
		"q=a;b":                          "q=a;b",
		"q=%F0%9F%9A%80":                 "q=🚀",
		"q=a=b":                          "q=a=b",
		"sort_by[a]=asc&sort_by[b]=desc": "sort_by[a]=asc sort_by[b]=desc",
		"&&a=1&":                         "a=1",
	} {
		q, ok := parseQuery(raw)
		var got []string
		for _, p := range q.params {
			got = append(got, p.key()+"="+strings.Join(p.values, ","))
		}
		if !ok || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	if _, ok := parseQuery(strings.Repeat("a=1&", maxParams+1)); ok {
		t.Error("too many parameters were taken")
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "198.20.0.1": true, "192.0.1.1": true,
		"127.0.0.1": false, "10.0.0.1": false, "169.254.169.254": false, "100.64.0.1": false, "::1": false, "fd00::1": false, "fe80::1": false,
		"0.1.2.3": false, "192.0.0.8": false, "198.18.0.1": false, "198.19.255.255": false, "240.0.0.1": false,
		"::ffff:127.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::a00:1": false, "2002:7f00:1::": false, "2001::1": false, "fec0::1": false,
	} {
		if got := public(netip.MustParseAddr(address), specialPrefixes()); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
