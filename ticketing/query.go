package ticketing

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of an address.
const (
	maxQuery  = 32 << 10
	maxParams = 300
)

// param is one parameter of a query: name[sub][sub]=value.
type param struct {
	name   string
	sub    []string
	values []string
	array  bool // written as name[]=value or name[0]=value
}

// key is the canonical spelling of the parameter's name.
func (p *param) key() string {
	if len(p.sub) == 0 {
		return p.name
	}
	return p.name + "[" + strings.Join(p.sub, "][") + "]"
}

// query is a parsed query. Clients are forgiving about what they send, so the
// parser is, too: brackets may be encoded or not, arrays come as a[]=x, a[0]=x
// or a repeated a=x, a broken % stands for itself and ";" is text.
type query struct {
	params []*param
	used   map[string]bool
}

// parseQuery never fails for what it understands; ok is false if the query is
// beyond the limits.
func parseQuery(raw string) (q *query, ok bool) {
	q = &query{used: map[string]bool{}}
	if len(raw) > maxQuery {
		return q, false
	}
	n := 0
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		if n++; n > maxParams {
			return q, false
		}
		name, value, _ := strings.Cut(pair, "=")
		p := parseName(unescape(name))
		if p.name == "" {
			continue
		}
		value = unescape(value)
		if have := q.find(p.key()); have != nil {
			have.values = append(have.values, value)
			have.array = have.array || p.array
			continue
		}
		p.values = []string{value}
		q.params = append(q.params, p)
	}
	return q, true
}

// parseName splits a[b][0] into its parts. Numbers in brackets are indexes of
// an array, not names.
func parseName(s string) *param {
	name, rest, _ := strings.Cut(s, "[")
	p := &param{name: strings.TrimSpace(name)}
	if len(name) == len(s) {
		return p
	}
	for part := range strings.SplitSeq(rest, "[") {
		part = strings.TrimSuffix(part, "]")
		if part == "" {
			p.array = true
			continue
		}
		if _, err := strconv.ParseUint(part, 10, 32); err == nil {
			p.array = true
			continue
		}
		p.sub = append(p.sub, part)
	}
	return p
}

// unescape decodes + and %xx and leaves what it cannot decode.
func unescape(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if !strings.Contains(s, "%") {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	if out, err := url.PathUnescape(s); err == nil {
		return strings.ToValidUTF8(out, "\uFFFD")
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

func (q *query) find(key string) *param {
	for _, p := range q.params {
		if p.key() == key {
			return p
		}
	}
	return nil
}

// get returns the first value of the first of keys that is present, and marks
// all of them as understood. An empty value counts as absent.
func (q *query) get(keys ...string) string {
	out := ""
	for _, key := range keys {
		q.used[key] = true
		if p := q.find(key); p != nil && out == "" {
			out = p.values[0]
		}
	}
	return out
}

// has reports whether one of keys is present with a value.
func (q *query) has(keys ...string) bool { return q.get(keys...) != "" }

// all returns every value of the keys, without empty ones. Values of a
// parameter may also be separated by commas.
func (q *query) all(keys ...string) []string {
	var out []string
	for _, key := range keys {
		q.used[key] = true
		p := q.find(key)
		if p == nil {
			continue
		}
		for _, v := range p.values {
			for part := range strings.SplitSeq(v, ",") {
				if part = strings.TrimSpace(part); part != "" {
					out = append(out, part)
				}
			}
		}
	}
	return out
}

// flag reads a boolean. ok is false if the value is not one.
func (q *query) flag(keys ...string) (on, ok bool) {
	switch strings.ToLower(q.get(keys...)) {
	case "", "false", "0", "no", "off":
		return false, true
	case "true", "1", "yes", "on":
		return true, true
	default:
		return false, false
	}
}

// boolean reads a parameter that is true or false; absent means false.
func (c *call) boolean(keys ...string) (bool, error) {
	on, fine := c.q.flag(keys...)
	if !fine {
		return false, badRequest(codeInvalidRequest, "%s must be true or false", keys[0])
	}
	return on, nil
}

// take marks p as understood.
func (q *query) take(p *param) { q.used[p.key()] = true }

// rest returns the unknown parameters.
func (q *query) rest() []*param {
	return slices.DeleteFunc(slices.Clone(q.params), func(p *param) bool { return q.used[p.key()] })
}
