package linearapi

import "context"

// RateLimits is what Linear says about the token's limits when asked.
type RateLimits struct {
	// Identifier and Kind name whose limits they are.
	Identifier string      `json:"identifier"`
	Kind       string      `json:"kind"`
	Limits     []RateLimit `json:"limits"`
}

// RateLimit is one limit.
type RateLimit struct {
	Type string `json:"type"`
	// Period is the time in which Allowed may be used, in milliseconds.
	Period    float64 `json:"period"`
	Requested float64 `json:"requestedAmount"`
	Allowed   float64 `json:"allowedAmount"`
	Remaining float64 `json:"remainingAmount"`
	// Reset is when everything is allowed again, in milliseconds since 1970.
	Reset float64 `json:"reset"`
}

// RateLimitStatus asks Linear for the token's limits. Every answer tells them
// as well; see [Client.Budget].
func (c *Client) RateLimitStatus(ctx context.Context) (*RateLimits, error) {
	op := operation{name: "rateLimitStatus"}
	return query[RateLimits](ctx, c, op, "rateLimitStatus", nil)
}
