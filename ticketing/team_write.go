package ticketing

// TeamInput is the body that creates or changes a team.
type TeamInput struct {
	_             struct{}       `additionalProperties:"true"`
	Name          string         `json:"name,omitempty" doc:"Required on create."`
	Key           string         `json:"key,omitempty" doc:"What the short names of its tickets begin with. On create, Linear makes one from the name."`
	Description   *string        `json:"description,omitempty"`
	Color         string         `json:"color,omitempty" doc:"For example #eb5757."`
	Icon          string         `json:"icon,omitempty" doc:"A name of Linear's icons or an emoji."`
	Timezone      string         `json:"timezone,omitempty" doc:"For example Europe/London."`
	Private       *bool          `json:"private,omitempty"`
	Parent        *anyRef        `json:"parent,omitempty" doc:"The team above: an id or a key. Null takes it away."`
	CyclesEnabled *bool          `json:"cycles_enabled,omitempty"`
	TriageEnabled *bool          `json:"triage_enabled,omitempty"`
	RemoteData    map[string]any `json:"remote_data,omitempty" doc:"Fields of Linear's own input, merged over the rest."`
}

// writeTeam answers POST /teams and PATCH /teams/{id}.
func writeTeam(c *call) (*reply, error) {
	in, out, id := c.input, map[string]any{}, ""
	if ref := c.path["id"]; ref != "" {
		t, err := c.teamOf(reference{id: ref})
		if err != nil {
			return nil, err
		}
		if t == nil {
			return nil, notFound("team", ref)
		}
		id = t.ID
	}
	in.name(out, id == "")
	for _, f := range []string{"key", "icon", "timezone"} {
		if s, given, _ := in.text(100, f); given && s != "" {
			out[f] = s
		}
	}
	if s, given, _ := in.text(2000, "description"); given {
		out["description"] = s
	}
	if color, given := in.color(); given {
		out["color"] = color
	}
	for field, to := range map[string]string{"private": "private", "cycles_enabled": "cyclesEnabled", "triage_enabled": "triageEnabled"} {
		if on, given := in.flag(field); given {
			out[to] = on
		}
	}
	if above, given, null := in.ref("parent"); given {
		out["parentId"] = nil
		if !null && above != "" {
			t, err := c.teamOf(reference{id: above})
			if err != nil {
				return nil, err
			}
			if t == nil {
				in.wrong("parent", "not_found", "there is no team %s", quoteID(above))
			} else {
				out["parentId"] = t.ID
			}
		}
	}
	in.remote(out)
	if err := in.done(); err != nil {
		return nil, err
	}
	made, status := c.written(id, out)
	if len(out) > 0 {
		if _, err := rawWrite[Named](c, entityOf("team", "teams", ""), id, out, " id"); err != nil {
			return nil, missing(err, "team", id)
		}
		c.api.cache.drop(c.conn.ID, kindTeams, "teams", kindStates, "ticket_status")
	}
	return c.oneTeam(status, made)
}
