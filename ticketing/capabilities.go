package ticketing

import (
	"net/http"
	"slices"
	"strings"
)

// Capabilities are what can be done through a connection. They come from the
// routes themselves.
type Capabilities struct {
	Integration string       `json:"integration"`
	Unified     []Capability `json:"unified"`
	Proxy       []Capability `json:"proxy"`
	Auth        AuthKind     `json:"auth"`
	AIReadiness AIReadiness  `json:"ai_readiness"`
	Account     *Account     `json:"account"`
}

// AuthKind is how the connection was made.
type AuthKind struct {
	Type  string `json:"type"`
	Actor string `json:"actor"`
}

// AIReadiness says how much of the API describes itself.
type AIReadiness struct {
	Described int `json:"described"`
	Total     int `json:"total"`
}

// Capability is a resource and its methods.
type Capability struct {
	Resource      string             `json:"resource"`
	Methods       []CapabilityMethod `json:"methods"`
	MissingScopes []string           `json:"missing_scopes"`
}

// CapabilityMethod is one method of a resource.
type CapabilityMethod struct {
	Name        string   `json:"name"`
	Operation   string   `json:"operation"`
	HTTPMethod  string   `json:"http_method"`
	Path        string   `json:"path"`
	Description string   `json:"description"`
	Parameters  []string `json:"parameters"`
}

func capabilities(c *call) (*reply, error) {
	conn, err := c.pick()
	if err != nil {
		return nil, err
	}
	account, err := c.accountOf(conn)
	if err != nil {
		return nil, err
	}
	out := &Capabilities{Integration: "linear", Account: account, Unified: []Capability{}, Proxy: []Capability{}}
	out.Auth = AuthKind{"oauth2", account.Actor}
	methods, resource, kind := c.q.all("methods"), c.q.get("resource"), c.q.get("type")
	described, err := c.boolean("has_description")
	if err != nil {
		return nil, err
	}
	anyway := !c.q.has("has_description")
	for _, r := range c.api.routes {
		list := &out.Unified
		rest, unified := strings.CutPrefix(r.path, "/unified/")
		if !unified {
			var proxy bool
			if rest, proxy = strings.CutPrefix(r.path, "/proxy/"); !proxy {
				continue
			}
			list = &out.Proxy
		}
		if kind == "unified" && !unified || kind == "proxy" && unified {
			continue
		}
		name, m := splitResource(rest, unified, r)
		if !anyway && described != (r.summary != "") {
			continue
		}
		if resource != "" && resource != name || len(methods) > 0 && !slices.Contains(methods, m) {
			continue
		}
		i := slices.IndexFunc(*list, func(v Capability) bool { return v.Resource == name })
		if i < 0 {
			i = len(*list)
			*list = append(*list, Capability{Resource: name, MissingScopes: []string{}})
		}
		entry := &(*list)[i]
		params := []string{}
		for _, p := range r.documented() {
			params = append(params, p.Name)
		}
		entry.Methods = append(entry.Methods, CapabilityMethod{m, r.id, r.method, r.path, r.summary, params})
		if !c.who.allows(r.scope) && !slices.Contains(entry.MissingScopes, r.scope) {
			entry.MissingScopes = append(entry.MissingScopes, r.scope)
		}
		out.AIReadiness.Total++
		if r.summary != "" {
			out.AIReadiness.Described++
		}
	}
	return ok(out), nil
}

// splitResource names the resource and the method of a path.
func splitResource(rest string, unified bool, r *route) (name, method string) {
	parts := strings.Split(rest, "/")
	name, parts = parts[0], parts[1:]
	if unified && len(parts) > 0 {
		name, parts = name+"/"+parts[0], parts[1:]
	}
	var words []string
	single := false
	for _, p := range parts {
		if strings.HasPrefix(p, "{") {
			single = true
			continue
		}
		words = append(words, p)
	}
	if len(words) > 0 {
		method = strings.Join(words, ".")
		if r.method != http.MethodGet {
			return name, method + "." + strings.ToLower(r.method)
		}
		return name, method
	}
	switch r.method {
	case http.MethodPost:
		return name, "create"
	case http.MethodPatch:
		return name, "update"
	case http.MethodDelete:
		return name, "delete"
	}
	if single {
		return name, "get"
	}
	return name, "list"
}
