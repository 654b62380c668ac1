package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

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
	bearer string // the secret that the caller sent
	conn   *Connection
	raw    []byte // the body, if it was read; of a form with files, what tells it from others
	size   int64  // of the body
	input  *input // the decoded body
	make   string // id for what the call creates
	// creating says that the fields are those of a new ticket.
	creating bool
	// requested says that a customer asks for the ticket that is created.
	requested bool
	// acting is the agent that a program acts for, if it says so.
	acting *Agent
	// customer asks for the issues that are linked.
	customer *CustomerInput
	notes    []string
	// partial counts the answers of Linear that came in part.
	partial int
}

// ServeHTTP answers requests below Config.Prefix, and all others with 404. It waits
// for Linear where a request needs it, for at most Config.Timeout.
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
	case allow != "" && c.r.Method == http.MethodOptions:
		c.header.Set("Allow", allow)
		return &reply{status: http.StatusNoContent}, nil
	case rt == nil && allow != "":
		return nil, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, allow: allow, message: "this path takes " + allow}
	case rt == nil:
		return nil, &problem{status: http.StatusNotFound, code: codeNotFound, message: "no such path; " + c.below("/docs") + " lists them all"}
	case !within:
		return nil, badRequest(codeInvalidRequest, "the query is too long: at most %d bytes and %d parameters", maxQuery, maxParams)
	}
	if !rt.open {
		if err := c.authorize(); err != nil {
			return nil, err
		}
	}
	if err := c.strictly(); err != nil {
		return nil, err
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

// finish runs the handler, and does to its answer what all answers have in common.
func (c *call) finish(handle func(*call) (*reply, error)) (*reply, error) {
	end, err := c.matching()
	if err != nil {
		return nil, err
	}
	defer end()
	out, err := handle(c)
	if err != nil {
		return nil, err
	}
	if c.conn != nil {
		c.budget()
	}
	if l, is := out.body.(*List); is && c.route.isShort() {
		if err := c.short(l); err != nil {
			return nil, err
		}
	}
	c.ignoredFields()
	return out, nil
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

// workspaceRef names the workspace; nil if it cannot be read.
func (c *call) workspaceRef() *Ref {
	space, err := c.workspace()
	if err != nil || space.Organization.ID == "" {
		return nil
	}
	return &Ref{space.Organization.ID, text(space.Organization.Name)}
}

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
	c.queryInsight(p)
	if p.status >= http.StatusInternalServerError {
		name := ""
		if c.route != nil {
			name = c.route.id
		}
		c.api.log.Warn().Str("request_id", c.id).Str("operation", name).Int("status", p.status).
			Dur("took_ms", c.api.cfg.Now().Sub(start)).AnErr("cause", p.cause).Msg("request failed")
	}
	if p.code == codeReauth && c.conn != nil {
		c.api.refused(c.ctx, c.conn, true)
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
