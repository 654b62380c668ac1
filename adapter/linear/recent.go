package linear

import "sync"

// recent is a cache of the most recent values by key, of fixed size. The oldest
// are evicted first. Make one with newRecent. It is safe for concurrent use.
type recent[K comparable, V any] struct {
	size int

	mu    sync.Mutex
	byKey map[K]V
	order []K
	next  int // the index of the oldest in order, once it is full
}

func newRecent[K comparable, V any](size int) *recent[K, V] {
	return &recent[K, V]{size: size, byKey: make(map[K]V)}
}

func (r *recent[K, V]) get(k K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.byKey[k]
	return v, ok
}

// getOr returns the value of a key. If there is none yet, it stores the result
// of first.
func (r *recent[K, V]) getOr(k K, first func() V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.byKey[k]
	if !ok {
		v = first()
		r.set(k, v)
	}
	return v
}

func (r *recent[K, V]) put(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(k, v)
}

// set is put for callers that hold the lock.
func (r *recent[K, V]) set(k K, v V) {
	if _, ok := r.byKey[k]; !ok {
		if len(r.order) < r.size {
			r.order = append(r.order, k)
		} else {
			delete(r.byKey, r.order[r.next])
			r.order[r.next] = k
			r.next = (r.next + 1) % r.size
		}
	}
	r.byKey[k] = v
}
