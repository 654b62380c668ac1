package migrate

import (
	"strings"
)

// Variable is an environment variable that the predecessor reads.
type Variable struct {
	// Name is the predecessor's name.
	Name string
	// Ours is the name here. Empty if nothing here takes its place.
	Ours string
	// Differs says what is different, in one or two sentences. Empty if nothing is.
	Differs string
}

// Variables returns all variables that the predecessor reads.
func Variables() []Variable {
	return []Variable{
		{"LINEAR_WEBHOOK_SECRET", "LINEAR_WEBHOOK_SECRET", ""},
		{"LINEAR_API_KEY", "LINEAR_API_KEY", ""},
		{"LINEAR_ACCESS_TOKEN", "LINEAR_ACCESS_TOKEN", ""},
		{"LINEAR_CLIENT_CREDENTIALS_CLIENT_ID", "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID", ""},
		{"LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET", "LINEAR_CLIENT_CREDENTIALS_CLIENT_SECRET", ""},
		{
			"LINEAR_CLIENT_CREDENTIALS_SCOPES", "LINEAR_CLIENT_CREDENTIALS_SCOPES",
			"While both bots run they must ask for the same scopes, or Linear revokes the tokens of the other. The defaults differ: set it for both.",
		},
		{
			"LINEAR_CLIENT_ID", "LINEAR_CLIENT_ID",
			"There it means that workspaces install the app. Here it does, too, if LINEAR_REDIRECT_URI is set, or LINEARBOT_PUBLIC_URL with LINEAR_ENCRYPTION_KEY; " +
				"otherwise the bot acts in one workspace by client credentials.",
		},
		{"LINEAR_CLIENT_SECRET", "LINEAR_CLIENT_SECRET", ""},
		{
			"LINEAR_BOT_USERNAME", "LINEAR_BOT_USERNAME",
			"Here it is a further handle: the name that Linear knows the app by always counts.",
		},
		{
			"LINEAR_MODE", "LINEAR_MODE",
			"There nothing reads it: the mode is an option in code, by default comments. Here it is read, and the default is both.",
		},
		{"LINEAR_API_URL", "LINEAR_API_URL", "Here the OAuth endpoints are looked for at the same origin; LINEAR_OAUTH_URL says otherwise."},
		{"LINEAR_ENCRYPTION_KEY", "LINEAR_ENCRYPTION_KEY", "Here it may be a list: put a new key in front and keep the old one behind it, to read what it has encrypted."},
		{"REDIS_URL", "LINEARBOT_STATE", "The same address works. The keys differ, so both bots can share a server."},
		{"POSTGRES_URL", "", "There is no store in Postgres here, and migrate cannot read one: use LINEARBOT_STATE."},
		{"DATABASE_URL", "", "There is no store in Postgres here, and migrate cannot read one: use LINEARBOT_STATE."},
	}
}

// Advice returns a line for each variable of environ whose meaning differs, and one
// if environ names several ways to authenticate.
func Advice(environ []string) []string {
	set := map[string]bool{}
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); strings.TrimSpace(value) != "" {
			set[name] = true
		}
	}
	var out []string
	for _, v := range Variables() {
		switch {
		case !set[v.Name], v.Differs == "", v.Ours != v.Name && v.Ours != "" && set[v.Ours]:
		case v.Ours == "":
			out = append(out, v.Name+": "+v.Differs)
		case v.Ours != v.Name:
			out = append(out, v.Name+" is "+v.Ours+" here. "+v.Differs)
		default:
			out = append(out, v.Name+": "+v.Differs)
		}
	}
	if set["LINEAR_CLIENT_CREDENTIALS_CLIENT_ID"] && !set["LINEAR_CLIENT_CREDENTIALS_SCOPES"] {
		out = append(out, "LINEAR_CLIENT_CREDENTIALS_SCOPES is not set: "+scopes().Differs)
	}
	var ways []string
	for _, name := range []string{"LINEAR_API_KEY", "LINEAR_ACCESS_TOKEN", "LINEAR_CLIENT_CREDENTIALS_CLIENT_ID", "LINEAR_CLIENT_ID"} {
		if set[name] {
			ways = append(ways, name)
		}
	}
	if len(ways) > 1 {
		out = append(out, strings.Join(ways, " and ")+" are set: there "+ways[0]+" is used and the others are ignored. Here they may contradict each other: unset the others.")
	}
	return out
}

func scopes() Variable {
	for _, v := range Variables() {
		if v.Name == "LINEAR_CLIENT_CREDENTIALS_SCOPES" {
			return v
		}
	}
	return Variable{}
}
