package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/webhook"
)

// enqueue is the least that a durable bot asks of Redis: store the key and the
// body.
const enqueue = `
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', 86400) then
  return redis.call('RPUSH', KEYS[2], ARGV[1])
end
return 0`

// floor serves what a bot cannot do without: the signature, and for the kind
// "whole" one Redis script and one API call, too.
func (c *child) floor(ctx context.Context) error {
	verifier, err := webhook.NewVerifier(secret)
	if err != nil {
		return err
	}
	f := &floor{verifier: verifier, api: c.o.API}
	if c.o.Kind == "whole" {
		options, err := redis.ParseURL(c.o.State)
		if err != nil {
			return err
		}
		options.PoolSize = 64
		f.redis, f.script = redis.NewClient(options), redis.NewScript(enqueue)
		defer f.redis.Close() //nolint:errcheck // it ends with the process
		f.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxIdleConns: 64}}
	}
	e := echo.New()
	e.POST("/api/webhooks/linear", f.serve)
	e.GET("/readyz", func(c echo.Context) error { return c.String(http.StatusOK, "OK") })
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: e} //nolint:gosec // the generator is the only client
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	fmt.Fprintln(c.out, ln.Addr())
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type floor struct {
	verifier *webhook.Verifier
	api      string
	redis    *redis.Client
	script   *redis.Script
	client   *http.Client
}

func (f *floor) serve(c echo.Context) error {
	r := c.Request()
	body := make([]byte, max(0, r.ContentLength))
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return c.String(http.StatusBadRequest, "body cut off")
	}
	if err := f.verifier.Verify(r.Header.Get("Linear-Signature"), body); err != nil {
		return c.String(http.StatusUnauthorized, "invalid signature")
	}
	if f.redis != nil {
		if err := f.answer(r.Context(), body); err != nil {
			return c.String(http.StatusServiceUnavailable, "failed")
		}
	}
	return c.String(http.StatusOK, "OK\n")
}

// mutation is the document that the bot sends.
const mutation = "mutation commentCreate($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id body url createdAt } } }"

func (f *floor) answer(ctx context.Context, body []byte) error {
	var in struct {
		OrganizationID string `json:"organizationId"`
		Data           struct {
			ID      string `json:"id"`
			Body    string `json:"body"`
			IssueID string `json:"issueId"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	keys := []string{"{floor}" + in.OrganizationID + in.Data.ID, "{floor}lane"}
	if err := f.script.Run(ctx, f.redis, keys, body).Err(); err != nil {
		return err
	}
	type object = map[string]any
	out, err := json.Marshal(object{"operationName": "commentCreate", "query": mutation, "variables": object{"input": object{
		"id": uuid.NewString(), "issueId": in.Data.IssueID, "parentId": in.Data.ID,
		"body": "The log says **why**. pong " + strconv.Itoa(number([]byte(in.Data.Body), "ping ")),
	}}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.api, bytes.NewReader(out))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer bench-token")
	res, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // everything was read
	var answer struct {
		Data struct {
			CommentCreate struct {
				Success bool `json:"success"`
			} `json:"commentCreate"`
		} `json:"data"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if !answer.Data.CommentCreate.Success {
		return errors.New("no success")
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
