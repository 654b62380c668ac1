package ticketing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// maxBody is the largest body of a request that brings no file.
const maxBody = 2 << 20

// call is one request on its way through the API.
type call struct {
	ctx    context.Context //nolint:containedctx // a call lives as long as its request
	api    *API
	r      *http.Request
	header http.Header // of the answer
	route  *route
	path   map[string]string
	q      *query
	id     string
	who    *identity
	conn   *Connection
	raw    []byte // the body, if it was read; of a form with files, what tells it from others
	size   int64  // of the body
	input  *input // the decoded body
	make   string // id for what the call creates
	// creating says that the fields are those of a new ticket.
	creating bool
	notes    []string
}

// identity is the caller.
type identity struct {
	Token
	// session says that a helpdesk vouched for the person, not a token.
	session bool
}

// ServeHTTP serves the API.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{api: a, r: r, header: w.Header(), id: requestID(r), ctx: r.Context()}
	c.header.Set("X-Request-ID", c.id)
	c.header.Set("X-Content-Type-Options", "nosniff")
	c.header.Set("Cache-Control", "no-store")
	start := a.cfg.Now()
	done, err := c.serve(w) //nolint:contextcheck // what must be finished outlives the request
	if err != nil {
		c.fail(w, err, start)
		return
	}
	if done == nil {
		return
	}
	if len(c.notes) > 0 {
		c.header.Set("X-Warnings", headerText(strings.Join(c.notes, "; ")))
	}
	switch {
	case done.write != nil:
		done.write(w)
	case done.body == nil:
		w.WriteHeader(done.status)
	default:
		if raw, isRaw := done.body.(json.RawMessage); isRaw {
			writeBytes(w, done.status, raw)
			return
		}
		writeJSON(w, done.status, done.body)
	}
}

// serve runs the steps that every request has in common.
func (c *call) serve(w http.ResponseWriter) (done *reply, err error) {
	defer func() {
		if v := recover(); v != nil {
			if e, is := v.(error); is && errors.Is(e, http.ErrAbortHandler) {
				panic(v) //nolint:forbidigo // net/http's way to end a connection
			}
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	path, below := strings.CutPrefix(c.r.URL.EscapedPath(), c.api.cfg.Prefix)
	if !below {
		return nil, &problem{status: http.StatusNotFound, code: codeNotFound, message: "no such path"}
	}
	rt, values, allow := c.api.router.find(c.r.Method, path)
	c.route, c.path = rt, values
	if below, has := strings.CutPrefix(path, facadeRoot); has && rt == nil {
		account, _, _ := strings.Cut(below, "/")
		c.route, c.path = &route{facade: true}, map[string]string{"account": unescape(account)}
	}
	q, within := parseQuery(c.r.URL.RawQuery)
	c.q = q
	if rt == nil || !rt.open {
		if err := c.authenticate(); err != nil {
			return nil, err
		}
	}
	switch {
	case rt == nil && allow != "":
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: allow, message: "this path takes " + allow}
	case rt == nil:
		return nil, &problem{status: http.StatusNotFound, code: codeNotFound, message: "no such path; /docs lists them all"}
	case !within:
		return nil, badRequest(codeInvalidRequest, "the query is too long: at most %d bytes and %d parameters", maxQuery, maxParams)
	}
	if !rt.open {
		if err := c.authorize(); err != nil {
			return nil, err
		}
	}
	if !rt.upload {
		ctx, cancel := context.WithTimeout(c.ctx, c.api.cfg.Timeout)
		defer cancel()
		c.ctx = ctx
	} else {
		c.allowTime(w)
	}
	if err := c.readBody(w); err != nil {
		return nil, err
	}
	if rt.connection {
		if err := c.connect(); err != nil {
			return nil, err
		}
	}
	if rt.keyed {
		return c.once(func() (*reply, error) { return c.finish(rt.handle) })
	}
	return c.finish(rt.handle)
}

// fileTime is how long a file may take on its way, in each direction.
const fileTime = 10 * time.Minute

// allowTime gives a file more time than a server grants to requests. Only a
// caller with a token comes this far.
func (c *call) allowTime(w http.ResponseWriter) {
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(fileTime)) // a writer without deadlines sets none
	_ = conn.SetWriteDeadline(time.Now().Add(2 * fileTime))
}

// finish runs the handler and checks that it understood the whole query.
func (c *call) finish(handle func(*call) (*reply, error)) (*reply, error) {
	out, err := handle(c)
	if err != nil {
		return nil, err
	}
	if c.conn != nil {
		c.budget()
	}
	return out, nil
}

// strict rejects unknown parameters. Lists call it before they read anything,
// since an ignored filter gives wrong data.
func (c *call) strict(known []string) error {
	rest := c.q.rest()
	if len(rest) == 0 || c.route.facade {
		return nil
	}
	var names []string
	for _, p := range rest {
		names = append(names, p.key())
	}
	if c.q.get("strict") == "false" {
		c.notes = append(c.notes, "ignored unknown parameters: "+strings.Join(names, ", "))
		return nil
	}
	slices.Sort(known)
	p := badRequest(codeUnknownFilter, "unknown parameter %s; known are %s", strings.Join(names, ", "), strings.Join(known, ", "))
	for _, n := range names {
		p.failures = append(p.failures, failure{Field: n, Code: "unknown", Message: "no such filter or parameter"})
	}
	return p
}

// readBody reads and decodes the body.
func (c *call) readBody(w http.ResponseWriter) error {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	}
	limit := int64(maxBody)
	if c.route.upload {
		limit = c.api.cfg.MaxUpload*4/3 + 1<<20 // base64 takes a third more
	}
	if c.r.ContentLength > limit {
		return tooLarge(limit)
	}
	body := http.MaxBytesReader(w, c.r.Body, limit)
	if c.route.upload && isMultipart(c.r) {
		var err error
		c.input, err = c.parts(body)
		return err
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return cutOff(err, "the body was cut off")
	}
	c.raw, c.size = raw, int64(len(raw))
	c.input, err = decodeBody(c.r.Header.Get("Content-Type"), raw)
	return err
}

// cutOff tells a body that is too large from one that did not arrive.
func cutOff(err error, message string) *problem {
	if over, is := errors.AsType[*http.MaxBytesError](err); is {
		return tooLarge(over.Limit)
	}
	return badRequest(codeInvalidRequest, "%s", message)
}

func tooLarge(limit int64) *problem {
	return &problem{
		status: http.StatusRequestEntityTooLarge, code: codeTooLarge,
		message: fmt.Sprintf("the body is larger than %d bytes", limit),
	}
}

func isMultipart(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "multipart/form-data"
}

// authenticate identifies the caller.
func (c *call) authenticate() error {
	h := c.r.Header
	secret, bearer := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !bearer {
		secret = ""
	}
	for _, name := range []string{"api_access_token", "api-access-token"} {
		if secret == "" {
			secret = h.Get(name)
		}
	}
	if secret == "" && h.Get("Access-Token") != "" {
		return c.session()
	}
	refused := &problem{
		status: http.StatusUnauthorized, code: codeUnauthenticated,
		message: "send a token of this API: Authorization: Bearer lbt_…, or api_access_token: lbt_…",
	}
	if secret == "" {
		return refused
	}
	tok, err := c.api.tokens.check(c.ctx, secret)
	if err != nil {
		return err
	}
	if tok == nil {
		refused.message = "the token is unknown, expired or revoked"
		return refused
	}
	c.who = &identity{Token: *tok}
	left, wait := c.api.limits.spend("t:"+tok.ID, c.api.limits.token)
	if wait > 0 {
		return tooMany(wait, "this token has sent too many requests: wait and try again")
	}
	if r := c.api.limits.token; r.Requests > 0 {
		c.header.Set("Ratelimit-Limit", strconv.Itoa(r.Requests))
		c.header.Set("Ratelimit-Remaining", strconv.Itoa(left))
		c.header.Set("Ratelimit-Reset", strconv.Itoa(int(r.Per.Seconds())))
	}
	return nil
}

// authorize checks role and scope.
func (c *call) authorize() error {
	if c.who.Role.rank() < c.route.role.rank() {
		return forbidden(codeForbidden, "this needs the role %s, and the token has %s", c.route.role, c.who.Role)
	}
	if !c.who.allows(c.route.scope) {
		p := forbidden(codeScope, "the token lacks the scope %s", c.route.scope)
		p.explain("forbidden_error", p.message, map[string]any{"missing_scopes": []string{c.route.scope}})
		return p
	}
	return nil
}

// connections returns those that the caller may use.
func (c *call) connections() ([]Connection, error) {
	all, err := c.api.cfg.Connections.Connections(c.ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(v Connection) bool {
		return len(c.who.Connections) > 0 && !slices.Contains(c.who.Connections, v.ID) ||
			len(c.who.Accounts) > 0 && v.Account != "" && !slices.Contains(c.who.Accounts, v.Account)
	}), nil
}

// connect chooses the connection that the request is about.
func (c *call) connect() error {
	id := c.q.get("integrated_account_id")
	if id == "" {
		id = c.r.Header.Get("X-Integrated-Account-Id")
	}
	if id == "" && c.input != nil {
		id = c.input.peek("integrated_account_id")
	}
	all, err := c.connections()
	if err != nil {
		return err
	}
	if account := c.named(); account != "" && strings.HasPrefix(c.route.path, "/conversations/") {
		// An account's conversations stay out of the workspaces of others.
		all = slices.DeleteFunc(all, func(v Connection) bool { return v.Account != "" && v.Account != account })
	}
	chosen, err := choose(all, id)
	if err != nil {
		return err
	}
	return c.use(chosen)
}

func choose(all []Connection, id string) (*Connection, error) {
	if id != "" {
		i := slices.IndexFunc(all, func(v Connection) bool { return v.ID == id })
		if i < 0 {
			return nil, notFound("connection", id)
		}
		return &all[i], nil
	}
	if len(all) == 1 {
		return &all[0], nil
	}
	if i := slices.IndexFunc(all, func(v Connection) bool { return v.Default }); i >= 0 {
		return &all[i], nil
	}
	if len(all) == 0 {
		return nil, &problem{status: http.StatusNotFound, code: codeNotFound, message: "no Linear workspace is connected"}
	}
	p := badRequest(codeInvalidRequest, "several workspaces are connected: say which with integrated_account_id")
	p.explain("missing_required_query_parameters", "Parameters that the request must have.", []string{"integrated_account_id"})
	return nil, p
}

// use makes conn the connection of the call, if it may be used now.
func (c *call) use(conn *Connection) error {
	switch conn.Status {
	case "", "active":
	case "needs_reauth":
		return &problem{
			status: http.StatusUnauthorized, code: codeReauth, remote: true,
			message: "Linear no longer accepts the token of this connection: connect the workspace again",
		}
	default:
		return forbidden(codeForbidden, "the connection is %s", conn.Status)
	}
	c.conn = conn
	return nil
}

// client returns the client of the connection, for one request to Linear.
func (c *call) client() (*linearapi.Client, error) {
	if err := c.api.spendConnection(c.conn.ID); err != nil {
		return nil, err
	}
	return c.conn.Client, nil
}

// workspace returns whose connection it is.
func (c *call) workspace() (workspace, error) { return c.api.spaces.of(c.ctx, c.conn) }

// budget reports what is left of Linear's budget: the one that is relatively lower.
func (c *call) budget() {
	b := c.conn.Client.Budget()
	if b.At.IsZero() {
		return
	}
	low := b.Requests
	if b.Complexity.Limit > 0 && (low.Limit == 0 || b.Complexity.Remaining/b.Complexity.Limit < low.Remaining/low.Limit) {
		low = b.Complexity
	}
	if low.Limit == 0 {
		return
	}
	c.header.Set("Ratelimit-Limit", strconv.Itoa(int(low.Limit)))
	c.header.Set("Ratelimit-Remaining", strconv.Itoa(int(low.Remaining)))
	c.header.Set("Ratelimit-Reset", strconv.Itoa(int(max(0, math.Ceil(low.Reset.Sub(c.api.cfg.Now()).Seconds())))))
}

// fail answers an error.
func (c *call) fail(w http.ResponseWriter, err error, start time.Time) {
	p := problemOf(err)
	if p.status >= http.StatusInternalServerError {
		name := ""
		if c.route != nil {
			name = c.route.id
		}
		c.api.log.Warn().Str("request_id", c.id).Str("operation", name).Int("status", p.status).
			Dur("took_ms", c.api.cfg.Now().Sub(start)).AnErr("cause", p.cause).Msg("request failed")
	}
	if p.code == codeReauth && c.conn != nil {
		c.api.refused(c.ctx, c.conn.ID)
	}
	if p.allow != "" {
		c.header.Set("Allow", p.allow)
	}
	if p.retryAfter > 0 {
		c.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.status == http.StatusUnauthorized && !p.remote {
		c.header.Set("WWW-Authenticate", `Bearer realm="ticketing"`)
	}
	c.header.Del("Content-Type")
	if c.route != nil && c.route.facade {
		c.failFacade(w, p)
		return
	}
	writeJSON(w, p.status, p.body(c.id))
}

// requestID takes the caller's name for the request, if it is fit for a
// header and a log, or makes one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-ID")
	fit := id != "" && len(id) <= 100 && !strings.ContainsFunc(id, func(ch rune) bool {
		return ch != '-' && ch != '_' && ch != '.' && (ch < '0' || ch > '9') && (ch < 'A' || ch > 'Z') && (ch < 'a' || ch > 'z')
	})
	if fit {
		return id
	}
	return uuid.NewString()
}

// headerText makes a text fit for a header.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// sameJSON reports whether two bodies say the same, spaces and order of keys
// aside.
func canonical(raw []byte) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	out, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return out
}
