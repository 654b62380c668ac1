package ticketing

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Meta says how the unified model and Linear correspond. It comes from the
// routes themselves.
type Meta struct {
	Model       string         `json:"model"`
	Integration string         `json:"integration"`
	Resources   []MetaResource `json:"resources"`
}

// MetaResource is a resource of the unified model.
type MetaResource struct {
	Resource string       `json:"resource"`
	Remote   string       `json:"remote" doc:"What it is in Linear."`
	Methods  []string     `json:"methods"`
	Fields   []MetaField  `json:"fields"`
	Filters  []MetaFilter `json:"filters"`
	Sorts    []string     `json:"sorts"`
}

// MetaField is a field of a resource.
type MetaField struct {
	Name        string   `json:"name"`
	Type        string   `json:"type" enum:"string,number,boolean,date-time,array,object"`
	Nullable    bool     `json:"nullable"`
	Enum        []string `json:"enum"`
	Description string   `json:"description"`
}

// MetaFilter is a filter of a list.
type MetaFilter struct {
	Name      string   `json:"name"`
	Operators []string `json:"operators"`
	Remote    string   `json:"remote" doc:"Where it is in Linear's filter; empty if it is more than a comparison."`
}

// remoteNames are what the resources are in Linear.
func remoteNames() map[string]string {
	return map[string]string{
		"tickets": "Issue", "comments": "Comment", "attachments": "Attachment, or a file in a text",
		"collections": "Project, Cycle, ProjectMilestone, Initiative", "tags": "IssueLabel", "ticket_status": "WorkflowState",
		"ticket-status": "WorkflowState", "fields": "what an issue of a team can hold", "ticket_priorities": "the priorities 0 to 4", "ticket_types": "nothing", "teams": "Team",
		"users": "User", "workspaces": "Organization", "accounts": "Customer", "contacts": "ExternalUser", "needs": "CustomerNeed",
	}
}

// getMeta answers GET /unified/meta/ticketing/linear.
func getMeta(c *call) (*reply, error) {
	out := &Meta{Model: "ticketing", Integration: "linear", Resources: []MetaResource{}}
	for _, r := range c.api.routes {
		rest, is := strings.CutPrefix(r.path, "/unified/ticketing/")
		if !is {
			continue
		}
		name, below, _ := strings.Cut(rest, "/")
		i := slices.IndexFunc(out.Resources, func(v MetaResource) bool { return v.Resource == name })
		if i < 0 {
			i = len(out.Resources)
			out.Resources = append(out.Resources, MetaResource{
				Resource: name, Remote: remoteNames()[name], Methods: []string{}, Fields: []MetaField{}, Filters: []MetaFilter{}, Sorts: []string{},
			})
		}
		m := &out.Resources[i]
		_, method := splitResource("ticketing/"+rest, true, r)
		m.Methods = append(m.Methods, method)
		if below != "" || r.method != http.MethodGet {
			continue
		}
		m.Fields = fieldsOf(r.result)
		if r.list == nil {
			continue
		}
		m.Sorts = append(append(m.Sorts, r.list.sorts...), r.list.local...)
		for _, f := range r.list.filters {
			v := MetaFilter{Name: f.name, Operators: []string{"eq"}, Remote: f.path}
			if f.make == nil {
				v.Operators = v.Operators[:0]
				for op := range f.kind.operators() {
					v.Operators = append(v.Operators, op)
				}
				slices.Sort(v.Operators)
			}
			if f.nullable {
				v.Operators = append(v.Operators, "null")
			}
			m.Filters = append(m.Filters, v)
		}
	}
	if strings.Contains(c.r.Header.Get("Accept"), "text/markdown") {
		c.header.Set("Content-Type", "text/markdown; charset=utf-8")
		return &reply{write: func(w http.ResponseWriter) { _, _ = io.WriteString(w, out.markdown()) }}, nil // the client may be gone
	}
	return ok(out), nil
}

// markdown is the mapping as a document.
func (m *Meta) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s over %s\n", m.Model, m.Integration)
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	for _, r := range m.Resources {
		fmt.Fprintf(&b, "\n## %s\n\nIn Linear: %s. Methods: %s.\n", r.Resource, r.Remote, strings.Join(r.Methods, ", "))
		if len(r.Fields) > 0 {
			b.WriteString("\n| field | type | meaning |\n|---|---|---|\n")
		}
		for _, f := range r.Fields {
			kind := f.Type
			if f.Nullable {
				kind += " or null"
			}
			if len(f.Enum) > 0 {
				kind += ": " + strings.Join(f.Enum, ", ")
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, cell.Replace(kind), cell.Replace(f.Description))
		}
		if len(r.Filters) > 0 {
			b.WriteString("\n| filter | operators | in Linear |\n|---|---|---|\n")
		}
		for _, f := range r.Filters {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, strings.Join(f.Operators, ", "), f.Remote)
		}
		if len(r.Sorts) > 0 {
			fmt.Fprintf(&b, "\nSorted by %s.\n", strings.Join(r.Sorts, ", "))
		}
	}
	return b.String()
}

// fieldsOf lists the fields of a type.
func fieldsOf(t reflect.Type) []MetaField {
	out := []MetaField{}
	if t == nil || t.Kind() != reflect.Struct {
		return out
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "" || name == "-" {
			continue
		}
		v := MetaField{Name: name, Nullable: f.Type.Kind() == reflect.Pointer, Enum: []string{}, Description: f.Tag.Get("doc")}
		if words := f.Tag.Get("enum"); words != "" {
			v.Enum = strings.Split(words, ",")
		}
		kind := f.Type
		for kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch kind.Kind() {
		case reflect.String:
			v.Type = "string"
		case reflect.Bool:
			v.Type = "boolean"
		case reflect.Int, reflect.Int64, reflect.Float64:
			v.Type = "number"
		case reflect.Slice:
			v.Type = "array"
			if kind.Elem().Kind() == reflect.Uint8 { // JSON as it came
				v.Type = "object"
			}
		default:
			v.Type = "object"
			if kind.PkgPath() == "time" {
				v.Type = "date-time"
			}
		}
		out = append(out, v)
	}
	return out
}
