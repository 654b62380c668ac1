package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

// api stands in for Linear's GraphQL API: one goroutine a connection, answers
// that are prepared in advance, and only as much HTTP as the clients here use. It
// costs a fraction of a real server.
type api struct {
	ln    net.Listener
	tasks sync.WaitGroup
	// record gets every comment. Nil drops them.
	record atomic.Pointer[record]
	// dials counts connections, others operations that are not commentCreate.
	dials, others atomic.Int64
	// broken has every operation fail.
	broken atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once closed
}

func startAPI(ctx context.Context) (*api, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("stand-in API: %w", err)
	}
	a := &api{ln: ln, conns: make(map[net.Conn]struct{})}
	a.tasks.Go(a.accept)
	return a, nil
}

// url returns the address of the GraphQL endpoint.
func (a *api) url() string { return "http://" + a.ln.Addr().String() + "/graphql" }

func (a *api) close() {
	_ = a.ln.Close() // it only listened
	a.mu.Lock()
	for c := range a.conns {
		_ = c.Close() // what was on its way does not count
	}
	a.conns = nil
	a.mu.Unlock()
	a.tasks.Wait()
}

func (a *api) accept() {
	for {
		c, err := a.ln.Accept()
		if err != nil {
			return
		}
		a.mu.Lock()
		if a.conns == nil {
			a.mu.Unlock()
			_ = c.Close() // too late
			return
		}
		a.conns[c] = struct{}{}
		a.mu.Unlock()
		a.dials.Add(1)
		a.tasks.Go(func() {
			_ = a.serve(c) // the client sees it
			_ = c.Close()
			a.mu.Lock()
			delete(a.conns, c)
			a.mu.Unlock()
		})
	}
}

func (a *api) serve(c net.Conn) error {
	r := bufio.NewReaderSize(c, 8<<10)
	var body, out, answer []byte
	for {
		length, token, err := readHead(r)
		if err != nil {
			return err
		}
		if cap(body) < length {
			body = make([]byte, length)
		}
		body = body[:length]
		if _, err := io.ReadFull(r, body); err != nil {
			return err
		}
		answer = a.answer(answer[:0], body, token)
		out = append(out[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Ratelimit-Requests-Limit: 1000000000\r\nX-Ratelimit-Requests-Remaining: 999999999\r\nX-Ratelimit-Requests-Reset: 4102444800000\r\nX-Complexity: 3\r\nX-Request-Id: bench\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(answer)), 10)
		out = append(out, "\r\n\r\n"...)
		out = append(out, answer...)
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
}

// readHead reads a request up to its body.
func readHead(r *bufio.Reader) (length int, token bool, err error) {
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case first:
			token = bytes.HasPrefix(line, []byte("POST /oauth/token"))
		case len(line) == 0:
			return length, token, nil
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > 1<<20 {
				return 0, false, errors.New("bad length")
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return 0, false, errors.New("chunked bodies are not read")
		}
	}
}

// answer appends the answer to a request.
func (a *api) answer(b, body []byte, token bool) []byte {
	switch {
	case a.broken.Load():
		return append(b, `{"errors":[{"message":"broken for a while","extensions":{"code":"INTERNAL_SERVER_ERROR","statusCode":500}}]}`...)
	case token:
		return append(b, `{"access_token":"bench-token","token_type":"Bearer","expires_in":2591999,"scope":"read write"}`...)
	case bytes.Contains(body, []byte("mutation commentCreate")):
		if rec := a.record.Load(); rec != nil {
			rec.answer(number(body, "pong "))
		}
		b = append(b, `{"data":{"commentCreate":{"success":true,"comment":{"id":"`...)
		b = append(b, field(body, `"id":"`)...)
		b = append(b, `","body":"`...)
		b = append(b, field(body, `"body":"`)...)
		b = append(b, `","url":"https://linear.app/acme/issue/ENG-564/build-fails#comment-2f9168ed","createdAt":"2026-06-24T22:05:23.926Z","updatedAt":"2026-06-24T22:05:23.926Z","editedAt":null,"parentId":"`...)
		b = append(b, field(body, `"parentId":"`)...)
		return append(b, `","issueId":"b33540e9-ca1c-4522-9f7a-035fd391151d","projectId":null,"projectUpdateId":null,"initiativeId":null,"initiativeUpdateId":null,"documentContentId":null,"user":{"id":"bench-user","name":"Bench Bot","displayName":"`+handle+`"}}}}}`...)
	case bytes.Contains(body, []byte("query viewer")):
		return append(b, `{"data":{"viewer":{"id":"bench-user","name":"Bench Bot","displayName":"`+handle+`","email":"bench@oauthapp.linear.app","url":"https://linear.app/acme/profiles/bench","app":true},"organization":{"id":"`+home+`","name":"Acme","urlKey":"acme"}}}`...)
	default:
		a.others.Add(1)
		return append(b, `{"errors":[{"message":"the stand-in does not know this operation","extensions":{"code":"INVALID_INPUT"}}]}`...)
	}
}

// field returns the text after the last begin, up to the next quote. The
// variables of a request stand behind its document.
func field(body []byte, begin string) []byte {
	i := bytes.LastIndex(body, []byte(begin))
	if i < 0 {
		return nil
	}
	value, _, _ := bytes.Cut(body[i+len(begin):], []byte{'"'})
	return value
}

// number returns the number after the last begin, or -1.
func number(text []byte, begin string) int {
	i := bytes.LastIndex(text, []byte(begin))
	if i < 0 {
		return -1
	}
	n, digits := 0, 0
	for _, c := range text[i+len(begin):] {
		if c < '0' || c > '9' || digits > 9 {
			break
		}
		n, digits = 10*n+int(c-'0'), digits+1
	}
	if digits == 0 {
		return -1
	}
	return n
}
