// Hello answers every mention with a greeting. main.go is the bot of the README,
// word for word.
//
//	go run ./examples/hello demo
package main
