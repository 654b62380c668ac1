package adminui_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/linearbot/linearbot/adapter/adaptertest"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/console/adminui"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// adminToken opens the console. Nothing may show it.
const adminToken = "MARKER-admin-token"

// desk is a console over a bot, and a browser without scripts.
type desk struct {
	t      *testing.T
	on     *adaptertest.Fake
	bot    *bot.Bot
	srv    *webhook.Server
	rec    *trace.Recorder
	store  *memstate.Store
	cfg    adminui.Config
	con    *adminui.Console
	ahead  atomic.Int64 // of the clock, in nanoseconds
	asked  atomic.Int64 // requests to the admin API
	url    string
	client *http.Client
	stop   context.CancelFunc
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	store := memstate.New(memstate.Options{})
	d := &desk{t: t, store: store, on: adaptertest.NewFake("helper")}
	book := notes.New(store)
	d.rec = trace.New(trace.Config{Book: book})
	var err error
	d.bot, err = bot.New(bot.Config{Adapter: d.on, Store: store, Tracer: d.rec, NoApology: true})
	if err != nil {
		t.Fatal(err)
	}
	d.srv, err = webhook.NewServer(webhook.Config{Secrets: []string{"MARKER-signing"}, Acceptor: d.bot, Tracer: d.rec})
	if err != nil {
		t.Fatal(err)
	}
	reader := &status.Reader{Started: time.Now(), Sources: status.Sources{
		Bot: d.bot, Intake: d.srv.Intake(), Secrets: d.srv.Secrets, Stores: map[string]status.Store{"bot": store},
	}}
	api := admin.New(admin.Config{Book: book, Traces: d.rec.View(), Recorder: d.rec, Inspector: store, Replay: d.bot.Replay})
	d.cfg = adminui.Config{
		API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.asked.Add(1)
			api.ServeHTTP(w, r)
		}),
		Status: reader, Book: book, Token: adminToken, Now: func() time.Time { return time.Now().Add(time.Duration(d.ahead.Load())) },
	}
	d.con, err = adminui.New(d.cfg)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(d.con)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	d.url, d.client = front.URL, &http.Client{Jar: jar, Transport: &http.Transport{}}
	ctx, stop := context.WithCancel(t.Context())
	d.stop = stop
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.con.Run(ctx) })
	t.Cleanup(func() {
		stop()
		wg.Wait()
		d.client.CloseIdleConnections()
		front.Close()
		_ = store.Close()
	})
	return d
}

// handles delivers a message and runs the bot until done.
func (d *desk) handles(done <-chan struct{}) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := d.bot.Run(ctx); err != nil {
			d.t.Error(err)
		}
	})
	d.said()
	<-done
	cancel()
	wg.Wait()
}

// another returns the console of another instance with the same store.
func (d *desk) another() *adminui.Console {
	d.t.Helper()
	c, err := adminui.New(d.cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// get returns the status and the text of a page.
func (d *desk) get(path string) (int, string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+path, http.NoBody)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.do(req)
}

// post sends a form as a page of the console does, or as another site if from is
// set.
func (d *desk) post(path, from string, form url.Values) (int, string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", d.url)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if from != "" {
		req.Header.Set("Origin", from)
		req.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	return d.do(req)
}

func (d *desk) do(req *http.Request) (int, string) {
	d.t.Helper()
	res, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		d.t.Errorf("%s has the policy %q", req.URL.Path, csp)
	}
	if strings.Contains(string(page), "MARKER") {
		d.t.Errorf("%s holds a secret", req.URL.Path)
	}
	return res.StatusCode, string(page)
}

func (d *desk) login() {
	d.t.Helper()
	if code, page := d.post("/console/login", "", url.Values{"token": {adminToken}}); code != http.StatusOK || !strings.Contains(page, "Last delivery") {
		d.t.Fatalf("login: %d %s", code, page)
	}
}

// said has a person mention the bot.
func (d *desk) said() {
	d.t.Helper()
	body := strings.Replace(string(d.on.Said("fake:1", "m1", "U1", "@helper hello").Body), "{", fmt.Sprintf(`{"webhookTimestamp":%d,`, time.Now().UnixMilli()), 1)
	req := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, "/api/webhooks/linear", strings.NewReader(body))
	req.Header.Set("Linear-Signature", webhook.Sign("MARKER-signing", []byte(body)))
	w := httptest.NewRecorder()
	d.srv.Handler().ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		d.t.Fatalf("status %d", w.Code)
	}
}

// TestSignIn opens nothing without the token.
func TestSignIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, path := range []string{"/console", "/console/", "/console/deliveries", "/console/dead", "/console/lanes", "/console/scheduled", "/console/deliveries/x", "/console/dead/x"} {
		if code, page := d.get(path); code != http.StatusOK || !strings.Contains(page, "Admin token") {
			t.Errorf("%s: %d, and not the page to sign in", path, code)
		}
	}
	if code, _ := d.get("/console/events?page=/console/"); code != http.StatusUnauthorized {
		t.Errorf("events: %d", code)
	}
	if code, _ := d.post("/console/dead/drop", "", url.Values{"all": {"yes"}}); code != http.StatusUnauthorized {
		t.Errorf("drop: %d", code)
	}
	if code, _ := d.post("/console/login", "https://evil.example.com", url.Values{"token": {adminToken}}); code != http.StatusForbidden {
		t.Errorf("login from another site: %d", code)
	}
	d.login()
	if code, page := d.get("/console/dead"); code != http.StatusOK || !strings.Contains(page, "None.") {
		t.Errorf("dead letters: %d %s", code, page)
	}
	if code, _ := d.post("/console/dead/requeue", "https://evil.example.com", url.Values{"all": {"yes"}}); code != http.StatusForbidden {
		t.Errorf("requeue from another site: %d", code)
	}
	d.ahead.Store(int64(13 * time.Hour))
	if _, page := d.get("/console/dead"); !strings.Contains(page, "Admin token") {
		t.Error("the login lasts longer than twelve hours")
	}
}

// TestGuesses slows down those who guess, by address, and never the person who has
// the token.
func TestGuesses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	guess := func(from, token string) int {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/console/login", strings.NewReader(url.Values{"token": {token}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.RemoteAddr = from
		w := httptest.NewRecorder()
		d.con.ServeHTTP(w, req)
		if (w.Code == http.StatusTooManyRequests) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("status %d with Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
		return w.Code
	}
	for i := range 30 {
		want := http.StatusUnauthorized
		if i >= 10 {
			want = http.StatusTooManyRequests
		}
		if code := guess("192.0.2.1:4000", "guess"); code != want {
			t.Fatalf("guess %d: status %d, want %d", i+1, code, want)
		}
		if code := guess(fmt.Sprintf("[2001:db8::%x]:4000", i), "guess"); code != want {
			t.Fatalf("guess %d in a network: status %d, want %d", i+1, code, want)
		}
	}
	if code := guess("192.0.2.1:4000", adminToken); code != http.StatusSeeOther {
		t.Errorf("the token from an address that guesses: %d", code)
	}
	if code := guess("192.0.2.2:4000", "guess"); code != http.StatusUnauthorized {
		t.Errorf("a typing error at another address: %d", code)
	}
	d.ahead.Store(int64(time.Minute))
	if code := guess("192.0.2.1:4000", "guess"); code != http.StatusUnauthorized {
		t.Errorf("a minute later: %d", code)
	}
	for i := range 10_500 { // what is remembered is bounded
		guess(fmt.Sprintf("10.%d.%d.1:4000", i/250, i%250), "guess")
	}
	if code := guess("192.0.2.9:4000", adminToken); code != http.StatusSeeOther {
		t.Errorf("the token after guesses of a whole network: %d", code)
	}
}

// TestSignOut ends a login on the server: a copy of its cookie opens nothing, here
// and on another instance with the same store.
func TestSignOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.login()
	at, err := url.Parse(d.url + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	copied := d.client.Jar.Cookies(at)
	if len(copied) != 1 {
		t.Fatalf("there are %d cookies", len(copied))
	}
	other := d.another()
	opens := func(c *adminui.Console) bool {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/dead", http.NoBody)
		req.AddCookie(copied[0])
		w := httptest.NewRecorder()
		c.ServeHTTP(w, req)
		return w.Code == http.StatusOK
	}
	if !opens(d.con) || !opens(other) {
		t.Fatal("the cookie does not open the console")
	}
	_, live := d.watch("/console/dead")
	if code, page := d.post("/console/logout", "", nil); code != http.StatusOK || !strings.Contains(page, "Admin token") {
		t.Fatalf("logout: %d %s", code, page)
	}
	if opens(d.con) {
		t.Error("a copied cookie opens the console after signing out")
	}
	d.ahead.Store(int64(10 * time.Second))
	if opens(other) {
		t.Error("a copied cookie opens the console of another instance")
	}
	if opens(d.another()) {
		t.Error("a copied cookie opens the console after a restart")
	}
	if _, err := io.Copy(io.Discard, live); err != nil { // ends by itself
		t.Errorf("the live page: %v", err)
	}
	d.login()
	if code, page := d.get("/console/dead"); code != http.StatusOK || !strings.Contains(page, "None.") {
		t.Errorf("after another login: %d", code)
	}
}

// TestForged refuses cookies that the console did not make.
func TestForged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	far := time.Now().Add(time.Hour).Unix()
	for _, value := range []string{"", "1", fmt.Sprint(far), fmt.Sprintf("%d.", far), fmt.Sprintf("%d.AAAA", far), fmt.Sprintf("%d.id.AAAA", far), "..", "9999999999999999999.x"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/console/dead", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: "linearbot_console", Value: value})
		if _, page := d.do(req); !strings.Contains(page, "Admin token") {
			t.Errorf("the cookie %q opens the console", value)
		}
	}
}

// TestPages follows a message that fails: from the overview to its story, to the
// dead letters and out of them.
func TestPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	done := make(chan struct{})
	d.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
		return bot.Permanent(errors.New("<script>alert(1)</script> is no answer"))
	})
	d.bot.OnFailed(func(context.Context, *bot.Thread, *bot.Failed) error { close(done); return nil })
	d.handles(done)
	d.login()
	_, page := d.get("/console/")
	for _, want := range []string{"people wait for these answers", "failed", "Message create", "&lt;script&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the overview does not say %q", want)
		}
	}
	if strings.Contains(page, "<script>alert") {
		t.Error("what a handler said is markup")
	}
	_, rest, _ := strings.Cut(page, `href="/console/deliveries/`)
	id, _, _ := strings.Cut(rest, `"`)
	if code, page := d.get("/console/deliveries/" + id); code != http.StatusOK || !strings.Contains(page, "The handler mention/0 began") {
		t.Errorf("the story: %d %s", code, page)
	}
	if code, page := d.get("/console/deliveries?status=handled"); code != http.StatusOK || strings.Contains(page, id) {
		t.Errorf("the filter: %d", code)
	}
	if code, _ := d.get("/console/deliveries?status=nonsense"); code != http.StatusBadRequest {
		t.Errorf("an unknown status: %d", code)
	}
	if code, page := d.get("/console/deliveries?q=m"); code != http.StatusBadRequest || !strings.Contains(page, "is too short") {
		t.Errorf("a short query: %d", code)
	}
	if code, _ := d.get("/console/deliveries/0000000000000000"); code != http.StatusNotFound {
		t.Errorf("an unknown delivery: %d", code)
	}
	if code, page := d.get("/console/dead/" + id); code != http.StatusOK || !strings.Contains(page, "Drop for good") {
		t.Errorf("the letter: %d %s", code, page)
	}
	if code, page := d.post("/console/dead/drop", "", url.Values{"id": {"nothing-like-it"}}); code != http.StatusNotFound || !strings.Contains(page, "There is no dead letter") {
		t.Errorf("dropping another: %d", code)
	}
	if code, page := d.post("/console/dead/requeue", "", url.Values{"id": {id}}); code != http.StatusOK || !strings.Contains(page, "Requeued") {
		t.Errorf("requeue: %d %s", code, page)
	}
	if _, page := d.get("/console/lanes"); !strings.Contains(page, "waits for a worker") {
		t.Errorf("the lanes: %s", page)
	}
	if code, page := d.get("/console/dead?done=%3Cscript%3E&n=%3Cscript%3E&problem=x"); code != http.StatusOK || strings.Contains(page, "notice") || strings.Contains(page, "alert") {
		t.Error("an address decides what the page says")
	}
}

// TestLive sends the content of a page when it changes, and ends with Run.
func TestLive(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.login()
	if code, _ := d.get("/console/events?page=/elsewhere"); code != http.StatusNotFound {
		t.Errorf("a page of another: %d", code)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/console/events?page="+url.QueryEscape("/console/lanes"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := d.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 64<<10)
	n, err := res.Body.Read(buf)
	if err != nil || !strings.Contains(string(buf[:n]), "No thread has work") {
		t.Errorf("the first event: %s, %v", buf[:n], err)
	}
	d.said()
	seen := ""
	for !strings.Contains(seen, "waits for a worker") {
		if n, err = res.Body.Read(buf); err != nil {
			t.Fatalf("after %q: %v", seen, err)
		}
		seen += string(buf[:n])
	}
	d.stop()
	for err == nil {
		_, err = res.Body.Read(buf)
	}
}

// TestLater shows retries, questions and scheduled posts beside the lanes, and does
// not say that everything is handled while they wait.
func TestLater(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.login()
	if _, page := d.get("/console/lanes"); !strings.Contains(page, "everything is handled") || !strings.Contains(page, "Nothing waits for later") {
		t.Errorf("with nothing to do: %s", page)
	}
	tried := make(chan struct{}, 1)
	d.bot.OnNewMention(func(context.Context, *bot.Thread, *bot.Message) error {
		tried <- struct{}{}
		return bot.RetryAfter(time.Hour, errors.New("<b>busy</b>"))
	})
	d.handles(tried)
	_, page := d.get("/console/lanes")
	for _, want := range []string{"No thread has work now", "Retry", "in 59 min", "The handler returned an error (", "&lt;b&gt;busy"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
	if strings.Contains(page, "everything is handled") {
		t.Error("the page says that everything is handled")
	}
}

// TestStoreGoesAway says on each page that the store does not answer, and keeps the
// person signed in.
func TestStoreGoesAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.login()
	_, live := d.watch("/console/lanes")
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	d.ahead.Store(int64(time.Minute)) // nothing is remembered of the login
	for _, path := range []string{"/console/", "/console/deliveries", "/console/deliveries/x", "/console/lanes", "/console/dead", "/console/dead/x", "/console/scheduled"} {
		code, page := d.get(path)
		if code < 400 && path != "/console/" || !strings.Contains(page, `role="alert"`) || strings.Contains(page, "Admin token") || strings.Contains(page, "everything is handled") {
			t.Errorf("%s: %d %s", path, code, page)
		}
	}
	seen, buf := "", make([]byte, 64<<10)
	for !strings.Contains(seen, "role=\"alert\"") {
		n, err := live.Read(buf)
		if err != nil {
			t.Fatalf("the live page ends after %q: %v", seen, err)
		}
		seen += string(buf[:n])
	}
	if code, page := d.post("/console/logout", "", nil); code != http.StatusOK || !strings.Contains(page, "Admin token") {
		t.Errorf("logout: %d", code)
	}
}

// watch opens the live stream of a page.
func (d *desk) watch(page string) (status int, events io.Reader) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+"/console/events?page="+url.QueryEscape(page), http.NoBody)
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = res.Body.Close() })
	return res.StatusCode, res.Body
}

// TestViewersShareAPage reads the traces once in a tick, however many look.
func TestViewersShareAPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.login()
	d.said()
	const viewers = 50
	d.asked.Store(0)
	begun := time.Now()
	var wg sync.WaitGroup
	for range viewers {
		_, events := d.watch("/console/deliveries")
		wg.Go(func() {
			buf := make([]byte, 64<<10)
			if n, err := events.Read(buf); err != nil || !strings.Contains(string(buf[:n]), "Message create") {
				t.Errorf("the first event is %q, %v", buf[:n], err)
			}
		})
	}
	wg.Wait()
	if most := 2 + int64(time.Since(begun)/(2*time.Second)); d.asked.Load() > most {
		t.Errorf("the API is asked %d times for %d viewers, want at most %d", d.asked.Load(), viewers, most)
	}
}

// TestTooManyViewers keeps a thousand open streams from taking everything: those
// beyond the bound are told so, and pages work.
func TestTooManyViewers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.login()
	live, refused := 0, 0
	for range 1000 {
		switch code, _ := d.watch("/console/lanes"); code {
		case http.StatusOK:
			live++
		case http.StatusServiceUnavailable:
			refused++
		default:
			t.Fatalf("status %d", code)
		}
	}
	if live != 256 || refused != 744 {
		t.Errorf("%d streams are live, %d refused", live, refused)
	}
	if code, _ := d.get("/console/lanes"); code != http.StatusOK {
		t.Errorf("the page: %d", code)
	}
}

// TestNoToken makes no console without a token.
func TestNoToken(t *testing.T) {
	t.Parallel()
	if _, err := adminui.New(adminui.Config{Token: "short"}); err == nil {
		t.Error("a console with a short token")
	}
}
