package linearapi

import "testing"

func BenchmarkCommentCreate(b *testing.B) {
	b.ReportAllocs()
	c := newClient(b, benchStub{}, nil)
	in := CommentCreateInput{ID: "c1", IssueID: "i1", ParentID: "p1", Body: "hi"}
	for b.Loop() {
		if _, err := c.CommentCreate(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNew mostly measures the joining of the operations, done once per
// client.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Config{Tokens: APIKey("k")}); err != nil {
			b.Fatal(err)
		}
	}
}
