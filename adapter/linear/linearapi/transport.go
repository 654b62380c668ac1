package linearapi

import (
	"net"
	"net/http"
	"time"
)

// DefaultConnections is how many connections to the API a [Client] keeps by
// default.
const DefaultConnections = 64

// fileConnections is how many connections to the storage of files are kept.
const fileConnections = 8

// NewTransport returns a transport for the API that keeps as many idle
// connections as there may be requests at once, so that requests do not have to
// reconnect. Go's default keeps two for each host: with more callers than that,
// nearly every request needs a new connection and TLS handshake. A connections
// of less than 1 stands for [DefaultConnections].
//
// It uses HTTP/2 if the server supports it, limits connecting and the TLS
// handshake to 10 s each, and takes the proxy from the environment. It does not
// limit connections in use. Idle ones are closed after 90 s, or by
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

// newDialer returns a dialer with a timeout of 10 s.
func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
}

// newFileTransport returns a transport for files: few connections, and only to
// public addresses if requested. It has no response timeout, because a file may
// take longer; its sender or reader checks for progress.
func newFileTransport(public bool) http.RoundTripper {
	t := NewTransport(fileConnections)
	t.ResponseHeaderTimeout = 0
	if !public {
		return t
	}
	return newGuard(t)
}

// hasTransport reports whether a client has its own transport.
func hasTransport(c *http.Client) bool { return c != nil && c.Transport != nil }
