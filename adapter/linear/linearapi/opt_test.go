package linearapi

import (
	"encoding/json"
	"testing"
)

func TestOpt(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   IssueUpdateInput
		want string
	}{
		{"nothing", IssueUpdateInput{}, `{}`},
		{"set", IssueUpdateInput{AssigneeID: Set("u")}, `{"assigneeId":"u"}`},
		{"cleared", IssueUpdateInput{AssigneeID: Null[string]()}, `{"assigneeId":null}`},
		{"set to zero", IssueUpdateInput{Priority: Set(0), Description: Set("")}, `{"description":"","priority":0}`},
		{"a list", IssueUpdateInput{LabelIDs: Set([]string{})}, `{"labelIds":[]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(tc.in)
			if err != nil || string(text) != tc.want {
				t.Errorf("%s, %v, want %s", text, err, tc.want)
			}
			var back IssueUpdateInput
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(back)
			if err != nil || string(again) != tc.want {
				t.Errorf("and back: %s, %v, want %s", again, err, tc.want)
			}
		})
	}
	if v, set := Set(3).Get(); v != 3 || !set {
		t.Errorf("Get = %d, %v", v, set)
	}
	if _, set := Null[int]().Get(); set || !Null[int]().IsNull() || Set(0).IsNull() || (Opt[int]{}).IsNull() {
		t.Error("Null is not what it should be")
	}
	var n Opt[int]
	if json.Unmarshal([]byte(`"x"`), &n) == nil {
		t.Error("a text was taken for a number")
	}
}
