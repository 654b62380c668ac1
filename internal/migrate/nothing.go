package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// NothingError says that no key begins with the prefix.
type NothingError struct {
	// Address is the host and port, Prefix what keys were looked for.
	Address, Prefix string
	DB              int
	// Others are prefixes of keys like the predecessor's, at most a few.
	Others []string
}

// Error says where to look instead.
func (e *NothingError) Error() string {
	text := fmt.Sprintf("the predecessor's Redis at %s has no key that begins with %q in database %d", e.Address, e.Prefix+":", e.DB)
	if len(e.Others) > 0 {
		return fmt.Sprintf("%s, but has keys of its kind that begin with %s: give that as the prefix", text, strings.Join(e.Others, " or "))
	}
	return text + ": is it the right server, database and prefix (keyPrefix)?"
}

const (
	// lookedAt is about how many keys are looked at for other prefixes.
	lookedAt = 100_000
	// mostOthers is how many of them are named.
	mostOthers = 3
)

// nothing returns a [NothingError].
func (s *Source) nothing(ctx context.Context) error {
	e := &NothingError{Address: s.Address(), Prefix: s.prefix, DB: s.options.DB}
	looked := 0
	for keys, err := range s.scan(ctx, "*") {
		if err != nil {
			return err
		}
		for _, key := range keys {
			if begin, ok := prefixOf(key); ok && !slices.Contains(e.Others, begin) && len(e.Others) < mostOthers {
				e.Others = append(e.Others, begin)
			}
		}
		if looked += len(keys); looked >= lookedAt || len(e.Others) == mostOthers {
			break
		}
	}
	slices.Sort(e.Others)
	return e
}

// prefixOf returns the prefix of a key that looks like one of the predecessor's.
func prefixOf(key string) (string, bool) {
	begin, ok := strings.CutSuffix(key, ":"+subscriptionsKey)
	for _, name := range []string{threadKey, channelKey, installationKey, transcriptKey} {
		if !ok {
			begin, _, ok = strings.Cut(key, ":"+name)
		}
	}
	return begin, ok && begin != "" && len(begin) < 100
}
