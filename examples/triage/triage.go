package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/bot/card"
)

// triage are the commands. All but search and create change the issue that the
// thread belongs to.
type triage struct{ lin *linear.Adapter }

func (tr *triage) register(b *bot.Bot) {
	b.OnCommand(bot.Command{
		Name: "create", Help: "Creates an issue in the same team. Lines below are its description.",
		Args: []bot.Arg{{Name: "title", Many: true}},
		Flags: []bot.Flag{
			{Name: "priority", Help: "1 (urgent) to 4 (low)"},
			{Name: "label", Help: "a label; may be given several times"},
		},
	}, tr.create)
	b.OnCommand(bot.Command{
		Name: "search", Help: "Searches issues.", Args: []bot.Arg{{Name: "words", Many: true}},
	}, tr.search)
	b.OnCommand(bot.Command{
		Name: "assign", Help: "Assigns this issue to a person, or to `me`.", Args: []bot.Arg{{Name: "handle"}},
	}, tr.assign)
	b.OnCommand(bot.Command{
		Name: "label", Help: "Adds labels to this issue.", Args: []bot.Arg{{Name: "name", Many: true}},
	}, tr.label)
	b.OnCommand(bot.Command{
		Name: "status", Help: "Shows this issue, or moves it to a state.",
		Args: []bot.Arg{{Name: "state", Optional: true, Many: true}},
	}, tr.status)
}

// here returns the client of the workspace and the issue of the thread.
func (tr *triage) here(ctx context.Context, t *bot.Thread) (*linearapi.Client, *adapter.Issue, error) {
	api, err := tr.lin.API(ctx, t.Workspace().ID())
	if err != nil {
		return nil, nil, err
	}
	issue, err := t.Subject(ctx)
	return api, issue, err
}

func (tr *triage) create(ctx context.Context, t *bot.Thread, c *bot.Invocation) error {
	priority, err := c.Int("priority")
	if err != nil {
		return err
	}
	if priority < 0 || priority > 4 {
		return c.Misuse("the priority is a number from 0 to 4")
	}
	api, near, err := tr.here(ctx, t)
	if err != nil {
		return err
	}
	labels, err := labelIDs(ctx, api, c, c.Strings("label"))
	if err != nil {
		return err
	}
	// The id is derived from the message, so a retry finds the issue that the first
	// attempt created.
	id, err := tr.lin.WriteID(ctx, t.Workspace().ID(), "create\x00"+c.Message.ID)
	if err != nil {
		return err
	}
	issue, err := api.IssueCreate(ctx, linearapi.IssueCreateInput{
		ID: id, TeamID: near.Team.ID, Title: strings.Join(c.Args, " "), Description: c.Body,
		Priority: priority, LabelIDs: labels,
	})
	if _, _, exists := linearapi.ConflictID(err); exists {
		issue, err = api.Issue(ctx, id)
	}
	if err != nil {
		return err
	}
	return show(ctx, t, "Created", issue)
}

func (tr *triage) search(ctx context.Context, t *bot.Thread, c *bot.Invocation) error {
	api, err := tr.lin.API(ctx, t.Workspace().ID())
	if err != nil {
		return err
	}
	const most = 10
	page, err := api.SearchIssues(ctx, linearapi.IssueSearch{
		Term:       strings.Join(c.Args, " "),
		IssueQuery: linearapi.IssueQuery{PageArgs: linearapi.PageArgs{First: most}},
	})
	if err != nil {
		return err
	}
	found := card.Card{Title: "Nothing found"}
	if len(page.Nodes) > 0 {
		found.Title = fmt.Sprintf("Found %d", len(page.Nodes))
		table := card.Table{Headers: []string{"Issue", "Title", "State"}}
		for _, i := range page.Nodes {
			table.Rows = append(table.Rows, []string{i.Identifier, card.Cell(i.Title), card.Cell(stateOf(&i))})
		}
		found.Children = []card.Element{table}
	}
	_, err = t.Post(ctx, found)
	return err
}

func (tr *triage) assign(ctx context.Context, t *bot.Thread, c *bot.Invocation) error {
	api, issue, err := tr.here(ctx, t)
	if err != nil {
		return err
	}
	who := c.Message.Author.ID
	if handle := strings.TrimPrefix(c.Arg(0), "@"); !strings.EqualFold(handle, "me") {
		u, err := tr.lin.User(ctx, t.Workspace().ID(), adapter.UserQuery{Name: handle})
		if adapter.CodeOf(err) == adapter.CodeNotFound {
			return c.Misuse("no one here is called " + handle)
		}
		if err != nil {
			return err
		}
		who = u.ID
	}
	return update(ctx, t, api, issue, "Assigned", linearapi.IssueUpdateInput{AssigneeID: linearapi.Set(who)})
}

func (tr *triage) label(ctx context.Context, t *bot.Thread, c *bot.Invocation) error {
	api, issue, err := tr.here(ctx, t)
	if err != nil {
		return err
	}
	ids, err := labelIDs(ctx, api, c, c.Args)
	if err != nil {
		return err
	}
	return update(ctx, t, api, issue, "Labelled", linearapi.IssueUpdateInput{AddedLabelIDs: ids})
}

func (tr *triage) status(ctx context.Context, t *bot.Thread, c *bot.Invocation) error {
	api, issue, err := tr.here(ctx, t)
	if err != nil {
		return err
	}
	if len(c.Args) == 0 {
		now, err := api.Issue(ctx, issue.ID)
		if err != nil {
			return err
		}
		return show(ctx, t, "Now", now)
	}
	name := strings.Join(c.Args, " ")
	states, err := api.WorkflowStates(ctx, linearapi.Filter{
		"name": linearapi.Filter{"eqIgnoreCase": name},
		"team": linearapi.Filter{"id": linearapi.Filter{"eq": issue.Team.ID}},
	}, linearapi.PageArgs{First: 1})
	if err != nil {
		return err
	}
	if len(states.Nodes) == 0 {
		return c.Misuse("the team has no state called " + name)
	}
	return update(ctx, t, api, issue, "Moved", linearapi.IssueUpdateInput{StateID: linearapi.Set(states.Nodes[0].ID)})
}

// labelIDs finds labels by their names.
func labelIDs(ctx context.Context, api *linearapi.Client, c *bot.Invocation, names []string) ([]string, error) {
	ids := make([]string, 0, len(names))
	for _, name := range names {
		page, err := api.IssueLabels(ctx, linearapi.Filter{"name": linearapi.Filter{"eqIgnoreCase": name}}, linearapi.PageArgs{First: 1})
		if err != nil {
			return nil, err
		}
		if len(page.Nodes) == 0 {
			return nil, c.Misuse("there is no label called " + name)
		}
		ids = append(ids, page.Nodes[0].ID)
	}
	return ids, nil
}

// update changes an issue and shows the result.
func update(
	ctx context.Context, t *bot.Thread, api *linearapi.Client, i *adapter.Issue, what string, in linearapi.IssueUpdateInput,
) error {
	if _, err := api.IssueUpdate(ctx, i.ID, in); err != nil {
		return err
	}
	now, err := api.Issue(ctx, i.ID)
	if err != nil {
		return err
	}
	return show(ctx, t, what, now)
}

// show posts an issue as a card.
func show(ctx context.Context, t *bot.Thread, what string, i *linearapi.Issue) error {
	assignee, labels := "no one", make([]string, len(i.Labels.Nodes))
	if i.Assignee != nil {
		assignee = i.Assignee.Name
	}
	for n, l := range i.Labels.Nodes {
		labels[n] = l.Name
	}
	fields := card.Fields{{Label: "State", Value: stateOf(i)}, {Label: "Assignee", Value: assignee}}
	if len(labels) > 0 {
		fields = append(fields, card.Field{Label: "Labels", Value: strings.Join(labels, ", ")})
	}
	_, err := t.Post(ctx, card.Card{
		Title:    what + ": " + i.Identifier + " " + i.Title,
		Children: []card.Element{fields, card.Actions{card.LinkButton{Label: "Open", URL: i.URL}}},
	})
	return err
}

func stateOf(i *linearapi.Issue) string {
	if i.State == nil {
		return "none"
	}
	return i.State.Name
}
