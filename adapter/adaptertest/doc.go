// Package adaptertest holds the conformance suite that every adapter passes
// ([Run]) and a small platform in memory ([Fake]) for tests of what is built on
// top of adapters.
package adaptertest
