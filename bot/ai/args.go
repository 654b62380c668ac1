package ai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxArgs bounds the arguments of a call, in bytes.
const maxArgs = 256 << 10

// param is a parameter of a tool. Both the schema and the check are made from
// it, so that they cannot disagree.
type param struct {
	name, about string
	required    bool
	// maxLen bounds a text, in characters. Zero makes the parameter a whole
	// number.
	maxLen int
	// min, max and def bound a number; def is its value if it is not given.
	min, max, def int
}

// args are checked arguments: texts and numbers by name, without those that
// were not given.
type args struct {
	texts   map[string]string
	numbers map[string]int
}

func (a args) text(name string) string { return a.texts[name] }
func (a args) number(name string) int  { return a.numbers[name] }

// json returns the arguments as they are used.
func (a args) json() json.RawMessage {
	all := make(map[string]any, len(a.texts)+len(a.numbers))
	for k, v := range a.texts {
		all[k] = v
	}
	for k, v := range a.numbers {
		all[k] = v
	}
	return encode(all)
}

// schema returns the JSON Schema of the parameters.
func schema(params []param) json.RawMessage {
	type property struct {
		Type        string `json:"type"`
		Description string `json:"description"`
		MinLength   int    `json:"minLength,omitempty"`
		MaxLength   int    `json:"maxLength,omitempty"`
		Minimum     int    `json:"minimum,omitempty"`
		Maximum     int    `json:"maximum,omitempty"`
		Default     int    `json:"default,omitempty"`
	}
	properties := make(map[string]property, len(params))
	required := []string{}
	for _, p := range params {
		s := property{Type: "integer", Description: p.about, Minimum: p.min, Maximum: p.max, Default: p.def}
		if p.maxLen > 0 {
			s = property{Type: "string", Description: p.about, MaxLength: p.maxLen}
		}
		if p.required {
			required = append(required, p.name)
			if p.maxLen > 0 {
				s.MinLength = 1
			}
		}
		properties[p.name] = s
	}
	return encode(map[string]any{
		"type":                 "object",
		"properties":           properties,
		"required":             required,
		"additionalProperties": false,
	})
}

// parse reads the arguments of a call. Nothing at all counts as an empty object,
// and null as not given: models send both. Errors are for the model.
func parse(params []param, raw json.RawMessage) (args, error) {
	out := args{texts: map[string]string{}, numbers: map[string]int{}}
	if len(raw) > maxArgs {
		return out, fmt.Errorf("the arguments are longer than %d bytes", maxArgs)
	}
	given, err := members(raw)
	if err != nil {
		return out, err
	}
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.name
	}
	unknown := make([]string, 0, len(given))
	for name := range given {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return out, fmt.Errorf("there is no parameter %q: the parameters are %s", slices.Min(unknown), listed(names))
	}
	for _, p := range params {
		value := given[p.name]
		if value == nil || string(value) == "null" {
			switch {
			case p.required:
				return out, fmt.Errorf("%s is required: %s", p.name, p.about)
			case p.maxLen == 0:
				out.numbers[p.name] = p.def
			}
			continue
		}
		if p.maxLen > 0 {
			text, err := p.text(value)
			if err != nil {
				return out, err
			}
			if text != "" {
				out.texts[p.name] = text
			}
			continue
		}
		if out.numbers[p.name], err = p.number(value); err != nil {
			return out, err
		}
	}
	return out, nil
}

// members returns the members of an object.
func members(raw json.RawMessage) (map[string]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '{' {
		return nil, errors.New("the arguments must be a JSON object, for example {}")
	}
	var given map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&given); err != nil {
		return nil, fmt.Errorf("the arguments are not valid JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON object in the arguments")
	}
	return given, nil
}

func (p param) text(value json.RawMessage) (string, error) {
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return "", fmt.Errorf("%s must be a string", p.name)
	}
	if p.required && strings.TrimSpace(s) == "" {
		return "", fmt.Errorf("%s must not be empty: %s", p.name, p.about)
	}
	if n := utf8.RuneCountInString(s); n > p.maxLen {
		return "", fmt.Errorf("%s has %d characters, at most %d are allowed", p.name, n, p.maxLen)
	}
	return s, nil
}

func (p param) number(value json.RawMessage) (int, error) {
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f != math.Trunc(f) || f < float64(p.min) || f > float64(p.max) {
		return 0, fmt.Errorf("%s must be a whole number from %d to %d", p.name, p.min, p.max)
	}
	return int(f), nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// encode returns v as compact JSON, with "<" and the like as they are.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return json.RawMessage("null") // cannot happen: strings, numbers and what is made of them
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
