package linearapi

// MaxPage is the maximum number of entries that Linear returns in one page.
const MaxPage = 250

// defaultPage is the default number of entries in a page.
const defaultPage = 50

// Page is a part of a list. Linear's lists are sorted by the time of creation,
// newest first, regardless of the end that a page is taken from.
type Page[T any] struct {
	Nodes []T      `json:"nodes"`
	Info  PageInfo `json:"pageInfo"`
	// Total is the number of all entries. Set by [Client.SearchIssues] only.
	Total float64 `json:"totalCount"`
}

// PageInfo says what is before and after a page. Next is towards older entries,
// previous towards newer ones.
type PageInfo struct {
	HasNextPage     bool   `json:"hasNextPage"`
	HasPreviousPage bool   `json:"hasPreviousPage"`
	StartCursor     string `json:"startCursor"`
	EndCursor       string `json:"endCursor"`
}

// PageArgs says which part of a list to return. The zero value is the 50
// newest entries.
type PageArgs struct {
	// First is how many entries to return from the newest end, or after After,
	// which is the EndCursor of the page before. Defaults to 50, unless Last is
	// set; values above MaxPage are reduced to it.
	First int
	After string
	// Last is how many entries to return from the oldest end, or before Before,
	// which is the StartCursor of the page before. Used if First is not set.
	Last   int
	Before string
}

// vars adds the arguments that are set to v.
func (p PageArgs) vars(v map[string]any) map[string]any {
	switch {
	case p.First > 0 || p.Last <= 0:
		v["first"] = size(p.First)
	default:
		v["last"] = size(p.Last)
	}
	if p.After != "" {
		v["after"] = p.After
	}
	if p.Before != "" {
		v["before"] = p.Before
	}
	return v
}

func size(n int) int {
	if n <= 0 {
		return defaultPage
	}
	return min(n, MaxPage)
}

// Filter selects entries of a list, in the form that Linear documents under
// linear.app/developers/filtering, for example
//
//	Filter{"state": Filter{"type": Filter{"eq": "started"}}}
//
// The keys that are allowed depend on the list. Nil selects everything.
type Filter map[string]any

// vars adds the filter to v, if there is one.
func (f Filter) vars(v map[string]any) map[string]any {
	if f != nil {
		v["filter"] = f
	}
	return v
}
