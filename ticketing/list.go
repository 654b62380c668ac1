package ticketing

import (
	"encoding/json"
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
	// price is what one entry costs, in Linear's points; prices is for lists where
	// it depends on the request. Defaults to a price at which pages of every length
	// are cheap enough.
	price  float64
	prices func(c *call) float64
	// cached lists are kept for a minute.
	cached bool
	// expands says that the items are tickets, which expand adds to.
	expands bool
	// archives says that the list can include what is archived, orders that it takes
	// Linear's orderBy, single that it sorts by one key at a time.
	archives, orders, single bool
}

// List is the envelope of every list. Result is a list or, with key_by, an object by that
// field. ResultCount is its length; TotalCount is of all pages, where Linear counts.
// The cursors are null at the ends.
type List struct {
	Result            any     `json:"result"`
	NextCursor        *string `json:"next_cursor"`
	PrevCursor        *string `json:"prev_cursor"`
	ResultCount       int     `json:"result_count"`
	TotalCount        *int    `json:"total_count,omitempty"`
	Limit             int     `json:"limit"`
	IsPartialResponse bool    `json:"is_partial_response"`
	IsTruncated       bool    `json:"is_truncated,omitempty"`

	Partly
}

// params are the names of the parameters that the list takes, beside those of its
// route.
func (l *listing) params() []string {
	out := []string{
		"integrated_account_id", "limit", "next_cursor", "prev_cursor", "cursor", "response_format", "key_by",
		"ignore_limit", "include_remote_data", "ignore_remote_data", "exclude_fields", "fields", "filter", "remote_query[…]", "strict",
	}
	if len(l.sorts)+len(l.local) > 0 {
		out = append(out, "sort_by[…]")
	}
	if l.archives {
		out = append(out, "include_archived")
	}
	for _, f := range l.filters {
		out = append(out, f.name)
	}
	return out
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
	if l.expands && c.wantsMore() {
		if v.all || v.stream || v.raw {
			return nil, badRequest(codeInvalidRequest, "expand is for pages: leave out ignore_limit, and response_format raw or stream")
		}
		if v.limit > maxExpandedList {
			c.notes = append(c.notes, "limit was cut to "+strconv.Itoa(maxExpandedList)+", for expand")
			v.limit = maxExpandedList
		}
	}
	if most := c.most(l); v.limit > most {
		c.notes = append(c.notes, "limit was cut to "+strconv.Itoa(most)+": longer pages of this list cost more of Linear's complexity than one request may")
		v.limit = most
	}
	at, err := c.place(l, hash)
	if err != nil {
		return nil, err
	}
	known := l.params()
	for _, p := range c.route.params {
		c.q.get(p.names()...)
		known = append(known, p.name)
	}
	if err := c.strict(known); err != nil {
		return nil, err
	}
	if err := c.checkValues(c.route.params); err != nil {
		return nil, err
	}
	if v.stream { // a line of a stream cannot say that others are missing
		return c.stream(l, r, v, at, hash)
	}
	c.inPart()
	if v.all {
		return c.walk(l, r, v, at, hash)
	}
	w, err := c.window(l, r, at, v.limit)
	if err != nil {
		return nil, err
	}
	if c.partial > 0 { // an entry that is null cannot be shown
		w.items = slices.DeleteFunc(w.items, func(it item) bool { return it.id == "" })
	}
	if err := c.expandItems(w.items); err != nil {
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
	out.Partly = Partly{c.partial > 0, c.notes}
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
	if r.sort, err = c.sortKeys(l); err != nil {
		return r, "", err
	}
	if err := c.remoteQuery(l, &r); err != nil {
		return r, "", err
	}
	on := false
	if l.archives {
		if on, err = c.boolean("include_archived", "include_deleted"); err != nil {
			return r, "", err
		}
	}
	r.archived = r.archived || on || c.seeksArchived()
	text, err := json.Marshal([]any{r.conditions, r.sort, r.archived, r.byUpdate, fmtSort(r.sort)})
	if err != nil {
		return r, "", err
	}
	return r, shortHash(l.resource, string(text)), nil
}

// sortKeys reads sort_by[…].
func (c *call) sortKeys(l *listing) ([]sortKey, error) {
	var keys []sortKey
	for _, p := range c.q.params {
		if p.name != "sort_by" || len(p.sub) != 1 {
			continue
		}
		c.q.take(p)
		dir := strings.ToLower(p.values[0])
		if !slices.Contains(l.sorts, p.sub[0]) && !slices.Contains(l.local, p.sub[0]) {
			return nil, badRequest(codeUnknownFilter, "this list cannot be sorted by %s; %s", quoteID(p.sub[0]), l.sortHelp())
		}
		if dir != "asc" && dir != "desc" {
			return nil, badRequest(codeInvalidRequest, "%s must be asc or desc", p.key())
		}
		keys = append(keys, sortKey{p.sub[0], dir == "desc"})
	}
	if l.single && len(keys) > 1 {
		return nil, badRequest(codeInvalidRequest, "this list is sorted by one key at a time; %s", l.sortHelp())
	}
	return keys, nil
}

// seeksArchived reports whether a filter is about archived items, which a list
// otherwise leaves out.
func (c *call) seeksArchived() bool {
	return slices.ContainsFunc(c.q.params, func(p *param) bool {
		value := strings.ToLower(p.values[0])
		switch p.name {
		case "is_archived":
			return value == "true" || value == "1"
		case "archived_at":
			isNull := slices.Equal(p.sub, []string{"null"})
			return value != "" && value != "null" && (!isNull || value == "false")
		}
		return false
	})
}

func fmtSort(keys []sortKey) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.name + strconv.FormatBool(k.desc) + ",")
	}
	return b.String()
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
	return rememberWhole(c, cacheKey(c.conn.ID, l.resource, string(text), fmtSort(r.sort)), time.Minute, func() (*part, error) {
		return l.fetch(c, r)
	})
}
