package ticketing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/internal/wording"
)

// signature is that of Standard Webhooks: HMAC-SHA256 over id, time and body.
func signature(secret, id string, at time.Time, body []byte) string {
	m := hmac.New(sha256.New, webhookKey(secret))
	fmt.Fprintf(m, "%s.%d.", id, at.Unix())
	_, _ = m.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// timedSignature is HMAC-SHA256 over the time and the body, in hex, with the
// secret as it is shown.
func timedSignature(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(t + "."))
	_, _ = m.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

func webhookKey(secret string) []byte {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return []byte(secret)
	}
	return key
}

// post sends a signed body and returns the status of the answer.
func (a *API) post(ctx context.Context, s *subscription, id string, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.TargetURL, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the target is not a URL")
	}
	now := a.cfg.Now()
	plain := hmac.New(sha256.New, []byte(s.Secret))
	_, _ = plain.Write(body)
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "linearbot-ticketing")
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	h.Set("Webhook-Signature", signature(s.Secret, id, now, body))
	h.Set("X-Truto-Signature", "format=sha256,v="+hex.EncodeToString(plain.Sum(nil)))
	h.Set("X-Signature", timedSignature(s.Secret, now, body))
	h.Set("X-Delivery-Id", id)
	resp, err := a.hooks.Do(req)
	if err != nil {
		return 0, fmt.Errorf("the target cannot be reached: %s", netCause(err))
	}
	defer resp.Body.Close()                                       //nolint:errcheck // only read from
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, fmt.Errorf("the target answered HTTP %d", resp.StatusCode)
	}
	return resp.StatusCode, nil
}

// netCause leaves out the address, which may hold a secret.
func netCause(err error) string {
	if u, is := errors.AsType[*url.Error](err); is {
		err = u.Err
	}
	return wording.Clip(err.Error(), 200)
}

var errPrivate = errors.New("the address is not public")

// hookClient returns the client of outgoing webhooks. It follows no redirects
// and, unless private targets are allowed, connects to public addresses only, so
// that a subscription cannot reach into the network that this runs in. Each
// address is checked when it is dialed, after its name was resolved, so a kept
// connection leads to an address that was checked. [API.Run] closes those when it
// ends.
func hookClient(private bool) *http.Client {
	d := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		special := specialPrefixes()
		d.Control = func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil || !public(ap.Addr(), special) {
				return errPrivate
			}
			return nil
		}
	}
	return &http.Client{
		Timeout: 20 * time.Second,
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 15 * time.Second,
			MaxIdleConns: 64, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// public reports whether an address belongs to the internet. special are the
// ranges that do not, beside those that package netip knows.
func public(a netip.Addr, special []netip.Prefix) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// specialPrefixes returns the ranges that do not belong to the internet. Those
// that stand for an IPv4 address lead wherever that does, so they are refused as
// a whole.
func specialPrefixes() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),      // this network
		netip.MustParsePrefix("100.64.0.0/10"),  // shared by the customers of a carrier
		netip.MustParsePrefix("192.0.0.0/24"),   // protocols
		netip.MustParsePrefix("198.18.0.0/15"),  // benchmarks
		netip.MustParsePrefix("240.0.0.0/4"),    // reserved
		netip.MustParsePrefix("::/96"),          // IPv4
		netip.MustParsePrefix("64:ff9b::/96"),   // IPv4 behind NAT64
		netip.MustParsePrefix("64:ff9b:1::/48"), // the same, of a local network
		netip.MustParsePrefix("2001::/32"),      // IPv4 behind Teredo
		netip.MustParsePrefix("2002::/16"),      // IPv4 behind 6to4
		netip.MustParsePrefix("fec0::/10"),      // private once
	}
}
