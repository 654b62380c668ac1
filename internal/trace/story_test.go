package trace_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
)

// TestResumedTurnIsReadable: the ids that a bot makes itself hold zero bytes, of which
// people see nothing, in the story nor in the record.
func TestResumedTurnIsReadable(t *testing.T) {
	t.Parallel()
	tr := trace.Trace{
		ID: "resume\x00Comment|create|c1\x00mention/0\x001\x00answer", Type: "Comment", Status: trace.StatusHandled, Reason: reason.Handled,
		Steps: []trace.TimedStep{{Code: reason.Answered, Detail: "Comment|create|c1\x00mention/0\x001"}},
	}
	shown, story := tr.Shown(), tr.Story(time.Now())
	raw, err := json.Marshal([]any{shown, story})
	if err != nil || strings.Contains(string(raw), `\u0000`) {
		t.Errorf("%s, %v", raw, err)
	}
	const id = "resume:Comment|create|c1:mention/0:1:answer"
	if !strings.Contains(story.Title, "continued after a question, id "+id) || shown.ID != id {
		t.Errorf("the title is %q, the id %q", story.Title, shown.ID)
	}
	if !tr.Names(trace.Query{Text: id}) {
		t.Error("what is shown does not lead to the trace")
	}
	if strings.Contains(tr.Steps[0].Detail, ":") {
		t.Error("the trace itself has changed")
	}
}
