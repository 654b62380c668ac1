package ticketing

import (
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Person is someone whom a ticket or a comment names.
type Person struct {
	ID        string  `json:"id"`
	Name      *string `json:"name"`
	FirstName *string `json:"first_name"`
	LastName  *string `json:"last_name"`
	Username  *string `json:"username"`
	Emails    []Email `json:"emails"`
	Phones    []Phone `json:"phones"`
	// Type is user, contact or system.
	Type   string  `json:"type" enum:"user,contact,system"`
	Avatar *string `json:"avatar"`
}

// Email is an address of a person.
type Email struct {
	Email string  `json:"email"`
	Type  *string `json:"type"`
}

// Phone is a phone number of a person. Linear has none, so lists of them are empty.
type Phone struct {
	Number string  `json:"number"`
	Type   *string `json:"type"`
}

// person maps a user; nil stays nil.
func person(u *linearapi.User) *Person {
	if u == nil {
		return nil
	}
	p := &Person{
		ID: u.ID, Name: inPlace(&u.Name), Username: inPlace(&u.DisplayName), Emails: []Email{}, Phones: []Phone{}, Type: "user",
		Avatar: inPlace(&u.AvatarURL),
	}
	p.FirstName, p.LastName = names(u.Name)
	if u.Email != "" {
		p.Emails = append(p.Emails, Email{Email: u.Email})
	}
	return p
}

// names splits a full name at its first space. One word has neither.
func names(full string) (first, last *string) {
	a, b, found := strings.Cut(strings.TrimSpace(full), " ")
	if !found {
		return nil, nil
	}
	return text(a), text(strings.TrimSpace(b))
}

// author is who wrote something: a user, someone outside, or a service.
func author(u *linearapi.User, e *linearapi.ExternalUser, b *linearapi.ActorBot) *Person {
	switch {
	case b != nil && b.UserDisplayName != "":
		return &Person{ID: b.ID, Name: text(b.UserDisplayName), Emails: []Email{}, Phones: []Phone{}, Type: "system", Avatar: text(b.AvatarURL)}
	case e != nil:
		p := &Person{ID: e.ID, Name: text(e.Name), Emails: []Email{}, Phones: []Phone{}, Type: "contact", Avatar: text(e.AvatarURL)}
		p.FirstName, p.LastName = names(e.Name)
		if e.Email != "" {
			p.Emails = append(p.Emails, Email{Email: e.Email})
		}
		return p
	case u != nil:
		p := person(u)
		if u.App {
			p.Type = "system"
		}
		return p
	case b != nil:
		return &Person{ID: b.ID, Name: text(b.Name), Emails: []Email{}, Phones: []Phone{}, Type: "system", Avatar: text(b.AvatarURL)}
	}
	return nil
}
