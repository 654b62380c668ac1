package linearapi

import (
	"net"
	"net/http"
	"time"
)

// DefaultConnections is how many connections to the API a [Client] keeps unless
// told otherwise.
const DefaultConnections = 64

// fileConnections is how many connections to the storage of files are kept.
const fileConnections = 8

// NewTransport returns a transport for the API that keeps as many idle
// connections as there may be requests at once, so that none has to connect
// anew. Go's default keeps two for each host: with more callers than that,
// nearly every request pays for a connection and its TLS handshake. A
// connections of less than 1 stands for [DefaultConnections].
//
// It speaks HTTP/2 where the server does, connects and shakes hands within 10 s
// each, and takes the proxy from the environment. It sets no limit to
// connections in use. Idle ones are closed after 90 s, or by
// CloseIdleConnections.
func NewTransport(connections int) *http.Transport {
	if connections < 1 {
		connections = DefaultConnections
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           newDialer().DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// newDialer returns what connects to servers, each within 10 s.
func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
}

// newFileTransport returns a transport for files: few connections, public
// addresses only if so asked. A file may take longer than any limit on an
// answer; whoever sends or reads it watches that something moves.
func newFileTransport(public bool) http.RoundTripper {
	t := NewTransport(fileConnections)
	t.ResponseHeaderTimeout = 0
	if !public {
		return t
	}
	return newGuard(t)
}

// hasTransport reports whether a client brings a transport of its own.
func hasTransport(c *http.Client) bool { return c != nil && c.Transport != nil }
