package linearsim

import "slices"

// projectMutations are those of projects and customers that do more than keep
// fields.
func projectMutations() map[string]operation {
	return map[string]operation{
		"projectAddLabel":    func(r *request, a args) (any, error) { return r.labelProject(a, true) },
		"projectRemoveLabel": func(r *request, a args) (any, error) { return r.labelProject(a, false) },
		"customerUpsert": func(r *request, a args) (any, error) {
			in := a.object("input")
			for _, c := range r.ws.things["Customer"] {
				known := slices.Contains(textsOf(c.values["externalIds"]), in.text("externalId")) || c.id == in.text("id")
				if !known {
					continue
				}
				if err := r.update(c, in); err != nil {
					return nil, err
				}
				return r.answer("CustomerPayload", c), nil
			}
			if in.set("externalId") {
				in["externalIds"] = []any{in.text("externalId")}
			}
			c, err := r.create("Customer", in)
			if err != nil {
				return nil, err
			}
			return r.answer("CustomerPayload", c), nil
		},
		"imageUploadFromUrl": func(r *request, a args) (any, error) {
			return r.done("ImageUploadFromUrlPayload", "url", a.text("url")), nil
		},
	}
}

func (r *request) labelProject(a args, on bool) (any, error) {
	p, err := findThing(r.ws.things["Project"], "Project", a.text("id"))
	if err != nil {
		return nil, err
	}
	l, err := findThing(r.ws.things["ProjectLabel"], "ProjectLabel", a.text("labelId"))
	if err != nil {
		return nil, err
	}
	r.change(p, func() {
		labels, _ := p.values["labels"].([]item)
		labels = slices.DeleteFunc(slices.Clone(labels), func(v item) bool { return v == item(l) })
		if on {
			labels = append(labels, l)
		}
		p.values["labels"] = labels
	})
	return r.answer("ProjectPayload", p), nil
}
