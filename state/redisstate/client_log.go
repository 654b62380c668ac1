package redisstate

import "github.com/redis/go-redis/v9/logging"

// DisableClientLog discards the lines that the Redis client writes to standard error in
// addition to the errors that the store returns. The client has one logger for the whole
// process, so call it in the function main of a program, before a store is opened.
func DisableClientLog() { logging.Disable() }
