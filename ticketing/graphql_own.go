package ticketing

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// ours finds out what a mutation of a client's own text changes and creates, so
// that Linear's webhooks about it are known to be ours. What it creates gets an id
// from here, if the client gives none.
type ours struct {
	c         *call
	fragments ast.FragmentDefinitionList
	vars      map[string]any
	// inserts are what has to be put into the text, by position.
	inserts []insert
	settle  map[string]func(time.Time)
	made    int
	seen    map[string]bool // fragments
}

type insert struct {
	at   int // in runes, as the parser counts
	text string
}

// creates reports whether a mutation creates something whose id can be chosen.
func creates(name string) bool {
	for _, p := range proxyResources() {
		if p.create == name {
			return true
		}
	}
	return slices.Contains([]string{"reactionCreate", "initiativeToProjectCreate"}, name)
}

func (o *ours) selection(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			o.field(s)
		case *ast.InlineFragment:
			o.selection(s.SelectionSet)
		case *ast.FragmentSpread:
			if f := o.fragments.ForName(s.Name); f != nil && !o.seen[s.Name] {
				o.seen[s.Name] = true
				o.selection(f.SelectionSet)
			}
		}
	}
}

func (o *ours) field(f *ast.Field) {
	for _, a := range f.Arguments {
		switch a.Name {
		case "id":
			o.changes(o.value(a.Value))
		case "ids":
			list, _ := o.value(a.Value).([]any)
			for _, v := range list {
				o.changes(v)
			}
		case "input":
			switch {
			case f.Name == "issueBatchCreate":
				o.batch(a.Value)
			case creates(f.Name):
				o.creates(a.Value)
			}
		}
	}
}

// value is what a value of the text stands for, as far as it names ids.
func (o *ours) value(v *ast.Value) any {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case ast.Variable:
		return o.vars[v.Raw]
	case ast.StringValue, ast.BlockValue:
		return v.Raw
	case ast.ListValue:
		var out []any
		for _, e := range v.Children {
			out = append(out, o.value(e.Value))
		}
		return out
	case ast.ObjectValue, ast.IntValue, ast.FloatValue, ast.BooleanValue, ast.NullValue, ast.EnumValue:
	}
	return nil
}

// changes records that something is about to be changed or deleted.
func (o *ours) changes(v any) {
	id, _ := v.(string)
	if isIdentifier(id) { // what Linear says later names the id
		client, err := o.c.client()
		if err != nil {
			return
		}
		n, err := client.IssueNode(o.c.ctx, strings.ToUpper(id))
		if err != nil {
			return
		}
		id = n.Value.ID
	}
	if !isUUID(id) || o.settle[id] != nil {
		return
	}
	o.settle[id] = o.c.api.intend(o.c.ctx, o.c.conn.ID, id)
}

func (o *ours) batch(v *ast.Value) {
	if v.Kind == ast.Variable {
		in, _ := o.vars[v.Raw].(map[string]any)
		list, _ := in["issues"].([]any)
		for _, e := range list {
			if fields, is := e.(map[string]any); is {
				o.name(fields)
			}
		}
		return
	}
	if list := v.Children.ForName("issues"); list != nil && list.Kind == ast.ListValue {
		for _, e := range list.Children {
			o.creates(e.Value)
		}
	}
}

// creates gives what an input creates an id.
func (o *ours) creates(v *ast.Value) {
	switch v.Kind {
	case ast.Variable:
		if fields, is := o.vars[v.Raw].(map[string]any); is {
			o.name(fields)
		}
	case ast.ObjectValue:
		if id := v.Children.ForName("id"); id != nil {
			if s, _ := o.value(id).(string); s != "" {
				o.c.api.expect(o.c.ctx, o.c.conn.ID, s)
			}
			return
		}
		if v.Position != nil {
			o.inserts = append(o.inserts, insert{v.Position.Start + 1, " id: " + strconv.Quote(o.next())})
		}
	case ast.StringValue, ast.BlockValue, ast.ListValue, ast.IntValue, ast.FloatValue, ast.BooleanValue, ast.NullValue, ast.EnumValue:
	}
}

func (o *ours) name(fields map[string]any) {
	id, _ := fields["id"].(string)
	if id == "" {
		id = o.next()
		fields["id"] = id
		return
	}
	o.c.api.expect(o.c.ctx, o.c.conn.ID, id)
}

// next is the id of the next thing that is created.
func (o *ours) next() string {
	id := derive(o.c.make, "graphql", strconv.Itoa(o.made))
	o.made++
	o.c.api.expect(o.c.ctx, o.c.conn.ID, id)
	return id
}

// apply puts the inserts into the text, the last first.
func (o *ours) apply(query string) string {
	slices.SortFunc(o.inserts, func(x, y insert) int { return y.at - x.at })
	for _, in := range o.inserts {
		i := byteAt(query, in.at)
		if i == 0 || query[i-1] != '{' {
			continue
		}
		query = query[:i] + in.text + " " + query[i:]
	}
	return query
}

// done settles what was changed, as far as the answer says when: from then on, only
// that very change counts as ours.
func (o *ours) done(data []byte) {
	if len(o.settle) == 0 {
		return
	}
	var v any
	if json.Unmarshal(data, &v) == nil {
		o.walk(v)
	}
}

func (o *ours) walk(v any) {
	switch v := v.(type) {
	case map[string]any:
		id, _ := v["id"].(string)
		updated, _ := v["updatedAt"].(string)
		if f := o.settle[id]; f != nil {
			if t, err := time.Parse(time.RFC3339, updated); err == nil {
				f(t)
			}
		}
		for _, e := range v {
			o.walk(e)
		}
	case []any:
		for _, e := range v {
			o.walk(e)
		}
	}
}
