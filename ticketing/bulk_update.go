package ticketing

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// edit is a change of a ticket that is about to be sent with others.
type edit struct {
	index int
	id    string
	input linearapi.Input
}

// bulkUpdate changes tickets: those that get the same change together, in one
// request to Linear for up to 50. Linear makes such a change to all of them or to
// none: if it refuses, they are sent one by one, and each has its own outcome. A
// ticket that is named twice is changed in the order of the list.
func bulkUpdate(c *call) (*reply, error) {
	items, err := c.bulkItems()
	if err != nil {
		return nil, err
	}
	changed := map[int]*linearapi.Node[linearapi.Issue]{}
	failed := map[int]error{}
	tickets, err := c.bulkTickets(items, failed)
	if err != nil {
		return nil, err
	}
	var edits []edit
	for i, in := range items {
		now := tickets[i]
		if in == nil || failed[i] != nil {
			continue
		}
		sub := *c
		sub.make, sub.notes, sub.creating = "", nil, false
		in.any("integrated_account_id", "id")
		fields, _, err := sub.ticketFields(in, now)
		c.bulkNotes(i, in, sub.notes)
		switch {
		case err != nil:
			failed[i] = err
		case len(fields) == 0:
			changed[i] = now
		default:
			edits = append(edits, edit{i, now.Value.ID, fields})
		}
	}
	for len(edits) > 0 {
		wave, rest := firstOfEach(edits)
		for _, same := range alike(wave) {
			c.sendEdits(same, changed, failed)
		}
		edits = rest
	}
	return c.bulk(items, func(i int, _ *input) (*linearapi.Node[linearapi.Issue], error) { return changed[i], failed[i] }, http.StatusOK)
}

// bulkTickets reads the tickets of the items with one request for ids and one for short
// names.
func (c *call) bulkTickets(items []*input, failed map[int]error) (map[int]*linearapi.Node[linearapi.Issue], error) {
	refs := map[int]string{}
	var ids, numbers []string
	for i, in := range items {
		if in == nil {
			continue
		}
		id, given, _ := in.text(500, "id")
		ref, _ := issueRef(id)
		switch {
		case !given || ref == "":
			failed[i] = invalidField("id", "required", "is required")
			continue
		case isIdentifier(ref):
			numbers = append(numbers, ref)
		case isUUID(ref):
			ids = append(ids, ref)
		}
		refs[i] = ref
	}
	var conditions []linearapi.Filter
	if len(ids) > 0 {
		conditions = append(conditions, nest("id", linearapi.Filter{"in": ids}))
	}
	if len(numbers) > 0 {
		f, err := filterNumber(c, "in", numbers)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, f)
	}
	out := map[int]*linearapi.Node[linearapi.Issue]{}
	if len(conditions) == 0 {
		return out, nil
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.IssueNodes(c.ctx, linearapi.IssueNodeQuery{IssueQuery: linearapi.IssueQuery{
		Filter: or(conditions), IncludeArchived: true, PageArgs: linearapi.PageArgs{First: maxLimit},
	}})
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		k := slices.IndexFunc(got.Nodes, func(n linearapi.Node[linearapi.Issue]) bool { return n.Value.ID == ref || n.Value.Identifier == ref })
		if k >= 0 {
			out[i] = &got.Nodes[k]
			continue
		}
		// It may go by a name that it had in another team.
		n, err := client.IssueNode(c.ctx, ref)
		if err != nil {
			failed[i] = missing(err, "ticket", ref)
			continue
		}
		out[i] = n
	}
	return out, nil
}

// firstOfEach splits edits into the first of each ticket and the rest.
func firstOfEach(edits []edit) (first, rest []edit) {
	seen := map[string]bool{}
	for _, e := range edits {
		if seen[e.id] {
			rest = append(rest, e)
			continue
		}
		seen[e.id] = true
		first = append(first, e)
	}
	return first, rest
}

// alike groups edits that make the same change.
func alike(edits []edit) [][]edit {
	var order []string
	groups := map[string][]edit{}
	for _, e := range edits {
		key := string(must(json.Marshal(e.input))) // keys of maps are sorted
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], e)
	}
	var out [][]edit
	for _, key := range order {
		out = append(out, slices.Collect(slices.Chunk(groups[key], linearapi.MaxBatch))...)
	}
	return out
}

// sendEdits makes one change to several tickets, together if Linear takes them so.
func (c *call) sendEdits(edits []edit, changed map[int]*linearapi.Node[linearapi.Issue], failed map[int]error) {
	if len(edits) > 1 {
		ids := make([]string, len(edits))
		for i, e := range edits {
			ids[i] = e.id
		}
		all, err := c.changeTogether(ids, edits[0].input)
		switch adapter.CodeOf(err) {
		case adapter.CodeOK:
			var lacking []edit
			for _, e := range edits {
				if j := slices.IndexFunc(all, func(n linearapi.Node[linearapi.Issue]) bool { return n.Value.ID == e.id }); j >= 0 {
					changed[e.index] = &all[j]
				} else {
					lacking = append(lacking, e)
				}
			}
			edits = lacking
		case adapter.CodeInvalid, adapter.CodeNotFound, adapter.CodeForbidden, adapter.CodeConflict:
			// It does not fit one of them.
		default:
			for _, e := range edits {
				failed[e.index] = err
			}
			return
		}
	}
	for _, e := range edits {
		n, err := c.sendChange(e.id, e.input)
		changed[e.index], failed[e.index] = n, missing(err, "ticket", e.id)
	}
}

// changeTogether sends a change of several tickets. What Linear says of it later is
// known to be ours.
func (c *call) changeTogether(ids []string, in linearapi.Input) ([]linearapi.Node[linearapi.Issue], error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	done := map[string]func(*linearapi.Issue){}
	for _, id := range ids {
		settled := c.api.intend(c.ctx, c.conn.ID, id)
		done[id] = func(i *linearapi.Issue) { settled(i.UpdatedAt) }
	}
	all, err := client.IssueBatchUpdateNodes(c.ctx, ids, in)
	for i := range all {
		if f := done[all[i].Value.ID]; f != nil {
			f(&all[i].Value)
		}
	}
	return all, err
}
