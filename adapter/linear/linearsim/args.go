package linearsim

import "time"

// args are the arguments of a field or the fields of an input object, already
// validated against the schema. Numbers are int64 from a literal and float64
// from a variable.
type args map[string]any

// has reports whether the argument was given, null included.
func (a args) has(name string) bool {
	_, ok := a[name]
	return ok
}

// set reports whether the argument was given and is not null.
func (a args) set(name string) bool { return a[name] != nil }

// text returns a string argument, empty when it is absent or null.
func (a args) text(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a args) flag(name string) bool {
	b, _ := a[name].(bool)
	return b
}

func (a args) number(name string) (float64, bool) { return number(a[name]) }

func (a args) object(name string) args { return asArgs(a[name]) }

func (a args) list(name string) []any { return list(a[name]) }

func (a args) texts(name string) []string {
	out := []string{}
	for _, v := range a.list(name) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// time returns a DateTime argument, zero when it is absent or null.
func (a args) time(name string) (time.Time, error) {
	s := a.text(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, invalidArgument(name + " must be a valid ISO 8601 date string")
	}
	return t.UTC().Truncate(time.Millisecond), nil
}

func asArgs(v any) args {
	m, _ := v.(map[string]any)
	return m
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	}
	return 0, false
}

// list returns a list argument. A single value stands for a list of one, as
// GraphQL has it; the variable coercion then leaves a typed slice behind.
func list(v any) []any {
	switch l := v.(type) {
	case nil:
		return nil
	case []any:
		return l
	case []string:
		return wrap(l)
	case []float64:
		return wrap(l)
	case []map[string]any:
		return wrap(l)
	default:
		return []any{v}
	}
}

func wrap[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}
