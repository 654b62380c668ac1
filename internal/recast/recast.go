// Package recast turns webhook bodies of one Linear workspace into bodies of
// another: ids, addresses, mentions and identifiers of issues are replaced, and
// every other byte stays.
//
// A [Mapping] says what becomes what. It applies to every string of a body, also
// inside the documents of Linear's editor, which are JSON in a string.
package recast

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
)

// Mapping says what stands in the new body for what stood in the old one. Nil
// maps map nothing.
type Mapping struct {
	// IDs maps ids of entities, in any case.
	IDs map[string]string
	// URLKeys maps the workspace in addresses of linear.app.
	URLKeys map[string]string
	// Handles maps what people write after "@", and the names of profiles.
	Handles map[string]string
	// Issues maps identifiers such as ENG-12.
	Issues map[string]string
}

// Body returns a body under the mapping. It fails if the body is not a JSON
// object.
func (m Mapping) Body(body []byte) ([]byte, error) {
	if trimmed := bytes.TrimSpace(body); !json.Valid(trimmed) || trimmed[0] != '{' {
		return nil, errors.New("the body is not a JSON object")
	}
	r := m.replacer()
	return r.json(body), nil
}

// Text returns a text under the mapping.
func (m Mapping) Text(s string) string {
	r := m.replacer()
	return r.text(s)
}

// replacer is a mapping at work.
type replacer struct {
	ids, keys, handles, issues map[string]string // by lower case

	id, address, profile, mention, issue *regexp.Regexp
}

func (m Mapping) replacer() *replacer {
	return &replacer{
		ids: lower(m.IDs), keys: lower(m.URLKeys), handles: lower(m.Handles), issues: lower(m.Issues),
		id:      regexp.MustCompile(`(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}`),
		address: regexp.MustCompile(`(https://linear\.app/)([\w%.-]+)`),
		profile: regexp.MustCompile(`(/profiles/)([\w%.-]*\w)`),
		mention: regexp.MustCompile(`(^|[^\w@./+-])@([\w.-]*\w)`),
		issue:   regexp.MustCompile(`(?i)\b[a-z][a-z0-9]*-[0-9]+\b`),
	}
}

func lower(in map[string]string) map[string]string {
	out := make(map[string]string, len(in))
	for from, to := range in {
		out[strings.ToLower(from)] = to
	}
	return out
}

// json replaces in the strings of valid JSON. Names of fields stay.
func (r *replacer) json(raw []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(raw))
	for len(raw) > 0 {
		start := bytes.IndexByte(raw, '"')
		if start < 0 {
			break
		}
		end := start + 1
		for raw[end] != '"' {
			if raw[end] == '\\' {
				end++
			}
			end++
		}
		end++
		out.Write(raw[:start])
		quoted, rest := raw[start:end], raw[end:]
		raw = rest
		if after := bytes.TrimLeft(rest, " \t\r\n"); len(after) > 0 && after[0] == ':' {
			out.Write(quoted)
			continue
		}
		out.Write(r.quoted(quoted))
	}
	out.Write(raw)
	return out.Bytes()
}

func (r *replacer) quoted(quoted []byte) []byte {
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return quoted
	}
	now := ""
	if strings.HasPrefix(s, "{") && json.Valid([]byte(s)) { // a document of the editor
		now = string(r.json([]byte(s)))
	} else {
		now = r.text(s)
	}
	if now == s {
		return quoted // byte for byte, whatever its escapes
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(now) //nolint:errchkjson // a string into memory
	return bytes.TrimRight(b.Bytes(), "\n")
}

// text replaces in one text.
func (r *replacer) text(s string) string {
	if to, ok := r.ids[strings.ToLower(s)]; ok {
		return to
	}
	if len(r.ids) > 0 && len(s) >= 32 {
		s = r.id.ReplaceAllStringFunc(s, func(id string) string { return or(r.ids, id, id) })
	}
	if len(r.keys) > 0 && strings.Contains(s, "linear.app/") {
		s = replaceSecond(r.address, r.keys, s)
	}
	if len(r.handles) > 0 {
		if strings.Contains(s, "/profiles/") {
			s = replaceSecond(r.profile, r.handles, s)
		}
		if strings.Contains(s, "@") {
			s = r.mention.ReplaceAllStringFunc(s, func(found string) string {
				before, handle, _ := strings.Cut(found, "@")
				return before + "@" + or(r.handles, handle, handle)
			})
		}
	}
	if len(r.issues) > 0 {
		s = r.issue.ReplaceAllStringFunc(s, func(id string) string { return or(r.issues, id, id) })
	}
	return s
}

// replaceSecond replaces the second group of each match.
func replaceSecond(re *regexp.Regexp, by map[string]string, s string) string {
	return re.ReplaceAllStringFunc(s, func(found string) string {
		parts := re.FindStringSubmatch(found)
		return parts[1] + or(by, parts[2], parts[2])
	})
}

func or(by map[string]string, key, otherwise string) string {
	if to, ok := by[strings.ToLower(key)]; ok {
		return to
	}
	return otherwise
}
