package ticketing

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// route is one operation of the API: how it is reached, who may, and how it is
// documented. Routes, the OpenAPI document and the capabilities come from the
// same list.
type route struct {
	method  string
	path    string // below the prefix, for example /unified/ticketing/tickets/{id}
	id      string // operationId
	tag     string
	summary string
	detail  string
	// scope is resource:read or resource:write; role is the weakest that may.
	scope string
	role  Role
	// open routes need no token.
	open bool
	// connection says that the route works in one connection.
	connection bool
	// facade routes answer errors as the helpdesk's dashboard reads them.
	facade bool
	// keyed routes keep their answer for repeats.
	keyed bool
	// repeats says that keyed routes know a repeat without a key, too. It is
	// for creates that nothing else keeps from landing twice: elsewhere the same
	// request may be meant, such as a link that was removed in between.
	repeats bool
	// stands reports whether what a repeat without a key would answer is still
	// there. If not, the request is meant and runs again.
	stands func(c *call, answer []byte) (bool, error)
	// guarded routes compare If-Match with what they change.
	guarded bool
	// secret says that the answer holds a secret: what is kept for a repeat is
	// encrypted with the caller's own token.
	secret bool
	// upload routes take bodies up to MaxUpload and have no deadline.
	upload bool
	list   *listing
	params []parameter
	body   reflect.Type
	// result is the type of the answer, or of what is in it, by shape.
	result reflect.Type
	shape  shape
	status int // of success; 200 if zero
	handle func(*call) (*reply, error)
}

// parameter documents a parameter of the query.
type parameter struct {
	name, description string
	also              []string // other spellings
	required          bool
	array             bool
	flag              bool // true or false
	enum              []string
}

// reply is a successful answer.
type reply struct {
	status int
	body   any
	// write, if set, writes the answer itself: a stream, a file.
	write func(http.ResponseWriter)
}

func ok(body any) *reply      { return &reply{status: http.StatusOK, body: body} }
func created(body any) *reply { return &reply{status: http.StatusCreated, body: body} }

// router finds the route of a path. It works on the encoded path, so that an
// encoded slash is part of a value, and takes empty segments for none.
type router struct{ root *branch }

type branch struct {
	fixed  map[string]*branch
	value  *branch
	name   string // of the value
	rest   bool   // the value is all the rest of the path
	routes map[string]*route
}

func newBranch() *branch { return &branch{fixed: map[string]*branch{}, routes: map[string]*route{}} }

func newRouter(routes []*route) *router {
	r := &router{newBranch()}
	for _, rt := range routes {
		at := r.root
		for _, seg := range segments(rt.path) {
			name, isValue := strings.CutPrefix(seg, "{")
			if !isValue {
				if at.fixed[seg] == nil {
					at.fixed[seg] = newBranch()
				}
				at = at.fixed[seg]
				continue
			}
			if at.value == nil {
				at.value = newBranch()
				at.value.name = strings.TrimSuffix(strings.TrimSuffix(name, "}"), "...")
				at.value.rest = strings.HasSuffix(name, "...}")
			}
			at = at.value
		}
		at.routes[rt.method] = rt
	}
	return r
}

func segments(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
}

// find returns the route of a request and the values of its path. If the path
// exists with other methods only, allow names them.
func (r *router) find(method, path string) (rt *route, values map[string]string, allow string) {
	at, values := r.root.walk(segments(path), nil)
	if at == nil {
		return nil, nil, ""
	}
	if method == http.MethodHead && at.routes[method] == nil {
		method = http.MethodGet
	}
	if rt = at.routes[method]; rt != nil {
		return rt, values, ""
	}
	names := []string{http.MethodOptions}
	for m := range at.routes {
		names = append(names, m)
		if m == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return nil, nil, strings.Join(names, ", ")
}

// walk prefers fixed segments. Values are collected on the way back.
func (b *branch) walk(rest []string, values map[string]string) (*branch, map[string]string) {
	if len(rest) == 0 {
		if len(b.routes) == 0 {
			return nil, nil
		}
		return b, values
	}
	seg := rest[0]
	if text, err := url.PathUnescape(seg); err == nil {
		seg = text
	}
	if next := b.fixed[seg]; next != nil {
		if at, v := next.walk(rest[1:], values); at != nil {
			return at, v
		}
	}
	if b.value == nil {
		return nil, nil
	}
	tail := rest[1:]
	if b.value.rest {
		seg, tail = strings.Join(rest, "/"), nil
		if text, err := url.PathUnescape(seg); err == nil {
			seg = text
		}
	}
	at, v := b.value.walk(tail, values)
	if at == nil {
		return nil, nil
	}
	if v == nil {
		v = map[string]string{}
	}
	v[b.value.name] = seg
	return at, v
}
