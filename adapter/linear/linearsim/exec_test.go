package linearsim

import (
	"errors"
	"math"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

const zooSchema = `
interface Named { name: String! }
interface Pet implements Named { name: String! }
type Cat implements Pet & Named { name: String! lives: Int! friend: Pet strictFriend: Pet! friends: [Pet!] loose: [Pet] }
type Dog implements Pet & Named { name: String! barks: Boolean! broken: String! }
union Animal = Cat | Dog
enum Size { SMALL LARGE }
input Box { size: Size = SMALL n: Int tags: [String!] }
type Query { cat: Cat dog: Dog animals: [Animal!]! echo(text: String = "none", n: Int, box: Box): String size: Size float: Float nan: Float int: Int id: ID }
`

// beast is a node made of a table.
type beast struct {
	typ    string
	values map[string]any
}

func (b *beast) typename() string { return b.typ }

func (b *beast) field(_ *request, name string, a args) (any, error) {
	v, ok := b.values[name]
	if !ok {
		return nil, noField(b.typ, name)
	}
	switch v := v.(type) {
	case error:
		return nil, v
	case func(args) any:
		return v(a), nil
	}
	return v, nil
}

func zoo() *beast {
	dog := &beast{"Dog", map[string]any{"name": "Rex", "barks": true, "broken": errors.New("broken")}}
	cat := &beast{"Cat", map[string]any{"name": "Tom", "lives": 9, "friend": dog, "strictFriend": dog}}
	cat.values["friends"] = []*beast{dog, cat}
	cat.values["loose"] = []any{dog, nil}
	return &beast{"Query", map[string]any{
		"cat": cat, "dog": dog, "animals": []node{cat, dog},
		"echo": func(a args) any {
			box := a.object("box")
			n, _ := a.number("n")
			m, _ := box.number("n")
			return a.text("text") + "/" + string(rune('0'+int(n+m))) + box.text("size") + join(box.texts("tags"))
		},
		"size": "SMALL", "float": 1, "nan": math.NaN(), "int": 3.0, "id": "x",
	}}
}

func join(in []string) string {
	out := ""
	for _, s := range in {
		out += "," + s
	}
	return out
}

func TestExecution(t *testing.T) {
	t.Parallel()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: zooSchema})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, query string
		vars        map[string]any
		want        string
		errs        string // message @ path, of all errors
	}{
		{"order and aliases", `{b:cat{name} a:cat{lives n:name}}`, nil, `{"b":{"name":"Tom"},"a":{"lives":9,"n":"Tom"}}`, ""},
		{"merged fields", `{cat{name} cat{lives} ...f} fragment f on Query{cat{friend{name}}}`, nil, `{"cat":{"name":"Tom","lives":9,"friend":{"name":"Rex"}}}`, ""},
		{"union", `{animals{__typename ... on Cat{lives} ... on Dog{barks} ... on Named{name}}}`, nil, `{"animals":[{"__typename":"Cat","lives":9,"name":"Tom"},{"__typename":"Dog","barks":true,"name":"Rex"}]}`, ""},
		{"interface", `{cat{friend{name ...d ... on Cat{lives}}}} fragment d on Dog{barks}`, nil, `{"cat":{"friend":{"name":"Rex","barks":true}}}`, ""},
		{"bare inline fragment", `{cat{...{name} ...@skip(if:true){lives}}}`, nil, `{"cat":{"name":"Tom"}}`, ""},
		{"directives", `query($y:Boolean!,$n:Boolean=false){a:__typename @include(if:$y) b:__typename @include(if:$n) c:__typename @skip(if:$y) d:__typename @skip(if:$n) ...f @include(if:$n)} fragment f on Query{e:__typename}`, map[string]any{"y": true}, `{"a":"Query","d":"Query"}`, ""},
		{"fragments of fragments", `{cat{...a friend{...p}}} fragment a on Cat{...n lives} fragment p on Pet{...n} fragment n on Named{name}`, nil, `{"cat":{"name":"Tom","lives":9,"friend":{"name":"Rex"}}}`, ""},
		{"fragments that meet in a field", `{cat{friend{name} ...f ...g}} fragment f on Cat{friend{...on Dog{barks}}} fragment g on Cat{friend{name n:name}}`, nil, `{"cat":{"friend":{"name":"Rex","barks":true,"n":"Rex"}}}`, ""},
		{"variables in fragments", `query($t:String,$n:Int=4){...f c:echo} fragment f on Query{a:echo(n:$n) ...g} fragment g on Query{...on Query{b:echo(text:$t,box:{n:$n})}}`, map[string]any{"t": "v"}, `{"a":"none/4","b":"v/4","c":"none/0"}`, ""},
		{"directives in fragments", `query($y:Boolean!,$n:Boolean=false){cat{...f}} fragment f on Cat{name@include(if:$y) lives@skip(if:$y) ...g@skip(if:$y) ...on Cat@include(if:$n){a:name} ...on Cat@skip(if:$n){b:name}} fragment g on Cat{c:name}`, map[string]any{"y": true}, `{"cat":{"name":"Tom","b":"Tom"}}`, ""},
		{"left out in one place", `{cat{...f@skip(if:true) lives ...f ...f}} fragment f on Cat{name}`, nil, `{"cat":{"lives":9,"name":"Tom"}}`, ""},
		{"error in a fragment", `{dog{...f} id} fragment f on Dog{name broken}`, nil, `{"dog":null,"id":"x"}`, "broken @ [dog broken]"},
		{"argument defaults", `{a:echo b:echo(text:"x",n:2) c:echo(text:null)}`, nil, `{"a":"none/0","b":"x/2","c":"/0"}`, ""},
		{"variables", `query($t:String,$n:Int=4,$u:String){a:echo(text:$t,n:$n) b:echo(text:$u)}`, map[string]any{"t": "v"}, `{"a":"v/4","b":"none/0"}`, ""},
		{"input objects", `query($b:Box){a:echo(box:$b) b:echo(box:{size:LARGE,n:1,tags:["x","y"]}) c:echo(box:{tags:"x"})}`, map[string]any{"b": map[string]any{"n": 3, "tags": "z"}}, `{"a":"none/3,z","b":"none/1LARGE,x,y","c":"none/0,x"}`, ""},
		{"leaves", `{size float int id}`, nil, `{"size":"SMALL","float":1,"int":3,"id":"x"}`, ""},
		{"bad leaf", `{nan id}`, nil, `{"nan":null,"id":"x"}`, "Float cannot represent a float64 @ [nan]"},
		{"null for nullable", `{cat{loose{name}}}`, nil, `{"cat":{"loose":[{"name":"Rex"},null]}}`, ""},
		{"error in a nullable parent", `{dog{name broken} id}`, nil, `{"dog":null,"id":"x"}`, "broken @ [dog broken]"},
		{"null climbs to the nearest nullable", `{cat{name strictFriend{... on Dog{broken}}}}`, nil, `{"cat":null}`, "broken @ [cat strictFriend broken]"},
		{"null stops at a nullable field", `{cat{name friend{... on Dog{x:broken}}}}`, nil, `{"cat":{"name":"Tom","friend":null}}`, "broken @ [cat friend x]"},
		{"null in a strict list", `{cat{name friends{... on Dog{broken}}}}`, nil, `{"cat":{"name":"Tom","friends":null}}`, "broken @ [cat friends 0 broken]"},
		{"null in a loose list", `{cat{loose{... on Dog{broken}}}}`, nil, `{"cat":{"loose":[null,null]}}`, "broken @ [cat loose 0 broken]"},
		{"null to the top", `{id animals{... on Dog{broken}}}`, nil, `null`, "broken @ [animals 1 broken]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			query, errs := gqlparser.LoadQueryWithRules(schema, tt.query, nil)
			if errs != nil {
				t.Fatal(errs)
			}
			vars, err := validator.VariableValues(schema, query.Operations[0], tt.vars)
			if err != nil {
				t.Fatal(err)
			}
			x := execution{schema: schema, vars: vars, req: &request{}}
			raw, err := appendJSON(nil, x.run(query.Operations[0], zoo()))
			if err != nil {
				t.Fatal(err)
			}
			if string(raw) != tt.want {
				t.Errorf("got  %s\nwant %s", raw, tt.want)
			}
			got := ""
			for _, e := range x.errs {
				got += e.Message + " @ " + pathText(e.Path)
				if len(e.Locations) != 1 {
					t.Errorf("no location: %+v", e)
				}
			}
			if got != tt.errs {
				t.Errorf("errors %q, want %q", got, tt.errs)
			}
		})
	}
}

func TestExecutionOfWrongResolvers(t *testing.T) {
	t.Parallel()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: zooSchema})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		query  string
		change func(*beast)
		want   string
	}{
		{`{cat{name}}`, func(b *beast) { b.values["cat"] = "text" }, "string is not a Cat"},
		{`{cat{name}}`, func(b *beast) { b.values["cat"] = b.values["dog"] }, "*linearsim.beast is not a Cat"},
		{`{animals{__typename}}`, func(b *beast) { b.values["animals"] = b.values["cat"] }, "animals is not a list"},
		{`{animals{__typename}}`, func(b *beast) { b.values["animals"] = nil }, "Cannot return null for non-nullable field Query.animals."},
		{`{cat{name}}`, func(b *beast) { b.values["cat"] = &beast{typ: "Cat"} }, "no resolver for Cat.name"},
		{`{size}`, func(b *beast) { b.values["size"] = "HUGE" }, "Size cannot represent a string"},
		{`{int}`, func(b *beast) { b.values["int"] = math.MaxInt32 + 1 }, "Int cannot represent a int"},
	} {
		query, errs := gqlparser.LoadQueryWithRules(schema, tt.query, nil)
		if errs != nil {
			t.Fatal(errs)
		}
		z := zoo()
		tt.change(z)
		x := execution{schema: schema, req: &request{}}
		x.run(query.Operations[0], z)
		if len(x.errs) != 1 || x.errs[0].Message != tt.want || x.errs[0].Extensions.Code != "INTERNAL_SERVER_ERROR" {
			t.Errorf("%s: %+v, want %s", tt.query, x.errs, tt.want)
		}
	}
}

func pathText(path []any) string {
	out := "["
	for i, p := range path {
		if i > 0 {
			out += " "
		}
		switch p := p.(type) {
		case string:
			out += p
		case int:
			out += string(rune('0' + p))
		}
	}
	return out + "]"
}
