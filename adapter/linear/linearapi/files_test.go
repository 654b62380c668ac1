package linearapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

func target(headers ...UploadHeader) *UploadTarget {
	return &UploadTarget{
		UploadURL: "https://storage.example.com/put?sig=1", AssetURL: DefaultUploadsURL + "/a/b", ContentType: "text/plain", Headers: headers,
	}
}

func TestPutFile(t *testing.T) {
	t.Parallel()
	s := always(200, "")
	c := newClient(t, s, nil)
	to := target(UploadHeader{"x-goog-content-length-range", "5,5"}, UploadHeader{"Content-Disposition", `attachment; filename="a.txt"`})
	if err := c.PutFile(t.Context(), to, 5, strings.NewReader("hello")); err != nil {
		t.Fatal(err)
	}
	r := s.seen()[0]
	want := http.Header{
		"Content-Type": {"text/plain"}, "Cache-Control": {"public, max-age=31536000"}, "User-Agent": {c.userAgent},
		"X-Goog-Content-Length-Range": {"5,5"}, "Content-Disposition": {`attachment; filename="a.txt"`},
	}
	if len(r.header) != len(want) || r.body != "hello" {
		t.Errorf("headers %v, body %q", r.header, r.body)
	}
	for name, value := range want {
		if r.header.Get(name) != value[0] {
			t.Errorf("%s: %q, want %q", name, r.header.Get(name), value[0])
		}
	}
}

// slowReader returns one byte at a time.
type slowReader struct{ io.Reader }

func (r slowReader) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }

// failingFile fails after some bytes.
type failingFile struct{ left int }

func (r *failingFile) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, errors.New("disk gone")
	}
	r.left--
	return copy(p, "x"), nil
}

func TestPutFileOfAnotherSize(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		size    int64
		content io.Reader
		want    adapter.Code
		body    string
	}{
		"exact":      {5, strings.NewReader("hello"), adapter.CodeOK, "hello"},
		"slow":       {5, slowReader{strings.NewReader("hello")}, adapter.CodeOK, "hello"},
		"empty":      {0, strings.NewReader(""), adapter.CodeOK, ""},
		"too short":  {6, strings.NewReader("hello"), adapter.CodeInvalid, ""},
		"too long":   {4, slowReader{strings.NewReader("hello")}, adapter.CodeInvalid, ""},
		"much":       {1 << 20, strings.NewReader(strings.Repeat("x", 1<<20)), adapter.CodeOK, strings.Repeat("x", 1<<20)},
		"too much":   {1 << 20, strings.NewReader(strings.Repeat("x", 1<<20+1)), adapter.CodeInvalid, ""},
		"not empty":  {0, strings.NewReader("x"), adapter.CodeInvalid, ""},
		"negative":   {-1, strings.NewReader(""), adapter.CodeInvalid, ""},
		"no content": {1, nil, adapter.CodeInvalid, ""},
		"broken":     {9, &failingFile{3}, adapter.CodeUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			complete := ""
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if b, err := io.ReadAll(r.Body); err == nil {
					complete = string(b)
				}
			}))
			defer server.Close()
			c, err := New(Config{Tokens: AccessToken("t"), UploadsURL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			to := target()
			to.UploadURL = server.URL + "/put"
			err = c.PutFile(t.Context(), to, tc.size, tc.content)
			if adapter.CodeOf(err) != tc.want {
				t.Errorf("error %v, want code %s", err, tc.want)
			}
			server.Close() // waits for the handler
			if complete != tc.body {
				t.Errorf("the server got %d bytes, want %d", len(complete), len(tc.body))
			}
		})
	}
}

func TestFileStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int][2]adapter.Code{
		301: {adapter.CodeInvalid, adapter.CodeInvalid}, 307: {adapter.CodeInvalid, adapter.CodeInvalid}, 400: {adapter.CodeInvalid, adapter.CodeInvalid},
		401: {adapter.CodeForbidden, adapter.CodeUnauthenticated}, 403: {adapter.CodeForbidden, adapter.CodeForbidden},
		404: {adapter.CodeInvalid, adapter.CodeNotFound}, 410: {adapter.CodeInvalid, adapter.CodeNotFound},
		413: {adapter.CodeInvalid, adapter.CodeInvalid}, 429: {adapter.CodeUnavailable, adapter.CodeRateLimited}, 503: {adapter.CodeUnavailable, adapter.CodeUnavailable},
		206: {adapter.CodeOK, adapter.CodeInvalid},
	} {
		s := always(status, "x", "Location", "https://elsewhere.example/x", "Retry-After", "7")
		var calls []Call
		c := newClient(t, s, func(cfg *Config) { cfg.Observe = func(call Call) { calls = append(calls, call) } })
		err := c.PutFile(t.Context(), target(), 1, strings.NewReader("x"))
		if adapter.CodeOf(err) != want[0] || (err == nil) != (status == 206) {
			t.Errorf("PutFile, HTTP %d: %v, want %s", status, err, want[0])
		}
		_, err = c.OpenFile(t.Context(), DefaultUploadsURL+"/a", 10)
		if adapter.CodeOf(err) != want[1] {
			t.Errorf("OpenFile, HTTP %d: %v, want %s", status, err, want[1])
		}
		if n := len(s.seen()); n != 2 {
			t.Errorf("HTTP %d: %d requests, want 2", status, n)
		}
		if len(calls) != 2 || calls[0].Op != opPut || calls[1].Op != opOpen || calls[1].Status != status || calls[1].Code != want[1] {
			t.Errorf("HTTP %d: calls %+v", status, calls)
		}
	}
}

func TestOpenFile(t *testing.T) {
	t.Parallel()
	s := always(200, "hello", "Content-Type", "text/plain", "Content-Disposition", `attachment; filename="../../etc/a.txt"`)
	c := newClient(t, s, func(cfg *Config) { cfg.Tokens = APIKey("key-1") })
	f, err := c.OpenFile(t.Context(), DefaultUploadsURL+"/a/b#x", 5)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if string(text) != "hello" || err != nil || f.Name != "a.txt" || f.Type != "text/plain" || f.Size != 5 {
		t.Errorf("file %+v, %q, %v", f, text, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := s.seen()[0].header.Get("Authorization"); got != "key-1" {
		t.Errorf("Authorization %q", got)
	}
	for _, limit := range []int64{4, 0, -1} {
		if _, err := c.OpenFile(t.Context(), DefaultUploadsURL+"/a", limit); adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// A length that was not announced is checked while reading.
func TestOpenFileOfUnknownLength(t *testing.T) {
	t.Parallel()
	s := &stub{answer: func(int, *http.Request) (*http.Response, error) {
		resp := reply(200, strings.Repeat("x", 100))
		resp.ContentLength = -1
		return resp, nil
	}}
	c := newClient(t, s, nil)
	for limit, want := range map[int64]bool{99: false, 100: true} {
		f, err := c.OpenFile(t.Context(), DefaultUploadsURL+"/dir/name.txt", limit)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if (err == nil) != want || int64(len(b)) > limit || err != nil && adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("limit %d: %d bytes, %v", limit, len(b), err)
		}
		if f.Size != -1 || f.Name != "name.txt" {
			t.Errorf("file %+v", f)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenFileRenewsTheToken(t *testing.T) {
	t.Parallel()
	s := inTurn(with(401, ""), with(200, "hi"))
	source := &tokens{values: []string{"old", "new"}}
	c := newClient(t, s, func(cfg *Config) { cfg.Tokens = source })
	f, err := c.OpenFile(t.Context(), DefaultUploadsURL+"/a", 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := s.seen()[1].header.Get("Authorization"); got != "Bearer new" || len(source.dropped) != 1 {
		t.Errorf("Authorization %q, dropped %q", got, source.dropped)
	}
}

// Only the storage's own addresses are opened, and the token is sent only
// there.
func TestFileAddresses(t *testing.T) {
	t.Parallel()
	s := always(200, "x")
	c := newClient(t, s, nil)
	for _, address := range []string{
		"", "/a", "//uploads.linear.app/a", "http://uploads.linear.app/a", "https://uploads.linear.app.example.com/a",
		"https://example.com/uploads.linear.app", "https://uploads.linear.app@example.com/", "https://a:b@uploads.linear.app/x",
		"https://uploads.linear.app:8443/a", "https:uploads.linear.app/a", "file:///etc/passwd", "https://127.0.0.1/", "https://uploads.linear.app\\@example.com/",
		"https://sub.uploads.linear.app/a", "ftp://uploads.linear.app/a",
	} {
		if _, err := c.OpenFile(t.Context(), address, 10); adapter.CodeOf(err) != adapter.CodeInvalid || c.OwnsFile(address) {
			t.Errorf("%q: %v, own %v", address, err, c.OwnsFile(address))
		}
	}
	if n := len(s.seen()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	for _, address := range []string{"https://uploads.linear.app/a", "https://UPLOADS.linear.app/a", "https://uploads.linear.app:443/a"} {
		f, err := c.OpenFile(t.Context(), address, 10)
		if err != nil || !c.OwnsFile(address) {
			t.Errorf("%q: %v", address, err)
			continue
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, address := range []string{"", "http://storage.example.com/x", "https://a:b@storage.example.com/x", "file:///x", "https:x"} {
		to := target()
		to.UploadURL = address
		if err := c.PutFile(t.Context(), to, 1, strings.NewReader("x")); adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("PutFile to %q: %v", address, err)
		}
	}
	own := newClient(t, s, func(cfg *Config) { cfg.UploadsURL = "http://127.0.0.1:1" })
	if err := own.PutFile(t.Context(), target(), 1, strings.NewReader("x")); adapter.CodeOf(err) != adapter.CodeInvalid {
		t.Errorf("PutFile to another host than the configured one: %v", err)
	}
}

// With the default address, names must not resolve into a private network.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	own, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	plain := own.Clone()
	plain.DialContext = nil
	for name, client := range map[string]*http.Client{"default": nil, "no transport": {}, "own transport": {Transport: plain}} {
		c, err := New(Config{Tokens: AccessToken("t"), HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		to := target()
		to.UploadURL = server.URL
		if err := c.PutFile(t.Context(), to, 1, strings.NewReader("x")); adapter.CodeOf(err) != adapter.CodeInvalid || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%s: error %v, want Invalid", name, err)
		}
	}
	if reached {
		t.Error("the private server was reached")
	}
	for address, public := range map[string]bool{
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.1.1": false, "0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fd00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != public {
			t.Errorf("isPublic(%s) = %v", address, got)
		}
	}
}

func TestFilesThatStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stub{answer: func(n int, r *http.Request) (*http.Response, error) {
			if n == 3 {
				resp := reply(200, "")
				resp.ContentLength = -1
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("x"), stalled{r.Context()}))
				return resp, nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		c := newClient(t, s, func(cfg *Config) { cfg.Timeout = 10 * time.Second })
		for name, do := range map[string]func(context.Context) error{
			"PutFile": func(ctx context.Context) error { return c.PutFile(ctx, target(), 1, strings.NewReader("x")) },
			"OpenFile": func(ctx context.Context) error {
				f, err := c.OpenFile(ctx, DefaultUploadsURL+"/a", 10)
				if err == nil {
					_, err = io.Copy(&bytes.Buffer{}, f)
					_ = f.Close()
				}
				return err
			},
		} {
			start := time.Now()
			if err := do(t.Context()); adapter.CodeOf(err) != adapter.CodeUnavailable || time.Since(start) != 10*time.Second {
				t.Errorf("%s: %v after %s, want Unavailable after 10s", name, err, time.Since(start))
			}
		}
		f, err := c.OpenFile(t.Context(), DefaultUploadsURL+"/a", 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(f); adapter.CodeOf(err) != adapter.CodeUnavailable {
			t.Errorf("a body that stalls: %v, want Unavailable", err)
		}
		_ = f.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.PutFile(ctx, target(), 1, strings.NewReader("x")); adapter.CodeOf(err) != adapter.CodeCanceled {
			t.Errorf("an ended context: %v, want Canceled", err)
		}
	})
}

// stalled returns no data until its request ends.
type stalled struct{ ctx context.Context } //nolint:containedctx // a stand-in for a body

func (s stalled) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestFilesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	to := &UploadTarget{
		UploadURL: "https://storage.example.com/put?sig=" + marker, AssetURL: DefaultUploadsURL + "/a/b", ContentType: "text/plain",
		Headers: []UploadHeader{{"X-Signature", marker}},
	}
	for name, v := range map[string]any{"target": *to, "pointer": to, "headers": to.Headers, "in a struct": struct{ T UploadTarget }{*to}} {
		if text := render(t, v); leaks(text) {
			t.Errorf("%s shows the secret:\n%s", name, text)
		}
	}
	for name, answer := range map[string]answer{
		"refused": with(403, marker), "failed": with(500, marker), "redirect": with(302, marker, "Location", "https://x/"+marker),
		"network": failing(errors.New("put https://storage.example.com/put?sig=" + marker + " with " + marker)), "unauthorized": with(401, marker),
		"too large": with(200, strings.Repeat(marker, 100)), "rate limit": with(429, marker, "Retry-After", marker),
	} {
		var calls []Call
		c := newClient(t, inTurn(answer), func(cfg *Config) {
			cfg.Tokens = AccessToken(marker)
			cfg.Observe = func(call Call) { calls = append(calls, call) }
		})
		errs := []error{c.PutFile(t.Context(), to, 1, strings.NewReader("x"))}
		_, err := c.OpenFile(t.Context(), DefaultUploadsURL+"/a", 10)
		errs = append(errs, err, c.PutFile(t.Context(), to, 1, strings.NewReader("xx")))
		_, err = c.OpenFile(t.Context(), "https://example.com/"+marker, 10)
		errs = append(errs, err)
		for _, err := range errs {
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := render(t, e); leaks(text) {
					t.Errorf("%s: %T shows the secret:\n%s", name, e, text)
				}
			}
		}
		if text := render(t, calls); leaks(text) {
			t.Errorf("%s: the observer sees the secret:\n%s", name, text)
		}
	}
}

// The last byte of a file that is too long is never returned.
func TestExactReaderHoldsBack(t *testing.T) {
	t.Parallel()
	for size := range int64(5) {
		for _, r := range []io.Reader{strings.NewReader("hello"), slowReader{strings.NewReader("hello")}} {
			b, err := io.ReadAll(&exactReader{r: r, left: size, progress: func() {}})
			if !errors.Is(err, errSize) || size > 0 && int64(len(b)) >= size {
				t.Errorf("size %d: %q, %v", size, b, err)
			}
		}
	}
}
