package ticketing

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/state"
)

// Settings say how a connection and the helpdesk keep in step. The names are
// those of Linear's own helpdesk integrations where it has them. The zero value
// switches everything off, and lets agents remove any link.
type Settings struct {
	// What a conversation hears of its issues.
	SendNoteOnStatusChange bool `json:"send_note_on_status_change" doc:"Writes a note when the status, the assignee or the priority of a linked issue changes."`
	SendNoteOnComment      bool `json:"send_note_on_comment" doc:"Writes a note about each new comment."`

	// What opens a conversation.
	AutomateReopenOnCompletion          bool `json:"automate_reopen_on_completion" doc:"Opens the conversation when a linked issue is completed."`
	AutomateReopenOnCancellation        bool `json:"automate_reopen_on_cancellation" doc:"Opens the conversation when a linked issue is canceled."`
	AutomateReopenOnComment             bool `json:"automate_reopen_on_comment" doc:"Opens the conversation on each new comment."`
	AutomateReopenOnProjectCompletion   bool `json:"automate_reopen_on_project_completion" doc:"Opens the conversation when the project of a linked issue is completed."`
	AutomateReopenOnProjectCancellation bool `json:"automate_reopen_on_project_cancellation" doc:"Opens the conversation when the project of a linked issue is canceled."`

	// How statuses correspond.
	StatusMap        map[string]string `json:"status_map" doc:"Id of a status of tickets, or Linear's type of it, to the status that the conversation then gets. At most 100."`
	ReverseStatusMap map[string]string `json:"reverse_status_map" doc:"Status of a conversation to the name of the status that its issues then get. At most 100."`

	// What is mirrored and linked.
	MirrorComments string `json:"mirror_comments" enum:"off,to_linear,to_conversation,both" doc:"Which way comments and messages are copied. Empty means off."`
	MirrorPrefix   string `json:"mirror_prefix" doc:"If set, only comments and messages that begin with it are copied, without it."`
	AutoLink       string `json:"auto_link" enum:"off,private_notes,all_agent,all" doc:"In which messages the issues that they name are linked. Empty means off."`

	// What is created.
	DefaultTeamID   string   `json:"default_team_id" doc:"Id or key of the team of new tickets that name none."`
	DefaultLabels   []string `json:"default_labels" doc:"Ids or names of tags that every new ticket gets. At most 50."`
	TicketTypeGroup string   `json:"ticket_type_group" doc:"Id or name of the group of labels that are the types of tickets. Without it there are none."`
	CreateAsAgent   bool     `json:"create_as_agent" doc:"Whether what an agent of the helpdesk creates is shown under their name in Linear. Only apps can."`

	UnlinkPolicy                        string `json:"unlink_policy" enum:"any,own" doc:"Which links agents may remove: any, or those that they made. Administrators may remove any. Empty means any."`
	DisableCustomerRequestsAutoCreation bool   `json:"disable_customer_requests_auto_creation" doc:"Whether a customer who is named when an issue is created or linked from a conversation only stands in the link, without a customer request."`

	TeamOverrides map[string]map[string]any `json:"team_overrides" doc:"Settings of up to 100 teams, by id or key. They hold for what happens to the issues of the team and for what is created in it. default_team_id, ticket_type_group, auto_link, unlink_policy and disable_customer_requests_auto_creation are for the whole connection."`
}

// DefaultSettings returns the settings of a connection until they are changed: notes
// on changes of status, links in private notes, the names of agents, and nothing else.
func DefaultSettings() Settings {
	return Settings{
		SendNoteOnStatusChange: true, CreateAsAgent: true, MirrorComments: "off", AutoLink: "private_notes", UnlinkPolicy: "any",
		StatusMap: map[string]string{}, ReverseStatusMap: map[string]string{}, DefaultLabels: []string{}, TeamOverrides: map[string]map[string]any{},
	}
}

// checked returns settings that a program gives as a request would have set them, or
// what is wrong with them.
func (s Settings) checked() (*Settings, error) {
	out := &Settings{
		StatusMap: map[string]string{}, ReverseStatusMap: map[string]string{}, DefaultLabels: []string{}, TeamOverrides: map[string]map[string]any{},
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("ticketing: Config.Settings: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("ticketing: Config.Settings: %w", err)
	}
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == "" }) // the zero value is fine
	in := newInput(fields)
	in.settings(out)
	if err := in.done(); err != nil {
		return nil, fmt.Errorf("ticketing: Config.Settings: %w", err)
	}
	return out, nil
}

// maxMapped bounds the entries of a map of statuses.
const maxMapped = 100

func settingsKey(conn string) state.Key {
	return state.Key{Workspace: conn, Kind: "ticketing.settings", ID: "all"}
}

func (a *API) settings(ctx context.Context, conn string) (Settings, error) {
	s := DefaultSettings()
	if a.cfg.Settings != nil {
		s = *a.cfg.Settings
	}
	own := s
	// Decoding adds to maps that are there: those of other connections.
	own.StatusMap, own.ReverseStatusMap, own.TeamOverrides, own.DefaultLabels = nil, nil, nil, nil
	found, err := a.docs.load(ctx, settingsKey(conn), &own)
	if found && err == nil {
		return own, nil
	}
	return s, err
}

// settingsOf are the settings that hold for the issues of a team.
func (a *API) settingsOf(ctx context.Context, conn string, team *teamName) (Settings, error) {
	s, err := a.settings(ctx, conn)
	return s.of(team), err
}

// of are the settings with the overrides of a team, which may be nil.
func (s Settings) of(team *teamName) Settings {
	if team == nil {
		return s
	}
	for _, name := range slices.Sorted(maps.Keys(s.TeamOverrides)) {
		own := s.TeamOverrides[name]
		if name == team.ID || team.Key != "" && strings.EqualFold(name, team.Key) {
			newInput(own).settings(&s) // they were checked when they were stored
		}
	}
	return s
}

// overrides reads the settings of single teams.
func (in *input) overrides(s *Settings) {
	teams := in.sub("team_overrides")
	if teams == nil {
		return
	}
	out := map[string]map[string]any{}
	for team := range teams.fields {
		own := teams.sub(team)
		if own == nil {
			continue
		}
		for _, whole := range []string{"default_team_id", "ticket_type_group", "auto_link", "unlink_policy", "disable_customer_requests_auto_creation"} {
			if own.hasAny(whole) {
				in.wrong("team_overrides."+team+"."+whole, "value", "holds for the whole connection: a team has none of its own")
				return
			}
		}
		scratch := *s
		own.settings(&scratch)
		if _, nested := own.fields["team_overrides"]; nested || len(own.unknown()) > 0 || len(out) == 100 {
			in.wrong("team_overrides", "value", "takes up to 100 teams with the settings of a connection, and no others")
			return
		}
		out[team] = own.fields
	}
	s.TeamOverrides = out
}

func (in *input) settings(s *Settings) {
	in.overrides(s)
	for _, f := range []struct {
		name string
		to   *bool
	}{
		{"send_note_on_status_change", &s.SendNoteOnStatusChange},
		{"send_note_on_comment", &s.SendNoteOnComment},
		{"automate_reopen_on_completion", &s.AutomateReopenOnCompletion},
		{"automate_reopen_on_cancellation", &s.AutomateReopenOnCancellation},
		{"automate_reopen_on_comment", &s.AutomateReopenOnComment},
		{"create_as_agent", &s.CreateAsAgent},
		{"disable_customer_requests_auto_creation", &s.DisableCustomerRequestsAutoCreation},
		{"automate_reopen_on_project_completion", &s.AutomateReopenOnProjectCompletion},
		{"automate_reopen_on_project_cancellation", &s.AutomateReopenOnProjectCancellation},
	} {
		if on, given := in.flag(f.name); given {
			*f.to = on
		}
	}
	for _, f := range []struct {
		name  string
		to    *string
		words []string
	}{
		{"mirror_comments", &s.MirrorComments, []string{"off", "to_linear", "to_conversation", "both"}},
		{"mirror_prefix", &s.MirrorPrefix, nil},
		{"auto_link", &s.AutoLink, []string{"off", "private_notes", "all_agent", "all"}},
		{"unlink_policy", &s.UnlinkPolicy, []string{"any", "own"}},
		{"default_team_id", &s.DefaultTeamID, nil},
		{"ticket_type_group", &s.TicketTypeGroup, nil},
	} {
		v, given, _ := in.text(200, f.name)
		if !given {
			continue
		}
		if f.words != nil && !slices.Contains(f.words, v) {
			in.wrong(f.name, "value", "must be one of %v", f.words)
			continue
		}
		*f.to = v
	}
	for _, f := range []struct {
		name string
		to   *map[string]string
	}{{"status_map", &s.StatusMap}, {"reverse_status_map", &s.ReverseStatusMap}} {
		sub := in.sub(f.name)
		if sub == nil {
			continue
		}
		if len(sub.fields) > maxMapped {
			in.wrong(f.name, "too_many", "must hold at most %d entries", maxMapped)
			continue
		}
		m := map[string]string{}
		for k := range sub.fields {
			if f.name == "status_map" && !isUUID(k) && !slices.Contains(stateTypes(), k) {
				sub.wrong(k, "value", "is neither the id of a status nor one of the types %s", strings.Join(stateTypes(), ", "))
			}
			if v, given, _ := sub.text(100, k); given {
				m[k] = v
			}
		}
		*f.to = m
	}
	if list, given := in.refs(50, "default_labels"); given {
		s.DefaultLabels = []string{}
		for _, r := range list {
			s.DefaultLabels = append(s.DefaultLabels, r.id)
		}
	}
}
