package ticketing

import (
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/wording"
)

// GraphQLRequest is a request to Linear's own API.
type GraphQLRequest struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables,omitempty"`
	OperationName string         `json:"operationName,omitempty"`
}

// GraphQLReply is Linear's own answer.
type GraphQLReply struct {
	Data any `json:"data"`
}

// proxyGraphQL answers POST /proxy/graphql and POST /custom/graphql: one
// operation in Linear's own language.
func proxyGraphQL(c *call) (*reply, error) {
	query, given, _ := c.input.text(100_000, "query")
	name, _, _ := c.input.text(100, "operationName")
	if !given || strings.TrimSpace(query) == "" {
		return nil, invalidField("query", "required", "is required")
	}
	var vars map[string]any
	if v, has := c.input.any("variables"); has && v != nil {
		o, isObject := v.(map[string]any)
		if !isObject {
			return nil, invalidField("variables", "type", "must be an object")
		}
		vars = o
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, 20_000)
	if err != nil {
		return nil, badRequest(codeInvalidRequest, "the query is not valid GraphQL: %s", wording.Clip(err.Error(), 200))
	}
	if len(doc.Operations) != 1 {
		return nil, badRequest(codeInvalidRequest, "send one operation")
	}
	op := doc.Operations[0]
	if name != "" && op.Name != name {
		return nil, badRequest(codeInvalidRequest, "there is no operation %s", quoteID(name))
	}
	look := survey{fragments: doc.Fragments, depths: map[string]int{}}
	depth := look.depth(op.SelectionSet)
	switch {
	case op.Operation == ast.Subscription:
		return nil, badRequest(codeInvalidRequest, "subscriptions are not served")
	case op.Operation == ast.Mutation && c.who.Role != RoleAdmin:
		return nil, forbidden(codeForbidden, "mutations need the role admin")
	case depth > maxQueryDepth:
		return nil, badRequest(codeInvalidRequest, "the query is nested more than %d levels deep", maxQueryDepth)
	case look.introspects:
		return nil, forbidden(codeForbidden, "introspection is switched off")
	}
	own := &ours{c: c, fragments: doc.Fragments, vars: vars, settle: map[string]func(time.Time){}, seen: map[string]bool{}}
	if op.Operation == ast.Mutation {
		own.selection(op.SelectionSet)
		query = own.apply(query)
	}
	if op.Name == "" {
		// The name goes along with the request, so it needs one.
		i := byteAt(query, op.Position.Start)
		rest := query[i:]
		switch {
		case strings.HasPrefix(rest, "{"):
			query = query[:i] + "query proxied " + rest
		default:
			word := string(op.Operation)
			query = query[:i] + word + " proxied" + strings.TrimPrefix(rest, word)
		}
		op.Name = "proxied"
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	data, err := client.Raw(c.ctx, linearapi.RawRequest{
		Name: op.Name, Query: query, Variables: vars, Repeatable: op.Operation == ast.Query,
	})
	if err != nil {
		return nil, err
	}
	own.done(data)
	return ok(GraphQLReply{data}), nil
}

// byteAt is where the rune n of a text begins: the parser counts runes.
func byteAt(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}

// maxQueryDepth is how deep a query may nest.
const maxQueryDepth = 15

// survey looks through a query with its fragments, which the parser does not
// resolve. Each fragment is looked at once, however often it is spread.
type survey struct {
	fragments ast.FragmentDefinitionList
	depths    map[string]int
	// introspects says that a field asks for the schema.
	introspects bool
}

// depth returns how many levels a selection has.
func (v *survey) depth(set ast.SelectionSet) int {
	deepest := 0
	for _, s := range set {
		below := 0
		switch s := s.(type) {
		case *ast.Field:
			if strings.HasPrefix(s.Name, "__") && s.Name != "__typename" {
				v.introspects = true
			}
			below = v.depth(s.SelectionSet)
		case *ast.InlineFragment:
			below = v.depth(s.SelectionSet)
		case *ast.FragmentSpread:
			below = v.fragment(s.Name)
		}
		deepest = max(deepest, 1+below)
	}
	return deepest
}

func (v *survey) fragment(name string) int {
	if d, seen := v.depths[name]; seen {
		return d
	}
	f := v.fragments.ForName(name)
	if f == nil {
		return 0 // Linear says so
	}
	v.depths[name] = maxQueryDepth // one that spreads itself has no end
	v.depths[name] = v.depth(f.SelectionSet)
	return v.depths[name]
}
