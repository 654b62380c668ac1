package linearsim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/testfiles"
)

// mutate changes some values of a body: ids become other ids of it, and anything
// becomes a value of another kind.
func mutate(r *rand.Rand, v any, ids []any) any {
	odd := []any{nil, true, 1e300, -1.0, "", "x", "{\"type\":\"doc\"}", map[string]any{}, []any{map[string]any{"id": "x"}}, "REC-9223372036854775807", "https://linear.app/x/issue/ENG-99999999999999999999/y"}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k == "organizationId" || k == "type" && r.IntN(4) > 0 {
				continue
			}
			v[k] = mutate(r, v[k], ids)
		}
		if r.IntN(8) == 0 {
			v["parent"] = map[string]any{"id": ids[r.IntN(len(ids))], "parentId": ids[r.IntN(len(ids))]}
		}
		return v
	case []any:
		for i := range v {
			v[i] = mutate(r, v[i], ids)
		}
		return v
	}
	switch r.IntN(12) {
	case 0:
		return odd[r.IntN(len(odd))]
	case 1, 2:
		return ids[r.IntN(len(ids))]
	}
	return v
}

func idsOf(v any, out *[]any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			idsOf(v[k], out)
		}
	case []any:
		for _, e := range v {
			idsOf(e, out)
		}
	case string:
		if len(v) == 36 {
			*out = append(*out, v)
		}
	}
}

// What a file says that is not from Linear breaks nothing: the workspace has each id
// once, and survives being kept.
func TestAdoptHostile(t *testing.T) {
	t.Parallel()
	for n, path := range testfiles.Fixtures(t) {
		body := testfiles.Body(t, path)
		if len(body) == 0 {
			continue // only the headers were captured
		}
		for seed := range uint64(4) {
			s := linearsim.New(t)
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			name := fmt.Sprintf("%s, seed %d", path, seed)
			for range 3 {
				var v any
				if err := json.Unmarshal(body, &v); err != nil {
					t.Fatal(err)
				}
				ids := []any{s.App.User.ID, s.Ada.ID, s.Issue.ID, s.Team.ID, s.Workspace.ID}
				idsOf(v, &ids)
				bad, err := json.Marshal(mutate(r, v, ids))
				if err != nil {
					t.Fatal(err)
				}
				a, err := s.App.Adopt(bad, linearsim.Recipient{})
				if err != nil {
					continue
				}
				if !json.Valid(a.Body) {
					t.Errorf("%s: the body is %s", name, a.Body)
				}
			}
			if err := s.Restore(s.Dump()); err != nil {
				t.Errorf("%s: the world does not survive being kept: %v", name, err)
			}
			issues, comments := map[string]bool{}, map[string]bool{}
			for _, i := range s.Workspace.Issues() {
				if issues[i.ID] || i.Number <= 0 {
					t.Errorf("%s: issue %s %s is there twice, or has no number", name, i.ID, i.Identifier)
				}
				issues[i.ID] = true
				for _, c := range i.Comments() {
					if comments[c.ID] {
						t.Errorf("%s: comment %s is there twice", name, c.ID)
					}
					comments[c.ID] = true
				}
			}
		}
	}
}
