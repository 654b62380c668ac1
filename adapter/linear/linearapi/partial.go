package linearapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	fast "github.com/go-json-experiment/json/v1"

	"github.com/linearbot/linearbot/adapter"
)

// partialKey is the key of the function that hears of answers in part.
type partialKey struct{}

// Partial returns a context for reads that are better answered in part than not at
// all. If Linear answers a query with data and errors, and retries do not help, the
// query returns what arrived, after a call of told with what is wrong. Fields that
// Linear could not read are then empty. Errors of the token and of the budget, and
// answers without the field that was asked for, remain errors. Mutations are not
// affected. If told is nil, answers in part are errors again.
func Partial(ctx context.Context, told func(*adapter.Error)) context.Context {
	return context.WithValue(ctx, partialKey{}, told)
}

// partly returns what arrived of op in spite of fail, if ctx is for that.
func partly(ctx context.Context, op operation, fail *failure) (json.RawMessage, bool) {
	told, _ := ctx.Value(partialKey{}).(func(*adapter.Error))
	if told == nil || len(fail.arrived) == 0 || op.write() || fail.Code == adapter.CodeUnauthenticated || fail.Code == adapter.CodeRateLimited {
		return nil, false
	}
	told(fail.Error)
	return fail.arrived, true
}

// arrived is the data of an answer that holds errors as well, if every field of the
// query has a value. Otherwise it is nil.
func arrived(status int, answer []byte) json.RawMessage {
	if status != http.StatusOK {
		return nil
	}
	var mixed struct {
		Data map[string]jsontext.Value `json:"data"`
	}
	if fast.Unmarshal(answer, &mixed) != nil || len(mixed.Data) == 0 {
		return nil
	}
	for _, root := range mixed.Data {
		if root.Kind() == 'n' {
			return nil
		}
	}
	data, err := fast.Marshal(mixed.Data)
	if err != nil {
		return nil
	}
	return data
}
