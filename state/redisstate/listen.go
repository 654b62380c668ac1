package redisstate

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

const (
	// quiet is how long the listener waits before it asks whether its
	// connection lives; after twice that it makes a new one.
	quiet = 10 * time.Second
	// relisten is the wait before a new connection.
	relisten = 500 * time.Millisecond
)

// subscriber is a client that subscribes.
type subscriber interface {
	Subscribe(ctx context.Context, channels ...string) *redis.PubSub
}

// listener takes in wake-up messages until the store is closed. In a cluster,
// where each node passes on all messages, it listens to every node that has
// shards, so that the silence of one does not hide the messages of the others.
func (s *Store) listener() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	listening := map[subscriber]bool{}
	ended := make(chan subscriber)
	for {
		for _, c := range s.subscribers(ctx) {
			if listening[c] {
				continue
			}
			listening[c] = s.spawn(func() {
				s.subscribed(ctx, c)
				select {
				case ended <- c:
				case <-s.done:
				}
			})
		}
		if len(listening) > 0 {
			select {
			case <-s.done:
				return
			case c := <-ended:
				delete(listening, c)
			}
		}
		timer := time.NewTimer(relisten)
		select {
		case <-s.done:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// subscribers returns whom to listen to.
func (s *Store) subscribers(ctx context.Context) []subscriber {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return []subscriber{s.client}
	}
	var out []subscriber
	for i := range s.shards {
		node, err := cluster.MasterForKey(ctx, s.shards[i].ready)
		if err == nil && !slices.Contains(out, subscriber(node)) {
			out = append(out, node)
		}
	}
	return out
}

// subscribed listens on one subscription until it fails or the store closes.
func (s *Store) subscribed(ctx context.Context, c subscriber) {
	ps := c.Subscribe(ctx, s.channel)
	ended := make(chan struct{})
	closed := make(chan struct{})
	// Receiving cannot be interrupted but by closing.
	if !s.spawn(func() {
		defer close(closed)
		select {
		case <-s.done:
		case <-ended:
		}
		_ = ps.Close()
	}) {
		_ = ps.Close()
		return
	}
	defer func() {
		close(ended)
		<-closed
	}()
	asked := false
	for {
		msg, err := ps.ReceiveTimeout(ctx, quiet)
		if err != nil {
			if t, ok := errors.AsType[net.Error](err); !ok || !t.Timeout() || asked || ps.Ping(ctx) != nil {
				return
			}
			asked = true
			continue
		}
		asked = false
		switch m := msg.(type) {
		case *redis.Message:
			s.message(m.Payload)
		case *redis.Subscription:
			// What happened before is unknown.
			s.board.forget()
			s.signals.Send(state.Key{})
		}
	}
}

// message takes in "shard score wait", all of them numbers.
func (s *Store) message(payload string) {
	if s.signal(payload) {
		return
	}
	f := strings.Fields(payload)
	if len(f) != 3 {
		return
	}
	shard, err1 := strconv.Atoi(f[0])
	score, err2 := strconv.ParseInt(f[1], 10, 64)
	wait, err3 := strconv.ParseInt(f[2], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || shard < 0 || shard >= len(s.shards) || wait < 0 {
		return
	}
	if wait == 0 {
		s.board.ready(shard, score, 0)
		return
	}
	s.board.later(shard, micro(wait))
}
