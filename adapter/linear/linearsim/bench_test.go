package linearsim

import (
	"net/http"
	"strconv"
	"testing"
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

func BenchmarkHTTP(b *testing.B) {
	w := newWorld(b, Config{})
	b.ReportAllocs()
	for b.Loop() {
		w.do(`{viewer{id}}`, nil)
	}
}

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
