//go:build !unix

package redisstate

import "time"

// processTime is not known here.
func processTime() time.Duration { return 0 }
