package ticketing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A browser shows a file only if it cannot run as a page.
func TestDownloadsThatABrowserShows(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "One", "")
	const u = "/unified/ticketing/attachments"
	for name, inline := range map[string]bool{"a.png": true, "a.txt": true, "a.pdf": true, "a.svg": false, "a.html": false} {
		id := r.call("POST", u, map[string]any{"ticket": "ENG-1", "file_name": name, "data": "QUJD"}).is(201).text("id")
		for _, got := range []*answer{
			r.call("GET", u+"/"+id+"/download?mode=inline", nil).is(200),
			r.call("POST", u+"/download", map[string]any{"id": id, "mode": "inline"}).is(200),
		} {
			if is := strings.HasPrefix(got.header.Get("Content-Disposition"), "inline"); is != inline || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s: %v", name, got.header)
			}
		}
		if got := r.call("GET", u+"/"+id+"/download", nil).is(200); !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %v", name, got.header)
		}
	}
	r.call("GET", u+"/x/download?mode=sideways", nil).is(400)
	mine := r.call("GET", u+"?uploaded_by="+r.call("GET", "/unified/user-directory/me?flat=true", nil).is(200).text("id"), nil).is(200)
	if mine.count("result") != 5 || r.call("GET", u+"?uploaded_by="+r.ada.ID, nil).is(200).count("result") != 0 {
		t.Errorf("%s", mine.body)
	}
}

func TestADateMeansTheDay(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for _, at := range []string{"2020-01-01T23:59:59Z", "2020-01-02T00:00:00Z", "2020-01-02T23:59:59Z", "2020-01-03T00:00:00Z"} {
		r.call("POST", tickets, map[string]any{"name": at, "team": "ENG", "created_at": at}).is(201)
	}
	got := r.call("GET", tickets+"?created_at=2020-01-02&sort_by[created_at]=asc", nil).is(200)
	if got.count("result") != 2 || got.text("result.0.number") != "ENG-2" || got.text("result.1.number") != "ENG-3" {
		t.Errorf("%s", got.body)
	}
	if day := time.Now().UTC().Format(time.DateOnly); r.call("GET", fmt.Sprintf("%s?updated_at=%s", tickets, day), nil).is(200).count("result") == 0 {
		t.Error("nothing of today")
	}
}

func TestMappingAsMarkdown(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	got := r.call("GET", "/unified/meta/ticketing/linear", nil, "Accept", "text/markdown").is(200)
	for _, want := range []string{"# ticketing over linear", "## tickets", "In Linear: Issue.", "| `due_date` | string or null |", "| `team[id]` | eq, in, ne, nin | team.id |"} {
		if !strings.Contains(string(got.body), want) {
			t.Errorf("%q is missing: %s", want, got.body[:400])
		}
	}
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/markdown") {
		t.Errorf("%v", got.header)
	}
}

// Tickets can be searched below their own path, and users are described as in a
// directory.
func TestSearchBelowTicketsAndDirectoryFields(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.team.AddIssue(r.ada, "The login fails", "")
	if got := r.call("GET", tickets+"/search?query=login", nil).is(200); got.text("result.0.meta.number") != "ENG-1" {
		t.Errorf("%s", got.body)
	}
	r.call("GET", tickets+"/search", nil).is(422)
	got := r.call("GET", "/unified/user-directory/users/ada", nil)
	if got.status == 404 {
		got = r.call("GET", "/unified/user-directory/users/"+r.ada.ID, nil).is(200)
	}
	var user map[string]any
	got.to(&user)
	for _, name := range []string{"external_id", "is_email_verified", "is_2fa_enabled", "status_label"} {
		if v, has := user[name]; !has || v != nil {
			t.Errorf("%s: %v", name, v)
		}
	}
	if got.text("organizations.0.id") != r.ws.ID || got.text("groups.0.id") != r.team.ID {
		t.Errorf("%s", got.body)
	}
}
