package linearsim

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// leaf gives a scalar or enum value its wire form.
func leaf(def *ast.Definition, v any) (any, bool) {
	if def == nil {
		return nil, false
	}
	if def.Kind == ast.Enum {
		s, ok := v.(string)
		return s, ok && def.EnumValues.ForName(s) != nil
	}
	switch def.Name {
	case "Int":
		switch n := v.(type) {
		case int:
			return n, n >= math.MinInt32 && n <= math.MaxInt32
		case float64:
			return int(n), n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32
		}
		return nil, false
	case "Float":
		switch n := v.(type) {
		case int:
			return float64(n), true
		case float64:
			return n, !math.IsNaN(n) && !math.IsInf(n, 0)
		}
		return nil, false
	case "Boolean":
		b, ok := v.(bool)
		return b, ok
	case "String", "ID":
		s, ok := v.(string)
		return s, ok
	case "DateTime":
		t, ok := v.(time.Time)
		return stamp(t), ok
	default:
		return v, true
	}
}

// object is an answer object. The order of its members is that of the query.
type object []member

type member struct {
	key   string
	value any
}

// appendJSON appends the JSON form of an answer value.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case object:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendString(b, m.key); err != nil {
				return nil, err
			}
			b = append(b, ':')
			if b, err = appendJSON(b, m.value); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendJSON(b, e); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	default:
		j, err := json.Marshal(v)
		return append(b, j...), err
	}
}

func appendString(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			j, err := json.Marshal(s)
			return append(b, j...), err
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), nil
}
