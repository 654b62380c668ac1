package linear

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

const storage = "https://uploads.linear.app"

func ownFile(address string) bool { return strings.HasPrefix(address, storage+"/") }

// TestAttachmentsOfInstallations checks that an adapter for many workspaces,
// which has no client of its own, knows Linear's files as well.
func TestAttachmentsOfInstallations(t *testing.T) {
	t.Parallel()
	for _, uploads := range []string{"", "http://127.0.0.1:1"} {
		a, err := New(Config{Installations: none{}, UploadsURL: uploads})
		if err != nil {
			t.Fatal(err)
		}
		at := uploads
		if at == "" {
			at = storage
		}
		got := a.attachments("see [log.txt](" + at + "/a/b), [x](https://example.com/y) and @[bot](https://linear.app/acme/profiles/bot)")
		if want := []adapter.Attachment{{Name: "log.txt", URL: at + "/a/b", Own: true}}; !cmp.Equal(got, want) {
			t.Errorf("with files at %q: %+v, want %+v", uploads, got, want)
		}
	}
}

func TestScanAttachments(t *testing.T) {
	t.Parallel()
	file := func(name string) adapter.Attachment {
		return adapter.Attachment{Name: name, URL: storage + "/a/b", Own: true}
	}
	picture := func(name string) adapter.Attachment {
		return adapter.Attachment{Name: name, URL: storage + "/a/b", Own: true, Image: true}
	}
	for _, tc := range []struct {
		name, body string
		want       []adapter.Attachment
	}{
		{"nothing", "hello", nil},
		{"picture", "see ![shot.png](" + storage + "/a/b)", []adapter.Attachment{picture("shot.png")}},
		{"file", "see [log.txt](" + storage + "/a/b)", []adapter.Attachment{file("log.txt")}},
		{"angle brackets", "[log.txt](<" + storage + "/a/b>)", []adapter.Attachment{file("log.txt")}},
		{"a title", `![x](` + storage + `/a/b "the title")`, []adapter.Attachment{picture("x")}},
		{"no name", "![](" + storage + "/a/b)", []adapter.Attachment{picture("b")}},
		{"escaped name", `[a\_b](` + storage + `/a/b)`, []adapter.Attachment{file("a_b")}},
		{"bare in angle brackets", "<" + storage + "/a/b>", []adapter.Attachment{file("b")}},
		{"someone else's picture", "![x](https://example.com/y.png)", []adapter.Attachment{{Name: "x", URL: "https://example.com/y.png", Image: true}}},
		{"someone else's link", "[x](https://example.com/y.png)", nil},
		{"another host that looks alike", "[x](https://uploads.linear.app.example.com/y)", nil},
		{"a path", "![x](/etc/passwd)", nil},
		{"a data address", "![x](data:image/png;base64,AAAA)", nil},
		{"javascript", "![x](javascript:alert(1))", nil},
		{"in code", "`![x](" + storage + "/a/b)`", nil},
		{"in a block of code", "```\n![x](" + storage + "/a/b)\n```", nil},
		{"in a block of code in a list", "- text\n\n  ```\n  ![x](" + storage + "/a/b)\n  ```", nil},
		{"escaped", `!\[x](` + storage + `/a/b)`, nil},
		{"in a list", "- one\n\n    - ![x](" + storage + "/a/b)", []adapter.Attachment{picture("x")}},
		{"in a quote", "> > ![x](" + storage + "/a/b)", []adapter.Attachment{picture("x")}},
		{"a picture in a link", "[![x](" + storage + "/a/b)](https://example.com)", []adapter.Attachment{picture("x")}},
		{"a reference", "see [log.txt][1]\n\n[1]: " + storage + "/a/b", []adapter.Attachment{file("log.txt")}},
		{"in a table", "| a |\n| --- |\n| ![x](" + storage + "/a/b) |", []adapter.Attachment{picture("x")}},
		{"escapes in the address", "![x](" + storage + "/a\\/b)", []adapter.Attachment{picture("x")}},
		{"bare", "see " + storage + "/a/b", nil},
		{"twice", "![x](" + storage + "/a/b) ![y](" + storage + "/a/b)", []adapter.Attachment{picture("x")}},
		{
			"in order", "![x](" + storage + "/a/b)\n\n[y](" + storage + "/c)",
			[]adapter.Attachment{picture("x"), {Name: "y", URL: storage + "/c", Own: true}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := scanAttachments(tc.body, "uploads.linear.app", ownFile)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("attachments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyAttachments(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 1000 {
		b.WriteString("![x](" + storage + "/" + strings.Repeat("a", i+1) + ")\n\n")
	}
	if n := len(scanAttachments(b.String(), "uploads.linear.app", ownFile)); n != maxAttachments {
		t.Errorf("%d attachments, want %d", n, maxAttachments)
	}
}

func FuzzScanAttachments(f *testing.F) {
	for _, body := range []string{
		"", "![x](" + storage + "/a)", "[x](<" + storage + "/a>)", "<" + storage + "/a>", "](", "[![x](a)](b)",
		strings.Repeat("[", 500) + "](" + storage + ")", strings.Repeat("](", 500), "[a](" + strings.Repeat("(", 500),
		strings.Repeat("> ", 300) + "![x](https://a/b)", strings.Repeat("1. ", 300), "```\n![](", "![a\nb](https://h/p)", "`" + strings.Repeat("![](", 100),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		seen := map[string]bool{}
		for _, a := range scanAttachments(body, "uploads.linear.app", ownFile) {
			u, err := url.Parse(a.URL)
			if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
				t.Errorf("address %q", a.URL)
			}
			if a.Own != ownFile(a.URL) || !a.Own && !a.Image || seen[a.URL] {
				t.Errorf("attachment %+v", a)
			}
			seen[a.URL] = true
		}
	})
}

func BenchmarkScanAttachments(b *testing.B) {
	for name, body := range map[string]string{
		"none":     strings.Repeat("an ordinary line of text\n", 20),
		"pictures": strings.Repeat("text ![x]("+storage+"/a/b) text\n\n", 20),
		"brackets": strings.Repeat("[](", 20_000),
		"angles":   strings.Repeat("[](<", 20_000),
		"ticks":    strings.Repeat("](`", 20_000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scanAttachments(body, "uploads.linear.app", ownFile)
			}
		})
	}
}
