package workspaces

// The keys of log lines, as package bot has them.
const (
	keyWorkspace = "workspace"
	keyName      = "name"
	keyURL       = "url"
	keyReason    = "reason"
)
