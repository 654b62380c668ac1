package recast

import (
	"cmp"
	"encoding/json"
)

// Subject is what a body is about.
type Subject struct {
	IssueID    string
	Identifier string // of the issue
	// CommentID is the first comment of the thread, as far as the body says.
	CommentID string
	// Begins says that the body reports that comment itself.
	Begins bool
	// Occurred are the ids of what happened in the body: comments, reactions,
	// sessions, activities and notifications, but not the issue or people. With
	// other ids in their place, it happened another time.
	Occurred []string
}

// about is the part of a body that names what it is about.
type about struct {
	ID              string    `json:"id"`
	Identifier      string    `json:"identifier"`
	ParentID        string    `json:"parentId"`
	IssueID         string    `json:"issueId"`
	CommentID       string    `json:"commentId"`
	ParentCommentID string    `json:"parentCommentId"`
	SourceCommentID string    `json:"sourceCommentId"`
	Issue           *issueRef `json:"issue"`
	Comment         *about    `json:"comment"`
	Parent          *about    `json:"parent"`
	ParentComment   *about    `json:"parentComment"`
}

type issueRef struct {
	ID         string `json:"id"`
	Identifier string `json:"identifier"`
}

// About returns what a body is about, as far as it says.
func About(body []byte) Subject {
	var b struct {
		Type         string `json:"type"`
		Data         about  `json:"data"`
		Session      about  `json:"agentSession"`
		Activity     about  `json:"agentActivity"`
		Notification about  `json:"notification"`
	}
	_ = json.Unmarshal(body, &b) // what is not there is unknown
	var s Subject
	if b.Type == "Issue" {
		s.IssueID, s.Identifier = b.Data.ID, b.Data.Identifier
		return s
	}
	seen := map[string]bool{"": true}
	occurred := func(ids ...string) {
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				s.Occurred = append(s.Occurred, id)
			}
		}
	}
	if b.Type == "Comment" || b.Type == "Reaction" {
		occurred(b.Data.ID)
	}
	occurred(b.Session.ID, b.Activity.ID, b.Notification.ID)
	for _, a := range []*about{&b.Data, &b.Session, &b.Activity, &b.Notification} {
		a.find(&s, occurred)
	}
	if b.Type == "Comment" {
		s.CommentID = cmp.Or(b.Data.ParentID, id(b.Data.Parent), b.Data.ID)
		s.Begins = s.CommentID == b.Data.ID
	}
	return s
}

func id(a *about) string {
	if a == nil {
		return ""
	}
	return a.ID
}

// find completes a subject by what one part of a body says.
func (a *about) find(s *Subject, occurred func(ids ...string)) {
	for _, c := range []*about{a.Comment, a.Parent, a.ParentComment} {
		if c != nil {
			c.find(s, occurred)
			occurred(c.ID)
		}
	}
	s.IssueID = cmp.Or(s.IssueID, a.IssueID)
	if a.Issue != nil {
		s.IssueID, s.Identifier = cmp.Or(s.IssueID, a.Issue.ID), cmp.Or(s.Identifier, a.Issue.Identifier)
	}
	occurred(a.ParentID, a.CommentID, a.ParentCommentID, a.SourceCommentID)
	root := cmp.Or(a.ParentCommentID, id(a.ParentComment))
	if a.Comment != nil {
		root = cmp.Or(root, a.Comment.ParentID, a.Comment.ID)
	}
	s.CommentID = cmp.Or(s.CommentID, root, a.CommentID)
}

// Reply returns a body that reports a comment as one that replies in a thread. Any
// other body is returned as it is.
func Reply(body []byte, root string) []byte {
	var b, data map[string]json.RawMessage
	if json.Unmarshal(body, &b) != nil || string(b["type"]) != `"Comment"` || json.Unmarshal(b["data"], &data) != nil {
		return body
	}
	parent, err := json.Marshal(root)
	if err != nil {
		return body
	}
	data["parentId"] = parent
	if b["data"], err = json.Marshal(data); err != nil {
		return body
	}
	out, err := json.Marshal(b)
	if err != nil {
		return body
	}
	return out
}
