package filestate

import (
	"fmt"
	"time"

	"github.com/linearbot/linearbot/state"
)

const minTTL = 10 * time.Millisecond

// invalid returns an error that is [state.ErrInvalid].
func invalid(format string, args ...any) error {
	return fmt.Errorf("filestate: %w: %s", state.ErrInvalid, fmt.Sprintf(format, args...))
}
