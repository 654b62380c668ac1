package linearsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

const (
	maxBody      = 4 << 20
	maxDocuments = 1000
)

// request is one authenticated GraphQL request, as resolvers see it.
type request struct {
	srv    *Server
	user   *User
	ws     *Workspace
	token  *token
	budget budget

	refused error         // by a filter, until the page is answered
	signed  time.Duration // how long the files in texts can be read without a token
}

// document is a parsed and validated query text, or the errors in it.
type document struct {
	query *ast.QueryDocument
	errs  []responseError
}

// body is what a client posts.
type body struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// reply is an answer before it is written.
type reply struct {
	status int
	data   any
	noData bool // rejected before execution
	errs   []responseError
}

func refuse(err *apiError) reply {
	return reply{status: err.http, noData: true, errs: []responseError{asResponse(err)}}
}

func (s *Server) serveGraphQL(w http.ResponseWriter, r *http.Request) {
	allowBrowsers(w, r)
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	rec := Request{At: s.now(), Authorization: authKind(r)}
	began := time.Now()
	var in body
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil {
		s.write(w, &rec, began, s.caller(r), 0, refuse(badRequest("BAD_REQUEST", "POST body must be JSON with a query")))
		return
	}
	if strings.TrimSpace(in.Query) == "" {
		s.write(w, &rec, began, s.caller(r), 0, refuse(noQuery()))
		return
	}
	s.transcribe(&rec.Query, []byte(in.Query))
	doc := s.parse(in.Query)
	op := doc.operation(in.OperationName)
	rec.OperationName, rec.Variables = in.OperationName, in.Variables
	if op != nil {
		rec.OperationName = op.Name
		rec.Fields = rootFields(nil, op.SelectionSet, 0)
	}

	fault := s.takeFault(true, append(rec.Fields, rec.OperationName)...)
	if !fault.wait(r) {
		cut(w)
		return
	}
	if status, ok := fault.answer(w); ok {
		rec.Status = status
		s.transcribe(&rec.Answer, []byte(fault.Body))
		s.timed(&rec, began)
		s.record(rec)
		return
	}
	if fault.Reset {
		s.timed(&rec, began)
		s.record(rec)
		cut(w)
		return
	}
	who := s.caller(r)
	if fault.RateLimited {
		who.exhaust(s.now(), fault.RetryAfter)
	}
	out, cost := s.execute(who, doc, op, in.Variables)
	if fault.ResetAfter && !fault.RateLimited {
		s.timed(&rec, began)
		s.record(rec)
		cut(w)
		return
	}
	s.write(w, &rec, began, who, cost, out)
}

// parse validates a query text once and remembers the outcome.
func (s *Server) parse(text string) *document {
	s.mu.Lock()
	doc, ok := s.documents[text]
	s.mu.Unlock()
	if ok {
		return doc
	}
	doc = s.validate(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.documents) >= maxDocuments {
		clear(s.documents)
	}
	s.documents[text] = doc
	return doc
}

func (s *Server) validate(text string) *document {
	query, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return &document{errs: []responseError{asValidation("GRAPHQL_VALIDATION_FAILED", err)}}
	}
	var errs []responseError
	seen := map[string]bool{}
	for _, e := range validator.ValidateWithRules(s.schema, query, nil) {
		v := asValidation("GRAPHQL_VALIDATION_FAILED", e)
		if key := fmt.Sprint(v.Message, v.Locations); !seen[key] { // fragments are walked once for each spread
			seen[key] = true
			errs = append(errs, v)
		}
	}
	return &document{query, errs}
}

func asValidation(code string, err error) responseError {
	out := asResponse(badRequest(code, err.Error()))
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		out.Message = e.Message
		for _, l := range e.Locations {
			out.Locations = append(out.Locations, location{l.Line, l.Column})
		}
	}
	return out
}

// operation picks the operation to run, or nil.
func (d *document) operation(name string) *ast.OperationDefinition {
	if d.query == nil {
		return nil
	}
	return d.query.Operations.ForName(name)
}

// rootFields names the root fields of a selection. The depth is bounded since
// the query may be invalid, with cyclic fragments.
func rootFields(out []string, set ast.SelectionSet, depth int) []string {
	if depth > 8 {
		return out
	}
	for _, sel := range set {
		switch s := sel.(type) {
		case *ast.Field:
			if len(out) < 100 && !slices.Contains(out, s.Name) {
				out = append(out, s.Name)
			}
		case *ast.InlineFragment:
			out = rootFields(out, s.SelectionSet, depth+1)
		case *ast.FragmentSpread:
			if s.Definition != nil {
				out = rootFields(out, s.Definition.SelectionSet, depth+1)
			}
		}
	}
	return out
}

// execute checks and runs an operation and returns its complexity.
func (s *Server) execute(who *caller, doc *document, op *ast.OperationDefinition, vars map[string]any) (reply, int) {
	switch {
	case who.err != nil && (op == nil || !introspects(op)):
		return refuse(who.err), 0
	case len(doc.errs) > 0:
		return reply{status: http.StatusBadRequest, noData: true, errs: doc.errs}, 0
	case op == nil:
		return refuse(badRequest("OPERATION_RESOLUTION_FAILURE", "Unknown operation, or none named among several")), 0
	case op.Operation == ast.Subscription:
		return refuse(badRequest("GRAPHQL_VALIDATION_FAILED", "Subscriptions are not served")), 0
	}
	values, err := validator.VariableValues(s.schema, op, vars)
	if err != nil {
		return reply{status: http.StatusBadRequest, noData: true, errs: []responseError{asVariable(op, vars, err)}}, 0
	}
	cost := complexity(op, values)
	if introspects(op) {
		cost = 1 // the tools' introspection query nests types ten deep
	}
	if cost > maxComplexity {
		e := inputError(fmt.Sprintf("Query too complex - complexity is %d, maximum allowed is %d", cost, maxComplexity), "Query too complex.")
		e.http = http.StatusBadRequest
		return refuse(e), cost
	}
	if who.budget.ok {
		s.spendPoints(who, cost)
	}
	if who.budget.ok {
		s.spendSearch(who, op)
	}
	if !who.budget.ok {
		return refuse(who.budget.refusal()), cost
	}
	if introspects(op) {
		x := execution{schema: s.schema, vars: values, req: &request{srv: s}}
		return reply{status: http.StatusOK, data: x.run(op, s.query), errs: x.errs}, cost
	}
	if who.token == nil {
		return refuse(unauthenticated()), cost
	}
	return s.run(who, op, values), cost
}

func (s *Server) run(who *caller, op *ast.OperationDefinition, vars map[string]any) reply {
	s.mu.Lock()
	top := s.query
	if op.Operation == ast.Mutation {
		top = s.mutate
		defer s.unlock()
	} else {
		defer s.mu.Unlock()
	}
	u := who.token.user
	r := &request{srv: s, user: u, ws: u.ws, token: who.token, budget: who.budget, signed: who.signed}
	if err := r.allowed(op); err != nil {
		e := asResponse(err)
		if f, ok := op.SelectionSet[0].(*ast.Field); ok {
			e.Path = []any{f.Alias}
		}
		return reply{status: http.StatusOK, errs: []responseError{e}}
	}
	x := execution{schema: s.schema, vars: vars, req: r}
	data := x.run(op, top)
	return reply{status: http.StatusOK, data: data, errs: x.errs}
}

// write sends an answer and logs it.
func (s *Server) write(w http.ResponseWriter, rec *Request, began time.Time, who *caller, cost int, out reply) {
	rec.Status, rec.Complexity = out.status, cost
	if who.token != nil {
		rec.UserID = who.token.user.ID
	}
	for _, e := range out.errs {
		rec.Codes = append(rec.Codes, e.Extensions.Code)
	}
	b := []byte{'{'}
	if len(out.errs) > 0 {
		list, err := json.Marshal(out.errs)
		if err != nil {
			http.Error(w, "encoding failed", http.StatusInternalServerError)
			return
		}
		b = append(append(b, `"errors":`...), list...)
	}
	if !out.noData {
		if len(out.errs) > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendJSON(append(b, `"data":`...), out.data); err != nil {
			http.Error(w, "encoding failed", http.StatusInternalServerError)
			return
		}
	}
	b = append(b, '}')
	s.transcribe(&rec.Answer, b)
	s.timed(rec, began)
	s.record(*rec) // before the client can know
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Request-ID", uuid.NewString())
	who.budget.headers(h, cost)
	w.WriteHeader(out.status)
	_, _ = w.Write(b)
}

// asVariable is the answer to variables that do not fit.
func asVariable(op *ast.OperationDefinition, vars map[string]any, err error) responseError {
	message := err.Error()
	if rest, ok := strings.CutPrefix(message, "input: variable."); ok {
		name, _, _ := strings.Cut(rest, " ")
		name, _, _ = strings.Cut(name, ".")
		name, _, _ = strings.Cut(name, "[")
		message = `Variable "$` + name + `" got invalid value: ` + rest
	}
	e := invalidInput(message)
	var at []location
	for _, d := range op.VariableDefinitions {
		v, given := vars[d.Variable]
		if d.Type.NonNull && v == nil && (given || d.DefaultValue == nil) {
			e.message = fmt.Sprintf("Variable \"$%s\" of required type \"%s\" was not provided.", d.Variable, d.Type)
			if given {
				e.message = fmt.Sprintf("Variable \"$%s\" of non-null type \"%s\" must not be null.", d.Variable, d.Type)
			}
			if d.Position != nil {
				at = []location{{d.Position.Line, d.Position.Column}}
			}
			break
		}
	}
	out := asResponse(e)
	out.Locations = at
	return out
}

// allowBrowsers lets the pages of tools such as GraphiQL ask.
func allowBrowsers(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Origin") == "" {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "authorization, content-type, public-file-urls-expire-in, x-apollo-operation-name, apollo-require-preflight")
	h.Set("Access-Control-Expose-Headers", "x-request-id, x-complexity, retry-after, x-ratelimit-requests-limit, "+
		"x-ratelimit-requests-remaining, x-ratelimit-requests-reset, x-ratelimit-complexity-limit, "+
		"x-ratelimit-complexity-remaining, x-ratelimit-complexity-reset, x-ratelimit-endpoint-requests-limit, "+
		"x-ratelimit-endpoint-requests-remaining, x-ratelimit-endpoint-requests-reset, x-ratelimit-endpoint-name")
	h.Set("Access-Control-Max-Age", "600")
}

func authKind(r *http.Request) string {
	h := r.Header.Get("Authorization")
	switch {
	case h == "":
		return AuthNone
	case isBearer(h):
		return AuthBearer
	default:
		return AuthAPIKey
	}
}

func isBearer(h string) bool {
	return len(h) >= 7 && strings.EqualFold(h[:7], "Bearer ")
}
