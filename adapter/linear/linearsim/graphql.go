package linearsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

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
}

// document is a parsed and validated query text, or why it is none.
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
	noData bool // refused before execution
	errs   []responseError
}

func refuse(err *apiError) reply {
	return reply{status: err.http, noData: true, errs: []responseError{asResponse(err)}}
}

func (s *Server) serveGraphQL(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	rec := Request{At: s.now(), Authorization: authKind(r)}
	var in body
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil || in.Query == "" {
		s.write(w, &rec, s.caller(r), 0, refuse(badRequest("BAD_REQUEST", "POST body must be JSON with a query")))
		return
	}
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
		s.record(rec)
		return
	}
	if fault.Reset {
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
		s.record(rec)
		cut(w)
		return
	}
	s.write(w, &rec, who, cost, out)
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
		return &document{errs: []responseError{asValidation("GRAPHQL_PARSE_FAILED", err)}}
	}
	var errs []responseError
	for _, e := range validator.ValidateWithRules(s.schema, query, nil) {
		errs = append(errs, asValidation("GRAPHQL_VALIDATION_FAILED", e))
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
// the query may be invalid, with fragments in a circle.
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
	case who.err != nil:
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
		return refuse(badRequest("BAD_USER_INPUT", err.Error())), 0
	}
	cost := complexity(op, values)
	if cost > maxComplexity {
		e := inputError(fmt.Sprintf("Query too complex - complexity is %d, maximum allowed is %d", cost, maxComplexity), "Query too complex.")
		e.http = http.StatusBadRequest
		return refuse(e), cost
	}
	if !who.budget.ok {
		return refuse(who.budget.refusal()), cost
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
	x := execution{schema: s.schema, vars: vars, req: &request{
		srv: s, user: u, ws: u.ws, token: who.token, budget: who.budget,
	}}
	data := x.run(op, top)
	return reply{status: http.StatusOK, data: data, errs: x.errs}
}

// write sends an answer and logs it.
func (s *Server) write(w http.ResponseWriter, rec *Request, who *caller, cost int, out reply) {
	rec.Status, rec.Complexity = out.status, cost
	if who.token != nil {
		rec.UserID = who.token.user.ID
	}
	for _, e := range out.errs {
		rec.Codes = append(rec.Codes, e.Extensions.Code)
	}
	s.record(*rec)

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
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Request-ID", uuid.NewString())
	who.budget.headers(h, s.now(), cost)
	w.WriteHeader(out.status)
	_, _ = w.Write(append(b, '}'))
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
