//go:build race

package allocs

// race says that the race detector is on.
const race = true
