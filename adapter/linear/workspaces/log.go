package workspaces

// The keys of log lines, as package bot has them.
const (
	LogKeyWorkspace = "workspace"
	LogKeyName      = "name"
	LogKeyURL       = "url"
	LogKeyReason    = "reason"
)
