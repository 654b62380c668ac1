package reason

import (
	"regexp"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, i := range Table() {
		switch {
		case seen[i.Code]:
			t.Errorf("%s has two rows", i.Code)
		case !word.MatchString(i.Code):
			t.Errorf("%q is not a snake_case word", i.Code)
		case !strings.HasSuffix(i.Says, ".") || strings.Contains(i.Says, "\n"):
			t.Errorf("%s: %q is not one sentence", i.Code, i.Says)
		case i.Do != "" && !strings.HasSuffix(i.Do, "."):
			t.Errorf("%s: %q does not end like a sentence", i.Code, i.Do)
		case (i.Kind == Failed) && i.Do == "":
			t.Errorf("%s does not say what to do", i.Code)
		}
		seen[i.Code] = true
		if Of(i.Code) != i {
			t.Errorf("Of(%q) = %v", i.Code, Of(i.Code))
		}
	}
	if got := Of("new_word"); got.Code != "new_word" || got.Says == "" {
		t.Errorf("a code of another version is %v", got)
	}
}
