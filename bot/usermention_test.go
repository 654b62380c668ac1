package bot

import (
	"testing"

	"github.com/linearbot/linearbot/adapter"
)

// replaceUsers is what a mentioner does, without asking anybody.
func replaceUsers(body string, profileURL func(id string) string) string {
	return putUsers(body, userPlaces(body), profileURL)
}

func TestReplaceUsers(t *testing.T) {
	t.Parallel()
	const url = "https://linear.app/acme/profiles/ann"
	lookup := func(id string) string {
		if id == "u1" || id == "u_1_2" {
			return url
		}
		return ""
	}
	for in, want := range map[string]string{
		"hey <@u1>, <@u2>":          "hey " + url + ", <@u2>",
		"**<@u1>** <@u1>":           "**" + url + "** " + url,
		"> <@u1>":                   "> " + url,
		"`<@u1>` \\<@u1>":           "`<@u1>` \\<@u1>",
		"```\n<@u1>\n```":           "```\n<@u1>\n```",
		"[<@u1>](https://a.io)":     "[<@u1>](https://a.io)",
		"<@> <@ u1> <@u1":           "<@> <@ u1> <@u1",
		"<@u2> <@u2> <@u1>":         "<@u2> <@u2> " + url,
		"<@u_1_2> <@u\\_1\\_2>":     url + " " + url,
		"_<@u_1_2>_":                "_" + url + "_",
		"(<@u1>)":                   "(" + url + ")",
		"really, <@u1>?!":           "really, " + url + "?!",
		"<@u1>\r\n<@u1>\nend":       url + "\r\n" + url + "\nend",
		"<@u1>'s, <@u1>-er, <@u1>/": "<" + url + ">'s, <" + url + ">-er, <" + url + ">/",
		"cc:<@u1><@u1>":             "cc:<" + url + "><" + url + ">",
		"|a|\n|-|\n|<@u1>|":         "|a|\n|-|\n|<" + url + ">|",
		"nobody":                    "nobody",
	} {
		if got := replaceUsers(in, lookup); got != want {
			t.Errorf("replaceUsers(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWithoutOpenUser(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"hey <":        "hey ",
		"hey <@":       "hey ",
		"hey <@u-1":    "hey ",
		"hey <@u-1>":   "hey <@u-1>",
		"hey <@u-1 x":  "hey <@u-1 x",
		"hey <@u-1\n":  "hey <@u-1\n",
		"hey <b":       "hey <b",
		"<@u-1> <@u-2": "<@u-1> ",
		"a > b":        "a > b",
		"":             "",
	} {
		if got := withoutOpenUser(in); got != want {
			t.Errorf("withoutOpenUser(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMentionUser(t *testing.T) {
	t.Parallel()
	for want, u := range map[string]adapter.User{
		"<@u1>":         {ID: "u1", Name: "ann", FullName: "Ann"},
		"<@self>":       {ID: "self", Kind: adapter.Self},
		"<@app>":        {ID: "app", Kind: adapter.App},
		"Eve \\_ Adams": {ID: "e1", FullName: "Eve _ Adams", Kind: adapter.External},
		"GitHub":        {ID: "i1", FullName: "GitHub", Kind: adapter.Integration},
		"linear":        {ID: "a1", Name: "linear", Kind: adapter.Automation},
		"Ann":           {Name: "ann", FullName: "Ann"},
		"":              {},
	} {
		if got := MentionUser(u); got != want {
			t.Errorf("MentionUser(%+v) = %q, want %q", u, got, want)
		}
	}
}
