package stateurl

import "testing"

func TestPoolSize(t *testing.T) {
	t.Parallel()
	for workers, want := range map[int]int{0: 80, 1: 17, 64: 80, 200: 216, 256: 256, 5000: 256} {
		if got := poolSize(workers); got != want {
			t.Errorf("poolSize(%d) = %d, want %d", workers, got, want)
		}
	}
}
