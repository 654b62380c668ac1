package linearapi

import "context"

// RateLimits are the token's limits, as returned by [Client.RateLimitStatus].
type RateLimits struct {
	// Identifier and Kind name the owner of the limits.
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
	// Reset is when the full limit is available again, in milliseconds since
	// 1970.
	Reset float64 `json:"reset"`
}

// RateLimitStatus asks Linear for the token's limits. Every answer includes
// them as well; see [Client.Budget].
func (c *Client) RateLimitStatus(ctx context.Context) (*RateLimits, error) {
	op := operation{name: "rateLimitStatus"}
	return query[RateLimits](ctx, c, op, "rateLimitStatus", nil)
}
