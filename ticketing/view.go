package ticketing

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// view is how the items are to be shown.
type view struct {
	raw, stream, remote bool
	keyBy               string
	fields, exclude     []string
	all                 bool
	limit               int
}

func (c *call) view() (view, error) {
	v := view{remote: c.api.cfg.RemoteData, limit: defaultLimit}
	var err error
	if v.limit, err = c.limit(defaultLimit); err != nil {
		return v, err
	}
	switch format := c.q.get("response_format", "truto_response_format"); format {
	case "", "unified":
	case "normalized":
		v.remote = true
	case "raw":
		v.raw = true
	case "stream":
		v.stream = true
	default:
		return v, badRequest(codeInvalidRequest, "response_format must be unified, raw, normalized or stream")
	}
	if strings.Contains(c.r.Header.Get("Accept"), "application/x-ndjson") {
		v.stream = true
	}
	for _, f := range []struct {
		on    *bool
		value bool
		names []string
	}{
		{&v.remote, true, []string{"include_remote_data"}},
		{&v.remote, false, []string{"ignore_remote_data", "truto_ignore_remote_data"}},
		{&v.all, true, []string{"ignore_limit", "truto_ignore_limit"}},
	} {
		on, fine := c.q.flag(f.names...)
		if !fine {
			return v, badRequest(codeInvalidRequest, "%s must be true or false", f.names[0])
		}
		if on {
			*f.on = f.value
		}
	}
	v.keyBy = c.q.get("key_by", "truto_key_by")
	if v.stream && v.keyBy != "" {
		return v, badRequest(codeInvalidRequest, "key_by is for pages: a stream has one item a line")
	}
	v.fields = c.q.all("fields")
	v.exclude = c.q.all("exclude_fields", "truto_exclude_fields")
	if v.raw && len(v.fields)+len(v.exclude) > 0 {
		return v, badRequest(codeInvalidRequest, "fields and exclude_fields name fields of the unified model: leave them out with response_format raw")
	}
	if err := c.checkFields("fields", v.fields); err != nil {
		return v, err
	}
	if err := c.checkFields("exclude_fields", v.exclude); err != nil {
		return v, err
	}
	return v, nil
}

// limit reads how many items the request wants, or takes the default.
func (c *call) limit(otherwise int) (int, error) {
	text := c.q.get("limit")
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) && n > 0 {
		err = nil // Atoi gives the largest number, which is too much in any case
	}
	if err != nil || n < 1 {
		return 0, badRequest(codeInvalidRequest, "limit must be a number from 1 to %d", maxLimit)
	}
	if n > maxLimit {
		c.notes = append(c.notes, "limit was cut to "+strconv.Itoa(maxLimit))
	}
	return min(n, maxLimit), nil
}

// show turns items into what result holds.
func (c *call) show(items []item, v view, out *List) (any, error) {
	list := make([]any, len(items))
	for i, it := range items {
		shown, err := c.project(it, v)
		if err != nil {
			return nil, err
		}
		list[i] = shown
	}
	if v.keyBy == "" {
		return list, nil
	}
	keyed := map[string]any{}
	for _, shown := range list {
		fields, err := asMap(shown)
		if err != nil {
			return nil, err
		}
		var key string
		switch k := fields[v.keyBy].(type) {
		case string:
			key = k
		case float64, bool:
			key = strings.Trim(string(must(json.Marshal(k))), `"`)
		default:
			return nil, badRequest(codeInvalidRequest, "key_by must name a field that is a text or a number in every item")
		}
		if _, twice := keyed[key]; twice {
			c.notes = append(c.notes, "several items have the key "+key+"; the last one is shown")
		}
		keyed[key] = shown
	}
	out.ResultCount = len(keyed)
	return keyed, nil
}

func must(b []byte, _ error) []byte { return b }

// project shows one item as the view wants it.
func (c *call) project(it item, v view) (any, error) {
	if v.raw {
		return it.remote, nil
	}
	if !v.remote && len(v.fields) == 0 && len(v.exclude) == 0 {
		return it.value, nil
	}
	fields, err := asMap(it.value)
	if err != nil {
		return nil, err
	}
	if v.remote && it.remote != nil {
		fields["remote_data"] = it.remote
	}
	if len(v.fields) > 0 {
		maps.DeleteFunc(fields, func(k string, _ any) bool { return k != "id" && !slices.Contains(v.fields, k) })
	}
	for _, name := range v.exclude {
		delete(fields, name)
	}
	return fields, nil
}

func asMap(v any) (map[string]any, error) {
	if m, is := v.(map[string]any); is {
		return m, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(raw, &m)
}

// one answers a single item, with projection and etag.
func (c *call) one(status int, it item, etag string) (*reply, error) {
	v, err := c.view()
	if err != nil {
		return nil, err
	}
	if etag != "" {
		c.header.Set("ETag", `"`+etag+`"`)
		if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
			if err := c.unchanged(func() (string, error) { return etag, nil }); err != nil {
				return nil, err
			}
			if tags, every := entityTags(c.r.Header.Values("If-None-Match")); every || slices.Contains(tags, etag) {
				return &reply{status: http.StatusNotModified}, nil
			}
		}
	}
	shown, err := c.project(it, v)
	if err != nil {
		return nil, err
	}
	if c.partial > 0 && !v.raw {
		fields, err := asMap(shown)
		if err != nil {
			return nil, err
		}
		fields["has_remote_errors"], fields["warnings"] = true, c.notes
		shown = fields
	}
	return &reply{status: status, body: shown}, nil
}
