package redisstate

import (
	"context"
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
	enqueue, lease, settle  script
	extend                  *redis.Script
	requeue, load, remember *redis.Script
	stats, lanes            *redis.Script
	cas, notes, write       *redis.Script
}

func newScripts() scripts {
	with := func(src string) *redis.Script { return redis.NewScript(libLua + "\n" + src) }
	often := func(src string) script {
		s := with(src)
		return script{s, s.Hash(), libLua + "\n" + src}
	}
	return scripts{
		enqueue: often(enqueueLua), lease: often(leaseLua), settle: often(settleLua), extend: with(extendLua),
		requeue: with(requeueLua), load: with(importLua), remember: with(rememberLua),
		stats: with(statsLua), lanes: with(lanesLua),
		cas: with(casLua), notes: with(notesLua), write: with(writeLua),
	}
}

// script is a script that is called often.
type script struct {
	*redis.Script

	sha any    // its hash, as the client takes it
	src string // its text
}

// invocation is a call of such a script. The client takes every argument as an
// interface value, so a call keeps what it is made of in this form from the start.
type invocation struct {
	script

	keys int
	// args are the command: three places for the call itself, the keys and the rest.
	args []any
}

// invocation begins a call with so many further arguments.
func (s script) invocation(keys []any, further int) invocation {
	args := make([]any, 3, 3+len(keys)+further)
	return invocation{s, len(keys), append(args, keys...)}
}

// caller is a client or a pipeline.
type caller interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

// send sends the call to a server that knows the script, most likely.
func (v *invocation) send(ctx context.Context, to caller) *redis.Cmd {
	v.args[0], v.args[1], v.args[2] = "evalsha", v.sha, v.keys
	cmd := redis.NewCmd(ctx, v.args...)
	cmd.SetFirstKeyPos(3)
	_ = to.Process(ctx, cmd) // the command has its error
	return cmd
}

// do makes the call.
func (v *invocation) do(ctx context.Context, to caller) *redis.Cmd {
	return v.taught(ctx, to, v.send(ctx, to))
}

// taught repeats a call with the text of the script if the server did not know it.
func (v *invocation) taught(ctx context.Context, to caller, cmd *redis.Cmd) *redis.Cmd {
	if !redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
		return cmd
	}
	again := redis.NewCmd(ctx, append([]any{"eval", v.src, v.keys}, v.args[3:]...)...)
	again.SetFirstKeyPos(3)
	_ = to.Process(ctx, again) // as above
	return again
}
