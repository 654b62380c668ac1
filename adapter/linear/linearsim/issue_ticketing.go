package linearsim

import "strings"

// Issue returns the issue with an id or a short name, or nil.
func (w *Workspace) Issue(id string) *Issue {
	w.srv.mu.Lock()
	defer w.srv.mu.Unlock()
	i, err := w.findIssue(id)
	if err != nil {
		return nil
	}
	return i
}

// matchContent matches the text that a search of an issue looks at.
func (i *Issue) matchContent(c args) bool {
	text := strings.ToLower(i.Identifier + " " + i.title + " " + i.description)
	return (!c.set("contains") || strings.Contains(text, strings.ToLower(c.text("contains")))) &&
		(!c.set("notContains") || !strings.Contains(text, strings.ToLower(c.text("notContains"))))
}
