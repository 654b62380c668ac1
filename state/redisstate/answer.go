package redisstate

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// errAnswer says that a script answered in an unexpected shape.
var errAnswer = errors.New("redisstate: unexpected answer of a script")

// ask runs a script that answers with an array of at least n items.
func (s *Store) ask(ctx context.Context, sc *redis.Script, n int, keys []string, args ...any) (answer, error) {
	items, err := sc.Run(ctx, s.calls, keys, args...).Slice()
	if err != nil {
		return nil, err
	}
	if len(items) < n {
		return nil, errAnswer
	}
	return items, nil
}

// answer is what a script returned. Its methods yield zero values for what has
// another type: only damage leads there.
type answer []any

func (a answer) num(i int) int64 {
	switch v := a[i].(type) {
	case int64:
		return v
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return 0
		}
		return n
	default:
		return 0
	}
}

func (a answer) text(i int) string {
	s, _ := a[i].(string)
	return s
}

func (a answer) list(i int) answer {
	l, _ := a[i].([]any)
	return l
}
