package ticketing

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/internal/cmdline"
)

// names are the spellings under which a parameter is taken, beside its
// own name.
func (p *parameter) names() []string { return append([]string{p.name}, p.also...) }

// viewParams choose what of an item is shown.
func viewParams() []parameter {
	return []parameter{
		{name: "response_format", also: []string{"truto_response_format"}, enum: []string{"unified", "raw", "normalized"}, description: "raw answers Linear's own object, normalized adds it as remote_data."},
		{name: "include_remote_data", flag: true, description: "true adds Linear's own object as remote_data."},
		{name: "ignore_remote_data", flag: true, also: []string{"truto_ignore_remote_data"}, description: "true leaves it out, where the server adds it to everything."},
		{name: "fields", array: true, description: "Names of the fields to show, beside id. Defaults to all."},
		{name: "exclude_fields", also: []string{"truto_exclude_fields"}, array: true, description: "Names of fields to leave out."},
	}
}

// shortParams choose the page of a short list.
func shortParams() []parameter {
	return []parameter{
		{name: "limit", description: "From 1 to 250. Defaults to all."},
		{name: "next_cursor", also: []string{"cursor"}, description: "From the answer before; empty for the first page."},
		{name: "prev_cursor"},
	}
}

// shows reports whether the answer is one item, which view parameters apply to.
func (r *route) shows() bool {
	if r.list != nil || r.result == nil || r.result.Kind() != reflect.Struct {
		return false
	}
	_, has := r.result.FieldByName("RemoteData")
	return has && r.shape == bare
}

// isShort reports whether the route answers a list that is there as a whole, and is
// cut into pages here.
func (r *route) isShort() bool {
	return r.shape == paged && r.list == nil && !slices.ContainsFunc(r.params, func(p parameter) bool { return p.name == "limit" })
}

// parameters are those of the query, beside what lists take.
func (r *route) parameters() []parameter {
	out := slices.Clone(r.params)
	if r.connection || r.tag == "Conversations" || r.facade || r.id == batchID {
		out = append([]parameter{{name: "integrated_account_id", description: "The connection. Needed if there are several and none is the default."}}, out...)
	}
	if r.shows() {
		out = append(out, viewParams()...)
	}
	if r.isShort() {
		out = append(out, shortParams()...)
	}
	return out
}

// strictly rejects parameters that the route does not know, before it does
// anything. Lists do so themselves: they know their filters. The dashboard's routes
// take whatever they are sent, as the helpdesk's own server does.
func (c *call) strictly() error {
	if c.route.list != nil || c.route.facade || c.route.open {
		return nil
	}
	// Clients send the connection along with whatever they send.
	known := []string{"strict", "integrated_account_id"}
	c.q.used["integrated_account_id"] = true
	params := c.route.parameters()
	for _, p := range params {
		known = append(known, p.name)
		for _, name := range p.names() {
			c.q.used[name] = true
		}
	}
	if err := c.strict(known); err != nil {
		return err
	}
	if err := c.checkValues(params); err != nil || !c.route.shows() {
		return err
	}
	v, err := c.view() // what is shown after a write is checked before it
	if err == nil && v.raw && c.q.has("expand") {
		err = badRequest(codeInvalidRequest, "expand adds to the unified form: leave it out with response_format raw")
	}
	return err
}

// checkValues rejects values that parameters do not have.
func (c *call) checkValues(params []parameter) error {
	for _, p := range params {
		if p.flag {
			if _, err := c.boolean(p.names()...); err != nil {
				return err
			}
		}
		if len(p.enum) == 0 {
			continue
		}
		values := []string{c.q.get(p.names()...)}
		if p.array {
			values = c.q.all(p.names()...)
		}
		if slices.ContainsFunc(values, func(v string) bool { return v != "" && !slices.Contains(p.enum, v) }) {
			return badRequest(codeInvalidRequest, "%s takes %s", p.name, oneOf(p.enum))
		}
	}
	return nil
}

// oneOf lists words of which one is to be chosen.
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// maxListed is how many names a message lists.
const maxListed = 8

// strict rejects unknown parameters. Lists call it before they read anything,
// since an ignored filter gives wrong data.
func (c *call) strict(known []string) error {
	lenient := false
	if c.q.has("strict") {
		on, err := c.boolean("strict")
		if err != nil {
			return err
		}
		lenient = !on
	}
	rest := c.q.rest()
	if len(rest) == 0 || c.route.facade {
		return nil
	}
	var names []string
	for _, p := range rest {
		names = append(names, quoteID(p.key()))
	}
	if len(names) > maxListed {
		names = append(names[:maxListed], "and "+strconv.Itoa(len(rest)-maxListed)+" more")
	}
	if lenient {
		c.notes = append(c.notes, "ignored unknown parameters: "+strings.Join(names, ", "))
		return nil
	}
	slices.Sort(known)
	return c.unknownParams(rest, names, slices.Compact(known))
}

// unknownParams is the error about parameters that are not known. The message names
// those that were probably meant; the details list all that are known.
func (c *call) unknownParams(rest []*param, names, known []string) *problem {
	spelled := c.spellings(known)
	var meant []string
	p := badRequest(codeUnknownFilter, "")
	p.known = known
	for _, r := range rest {
		f := Failure{Field: r.key(), Code: "unknown", Message: "no such filter or parameter"}
		if near := nearest(r, spelled); near != "" {
			f.Message += "; did you mean " + near + "?"
			if !slices.Contains(meant, near) && len(meant) < maxListed {
				meant = append(meant, near)
			}
		}
		p.failures = append(p.failures, f)
	}
	what := "unknown parameter "
	if len(rest) > 1 {
		what = "unknown parameters "
	}
	p.message = what + strings.Join(names, ", ")
	switch {
	case len(meant) > 0:
		p.message += ": did you mean " + strings.Join(meant, ", ") + "?"
	case len(known) <= maxListed:
		p.message += ": known are " + strings.Join(known, ", ")
	default:
		p.message += "; details.known lists the " + strconv.Itoa(len(known)) + " that are known"
	}
	return p
}

// spellings are the known names, and the others under which they are taken.
func (c *call) spellings(known []string) []string {
	out := slices.Clone(known)
	for _, p := range c.route.parameters() {
		out = append(out, p.also...)
	}
	if c.route.list != nil {
		for _, f := range c.route.list.filters {
			out = append(out, f.spelled...)
		}
	}
	return out
}

// nearest is the name that a parameter was probably meant to have, with its operator,
// or "".
func nearest(p *param, names []string) string {
	base, op := *p, ""
	if n := len(p.sub); n > 0 && isOperator(p.sub[n-1]) {
		base.sub, op = p.sub[:n-1], "["+p.sub[n-1]+"]"
	}
	if i := slices.IndexFunc(names, func(name string) bool {
		stem, open := strings.CutSuffix(name, "[…]")
		return open && strings.EqualFold(stem, p.name)
	}); i >= 0 {
		return names[i]
	}
	if near := cmdline.Nearest(base.key(), names); near != "" {
		return near + op
	}
	return ""
}

// fieldNames are the names of the fields of a type, as JSON has them.
func fieldNames(t reflect.Type) []string {
	var names []string
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// checkFields rejects names of fields that the items do not have.
func (c *call) checkFields(param string, asked []string) error {
	if len(asked) == 0 {
		return nil
	}
	known := fieldNames(c.route.result)
	i := slices.IndexFunc(asked, func(name string) bool { return !slices.Contains(known, name) })
	if known == nil || i < 0 {
		return nil
	}
	slices.Sort(known)
	return badRequest(codeInvalidRequest, "%s names %s, which is not a field here; the fields are %s", param, quoteID(asked[i]), strings.Join(known, ", "))
}

// short cuts the page that a request asks for out of a list that is there as a
// whole. The cursor holds how many entries come before.
func (c *call) short(l *List) error {
	limit, err := c.limit(0)
	if err != nil {
		return err
	}
	text := []string{c.route.id, c.r.URL.EscapedPath()}
	for _, p := range c.q.params {
		switch p.key() {
		case "limit", "next_cursor", "prev_cursor", "cursor", "integrated_account_id":
		default:
			text = append(text, p.key()+"="+strings.Join(p.values, ","))
		}
	}
	list, hash := &listing{resource: c.route.id}, shortHash(text...)
	at, err := c.place(list, hash)
	if err != nil {
		return err
	}
	all := reflect.ValueOf(l.Result)
	if all.Kind() != reflect.Slice || limit == 0 && at == nil {
		return nil
	}
	if limit == 0 {
		limit = maxLimit
	}
	from := 0
	if at != nil {
		if from, err = strconv.Atoi(at.Place); err != nil {
			return fmt.Errorf("ticketing: a cursor of %s holds no number: %w", c.route.id, err)
		}
	}
	from = min(from, all.Len())
	to := min(from+limit, all.Len())
	if at != nil && at.Back {
		from, to = max(0, from-limit), from
	}
	l.Result, l.ResultCount, l.Limit = all.Slice(from, to).Interface(), to-from, limit
	if to < all.Len() {
		if l.NextCursor, err = c.cursor(list, hash, &cursor{Place: strconv.Itoa(to)}); err != nil {
			return err
		}
	}
	if from > 0 {
		l.PrevCursor, err = c.cursor(list, hash, &cursor{Place: strconv.Itoa(from), Back: true})
	}
	return err
}

// ignoredFields notes the fields of a body that nothing reads: clients may send
// more than is known here, and are told.
func (c *call) ignoredFields() {
	typed := c.route.body != nil && c.route.body.Kind() == reflect.Struct
	if !typed || c.input == nil || c.route.facade || c.route.tag == "Proxy" {
		return
	}
	c.notes = append(c.notes, ignoredNotes(c.input.unknown(), c.route.body)...)
}

// ignoredNotes say which fields of a body were not read: those that its type does not have,
// and those that it has for other requests.
func ignoredNotes(fields []string, body reflect.Type) []string {
	var unknown, idle, notes []string
	known := fieldNames(body)
	for _, name := range fields {
		if slices.Contains(known, name) {
			idle = append(idle, name)
			continue
		}
		unknown = append(unknown, name)
	}
	if len(unknown) > 0 {
		notes = append(notes, "ignored unknown fields: "+strings.Join(unknown, ", "))
	}
	if len(idle) > 0 {
		notes = append(notes, "ignored fields that are not for this request: "+strings.Join(idle, ", "))
	}
	return notes
}

// queryInsight says that what is missing belongs into the query, for requests that
// have no body.
func (c *call) queryInsight(p *problem) {
	const body, query = "missing_required_body_fields", "missing_required_query_parameters"
	in, has := p.insights[body]
	if !has || c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return
	}
	delete(p.insights, body)
	p.insights[query] = Insight{"Parameters that the query must have.", in.Value}
}
