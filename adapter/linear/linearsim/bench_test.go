package linearsim

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func BenchmarkViewer(b *testing.B) {
	w := newWorld(b, Config{})
	benchmarkQuery(b, w, `{viewer{id name displayName}}`)
}

func BenchmarkFiftyComments(b *testing.B) {
	w := newWorld(b, Config{})
	for i := range 50 {
		w.ada.Comment(w.issue, "comment "+strconv.Itoa(i))
	}
	benchmarkQuery(b, w, `{issue(id:"ENG-1"){comments(first:50){nodes{id body createdAt user{id displayName} parent{id}} pageInfo{hasNextPage endCursor}}}}`)
}

// benchmarkQuery measures parsing from the cache, execution and encoding,
// without HTTP.
func benchmarkQuery(b *testing.B, w *world, query string) {
	b.Helper()
	who := &caller{token: &token{user: w.app.User}, budget: budget{ok: true}}
	b.ReportAllocs()
	for b.Loop() {
		doc := w.srv.parse(query)
		out, _ := w.srv.execute(who, doc, doc.operation(""), nil)
		if out.status != http.StatusOK {
			b.Fatal(out)
		}
		if _, err := appendJSON(nil, out.data); err != nil {
			b.Fatal(err)
		}
	}
}

const createBench = `mutation($input:CommentCreateInput!){commentCreate(input:$input){success comment{id body url}}}`

// BenchmarkCommentCreate measures commentCreate without HTTP.
func BenchmarkCommentCreate(b *testing.B) {
	w := newWorld(b, Config{})
	who := &caller{token: &token{user: w.app.User, scopes: "write"}, budget: budget{ok: true}}
	vars := map[string]any{"input": map[string]any{"issueId": w.issue.ID, "body": "Looking into it, back in a minute."}}
	b.ReportAllocs()
	for b.Loop() {
		doc := w.srv.parse(createBench)
		if out, _ := w.srv.execute(who, doc, doc.operation(""), vars); len(out.errs) > 0 {
			b.Fatal(out.errs)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "comments/s")
}

// BenchmarkCommentCreateHTTP is the same from parallel clients over loopback.
func BenchmarkCommentCreateHTTP(b *testing.B) {
	w := newWorld(b, Config{})
	w.client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	body := fmt.Sprintf(`{"query":%q,"variables":{"input":{"issueId":%q,"body":"Looking into it, back in a minute."}}}`, createBench, w.issue.ID)
	b.SetParallelism(8)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, w.srv.GraphQLURL(), strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("Authorization", w.auth)
			resp, err := w.client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Errorf("status %d", resp.StatusCode)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "comments/s")
}

// BenchmarkDeliveries measures signed webhooks over loopback, from the change to
// the answer.
func BenchmarkDeliveries(b *testing.B) {
	w := newWorld(b, Config{Parallel: 32})
	var got atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	b.Cleanup(srv.Close)
	w.app.SetWebhook(Webhook{URL: srv.URL, ResourceTypes: []string{"Comment"}})
	b.ReportAllocs()
	for b.Loop() {
		w.ada.Comment(w.issue, "Looking into it, back in a minute.")
	}
	if err := w.srv.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(got.Load())/b.Elapsed().Seconds(), "deliveries/s")
}

// BenchmarkStart is a server of a process that has started one before.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		srv, err := Start(Config{})
		if err != nil {
			b.Fatal(err)
		}
		srv.Close()
	}
}

// BenchmarkSchema is what the first start in a process takes besides.
func BenchmarkSchema(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gqlparser.LoadSchema(&ast.Source{Input: schemaText}, &ast.Source{Input: newestText}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHundredThousandComments reports what 100,000 comments of 40
// characters take in memory.
func BenchmarkHundredThousandComments(b *testing.B) {
	for b.Loop() {
		w := newWorld(b, Config{})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range 100_000 {
			w.ada.Comment(w.issue, "Looking into it, back in a minute "+strconv.Itoa(i))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB")
		runtime.KeepAlive(w)
	}
}
