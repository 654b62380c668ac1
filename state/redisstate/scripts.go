package redisstate

import (
	_ "embed"

	"github.com/redis/go-redis/v9"
)

// The scripts. Each file says on top what it takes and answers.
var (
	//go:embed lua/lib.lua
	libLua string
	//go:embed lua/enqueue.lua
	enqueueLua string
	//go:embed lua/lease.lua
	leaseLua string
	//go:embed lua/extend.lua
	extendLua string
	//go:embed lua/settle.lua
	settleLua string
	//go:embed lua/requeue.lua
	requeueLua string
	//go:embed lua/import.lua
	importLua string
	//go:embed lua/remember.lua
	rememberLua string
	//go:embed lua/stats.lua
	statsLua string
	//go:embed lua/lanes.lua
	lanesLua string
	//go:embed lua/cas.lua
	casLua string
	//go:embed lua/notes.lua
	notesLua string
	//go:embed lua/write.lua
	writeLua string
)

// scripts are the transitions of a store.
type scripts struct {
	enqueue, lease, extend, settle *redis.Script
	requeue, load, remember        *redis.Script
	stats, lanes                   *redis.Script
	cas, notes, write              *redis.Script
}

func newScripts() scripts {
	with := func(src string) *redis.Script { return redis.NewScript(libLua + "\n" + src) }
	return scripts{
		enqueue: with(enqueueLua), lease: with(leaseLua), extend: with(extendLua), settle: with(settleLua),
		requeue: with(requeueLua), load: with(importLua), remember: with(rememberLua),
		stats: with(statsLua), lanes: with(lanesLua),
		cas: with(casLua), notes: with(notesLua), write: with(writeLua),
	}
}
