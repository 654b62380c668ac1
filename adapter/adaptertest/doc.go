// Package adaptertest holds the conformance suites that every adapter passes
// ([Run], [RunAbilities]) and two platforms in memory for tests of what is built
// on top of adapters: [Fake] has messages only, [Platform] can do what a full
// platform can.
package adaptertest
