// Command linearbot runs a chat bot for Linear with the stock handlers.
//
//	linearbot serve     run the bot from the environment
//	linearbot dev       open the playground: the bot beside a simulated Linear, on a page
//	linearbot trigger   have a person do something, in the playground or for any bot
//	linearbot send      post recorded deliveries to a bot
//	linearbot record    write real deliveries to files, without what is private
//	linearbot demo      play a conversation on this machine, without a Linear workspace
//	linearbot sim       run a simulated Linear for bots in any language
//	linearbot state     look into a store, or move its content
//	linearbot tokens    create, list and revoke tokens of the ticketing API
//	linearbot version   print the version
//	linearbot help      explain a command
//
// It exits with 0 after a clean stop, 1 after a failure and 2 if the command line
// or the configuration is invalid.
package main

import "github.com/linearbot/linearbot"

func main() { linearbot.Main(register) }
