// Package dev runs a bot on a developer's machine: beside a simulated Linear, in
// this process or as a command, restarted when its code changes.
//
// A [World] is the simulated Linear with its people and the bot's app. It outlives
// the program of the bot, so that a restart loses no conversation: while the
// program is away, deliveries wait. A [Supervisor] runs the program, which is a
// [Runner]: a function of this process or a [Command]. [Watch] says when files
// change.
package dev
