package linearsim

import (
	"encoding/json"
	"testing"
)

// FuzzQuery runs any query text with any variables: every one gets an answer
// in valid JSON, and the server lives.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		`{viewer{id}}`, `{`, ``, `query Q($a:Int){comments(first:$a){nodes{id}}}`, `{...f} fragment f on Query{...f}`,
		`mutation{commentCreate(input:{issueId:"ENG-1",body:"x"}){comment{id children{nodes{id}}}}}`,
		`{issues(filter:{or:[{number:{in:[1,2]}},{title:{contains:"x"}}]}){nodes{title comments{nodes{body}}}}}`,
		`{issue(id:"ENG-1"){...@include(if:false){id} ... on Issue{id}}}`, `{__schema{types{name}}}`,
		`query($f:IssueFilter){issues(filter:$f){nodes{id}}}`,
		`{projects(sort:[{name:{order:Ascending,nulls:first}}],filter:{lead:{null:true}}){nodes{name teams(first:1){nodes{key}}}}}`,
		`mutation{documentCreate(input:{title:"t",teamId:"ENG"}){document{id url comments(first:1){nodes{id}}}}}`,
		`mutation{teamCreate(input:{name:"x"}){team{key states(first:9){nodes{name}}}} issueLabelCreate(input:{name:"l"}){issueLabel{id}}}`,
		`{__type(name:"User"){fields{name type{ofType{name}}}} notifications(first:1){nodes{id type}}}`, `{comments(first:-1,last:9e9){edges{cursor}}}`,
	} {
		f.Add(q, `{}`)
		f.Add(q, `{"a":1,"f":{"labels":{"some":{"name":{"eq":"x"}}},"createdAt":{"gt":"-P1D"}}}`)
	}
	w := newWorld(f, Config{})
	w.ada.Comment(w.issue, "hello")
	f.Fuzz(func(t *testing.T, query, variables string) {
		var vars map[string]any
		if json.Unmarshal([]byte(variables), &vars) != nil {
			vars = nil
		}
		s := w.srv
		doc := s.validate(query)
		op := doc.operation("")
		who := &caller{token: &token{user: w.ada}, budget: budget{ok: true}}
		out, cost := s.execute(who, doc, op, vars)
		if cost < 0 {
			t.Errorf("complexity %d", cost)
		}
		raw, err := appendJSON(nil, out.data)
		if err != nil || !json.Valid(raw) {
			t.Errorf("%v: %s", err, raw)
		}
		if len(out.errs) == 0 && out.data == nil {
			t.Error("neither data nor errors")
		}
	})
}

// FuzzMentions splits any text and checks that nothing is lost.
func FuzzMentions(f *testing.F) {
	w := newWorld(f, Config{})
	for _, s := range []string{"", "@ada", "@ada.", "x@ada", "<https://linear.app/acme/profiles/ada>", "@helper-bot-2 @helper-bot", "@\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, typed := range []bool{false, true} {
			n := 0
			for _, p := range split(w.ws, text, typed) {
				n += len(p.text)
				if p.user != nil {
					n++
				} else if p.text == "" {
					t.Error("empty part")
				}
			}
			if n > len(text) || text != "" && n == 0 {
				t.Errorf("%q: %d bytes left", text, n)
			}
			if doc := editorText(w.ws, text, typed); !json.Valid([]byte(doc)) {
				t.Errorf("%q: %s", text, doc)
			}
		}
		plainMentions(w.ws, text)
		if _, ok := instant(text, w.clock.Now()); ok && text == "" {
			t.Error("empty instant")
		}
		if c, err := parseCursor(text); err == nil && c.String() == "" {
			t.Error("empty cursor")
		}
	})
}

func TestMentions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.ws.AddUser("Bot Two", "helper-bot-2")
	for in, want := range map[string]string{
		"@ada hi":       "(ada) hi",
		"hi @ada.":      "hi (ada).",
		"@ada.byron":    "@ada.byron",
		"mail@ada":      "mail@ada",
		"(@bob)":        "((bob))",
		"@helper-bot-2": "(helper-bot-2)",
		"@helper-bot":   "(helper-bot)",
		"@helper-bot-3": "@helper-bot-3",
		"x https://linear.app/acme/profiles/ada, y": "x (ada), y",
		"<https://linear.app/acme/profiles/ada>":    "(ada)",
		"https://linear.app/globex/profiles/ada":    "https://linear.app/globex/profiles/ada",
	} {
		got := ""
		for _, p := range split(w.ws, in, true) {
			if p.user != nil {
				got += "(" + p.user.DisplayName + ")"
			}
			got += p.text
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
