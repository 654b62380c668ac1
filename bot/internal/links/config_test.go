package links

import (
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    Config
		want string // part of the error; empty if there is none
	}{
		{"off", Config{}, ""},
		{"on", Config{BaseURL: "https://bot.example.com", Secrets: []string{"s"}}, ""},
		{"under a path", Config{BaseURL: "http://localhost:3000/bots/", Secrets: []string{"s"}}, ""},
		{"no address", Config{Secrets: []string{"s"}}, "BaseURL"},
		{"no secrets", Config{BaseURL: "https://h"}, "Secrets"},
		{"an empty secret", Config{BaseURL: "https://h", Secrets: []string{"s", ""}}, "empty"},
		{"no scheme", Config{BaseURL: "bot.example.com", Secrets: []string{"s"}}, "must look like"},
		{"another scheme", Config{BaseURL: "javascript://h", Secrets: []string{"s"}}, "must look like"},
		{"a query", Config{BaseURL: "https://h?x=1", Secrets: []string{"s"}}, "must look like"},
		{"a password", Config{BaseURL: "https://u:p@h", Secrets: []string{"s"}}, "must look like"},
		{"negative", Config{BaseURL: "https://h", Secrets: []string{"s"}, TTL: -1}, "TTL"},
	} {
		err := tt.c.Check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
