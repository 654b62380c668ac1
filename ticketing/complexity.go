package ticketing

import "strings"

// Linear refuses requests of more than 10,000 points, and multiplies the price of
// an entry by the length of the page that is asked for. Pages are as long as
// maxComplexity allows.

// maxComplexity is what one request for a list may cost, in Linear's points. The
// prices are estimates, so it stays below Linear's own limit.
const maxComplexity = 8000

// What one entry of a list costs, in Linear's points, if 250 of them could cost too
// much.
const (
	priceTicket  = 36.3
	priceProject = 40.2
	priceTeam    = 34.2
	priceUser    = 27.4
	priceComment = 19.2
	priceHistory = 23.6
	priceOther   = 10
)

// pageOf is how many entries of a list one request may ask for.
func pageOf(price float64) int {
	if price <= 0 {
		price = priceOther
	}
	const around = 30 // the page, and what it lies in
	return max(1, min(maxLimit, int((maxComplexity-around)/price)))
}

// most is the length of the longest page of a list.
func (c *call) most(l *listing) int {
	price := l.price
	if l.prices != nil {
		price = l.prices(c)
	}
	return pageOf(price)
}

// priceOf estimates what a selection set of the caller's costs for each entry: 0.1
// for a field, 1 for an object, and all that is in a connection as often as its page
// is long by default.
func priceOf(selection string) float64 {
	const page = 50
	words := strings.Fields(selection)
	price, times := 2.4, []float64{1} // the entry itself, and the page around it
	for i, word := range words {
		now := times[len(times)-1]
		switch {
		case word == "}":
			times = times[:max(1, len(times)-1)]
		case word == "{":
			if words[max(0, i-1)] == "nodes" {
				now *= page
			}
			times = append(times, now)
		case i+1 < len(words) && words[i+1] == "{":
			if word == "nodes" {
				now *= page
			}
			price += now
		default:
			price += now / 10
		}
	}
	return price
}
