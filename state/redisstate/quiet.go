package redisstate

import "github.com/redis/go-redis/v9/logging"

// Quiet discards the lines that the Redis client writes to standard error by itself,
// beside the errors that the store returns. The client has one logger for the whole
// process and none of its own, so call it in the function main of a program, before
// anything is opened.
func Quiet() { logging.Disable() }
