package ticketing

import "github.com/linearbot/linearbot/adapter/linear/linearapi"

// Progress counts the tickets of a collection by how far they are.
type Progress struct {
	Total     int            `json:"total"`
	Completed int            `json:"completed"`
	ByStatus  map[string]int `json:"by_status" doc:"Number of tickets by normalized status."`
	ByType    map[string]int `json:"by_type" doc:"Number of tickets by Linear's type of state."`
	Estimate  float64        `json:"estimate" doc:"Sum of the estimates."`
	Done      float64        `json:"estimate_completed" doc:"Sum of the estimates of completed tickets."`
	Truncated bool           `json:"is_truncated" doc:"Whether there are more than 5,000 tickets; the rest is not counted."`
}

func collectionProgress(c *call) (*reply, error) {
	conditions, err := filterCollection(c, "eq", []string{c.path["id"]})
	if err != nil {
		return nil, err
	}
	out := &Progress{ByStatus: map[string]int{}, ByType: map[string]int{}}
	items, more, err := c.everything(ticketListing(), request{conditions: []linearapi.Filter{conditions}}, nil)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		t, _ := it.value.(*Ticket)
		if t == nil || t.Status == nil {
			continue
		}
		out.Total++
		out.ByStatus[t.Status.Name]++
		out.ByType[t.Status.Type]++
		n := 0.0
		if t.Estimate != nil {
			n = *t.Estimate
		}
		out.Estimate += n
		if t.Status.Name == "completed" {
			out.Completed++
			out.Done += n
		}
	}
	if out.Truncated = more != nil; out.Total == 0 {
		if _, err := c.collectionKind(c.path["id"], ""); err != nil {
			return nil, err
		}
	}
	return ok(Result{out}), nil
}
