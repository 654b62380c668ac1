package simulation

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
)

// errCut is what a client sees of a connection that broke.
var errCut = errors.New("connection reset by peer")

// answer is a response as it is written.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
	cut    bool
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// Hijack is how the simulated Linear cuts a connection.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.cut = true
	mine, theirs := net.Pipe()
	_ = theirs.Close()
	return mine, nil, nil
}

// call has a handler answer a request.
func call(h http.Handler, req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.RequestURI, in.RemoteAddr, in.Host = req.URL.RequestURI(), "192.0.2.1:1234", req.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	a := &answer{header: http.Header{}}
	h.ServeHTTP(a, in)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if a.cut {
		return nil, errCut
	}
	a.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: fmt.Sprint(a.status, " ", http.StatusText(a.status)), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: req,
	}, nil
}

// toLinear carries the requests of an instance to the API.
type toLinear struct{ of *instance }

func (t toLinear) RoundTrip(req *http.Request) (*http.Response, error) {
	i, p := t.of, t.of.world.plan
	if err := i.pass(req.Context()); err != nil {
		return nil, err
	}
	if p.hits("api slow", p.apiSlow) && pause.For(req.Context(), time.Duration(p.throw("api wait", 20_000))*time.Millisecond) != nil {
		return nil, req.Context().Err()
	}
	switch {
	case p.down("api"):
		return call(status(http.StatusBadGateway), req)
	case p.hits("api before", p.apiBefore):
		return [](func() (*http.Response, error)){
			func() (*http.Response, error) { return nil, errCut },
			func() (*http.Response, error) { return call(status(http.StatusInternalServerError), req) },
			func() (*http.Response, error) { return call(limited{}, req) },
		}[p.throw("api how", 3)]()
	}
	resp, err := call(i.world.linear.Handler(), req)
	if i.gone() || err == nil && p.hits("api after", p.apiAfter) {
		return nil, errCut
	}
	return resp, err
}

// status answers with a status and nothing that a client of the API could read.
type status int

func (s status) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, http.StatusText(int(s)), int(s))
}

// limited answers that the budget is spent.
type limited struct{}

func (limited) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "2")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"errors":[{"message":"Rate limit exceeded","extensions":{"code":"RATELIMITED","type":"ratelimited","statusCode":429}}]}`))
}

// toBot carries the webhooks to one of the instances.
type toBot struct{ world *world }

func (t toBot) RoundTrip(req *http.Request) (*http.Response, error) {
	p := t.world.plan
	i := t.world.pick()
	if i == nil || p.hits("hook before", p.hookBefore) {
		return nil, errCut
	}
	if err := i.pass(req.Context()); err != nil {
		return nil, err
	}
	resp, err := call(i.handler, req)
	if i.gone() || err == nil && p.hits("hook after", p.hookAfter) {
		return nil, errCut
	}
	return resp, err
}
