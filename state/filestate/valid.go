package filestate

import (
	"fmt"

	"github.com/linearbot/linearbot/state"
)

// invalid returns an error that is [state.ErrInvalid].
func invalid(format string, args ...any) error {
	return fmt.Errorf("filestate: %w: %s", state.ErrInvalid, fmt.Sprintf(format, args...))
}
