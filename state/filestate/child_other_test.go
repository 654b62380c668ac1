//go:build !linux && !darwin

package filestate

func child(string) int { return 1 }
