package linearapi

import "encoding/json"

// Opt is an input field that can be left unchanged, set or cleared. The zero
// value leaves the field unchanged:
//
//	IssueUpdateInput{}                                  // the assignee stays
//	IssueUpdateInput{AssigneeID: Set("user-1")}         // another user
//	IssueUpdateInput{AssigneeID: Null[string]()}        // unassigned
//
// In JSON the three are an absent field, a value and null, in both directions.
// Fields of this type carry the tag option omitzero.
type Opt[T any] struct {
	value T
	given bool
	set   bool
}

// Set returns an Opt that sets a field to v, which may be zero or empty.
func Set[T any](v T) Opt[T] { return Opt[T]{value: v, given: true, set: true} }

// Null returns an Opt that clears a field.
func Null[T any]() Opt[T] { return Opt[T]{given: true} }

// Get returns the value. set is false if o leaves the field unchanged or clears
// it.
func (o Opt[T]) Get() (v T, set bool) { return o.value, o.set }

// IsNull reports whether o clears the field.
func (o Opt[T]) IsNull() bool { return o.given && !o.set }

// IsZero reports whether o leaves the field unchanged.
func (o Opt[T]) IsZero() bool { return !o.given }

// MarshalJSON returns the value, or null.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.set {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON reads null as Null and everything else as a value.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	*o = Opt[T]{given: true}
	if string(b) == "null" {
		return nil
	}
	o.set = true
	return json.Unmarshal(b, &o.value)
}
