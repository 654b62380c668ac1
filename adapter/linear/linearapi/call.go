package linearapi

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
	json "github.com/go-json-experiment/json/v1"
)

// vars are the variables of an operation.
type vars = map[string]any

// query runs a query and returns its root field, which must be there.
func query[E any](ctx context.Context, c *Client, op operation, root string, v vars) (*E, error) {
	op.repeatable = true
	return do(ctx, c, op, v, func(d *map[string]*E) *E { return (*d)[root] })
}

// within is query for a field of the root field: the comments of an issue, for
// example.
func within[E any](ctx context.Context, c *Client, op operation, root, field string, v vars) (*E, error) {
	op.repeatable = true
	return do(ctx, c, op, v, func(d *map[string]map[string]jsontext.Value) *E { return part[E]((*d)[root], field) })
}

// mutate runs a mutation with the name of the operation, and returns the entity
// that its payload holds under key.
func mutate[E any](ctx context.Context, c *Client, op operation, key string, v vars) (*E, error) {
	return do(ctx, c, op, v, func(d *map[string]map[string]jsontext.Value) *E {
		payload := (*d)[op.name]
		return done(part[bool](payload, "success"), part[E](payload, key))
	})
}

// remove runs a mutation whose only result is its success.
func remove(ctx context.Context, c *Client, op operation, v vars) error {
	op.repeatable = true
	_, err := do(ctx, c, op, v, func(d *map[string]map[string]jsontext.Value) *struct{} {
		payload, ok := (*d)[op.name]
		if !ok {
			return nil
		}
		return done(part[bool](payload, "success"), &struct{}{})
	})
	return err
}

// part decodes one field of an object: nil if it is absent, null or of another
// shape.
func part[E any](object map[string]jsontext.Value, field string) *E {
	var e *E
	raw, ok := object[field]
	if !ok || json.Unmarshal(raw, &e) != nil {
		return nil
	}
	return e
}
