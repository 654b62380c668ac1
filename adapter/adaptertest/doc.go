// Package adaptertest holds the conformance suites that every adapter passes
// ([Run], [RunAbilities]) and two in-memory platforms for tests of code built on
// adapters: [Fake] has messages only, [Platform] has every ability.
package adaptertest
