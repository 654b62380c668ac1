// Package otel turns the decision traces of a bot into spans of OpenTelemetry:
//
//	delivery ── lane ── turn ── handler ── commentCreate
//
// It is a module of its own, so that bots without OpenTelemetry do not depend on
// it. [NewProvider] makes a provider of spans for an exporter, and a [Tracer]
// is given to the server and the bot:
//
//	provider := otel.NewProvider(otel.Config{Exporter: exporter, Service: "my-bot"})
//	defer provider.Shutdown(ctx)
//	tracer := otel.NewTracer(provider)
//	cfg.Webhook.Tracer, cfg.Bot.Tracer = tracer, tracer
//	cfg.Register = func(b *bot.Bot) error { b.Use(tracer.Middleware); … }
//
// # How a trace spans processes
//
// Between the delivery and its turn lies the store, and perhaps another process,
// a crash or a day. Nothing is stored for it: the id of the trace is the
// beginning of the hash of the signed body, by which the store knows the delivery
// anyway. So the turn, and each of its repetitions, finds the trace by itself, and
// the reference that a bot gives in an apology is the beginning of the trace id.
// This needs the ids of [NewProvider]; with another provider, each part is a trace
// of its own.
//
// # What a span holds
//
// Names, ids and codes, as decision traces do: workspace, thread, type and key of
// the event, the steps as span events, the outcome. What people wrote is never
// part of it.
package otel
