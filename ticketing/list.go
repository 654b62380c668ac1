package ticketing

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Limits of lists.
const (
	defaultLimit = 50
	maxLimit     = linearapi.MaxPage
	maxWalk      = 5000
)

// item is one entry of a list.
type item struct {
	id    string
	value any
	// remote is Linear's own object.
	remote json.RawMessage
	// sort gives the values that the list can be sorted by here.
	sort map[string]any
}

// sortKey is one key of an order.
type sortKey struct {
	name string
	desc bool
}

// request is what a list asks its source for.
type request struct {
	conditions []linearapi.Filter
	sort       []sortKey
	page       linearapi.PageArgs
	archived   bool
	byUpdate   bool
	// remote asks for Linear's own objects.
	remote bool
	stage  int
}

// part is one page from a source.
type part struct {
	items []item
	info  linearapi.PageInfo
	total *int
}

// listing describes a list: its filters, its order and where it comes from.
type listing struct {
	resource string
	filters  []*filter
	// sorts are the keys of sort_by that Linear sorts by.
	sorts []string
	// local are the keys that are sorted here, over the whole list.
	local []string
	// stages is how many sources the list is made of. Defaults to 1.
	stages func(c *call) []int
	fetch  func(c *call, r request) (*part, error)
	// cached lists are kept for a minute.
	cached bool
}

// List is the envelope of every list.
type List struct {
	Result            any      `json:"result"`
	NextCursor        *string  `json:"next_cursor"`
	PrevCursor        *string  `json:"prev_cursor"`
	ResultCount       int      `json:"result_count"`
	TotalCount        *int     `json:"total_count,omitempty"`
	Limit             int      `json:"limit"`
	IsPartialResponse bool     `json:"is_partial_response"`
	IsTruncated       bool     `json:"is_truncated,omitempty"`
	Warnings          []string `json:"warnings,omitempty"`
}

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
	if text := c.q.get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return v, badRequest(codeInvalidRequest, "limit must be a number from 1 to %d", maxLimit)
		}
		if n > maxLimit {
			c.notes = append(c.notes, "limit was cut to "+strconv.Itoa(maxLimit))
		}
		v.limit = min(n, maxLimit)
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
	v.fields = c.q.all("fields")
	v.exclude = c.q.all("exclude_fields", "truto_exclude_fields")
	return v, nil
}

// commonParams are those that every list takes.
func commonParams() []string {
	return []string{
		"integrated_account_id", "limit", "next_cursor", "prev_cursor", "cursor", "sort_by[…]", "response_format", "key_by",
		"ignore_limit", "include_remote_data", "ignore_remote_data", "exclude_fields", "fields", "filter", "remote_query[…]",
		"include_archived", "strict",
	}
}

// serveList answers a list.
func (c *call) serveList() (*reply, error) {
	l := c.route.list
	v, err := c.view()
	if err != nil {
		return nil, err
	}
	r, hash, err := c.request(l)
	if err != nil {
		return nil, err
	}
	r.remote = v.remote || v.raw
	at, err := c.place(l, hash)
	if err != nil {
		return nil, err
	}
	known := commonParams()
	for _, f := range l.filters {
		known = append(known, f.name)
	}
	for _, p := range c.route.params {
		c.q.get(p.name)
		known = append(known, p.name)
	}
	if err := c.strict(known); err != nil {
		return nil, err
	}
	if v.stream {
		return c.stream(l, r, v, at, hash)
	}
	if v.all {
		return c.walk(l, r, v, at, hash)
	}
	w, err := c.window(l, r, at, v.limit)
	if err != nil {
		return nil, err
	}
	out := &List{ResultCount: len(w.items), Limit: v.limit, TotalCount: w.total, IsPartialResponse: len(v.fields) > 0}
	if out.NextCursor, err = c.cursor(l, hash, w.next); err != nil {
		return nil, err
	}
	if out.PrevCursor, err = c.cursor(l, hash, w.prev); err != nil {
		return nil, err
	}
	if out.Result, err = c.show(w.items, v, out); err != nil {
		return nil, err
	}
	out.Warnings = c.notes
	return ok(out), nil
}

// request reads filters and order. hash is that of both.
func (c *call) request(l *listing) (request, string, error) {
	var r request
	conditions, err := c.conditions(l.filters)
	if err != nil {
		return r, "", err
	}
	raw, err := c.rawFilter()
	if err != nil {
		return r, "", err
	}
	if raw != nil {
		conditions = append(conditions, raw)
	}
	r.conditions = conditions
	for _, p := range c.q.params {
		switch {
		case p.name == "sort_by" && len(p.sub) == 1:
			c.q.take(p)
			dir := strings.ToLower(p.values[0])
			if !slices.Contains(l.sorts, p.sub[0]) && !slices.Contains(l.local, p.sub[0]) {
				return r, "", badRequest(codeUnknownFilter, "this list cannot be sorted by %s; it can by %s", quoteID(p.sub[0]), strings.Join(append(slices.Clone(l.sorts), l.local...), ", "))
			}
			if dir != "asc" && dir != "desc" {
				return r, "", badRequest(codeInvalidRequest, "%s must be asc or desc", p.key())
			}
			r.sort = append(r.sort, sortKey{p.sub[0], dir == "desc"})
		case p.name == "remote_query" && len(p.sub) == 1:
			c.q.take(p)
			switch p.sub[0] {
			case "includeArchived":
				r.archived = p.values[0] == "true"
			case "orderBy":
				r.byUpdate = p.values[0] == "updatedAt"
			default:
				return r, "", badRequest(codeUnknownFilter, "remote_query takes includeArchived and orderBy; filters go into filter={…}")
			}
		}
	}
	on, fine := c.q.flag("include_archived", "include_deleted")
	if !fine {
		return r, "", badRequest(codeInvalidRequest, "include_archived must be true or false")
	}
	r.archived = r.archived || on
	text, err := json.Marshal([]any{r.conditions, r.sort, r.archived, r.byUpdate, fmtSort(r.sort)})
	if err != nil {
		return r, "", err
	}
	return r, shortHash(l.resource, string(text)), nil
}

func fmtSort(keys []sortKey) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.name + strconv.FormatBool(k.desc) + ",")
	}
	return b.String()
}

// place reads the cursor of the request; nil for the first page.
func (c *call) place(l *listing, hash string) (*cursor, error) {
	next, prev := c.q.get("next_cursor", "cursor"), c.q.get("prev_cursor")
	if next != "" && prev != "" {
		return nil, badRequest(codeInvalidCursor, "send next_cursor or prev_cursor, not both")
	}
	text := cmp.Or(next, prev)
	if text == "" {
		return nil, nil //nolint:nilnil // the first page has no cursor
	}
	at, err := c.api.signer.read(c.ctx, text)
	if err != nil {
		return nil, err
	}
	if at.Resource != l.resource || at.Conn != c.conn.ID || at.Hash != hash {
		return nil, badRequest(codeCursorMismatch, "the cursor belongs to another list, filter, order or connection: filters and order must be the same on every page")
	}
	return &at, nil
}

func (c *call) cursor(l *listing, hash string, at *cursor) (*string, error) {
	if at == nil {
		return nil, nil //nolint:nilnil // null is the end of the list
	}
	at.Resource, at.Conn, at.Hash = l.resource, c.conn.ID, hash
	text, err := c.api.signer.sign(c.ctx, *at)
	if err != nil {
		return nil, err
	}
	return &text, nil
}

// window is a page and what lies around it.
type window struct {
	items      []item
	next, prev *cursor
	total      *int
}

// window fetches one page. Lists of several stages continue in the next stage
// when one ends, so that only the last page is short.
func (c *call) window(l *listing, r request, at *cursor, limit int) (*window, error) {
	if l.isLocal(r.sort) {
		return c.localWindow(l, r, at, limit)
	}
	stages := []int{0}
	if l.stages != nil {
		stages = l.stages(c)
	}
	back := at != nil && at.Back
	place, i := "", 0
	if back {
		i = len(stages) - 1
	}
	if at != nil {
		place = at.Place
		i = max(slices.Index(stages, at.Stage), 0)
	}
	w := &window{}
	for {
		r.stage = stages[i]
		left := limit - len(w.items)
		if back {
			r.page = linearapi.PageArgs{Last: left, Before: place}
		} else {
			r.page = linearapi.PageArgs{First: left, After: place}
		}
		got, err := c.fetch(l, r)
		if err != nil {
			return nil, err
		}
		if w.total == nil {
			w.total = got.total
		}
		if back {
			w.items = append(got.items, w.items...)
			if len(got.items) > 0 && w.next == nil {
				w.next = &cursor{Place: got.info.EndCursor, Stage: stages[i]}
			}
			if got.info.HasPreviousPage && len(got.items) > 0 {
				w.prev = &cursor{Place: got.info.StartCursor, Stage: stages[i], Back: true}
				return w, nil
			}
			if i--; i < 0 {
				if w.next == nil {
					w.next = &cursor{Stage: stages[0]} // everything lies behind
				}
				return w, nil
			}
			place = ""
			if len(w.items) >= limit {
				w.prev = &cursor{Stage: stages[i], Back: true}
				return w, nil
			}
			continue
		}
		if len(got.items) > 0 && w.prev == nil && at != nil {
			w.prev = &cursor{Place: got.info.StartCursor, Stage: stages[i], Back: true}
		}
		w.items = append(w.items, got.items...)
		if got.info.HasNextPage && len(got.items) > 0 {
			w.next = &cursor{Place: got.info.EndCursor, Stage: stages[i]}
			return w, nil
		}
		if i++; i >= len(stages) {
			if w.prev == nil && at != nil { // a page behind the end
				w.prev = &cursor{Place: at.Place, Stage: at.Stage, Back: true}
				if at.Place == "" {
					w.prev = nil
				}
			}
			return w, nil
		}
		place = ""
		if len(w.items) >= limit {
			w.next = &cursor{Stage: stages[i]}
			return w, nil
		}
	}
}

// fetch asks the source, or memory.
func (c *call) fetch(l *listing, r request) (*part, error) {
	if !l.cached || strings.Contains(c.r.Header.Get("Cache-Control"), "no-cache") {
		return l.fetch(c, r)
	}
	text, err := json.Marshal([]any{r.conditions, r.page, r.archived, r.byUpdate, r.stage})
	if err != nil {
		return nil, err
	}
	return remember(c.api.cache, cacheKey(c.conn.ID, l.resource, string(text), fmtSort(r.sort)), time.Minute, func() (*part, error) {
		return l.fetch(c, r)
	})
}

func (l *listing) isLocal(keys []sortKey) bool {
	return slices.ContainsFunc(keys, func(k sortKey) bool { return slices.Contains(l.local, k.name) })
}

// localWindow sorts the whole list here and cuts a page out of it. A cursor
// names the item that the page ends with.
func (c *call) localWindow(l *listing, r request, at *cursor, limit int) (*window, error) {
	plain := r
	plain.sort = nil
	all, truncated, err := c.everything(l, plain, nil)
	if err != nil {
		return nil, err
	}
	if truncated != nil {
		c.notes = append(c.notes, "only the first "+strconv.Itoa(maxWalk)+" entries were sorted")
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y item) int {
		for _, k := range r.sort {
			n := compareValues(x.sort[k.name], y.sort[k.name])
			if k.desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return strings.Compare(x.id, y.id)
	})
	from, to := 0, min(limit, len(all))
	if at != nil {
		i := slices.IndexFunc(all, func(v item) bool { return v.id == at.Place })
		if i < 0 {
			return nil, badRequest(codeInvalidCursor, "what the cursor points to is gone: begin with the first page")
		}
		if at.Back {
			from, to = max(0, i-limit), i
		} else {
			from, to = i+1, min(i+1+limit, len(all))
		}
	}
	w := &window{items: all[from:to]}
	if to < len(all) && to > from {
		w.next = &cursor{Place: all[to-1].id}
	}
	if from > 0 && to > from {
		w.prev = &cursor{Place: all[from].id, Back: true}
	}
	return w, nil
}

func compareValues(x, y any) int {
	switch x := x.(type) {
	case string:
		s, _ := y.(string)
		return strings.Compare(strings.ToLower(x), strings.ToLower(s))
	case time.Time:
		t, _ := y.(time.Time)
		return x.Compare(t)
	case float64:
		n, _ := y.(float64)
		return cmp.Compare(x, n)
	}
	return 0
}

// everything walks the pages from a place on, up to maxWalk items. more is
// where it stopped, if it did.
func (c *call) everything(l *listing, r request, at *cursor) (items []item, more *cursor, err error) {
	for {
		w, err := c.window(l, r, at, maxLimit)
		if err != nil {
			return nil, nil, err
		}
		items = append(items, w.items...)
		if w.next == nil || len(items) >= maxWalk {
			return items, w.next, nil
		}
		at = w.next
	}
}

// walk answers ignore_limit.
func (c *call) walk(l *listing, r request, v view, at *cursor, hash string) (*reply, error) {
	items, more, err := c.everything(l, r, at)
	if err != nil {
		return nil, err
	}
	out := &List{ResultCount: len(items), Limit: maxWalk, IsTruncated: more != nil, IsPartialResponse: len(v.fields) > 0}
	if out.NextCursor, err = c.cursor(l, hash, more); err != nil {
		return nil, err
	}
	if out.Result, err = c.show(items, v, out); err != nil {
		return nil, err
	}
	out.Warnings = c.notes
	return ok(out), nil
}

// pageTime is how long a client may take for one page of a stream.
const pageTime = time.Minute

// stream answers NDJSON: one item a line, page after page, to the end of the
// list. An error in the middle is the last line.
func (c *call) stream(l *listing, r request, v view, at *cursor, _ string) (*reply, error) {
	limit := maxLimit
	if c.q.has("limit") {
		limit = v.limit
	}
	first, err := c.window(l, r, at, limit)
	if err != nil {
		return nil, err
	}
	c.header.Set("Content-Type", "application/x-ndjson; charset=utf-8")
	return &reply{write: func(w http.ResponseWriter) {
		// The time of a request bounds each page, not the stream.
		base := context.WithoutCancel(c.ctx)
		flusher := http.NewResponseController(w)
		enc := json.NewEncoder(w)
		for page := first; ; {
			_ = flusher.SetWriteDeadline(time.Now().Add(pageTime)) // the server's is for plain answers
			for _, it := range page.items {
				shown, err := c.project(it, v)
				if err != nil || enc.Encode(shown) != nil {
					return
				}
			}
			_ = flusher.Flush() // a writer that cannot flush sends at the end
			if page.next == nil || c.r.Context().Err() != nil {
				return
			}
			next, err := c.nextWindow(base, l, r, page.next, limit)
			if err != nil {
				_ = enc.Encode(problemOf(err).body(c.id))
				return
			}
			page = next
		}
	}}, nil
}

// nextWindow is window with a time of its own.
func (c *call) nextWindow(base context.Context, l *listing, r request, at *cursor, limit int) (*window, error) {
	ctx, cancel := context.WithTimeout(base, c.api.cfg.Timeout)
	defer cancel()
	sub := *c
	sub.ctx = ctx
	return sub.window(l, r, at, limit)
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
		if match := c.r.Header.Get("If-None-Match"); c.r.Method == http.MethodGet && strings.Contains(match, etag) {
			return &reply{status: http.StatusNotModified}, nil
		}
	}
	shown, err := c.project(it, v)
	if err != nil {
		return nil, err
	}
	return &reply{status: status, body: shown}, nil
}
