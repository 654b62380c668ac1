package bot

import (
	"os"
	"strings"
)

// ConfigFromEnv returns a Config from the environment: the Name from
// LINEAR_BOT_USERNAME, and Links from LINEARBOT_PUBLIC_URL, signed with the
// secrets of the webhook in LINEAR_WEBHOOK_SECRET, separated by commas. What is
// not set stays zero. [New] checks it.
func ConfigFromEnv() Config {
	c := Config{Name: os.Getenv("LINEAR_BOT_USERNAME")}
	if base := os.Getenv("LINEARBOT_PUBLIC_URL"); base != "" {
		c.Links.BaseURL = base
		for s := range strings.SplitSeq(os.Getenv("LINEAR_WEBHOOK_SECRET"), ",") {
			if s = strings.TrimSpace(s); s != "" {
				c.Links.Secrets = append(c.Links.Secrets, s)
			}
		}
	}
	return c
}
