package ticketing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// BatchInput is the body of a batch.
type BatchInput struct {
	_                   struct{}    `additionalProperties:"true"`
	IntegratedAccountID string      `json:"integrated_account_id,omitempty"`
	Resources           []BatchStep `json:"resources" doc:"At most 20 steps."`
}

// BatchStep is one step of a batch.
type BatchStep struct {
	_         struct{}       `additionalProperties:"true"`
	Name      string         `json:"name" doc:"Under which the result is found."`
	Resource  string         `json:"resource,omitempty" doc:"For example ticketing/tickets."`
	Method    string         `json:"method,omitempty" doc:"list, get, create, update, delete, or an HTTP method with path."`
	Path      string         `json:"path,omitempty"`
	ID        string         `json:"id,omitempty" doc:"May hold {{name.field}} of an earlier step."`
	Query     map[string]any `json:"query,omitempty"`
	Body      map[string]any `json:"body,omitempty"`
	DependsOn []string       `json:"depends_on,omitempty"`
	LoopOn    string         `json:"loop_on,omitempty" doc:"A list in an earlier result, such as tickets.result; the step runs for each, as {{item.field}}."`
}

// BatchResult is the answer to a batch.
type BatchResult struct {
	Result  map[string]any        `json:"result" doc:"Answers by the name of their step."`
	Errors  map[string]*ErrorBody `json:"errors" doc:"Errors by the name of their step."`
	Partial bool                  `json:"partial" doc:"Whether some steps failed."`
}

// Limits of a batch.
const (
	maxSteps = 20
	maxLoops = 200
	// maxBrought is how large the answers of all steps may be together.
	maxBrought = 8 << 20
)

// batchID is the operation of a batch, which a batch may not run.
const batchID = "batchRequest"

// batch runs requests of this API one after the other; a step can use what
// earlier ones brought.
func batch(c *call) (*reply, error) {
	steps, _ := c.input.list(maxSteps, "resources", "requests")
	account := c.asked()
	if err := c.input.done(); err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		return nil, invalidField("resources", "required", "is required: a list of at most %d steps", maxSteps)
	}
	out := &BatchResult{Result: map[string]any{}, Errors: map[string]*ErrorBody{}}
	runs, room := 0, maxBrought
	for i, raw := range steps {
		var s BatchStep
		text, err := json.Marshal(raw)
		if err == nil {
			err = json.Unmarshal(text, &s)
		}
		if err != nil || s.Name == "" {
			return nil, invalidField("resources["+strconv.Itoa(i)+"]", "value", "must be an object with a name and a resource or path")
		}
		if _, twice := out.Result[s.Name]; twice {
			return nil, invalidField("resources["+strconv.Itoa(i)+"].name", "value", "is used twice")
		}
		if missing := slices.IndexFunc(s.DependsOn, func(n string) bool { _, has := out.Result[n]; return !has }); missing >= 0 {
			p := badRequest(codeInvalidRequest, "the step %s, which this one depends on, failed or comes later", quoteID(s.DependsOn[missing]))
			out.Errors[s.Name], out.Partial = p.body(c.id), true
			continue
		}
		scope := map[string]any{}
		maps.Copy(scope, out.Result)
		items := []any{nil}
		if s.LoopOn != "" {
			found, _ := lookup(scope, s.LoopOn)
			items, _ = found.([]any)
		}
		var results []any
		var failed *problem
		for n, it := range items {
			if runs++; runs > maxLoops {
				failed = badRequest(codeInvalidRequest, "a batch runs at most %d requests", maxLoops)
				break
			}
			scope["item"] = it
			got, err := c.step(&s, scope, account, fmt.Sprintf("%s:%s:%d", c.make, s.Name, n), &room)
			if err != nil {
				failed = problemOf(err)
				break
			}
			results = append(results, got)
		}
		switch {
		case failed != nil:
			out.Errors[s.Name], out.Partial = failed.body(c.id), true
		case s.LoopOn != "":
			if results == nil {
				results = []any{}
			}
			out.Result[s.Name] = results
		default:
			out.Result[s.Name] = results[0]
		}
	}
	return ok(out), nil
}

// step runs one request through the API itself, with the rights of the caller.
// The size of the answer is taken from room.
func (c *call) step(s *BatchStep, scope map[string]any, account, key string, room *int) (any, error) {
	left := maxBody // a few references could otherwise blow up without end
	fill := func(v any) (any, error) {
		v = substitute(v, scope, &left)
		if left < 0 {
			return nil, badRequest(codeInvalidRequest, "what the step refers to is larger than %d bytes", maxBody)
		}
		return v, nil
	}
	method, target := strings.ToUpper(s.Method), s.Path
	if target == "" {
		target = "/unified/" + strings.TrimPrefix(s.Resource, "/")
		if !strings.Contains(s.Resource, "/") {
			target = "/unified/ticketing/" + s.Resource
		}
	}
	switch strings.ToLower(s.Method) {
	case "", "list", "get":
		method = http.MethodGet
	case "create":
		method = http.MethodPost
	case "update":
		method = http.MethodPatch
	case "delete":
		method = http.MethodDelete
	}
	if s.ID != "" {
		v, err := fill(s.ID)
		if err != nil {
			return nil, err
		}
		id, isText := v.(string)
		if !isText {
			return nil, invalidField(s.Name+".id", "value", "does not lead to a text")
		}
		target += "/" + url.PathEscape(id)
	} else if s.Path != "" {
		v, err := fill(target)
		if err != nil {
			return nil, err
		}
		target, _ = v.(string)
	}
	query := url.Values{}
	for k, v := range s.Query {
		filled, err := fill(v)
		if err != nil {
			return nil, err
		}
		flatten(query, k, filled)
	}
	if account != "" && query.Get("integrated_account_id") == "" {
		query.Set("integrated_account_id", account)
	}
	if !strings.HasPrefix(target, "/") {
		return nil, badRequest(codeInvalidRequest, "a step must be another request of this API")
	}
	var body []byte
	if s.Body != nil {
		v, err := fill(s.Body)
		if err != nil {
			return nil, err
		}
		if body, err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	// The time of the batch is that of all its steps.
	r, err := http.NewRequestWithContext(c.ctx, method, "http://batch"+c.api.cfg.Prefix+target, bytes.NewReader(body))
	if err != nil {
		return nil, badRequest(codeInvalidRequest, "the step has no valid path")
	}
	// The router decodes what it compares, so its answer counts, not the text.
	rt, _, _ := c.api.router.find(method, strings.TrimPrefix(r.URL.EscapedPath(), c.api.cfg.Prefix))
	if rt != nil && (rt.shape == chunks || rt.id == batchID) {
		return nil, badRequest(codeInvalidRequest, "a batch runs no streams, no downloads and no batches")
	}
	r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+query.Encode(), "&")
	for _, name := range []string{"Authorization", "Api_access_token", "Api-Access-Token", "Access-Token", "Client", "Uid", "Expiry", "Token-Type"} {
		if v := c.r.Header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", shortHash(key))
	w := &kept{header: http.Header{}, room: *room}
	c.api.ServeHTTP(w, r)
	if *room -= w.body.Len(); w.over {
		return nil, badRequest(codeInvalidRequest, "the answers of the steps are larger than a batch may bring: ask for less with limit and fields")
	}
	var v any
	if err := json.Unmarshal(w.body.Bytes(), &v); err != nil && w.body.Len() > 0 {
		return nil, badRequest(codeInvalidRequest, "the step does not answer in JSON")
	}
	if w.status >= 400 {
		var e ErrorBody
		if json.Unmarshal(w.body.Bytes(), &e) != nil || e.Code == "" {
			return nil, badRequest(codeInvalidRequest, "the step failed with HTTP %d", w.status)
		}
		p := &problem{status: w.status, code: e.Code, message: e.Message, retryable: e.Retryable, remote: e.IsRemoteError, raw: e.RawResponse, insights: e.ErrorInsight}
		if e.Details != nil {
			p.failures = e.Details.Failures
		}
		return nil, p
	}
	return v, nil
}

func flatten(q url.Values, key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			flatten(q, key+"["+k+"]", e)
		}
	case []any:
		for _, e := range v {
			flatten(q, key+"[]", e)
		}
	case nil:
	case string:
		q.Add(key, v)
	default:
		q.Add(key, strings.Trim(string(must(json.Marshal(v))), `"`))
	}
}

// substitute replaces {{path}} in texts by what earlier steps brought. A text
// that is nothing else becomes the value itself. What is brought is taken from
// left; once that is below zero, nothing more is brought.
func substitute(v any, scope map[string]any, left *int) any {
	if *left < 0 {
		return nil
	}
	switch v := v.(type) {
	case string:
		if inner, isRef := strings.CutPrefix(v, "{{"); isRef && strings.HasSuffix(inner, "}}") && strings.Count(v, "{{") == 1 {
			if got, has := lookup(scope, strings.TrimSpace(strings.TrimSuffix(inner, "}}"))); has {
				*left -= len(must(json.Marshal(got)))
				return got
			}
			return v
		}
		var b strings.Builder
		for {
			before, rest, has := strings.Cut(v, "{{")
			b.WriteString(before)
			if !has {
				return b.String()
			}
			name, after, closed := strings.Cut(rest, "}}")
			got, known := lookup(scope, strings.TrimSpace(name))
			if !closed || !known {
				b.WriteString("{{")
				v = rest
				continue
			}
			text, isText := got.(string)
			if !isText {
				text = string(must(json.Marshal(got)))
			}
			if *left -= len(text); *left < 0 {
				return nil
			}
			b.WriteString(text)
			v = after
		}
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = substitute(e, scope, left)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = substitute(e, scope, left)
		}
		return out
	default:
		return v
	}
}

// lookup follows a path such as tickets.result.0.id.
func lookup(v any, path string) (any, bool) {
	for part := range strings.SplitSeq(path, ".") {
		switch o := v.(type) {
		case map[string]any:
			next, has := o[part]
			if !has {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(o) {
				return nil, false
			}
			v = o[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// kept is an answer that is kept in memory.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
	room   int
	over   bool // there was more than room
}

// Header returns the header.
func (w *kept) Header() http.Header { return w.header }

// WriteHeader keeps the first status.
func (w *kept) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write keeps what is written, up to a limit.
func (w *kept) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.over = w.over || w.body.Len()+len(b) > w.room; w.over {
		return 0, http.ErrBodyNotAllowed
	}
	return w.body.Write(b)
}
