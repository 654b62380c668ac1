package linearapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// DefaultUploadsURL is where Linear stores files.
const DefaultUploadsURL = "https://uploads.linear.app"

// errPrivate says that a name resolves to an address that is not public.
var errPrivate = errors.New("the address is not public")

// files defines where files may be read from and sent to.
type files struct {
	client *http.Client
	// own is the scheme and host of Linear's storage.
	own string
	// custom says that own was configured: then it may be unencrypted and in a
	// private network, and files are sent only there.
	custom bool
}

func newFiles(uploadsURL string, client *http.Client) (*files, error) {
	custom := uploadsURL != "" && strings.TrimRight(uploadsURL, "/") != DefaultUploadsURL
	uploadsURL = orDefault(uploadsURL, DefaultUploadsURL)
	if err := CheckURL(uploadsURL); err != nil {
		return nil, err
	}
	u, err := url.Parse(uploadsURL)
	if err != nil {
		return nil, errors.New("is not a URL")
	}
	f := &files{client: withoutRedirects(client), own: origin(u), custom: custom}
	switch {
	case !hasTransport(client):
		f.client.Transport = newFileTransport(!custom)
	case !custom:
		f.client.Transport = publicOnly(f.client.Transport)
	}
	f.client.Jar = nil
	return f, nil
}

// origin returns the normalized scheme and host of an address.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return strings.ToLower(u.Scheme + "://" + u.Hostname())
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// isOwn reports whether an address belongs to Linear's storage.
func (f *files) isOwn(u *url.URL) bool { return isOwn(f.own, u) }

func isOwn(own string, u *url.URL) bool {
	return u.User == nil && u.Opaque == "" && u.Host != "" && origin(u) == own
}

func (f *files) checkOpen(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || !f.isOwn(u) {
		return nil, fileError(opOpen, adapter.CodeInvalid, "only files below "+f.own+" can be opened", nil)
	}
	u.Fragment = ""
	return u, nil
}

func (f *files) checkPut(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.User != nil || u.Host == "" || u.Opaque != "":
		return fileError(opPut, adapter.CodeInvalid, "the address to send the file to is not a plain URL", nil)
	case f.custom && !f.isOwn(u):
		return fileError(opPut, adapter.CodeInvalid, "the address to send the file to is not below "+f.own, nil)
	case !f.custom && u.Scheme != "https":
		return fileError(opPut, adapter.CodeInvalid, "the address to send the file to is not encrypted", nil)
	}
	return nil
}

// OwnsFile reports whether [Client.OpenFile] accepts an address.
func (c *Client) OwnsFile(address string) bool { return isBelow(c.files.own, address) }

// OwnsFile reports whether a client whose Config.UploadsURL is uploadsURL can
// open an address. It needs no client, and so no workspace.
func OwnsFile(uploadsURL, address string) bool {
	u, err := url.Parse(orDefault(uploadsURL, DefaultUploadsURL))
	return err == nil && isBelow(origin(u), address)
}

func isBelow(own, address string) bool {
	u, err := url.Parse(address)
	return err == nil && isOwn(own, u)
}

func fileError(op string, code adapter.Code, message string, cause error) error {
	return &adapter.Error{Code: code, Op: op, Message: message, Err: cause}
}

// quote returns s as JSON.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // cannot happen: it is a string
	}
	return string(b)
}

// publicOnly returns a transport that connects to public addresses only, so
// that a name cannot resolve into the network that the bot runs in. Transports
// with their own dialer are unchanged, and so are requests that go through a
// proxy, which applies its own rules.
func publicOnly(rt http.RoundTripper) http.RoundTripper {
	t, ok := rt.(*http.Transport)
	if !ok || t.DialContext != nil && rt != http.DefaultTransport || t.DialTLSContext != nil {
		return rt
	}
	return newGuard(t)
}

// newGuard returns a guard that connects as t does, except that direct
// connections are limited to public addresses.
func newGuard(t *http.Transport) *guard {
	direct := t.Clone()
	direct.Proxy = nil
	dialer := newDialer()
	dialer.Control = refusePrivate
	direct.DialContext = dialer.DialContext
	return &guard{direct: direct, proxied: t}
}

// guard sends requests directly, unless a proxy is set for them.
type guard struct{ direct, proxied *http.Transport }

// RoundTrip sends one request.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.proxied.Proxy != nil {
		if proxy, err := g.proxied.Proxy(r); err != nil || proxy != nil {
			return g.proxied.RoundTrip(r) // reports the error, too
		}
	}
	return g.direct.RoundTrip(r)
}

// CloseIdleConnections closes the connections that are not in use.
func (g *guard) CloseIdleConnections() {
	g.direct.CloseIdleConnections()
	g.proxied.CloseIdleConnections()
}

// refusePrivate runs before each connection and rejects addresses that are not
// public.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	host, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(host.Addr()) {
		return errPrivate
	}
	return nil
}

// isPublic reports whether an address can be a public one on the Internet.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, block := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
		"2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		if netip.MustParsePrefix(block).Contains(a) {
			return false
		}
	}
	return true
}

// watch ends a request that makes no progress.
type watch struct {
	limit  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// errStalled is the cause of a context that a watch has ended.
var errStalled = errors.New("nothing moved for too long")

func newWatch(ctx context.Context, limit time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watch{
		limit: limit, cancel: cancel,
		timer: time.AfterFunc(limit, func() { cancel(errStalled) }),
	}
}

func (w *watch) progress() { w.timer.Reset(w.limit) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}

// explain returns why a request that carried secrets failed.
func (w *watch) explain(ctx context.Context, op string, err error, secrets ...string) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(err, errPrivate):
		return fileError(op, adapter.CodeInvalid, "the storage's name leads to an address that is not public", nil)
	case errors.Is(cause, errStalled):
		return fileError(op, adapter.CodeUnavailable, "nothing moved for "+w.limit.String(), nil)
	case cause != nil:
		return fileError(op, adapter.CodeCanceled, "", ctx.Err())
	default:
		return fileError(op, adapter.CodeUnavailable, "the storage cannot be reached", networkCause(err, secrets...))
	}
}

// running is a file request in progress, to be reported to the observer.
type running struct {
	client *Client
	call   Call
	start  time.Time
}

func (c *Client) begin(op string) *running {
	return &running{client: c, call: Call{Op: op, Attempt: 1, Budget: c.Budget()}, start: time.Now()}
}

func (r *running) done(status int) {
	r.call.Status, r.call.Took = status, time.Since(r.start)
	if r.client.observe != nil {
		r.client.observe(r.call)
	}
}

func (r *running) failed(status int, code adapter.Code) {
	r.call.Failed, r.call.Code = true, code
	r.done(status)
}
