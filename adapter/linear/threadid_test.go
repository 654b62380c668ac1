package linear

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/testfiles"
)

func TestVectorsThreadIDs(t *testing.T) {
	t.Parallel()
	type parts struct {
		IssueID   string `json:"issueId"`
		CommentID string `json:"commentId"`
		SessionID string `json:"agentSessionId"`
	}
	type result struct {
		ThreadID  string    `json:"threadId"`
		ChannelID string    `json:"channelId"`
		Parts     *parts    `json:"parts"`
		Error     *struct{} `json:"error"`
	}
	var file struct {
		Cases []struct {
			Name  string `json:"name"`
			Input struct {
				Op       string `json:"op"`
				ThreadID string `json:"threadId"`
				Parts    parts  `json:"parts"`
			} `json:"input"`
			Upstream result  `json:"upstream"`
			Want     *result `json:"want"`
		} `json:"cases"`
	}
	testfiles.Vectors(t, "thread_ids.json", &file)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := c.Upstream
			if c.Want != nil {
				want = *c.Want
			}
			switch in := c.Input; in.Op {
			case "encode":
				got := Thread{IssueID: in.Parts.IssueID, CommentID: in.Parts.CommentID, SessionID: in.Parts.SessionID}.ID()
				if string(got) != want.ThreadID {
					t.Errorf("ID() = %q, want %q", got, want.ThreadID)
				}
			case "decode":
				th, err := ParseThreadID(adapter.ThreadID(in.ThreadID))
				if wantInvalid(t, err, want.Error != nil) {
					return
				}
				if diff := cmp.Diff(*want.Parts, parts{th.IssueID, th.CommentID, th.SessionID}); diff != "" {
					t.Errorf("parts (-want +got):\n%s", diff)
				}
			case "channel":
				th, err := ParseThreadID(adapter.ThreadID(in.ThreadID))
				if wantInvalid(t, err, want.Error != nil) {
					return
				}
				if got := th.Channel(); string(got) != want.ChannelID {
					t.Errorf("Channel() = %q, want %q", got, want.ChannelID)
				}
			default:
				// Handles on threads and channels are made by package bot.
			}
		})
	}
}

// wantInvalid checks err and reports whether the test ends with it.
func wantInvalid(t *testing.T, err error, want bool) bool {
	t.Helper()
	if got := err != nil; got != want {
		t.Fatalf("error %v, want one: %t", err, want)
	}
	if want && adapter.CodeOf(err) != adapter.CodeInvalid {
		t.Fatalf("code %v, want invalid", adapter.CodeOf(err))
	}
	return want
}

func TestThreadParents(t *testing.T) {
	t.Parallel()
	for id, want := range map[adapter.ThreadID]Thread{
		"linear:i":                      {IssueID: "i"},
		"linear:i:c:x:s:y":              {IssueID: "i", CommentID: "x", SessionID: "y"},
		"linear:project-update/p:c:x":   {Kind: ParentProjectUpdate, ParentID: "p", CommentID: "x"},
		"linear:initiative-update/p":    {Kind: ParentInitiativeUpdate, ParentID: "p"},
		"linear:document/p:c:x:s:y":     {Kind: ParentDocument, ParentID: "p", CommentID: "x", SessionID: "y"},
		"linear:project/p:s:y":          {Kind: ParentProject, ParentID: "p", SessionID: "y"},
		"linear:initiative/p:c:x":       {Kind: ParentInitiative, ParentID: "p", CommentID: "x"},
		"linear:comment/p":              {Kind: ParentComment, ParentID: "p"},
		"linear:workspace/p":            {Kind: ParentWorkspace, ParentID: "p"},
		"linear:document/":              {IssueID: "document/"},
		"linear:issue/p":                {IssueID: "issue/p"},
		"linear:unknown/p:c:x":          {IssueID: "unknown/p", CommentID: "x"},
		"linear:document/p:c:x:c:y":     {Kind: ParentDocument, ParentID: "p:c:x:c:y"},
		"linear:project-update/a/b:c:x": {Kind: ParentProjectUpdate, ParentID: "a/b", CommentID: "x"},
		"linear:a:c:b:s:d:e":            {IssueID: "a:c:b:s:d:e"},
	} {
		got, err := ParseThreadID(id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
		if got.ID() != id {
			t.Errorf("%s was formatted as %s", id, got.ID())
		}
	}
}

func TestParentKindWords(t *testing.T) {
	t.Parallel()
	for k := ParentProjectUpdate; k.String() != "unknown"; k++ {
		if got, ok := parentKind(k.String()); !ok || got != k {
			t.Errorf("%s reads as %v, %t", k, got, ok)
		}
	}
}

func FuzzThreadID(f *testing.F) {
	for _, s := range []string{
		"linear:", "linear:a", "linear:a:c:b", "linear:a:s:b", "linear:a:c:b:s:d", "linear:a:", "linear::c:b",
		"linear:document/x:c:y", "linear:workspace/:s:b", "slack:C1", "", "linear:linear:a", "linear:a\n:c:\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		th, err := ParseThreadID(adapter.ThreadID(s))
		if err != nil {
			if adapter.CodeOf(err) != adapter.CodeInvalid {
				t.Fatalf("code %v", adapter.CodeOf(err))
			}
			return
		}
		if got := th.ID(); string(got) != s {
			t.Fatalf("%q was formatted as %q", s, got)
		}
		ch, err := ParseThreadID(th.Channel())
		if err != nil {
			t.Fatalf("channel of %q: %v", s, err)
		}
		if ch.Channel() != th.Channel() {
			t.Fatalf("the channel of channel %q is %q", th.Channel(), ch.Channel())
		}
		if (th.Kind == ParentIssue) != (th.IssueID != "") || (th.Kind == ParentIssue) != (th.ParentID == "") {
			t.Fatalf("two parents or none: %+v", th)
		}
	})
}
