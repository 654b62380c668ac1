package linearapi

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/linearbot/linearbot/internal/testfiles"
)

// maxPrice is the complexity that Linear allows for one operation, in points.
const maxPrice = 10_000

// sent returns the texts of the operations.
func sent(t *testing.T) map[string]string {
	t.Helper()
	docs, err := Operations()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// schema loads the types of Linear's schema.
func schema(t *testing.T) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(testfiles.Schema(t)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOperationsFitTheSchema(t *testing.T) {
	t.Parallel()
	s := schema(t)
	docs := sent(t)
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, errs := gqlparser.LoadQueryWithRules(s, docs[name], rules.NewDefaultRules())
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if len(doc.Operations) != 1 || doc.Operations[0].Name != name {
				t.Fatalf("the file must hold one operation of the file's name")
			}
			p := &pricer{t: t, op: doc.Operations[0]}
			price := math.Ceil(p.price(doc.Operations[0].SelectionSet))
			t.Logf("%v points", price)
			if price > maxPrice {
				t.Errorf("costs %v points, Linear allows %d", price, maxPrice)
			}
		})
	}
}

// TestOperationsAskWhoIsAGuest checks that operations that select people also
// select whether they are guests.
func TestOperationsAskWhoIsAGuest(t *testing.T) {
	t.Parallel()
	s := schema(t)
	var check func(op string, set ast.SelectionSet)
	// walk collects the names of the fields of one object, with fragments
	// expanded.
	var walk func(op string, set ast.SelectionSet, names map[string]bool)
	walk = func(op string, set ast.SelectionSet, names map[string]bool) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.InlineFragment:
				walk(op, sel.SelectionSet, names)
			case *ast.FragmentSpread:
				walk(op, sel.Definition.SelectionSet, names)
			case *ast.Field:
				names[sel.Name] = true
				if sel.Name != "viewer" && sel.Name != "appUser" {
					check(op, sel.SelectionSet)
				}
			}
		}
	}
	people := 0
	check = func(op string, set ast.SelectionSet) {
		names := map[string]bool{}
		walk(op, set, names)
		if !names["app"] {
			return
		}
		people++
		if !names["guest"] {
			t.Errorf("%s asks whether a user is an app and not whether they are a guest", op)
		}
	}
	for name, text := range sent(t) {
		doc, errs := gqlparser.LoadQueryWithRules(s, text, rules.NewDefaultRules())
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		check(name, doc.Operations[0].SelectionSet)
	}
	if people == 0 {
		t.Error("no operation asks about people")
	}
}

func TestPricer(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for _, tc := range []struct {
		name, text string
		want       float64
	}{
		{"scalars and objects", `{ viewer { id name organization { id } } }`, 1 + 0.1 + 0.1 + 1 + 0.1},
		{
			"connection", `{ issues(first: 10) { nodes { id comments(last: 2) { nodes { id } } } pageInfo { hasNextPage } } }`,
			1 + 10*((1+0.1+1+2*1.1)+1.1),
		},
		{"variable counts as the largest page", `query q($n: Int) { issues(first: $n) { nodes { id } } }`, 1 + 250*1.1},
		{"default of a variable", `query q($n: Int = 5) { issues(first: $n) { nodes { id } } }`, 1 + 5*1.1},
		{"fragments", `{ viewer { ...f ... on User { name } } } fragment f on User { id }`, 1.2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			doc, errs := gqlparser.LoadQueryWithRules(s, tc.text, rules.NewDefaultRules())
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			p := &pricer{t: t, op: doc.Operations[0]}
			if got := p.price(doc.Operations[0].SelectionSet); math.Abs(got-tc.want) > 1e-9 {
				t.Errorf("price = %v, want %v", got, tc.want)
			}
		})
	}
}

// pricer computes the complexity of an operation by Linear's rules: a scalar
// costs 0.1, an object 1, and a connection multiplies what is in it by first
// or last.
type pricer struct {
	t  *testing.T
	op *ast.OperationDefinition
}

func (p *pricer) price(set ast.SelectionSet) float64 {
	var sum float64
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.InlineFragment:
			sum += p.price(sel.SelectionSet)
		case *ast.FragmentSpread:
			sum += p.price(sel.Definition.SelectionSet)
		case *ast.Field:
			if len(sel.SelectionSet) == 0 {
				sum += 0.1
				continue
			}
			sum += 1 + p.pageSize(sel)*p.price(sel.SelectionSet)
		}
	}
	return sum
}

// pageSize returns the factor by which a field multiplies the cost of its
// children.
func (p *pricer) pageSize(f *ast.Field) float64 {
	if !strings.HasSuffix(f.Definition.Type.Name(), "Connection") {
		return 1
	}
	for _, name := range []string{"first", "last"} {
		arg := f.Arguments.ForName(name)
		if arg == nil {
			continue
		}
		value := arg.Value
		if value.Kind == ast.Variable {
			value = p.op.VariableDefinitions.ForName(value.Raw).DefaultValue
			if value == nil {
				return 250
			}
		}
		n, err := strconv.ParseFloat(value.Raw, 64)
		if err != nil {
			p.t.Errorf("%s(%s: %s) is not a number", f.Name, name, value.Raw)
		}
		return n
	}
	p.t.Errorf("connection %s has neither first nor last", f.Name)
	return 50
}

func TestInputsFitTheSchema(t *testing.T) {
	t.Parallel()
	s, docs := schema(t), sent(t)
	for _, tc := range []struct {
		op   string
		vars map[string]any
	}{
		{"commentCreate", map[string]any{"input": CommentCreateInput{
			ID: "a", IssueID: "b", ProjectID: "c", ProjectUpdateID: "d", InitiativeID: "e", InitiativeUpdateID: "f",
			DocumentContentID: "g", ParentID: "h", Body: "i", CreateAsUser: "j", DisplayIconURL: "k", DoNotSubscribeToIssue: true,
		}}},
		{"agentActivityCreate", map[string]any{"input": AgentActivityCreateInput{
			ID: "a", AgentSessionID: "b", Content: ActivityContent{Type: "thought", Body: "c"}, Ephemeral: true,
		}}},
		{"comment", map[string]any{"id": "a"}},
		{"commentUpdate", map[string]any{"id": "a", "input": CommentUpdateInput{Body: "a", DoNotSubscribeToIssue: true}}},
		{"comments", CommentQuery{Filter: RootComments(), LastReply: true, PageArgs: PageArgs{Last: 3, Before: "x"}}.vars(vars{})},
		{"issueComments", CommentQuery{Filter: RootComments()}.vars(vars{"id": "a"})},
		{"reactionCreate", map[string]any{"input": ReactionCreateInput{
			ID: "a", CommentID: "b", IssueID: "c", ProjectUpdateID: "d", InitiativeUpdateID: "e", Emoji: "f",
		}}},
		{"issueCreate", map[string]any{"input": IssueCreateInput{
			ID: "a", TeamID: "b", Title: "c", Description: "d", StateID: "e", Priority: 1, Estimate: 2, AssigneeID: "f", DelegateID: "g",
			LabelIDs: []string{"h"}, ProjectID: "i", CycleID: "j", ParentID: "k", DueDate: "2026-11-30", SubscriberIDs: []string{"l"},
			SourceCommentID: "m", TemplateID: "n", CreateAsUser: "o", DisplayIconURL: "p",
		}}},
		{"issueUpdate", map[string]any{"id": "a", "input": IssueUpdateInput{
			Title: Set("a"), Description: Set("b"), StateID: Set("c"), TeamID: Set("d"), Priority: Set(1), Estimate: Null[int](),
			AssigneeID: Null[string](), DelegateID: Set("e"), ProjectID: Null[string](), CycleID: Null[string](), ParentID: Set("f"),
			DueDate: Null[string](), LabelIDs: Set([]string{"g"}), AddedLabelIDs: []string{"h"}, RemovedLabelIDs: []string{"i"},
			SubscriberIDs: Null[[]string](),
		}}},
		{"issues", IssueQuery{Filter: OfTeam("a"), IncludeArchived: true, ByUpdate: true, PageArgs: PageArgs{First: 3, After: "x"}}.vars(vars{})},
		{"issueRelationCreate", map[string]any{"input": IssueRelationCreateInput{ID: "a", IssueID: "b", RelatedIssueID: "c", Type: RelationBlocks}}},
		{"issueLabelCreate", map[string]any{"input": LabelCreateInput{ID: "a", Name: "b", Color: "c", Description: "d", ParentID: "e", TeamID: "f"}}},
		{"workflowStates", PageArgs{}.vars(OfTeam("a").vars(vars{}))},
		{"cycles", ListQuery{Filter: OfTeam("a"), IncludeArchived: true}.vars()},
		{"attachmentCreate", map[string]any{"input": AttachmentCreateInput{
			ID: "a", IssueID: "b", Title: "c", URL: "d", Subtitle: "e", IconURL: "f", Metadata: map[string]any{"g": 1}, GroupBySource: true,
			CommentBody: "h", CreateAsUser: "i", DisplayIconURL: "j",
		}}},
		{"attachmentUpdate", map[string]any{"id": "a", "input": AttachmentUpdateInput{
			Title: "a", Subtitle: "b", IconURL: "c", Metadata: map[string]any{"d": 1},
		}}},
		{"agentActivityCreate", map[string]any{"input": AgentActivityCreateInput{
			AgentSessionID: "b", Content: ActivityContent{Type: ActivityElicitation, Body: "c"}, Signal: "select", SignalMetadata: map[string]any{"options": 1},
		}}},
		{"agentSessionUpdate", map[string]any{"id": "a", "input": SessionUpdateInput{
			Plan: Set([]PlanStep{{"a", "pending"}}), ExternalURLs: Set([]SessionLink{{"a", "b"}}),
			AddedExternalURLs: []SessionLink{{"a", "b"}}, RemovedExternalURLs: []string{"c"},
		}}},
		{"agentSessionActivities", PageArgs{First: 1}.vars(OfTypes(ActivityPrompt).vars(vars{"id": "a"}))},
	} {
		t.Run(tc.op, func(t *testing.T) {
			t.Parallel()
			doc, errs := gqlparser.LoadQueryWithRules(s, docs[tc.op], rules.NewDefaultRules())
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			text, err := json.Marshal(tc.vars)
			if err != nil {
				t.Fatal(err)
			}
			var vars map[string]any
			if err := json.Unmarshal(text, &vars); err != nil {
				t.Fatal(err)
			}
			if _, err := validator.VariableValues(s, doc.Operations[0], vars); err != nil {
				t.Error(err)
			}
		})
	}
}
