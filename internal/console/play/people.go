package play

import (
	"hash/fnv"
	"net/http"
	"strings"
	"unicode"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

// person is a user as the page shows it.
type person struct {
	Handle   string `json:"handle"`
	Name     string `json:"name"`
	Initials string `json:"initials"`
	App      bool   `json:"app"`
	Tint     int    `json:"tint"` // the color of the avatar, 0 to 7
	Me       bool   `json:"-"`
}

func (p *Playground) person(u *linearsim.User, me *linearsim.User) person {
	if u == nil {
		return person{Name: "Linear", Initials: "L"}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(u.DisplayName)) // it never fails
	return person{Handle: u.DisplayName, Name: u.Name, Initials: initials(u.Name), App: u.App, Tint: int(h.Sum32() % 8), Me: u == me}
}

func initials(name string) string {
	var out []rune
	for word := range strings.FieldsSeq(name) {
		for _, r := range word {
			out = append(out, unicode.ToUpper(r))
			break
		}
		if len(out) == 2 {
			break
		}
	}
	return string(out)
}

// asCookie names the person that a browser acts as.
const asCookie = "playground_as"

// me returns the person that a request acts as: the one of the cookie, or else
// the first.
func (p *Playground) me(r *http.Request) *linearsim.User {
	name := ""
	if c, err := r.Cookie(asCookie); err == nil {
		name = c.Value
	}
	if u := p.human(name); u != nil {
		return u
	}
	return p.human("")
}

// human returns the person with a handle, or the first one for none. It returns nil
// if there is none.
func (p *Playground) human(handle string) *linearsim.User {
	for _, u := range p.ws.Users() {
		if !u.App && (handle == "" || u.DisplayName == handle) {
			return u
		}
	}
	return nil
}

// user returns the user or app with a handle, or nil.
func (p *Playground) user(handle string) *linearsim.User {
	for _, u := range p.ws.Users() {
		if u.DisplayName == handle {
			return u
		}
	}
	return nil
}
