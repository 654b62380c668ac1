package bot

import (
	"strings"
	"testing"
)

func TestLinkConfig(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    LinkConfig
		want string // part of the error; empty if there is none
	}{
		{"off", LinkConfig{}, ""},
		{"on", LinkConfig{BaseURL: "https://bot.example.com", Secrets: []string{"s"}}, ""},
		{"under a path", LinkConfig{BaseURL: "http://localhost:3000/bots/", Secrets: []string{"s"}}, ""},
		{"no address", LinkConfig{Secrets: []string{"s"}}, "BaseURL"},
		{"no secrets", LinkConfig{BaseURL: "https://h"}, "Secrets"},
		{"an empty secret", LinkConfig{BaseURL: "https://h", Secrets: []string{"s", ""}}, "empty"},
		{"no scheme", LinkConfig{BaseURL: "bot.example.com", Secrets: []string{"s"}}, "must look like"},
		{"another scheme", LinkConfig{BaseURL: "javascript://h", Secrets: []string{"s"}}, "must look like"},
		{"a query", LinkConfig{BaseURL: "https://h?x=1", Secrets: []string{"s"}}, "must look like"},
		{"a password", LinkConfig{BaseURL: "https://u:p@h", Secrets: []string{"s"}}, "must look like"},
		{"negative", LinkConfig{BaseURL: "https://h", Secrets: []string{"s"}, TTL: -1}, "TTL"},
	} {
		err := tt.c.check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
