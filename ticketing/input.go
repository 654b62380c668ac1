package ticketing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// input is the body of a request: an object whose fields are read one by one.
// Problems are collected, so that a client gets all of them at once.
type input struct {
	fields   map[string]any
	used     map[string]bool
	prefix   string
	failures *[]Failure
	// loose says that a number is taken where a text belongs, as the helpdesk's
	// own server does.
	loose bool
}

func newInput(fields map[string]any) *input {
	return &input{fields: fields, used: map[string]bool{}, failures: &[]Failure{}}
}

// maxDepth bounds the nesting of a body. encoding/json stops at 10,000, which
// is more than anyone writes.
const maxDepth = 40

// decodeBody reads JSON, whatever type it claims, and forms.
func decodeBody(contentType string, raw []byte) (*input, error) {
	raw = bytes.TrimSpace(raw)
	kind, _, _ := mime.ParseMediaType(contentType)
	if len(raw) == 0 {
		return newInput(map[string]any{}), nil
	}
	if kind == "application/x-www-form-urlencoded" && raw[0] != '{' { // curl calls everything a form
		q, within := parseQuery(string(raw))
		if !within {
			return nil, badRequest(codeInvalidRequest, "the form is too long")
		}
		fields := map[string]any{}
		for _, p := range q.params {
			var v any = p.values[0]
			if p.array || len(p.values) > 1 {
				list := make([]any, len(p.values))
				for i, s := range p.values {
					list[i] = s
				}
				v = list
			}
			put(fields, append([]string{p.name}, p.sub...), v)
		}
		return newInput(fields), nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, badRequest(codeInvalidRequest, "the body is not valid JSON")
	}
	if d.More() {
		return nil, badRequest(codeInvalidRequest, "the body holds more than one JSON value")
	}
	if depth(v) > maxDepth {
		return nil, badRequest(codeInvalidRequest, "the body is nested more than %d levels deep", maxDepth)
	}
	fields, isObject := v.(map[string]any)
	if !isObject {
		return nil, badRequest(codeInvalidRequest, "the body must be a JSON object")
	}
	return newInput(fields), nil
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
	case []any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
	default:
		return 0
	}
	return deepest + 1
}

func put(fields map[string]any, path []string, v any) {
	for len(path) > 1 {
		next, isObject := fields[path[0]].(map[string]any)
		if !isObject {
			next = map[string]any{}
			fields[path[0]] = next
		}
		fields, path = next, path[1:]
	}
	fields[path[0]] = v
}

// wrong notes what is wrong with a field. One that is of a wrong type is not missing
// as well.
func (in *input) wrong(field, code, format string, a ...any) {
	if code == "required" && slices.ContainsFunc(*in.failures, func(f Failure) bool { return f.Field == in.prefix+field }) {
		return
	}
	*in.failures = append(*in.failures, Failure{Field: in.prefix + field, Code: code, Message: fmt.Sprintf(format, a...)})
}

// done returns what was wrong, or nil.
func (in *input) done() error {
	if len(*in.failures) > 0 {
		return invalid(*in.failures...)
	}
	return nil
}

// unknown lists the unknown fields.
func (in *input) unknown() []string {
	var out []string
	for name := range in.fields {
		if !in.used[name] {
			out = append(out, in.prefix+name)
		}
	}
	slices.Sort(out)
	return out
}

// any returns the first of the names that is present. given is false if all are
// absent.
func (in *input) any(names ...string) (v any, given bool) {
	for _, name := range names {
		in.used[name] = true
		if got, ok := in.fields[name]; ok && !given {
			v, given = got, true
		}
	}
	return v, given
}

// hasAny reports whether one of the names is present, without marking it.
func (in *input) hasAny(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, has := in.fields[name]; return has })
}

// peek returns a text without marking it.
func (in *input) peek(name string) string { s, _ := in.fields[name].(string); return s }

// text returns a text. given is also true for null, which is cleared. Ids may be
// numbers: many systems have such.
func (in *input) text(limit int, names ...string) (s string, given, null bool) {
	return in.words(limit, in.loose || names[0] == "id" || strings.HasSuffix(names[0], "_id"), names...)
}

// words is text, and takes numbers if they are allowed.
func (in *input) words(limit int, numbers bool, names ...string) (s string, given, null bool) {
	v, given := in.any(names...)
	if !given {
		return "", false, false
	}
	switch v := v.(type) {
	case nil:
		return "", true, true
	case string:
		if !utf8.ValidString(v) {
			v = strings.ToValidUTF8(v, "\uFFFD")
		}
		v = strings.ReplaceAll(v, "\x00", "") // no store of Linear's takes it
		if utf8.RuneCountInString(v) > limit {
			in.wrong(names[0], "too_long", "must be at most %d characters", limit)
			return "", false, false
		}
		return v, true, false
	case json.Number:
		if numbers {
			return v.String(), true, false
		}
	}
	in.wrong(names[0], "type", "must be a text")
	return "", false, false
}

// ref returns the id of something that is given as "id", {"id": …} or under
// name_id.
func (in *input) ref(name string, also ...string) (id string, given, null bool) {
	in.used[name] = true
	if v, has := in.fields[name]; has {
		if o, isObject := v.(map[string]any); isObject {
			sub := in.object(name, o)
			return sub.text(500, "id")
		}
	}
	return in.words(500, true, append([]string{name, name + "_id"}, also...)...)
}

// object wraps a nested object.
func (in *input) object(name string, fields map[string]any) *input {
	return &input{fields: fields, used: map[string]bool{}, prefix: in.prefix + name + ".", failures: in.failures, loose: in.loose}
}

// sub returns a nested object, or nil if it is absent.
func (in *input) sub(name string) *input {
	v, given := in.any(name)
	if !given || v == nil {
		return nil
	}
	o, isObject := v.(map[string]any)
	if !isObject {
		in.wrong(name, "type", "must be an object")
		return nil
	}
	return in.object(name, o)
}

// list returns a list of at most limit items.
func (in *input) list(limit int, names ...string) (items []any, given bool) {
	v, given := in.any(names...)
	if !given {
		return nil, false
	}
	switch v := v.(type) {
	case nil:
		return nil, true
	case []any:
		if len(v) > limit {
			in.wrong(names[0], "too_many", "must hold at most %d items", limit)
			return nil, false
		}
		return v, true
	default:
		return []any{v}, true
	}
}

// refs returns a list of references, each a text or an object with an id or a
// name.
func (in *input) refs(limit int, names ...string) (out []reference, given bool) {
	items, given := in.list(limit, names...)
	for i, item := range items {
		switch v := item.(type) {
		case string:
			out = append(out, reference{id: v, text: v})
		case json.Number:
			out = append(out, reference{id: v.String(), text: v.String()})
		case map[string]any:
			r := reference{}
			r.id, _ = v["id"].(string)
			r.name, _ = v["name"].(string)
			r.kind, _ = v["type"].(string)
			r.email, _ = v["email"].(string)
			if r.id == "" && r.name == "" && r.email == "" {
				in.wrong(fmt.Sprintf("%s[%d]", names[0], i), "required", "must have an id or a name")
			}
			out = append(out, r)
		default:
			in.wrong(fmt.Sprintf("%s[%d]", names[0], i), "type", "must be an id or an object with an id")
		}
	}
	return out, given
}

// reference names something that exists.
type reference struct{ id, name, kind, email, text string }

// flag returns a boolean.
func (in *input) flag(names ...string) (on, given bool) {
	v, given := in.any(names...)
	switch v := v.(type) {
	case nil:
		return false, false
	case bool:
		return v, given
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b, true
		}
	}
	in.wrong(names[0], "type", "must be true or false")
	return false, false
}

// number returns a number.
func (in *input) number(names ...string) (n float64, given, null bool) {
	v, given := in.any(names...)
	if !given {
		return 0, false, false
	}
	text := ""
	switch v := v.(type) {
	case nil:
		return 0, true, true
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		in.wrong(names[0], "type", "must be a number")
		return 0, false, false
	}
	return n, true, false
}

// maxWhole is the largest whole number that Linear takes.
const maxWhole = 1<<31 - 1

// whole returns a whole number that is not negative.
func (in *input) whole(names ...string) (n int, given, null bool) {
	f, given, null := in.number(names...)
	if !given || null {
		return 0, given, null
	}
	if f < 0 || f > maxWhole || f != float64(int(f)) {
		in.wrong(names[0], "value", "must be a whole number from 0 to %d", maxWhole)
		return 0, false, false
	}
	return int(f), true, false
}

// remote merges what remote_data holds over the input that Linear gets, in Linear's
// own names. Linear says which of them do not exist.
func (in *input) remote(out map[string]any) {
	raw, given := in.any("remote_data")
	if !given || raw == nil {
		return
	}
	more, isObject := raw.(map[string]any)
	if !isObject {
		in.wrong("remote_data", "type", "must be an object")
		return
	}
	maps.Copy(out, more)
}

// name reads the name of an entity into the input that Linear gets. An entity that
// is created must have one, and no entity has an empty one.
func (in *input) name(out map[string]any, creating bool) {
	name, given, _ := in.text(200, "name")
	switch {
	case given && strings.TrimSpace(name) != "":
		out["name"] = name
	case given, creating:
		in.wrong("name", "required", "must not be empty")
	}
}

// moment returns a time with its zone, as Linear takes it.
func (in *input) moment(name string) (at string, given bool) {
	s, given, null := in.text(40, name)
	if !given || null {
		return "", false
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		in.wrong(name, "value", "must be a time with its zone, such as 2026-11-30T12:00:00Z")
		return "", false
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z"), true
}

// color returns a color as Linear takes it. given is true for a valid one only.
func (in *input) color() (hex string, given bool) {
	s, given, null := in.text(20, "color")
	if !given || null || s == "" {
		return "", false
	}
	digits, found := strings.CutPrefix(s, "#")
	if _, err := strconv.ParseUint(digits, 16, 32); !found || err != nil || len(digits) != 3 && len(digits) != 6 {
		in.wrong("color", "value", "must be a color such as #eb5757")
		return "", false
	}
	return s, true
}
