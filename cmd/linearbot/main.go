// Command linearbot runs a chat bot for Linear with the stock handlers.
//
//	linearbot demo      play a conversation on this machine, without a Linear workspace
//	linearbot dev       open the playground: the bot beside a simulated Linear, on a page
//	linearbot init      go from nothing to a checked .env
//	linearbot serve     run the bot from the environment
//	linearbot doctor    examine the configuration, Linear, the webhook and the store
//	linearbot explain   say what became of a comment, a session or a delivery, and why
//	linearbot help      list all commands, or explain one
//
// It exits with 0 after a clean stop, 1 after a failure and 2 if the command line
// or the configuration is invalid.
package main

import "github.com/linearbot/linearbot"

func main() { linearbot.Main(register) }
