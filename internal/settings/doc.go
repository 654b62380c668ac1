// Package settings is the configuration of a linearbot program: one table of
// environment variables with their defaults, meanings and parsers. The help of
// the command line, the table in the README, the list of known names and the
// redaction of values come from it, so a variable is added in one place.
//
// It is a package of its own because both ways to run a bot, the commands and
// linearbot.Run, read it, and because a table is easiest to test where there is
// nothing to start.
package settings
