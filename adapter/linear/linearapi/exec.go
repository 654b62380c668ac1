package linearapi

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/reason"
)

// maxPause bounds the pauses that the client chooses itself.
const maxPause = 5 * time.Second

// failure is why one attempt failed.
type failure struct {
	*adapter.Error
	// lost says that it is unknown whether Linear ran the operation, so only
	// repeatable ones may be retried.
	lost bool
	// arrived is the data of an answer that holds errors as well.
	arrived json.RawMessage
	// hopeless says that retrying the same request at once is useless.
	hopeless bool
}

// exec sends op until it has an answer or must not be retried, and returns the
// answer's data.
func (c *Client) exec(ctx context.Context, op operation, vars map[string]any) (json.RawMessage, error) {
	var q quotation
	if op.text == "" {
		op.text, q = c.documents[op.name], c.quoted[op.name]
	} else {
		q = quotationOf(op.name, op.text)
	}
	if op.text == "" {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: op.name, Message: "linearapi has no operation of this name"}
	}
	body, err := encode(q, vars)
	if err != nil {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: op.name, Message: "the request cannot be encoded"}
	}
	if fail := c.admit(ctx, op); fail != nil {
		return nil, fail.Error
	}
	sent := false
	defer func() {
		if !sent { // without a token nothing was spent
			c.budget.giveBack(op.name)
		}
	}()
	var pauses *backoff.ExponentialBackOff // made for the first retry

	var refused *failure
	var refusedToken Token
	for n := 1; ; n++ {
		token, err := c.token(ctx, op)
		var fail *failure
		var data json.RawMessage
		switch {
		case err != nil:
			fail = err
		case refused != nil && token.Value == refusedToken.Value:
			return nil, refused.Error // the source has no other token
		default:
			sent = true
			data, fail = c.try(ctx, op, body, token, n)
		}
		if fail == nil {
			return data, nil
		}
		if fail.Code == adapter.CodeUnauthenticated && err == nil && refused == nil {
			refused, refusedToken = fail, token
			c.tokens.Invalidate(token)
			n--
			continue
		}
		if n >= c.maxAttempts || !c.again(op, fail) {
			if data, ok := partly(ctx, op, fail); ok {
				return data, nil
			}
			return nil, fail.Error
		}
		if pauses == nil {
			pauses = backoff.NewExponentialBackOff()
			pauses.InitialInterval, pauses.Multiplier, pauses.MaxInterval = c.pause, 2, maxPause
		}
		wait := max(fail.RetryAfter, pauses.NextBackOff())
		if fail.Code == adapter.CodeRateLimited && fail.RetryAfter > 0 {
			wait = fail.RetryAfter
		}
		if deadline, ok := ctx.Deadline(); ok && time.Now().Add(wait).After(deadline) {
			if data, ok := partly(ctx, op, fail); ok {
				return data, nil
			}
			return nil, fail.Error // waiting would only yield a less useful error
		}
		if err := pause.For(ctx, wait); err != nil {
			return nil, &adapter.Error{
				Code: adapter.CodeCanceled, Op: op.name,
				Message: "gave up waiting to try again after: " + fail.Code.String() + ": " + fail.Message,
				Err:     err,
			}
		}
	}
}

// again reports whether op may be retried after fail.
func (c *Client) again(op operation, fail *failure) bool {
	if fail.hopeless || fail.RetryAfter > max(c.maxWait, 0) || fail.lost && !op.repeatable {
		return false
	}
	switch fail.Code {
	case adapter.CodeRateLimited:
		return c.maxWait > 0
	case adapter.CodeUnavailable:
		return true
	case adapter.CodeUnknown, adapter.CodeCanceled, adapter.CodeUnauthenticated, adapter.CodeForbidden, adapter.CodeNotFound,
		adapter.CodeInvalid, adapter.CodeConflict, adapter.CodeAppendOnly, adapter.CodeUnsupported:
		return false
	default:
		return false
	}
}

// token asks the source for a token.
func (c *Client) token(ctx context.Context, op operation) (Token, *failure) {
	if err := ctx.Err(); err != nil {
		return Token{}, &failure{Error: &adapter.Error{Code: adapter.CodeCanceled, Op: op.name, Err: err}}
	}
	token, err := c.tokens.Token(ctx)
	if err == nil && token.Value == "" {
		err = &adapter.Error{Code: adapter.CodeUnauthenticated, Message: "the token source gave an empty token"}
	}
	if err == nil {
		return token, nil
	}
	e := &adapter.Error{Code: adapter.CodeOf(err), Op: op.name, Err: err}
	if e.Code == adapter.CodeUnknown {
		e.Code = adapter.CodeUnauthenticated
	}
	if inner, ok := errors.AsType[*adapter.Error](err); ok {
		e.RetryAfter = inner.RetryAfter
	}
	return Token{}, &failure{Error: e}
}

// step describes an attempt in a trace.
func step(op string, fail *failure, cost float64, took time.Duration) adapter.TraceStep {
	s := adapter.TraceStep{Code: reason.APICall, Detail: op, Took: took}
	if fail != nil {
		s.Code, s.Detail = reason.APIFailed, op+": "+fail.Code.String()+": "+fail.Message
	} else {
		s.N = int64(cost)
	}
	return s
}

// try sends op once.
func (c *Client) try(ctx context.Context, op operation, body []byte, token Token, n int) (json.RawMessage, *failure) {
	start := time.Now()
	sending, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	a := &attempt{client: c.api, userAgent: c.userAgent, token: token, limit: c.maxResponse}
	data, err := a.send(sending, c.endpoint, body)

	budget := c.budget.note(op.name, a.header, start)
	var fail *failure
	switch {
	case err != nil:
		fail = a.explain(ctx, c.timeout, err)
		fail.arrived = a.arrived
	case len(data) == 0 || string(data) == "null":
		fail = &failure{Error: &adapter.Error{Code: adapter.CodeUnavailable, Message: "Linear's answer holds no data"}, lost: true}
	}
	if fail != nil {
		fail.Op = op.name
		if fail.RetryAfter == 0 && (fail.Code == adapter.CodeRateLimited || fail.Code == adapter.CodeUnavailable) {
			fail.RetryAfter = retryAfter(a.header, time.Now())
		}
		if fail.RetryAfter == 0 && fail.Code == adapter.CodeRateLimited {
			fail.RetryAfter = untilReset(a.header, time.Now())
		}
	}
	if t := adapter.TraceOf(ctx); t != nil {
		t.Step(step(op.name, fail, budget.Cost, time.Since(start)))
	}
	if c.observe != nil {
		call := Call{Op: op.name, Attempt: n, Status: a.status, Took: time.Since(start), RequestID: a.requestID(), Budget: budget}
		if fail != nil {
			call.Failed, call.Code = true, fail.Code
		}
		c.observe(call)
	}
	return data, fail
}
