package webhook

import (
	"os"
	"strings"
)

// ConfigFromEnv returns a Config from the environment: the secrets from
// LINEAR_WEBHOOK_SECRET, separated by commas, and the address from
// LINEARBOT_ADDR or, as many hosts set it, PORT. [NewServer] checks it.
func ConfigFromEnv() Config {
	return Config{
		Secrets: SplitSecrets(os.Getenv("LINEAR_WEBHOOK_SECRET")),
		Addr:    addrFrom(os.Getenv("LINEARBOT_ADDR"), os.Getenv("PORT")),
	}
}

// SplitSecrets splits a comma-separated list of secrets. White space around
// them and empty places are left out.
func SplitSecrets(list string) []string {
	var secrets []string
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s != "" {
			secrets = append(secrets, s)
		}
	}
	return secrets
}

// addrFrom prefers an address to a bare port.
func addrFrom(addr, port string) string {
	switch {
	case addr != "":
		return addr
	case port != "":
		return ":" + port
	default:
		return ""
	}
}
