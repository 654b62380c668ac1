// A bot on the npm packages chat, @chat-adapter/linear and @chat-adapter/state-redis
// that fills a store as such a bot does, for tests of `linearbot migrate`:
//
//	node predecessor.mjs '{"redis": "redis://127.0.0.1:6379/0", …}'
//
// It prints what it stored as JSON.
import { Chat } from "chat";
import { createLinearAdapter } from "@chat-adapter/linear";
import { createRedisState } from "@chat-adapter/state-redis";

const input = JSON.parse(process.argv[2]);
const errors = [];
const silent = { debug() {}, info() {}, warn() {}, error(...args) { errors.push(args.map(String).join(" ")); }, child() { return silent; } };

const adapter = createLinearAdapter({
  clientId: "client", clientSecret: "secret", webhookSecret: "webhook-secret", userName: "helper-bot", logger: silent,
  apiUrl: input.api, encryptionKey: input.key,
});
const bot = new Chat({
  userName: "helper-bot", adapters: { linear: adapter }, state: createRedisState({ url: input.redis, keyPrefix: input.prefix, logger: silent }), logger: silent,
  identity: () => null, transcripts: { retention: "30d", maxPerUser: input.most ?? 200 },
});
await bot.initialize();

for (const installation of input.installations ?? []) {
  await adapter.setInstallation(installation.organizationId, installation);
}
const threads = (input.threads ?? []).map((spec) => ({ ...spec, id: spec.id ?? adapter.encodeThreadId(spec) }));
for (const spec of threads) {
  const thread = bot.thread(spec.id);
  if (spec.subscribed) {
    await thread.subscribe();
  }
  if (spec.state) {
    await thread.setState(spec.state);
  }
  if (spec.channelState) {
    await thread.channel.setState(spec.channelState);
  }
  for (const said of spec.said ?? []) {
    await bot.history.user.append(thread, { role: said.role, text: said.text, platformMessageId: said.message }, { userKey: said.user });
  }
}
for (const user of input.forget ?? []) {
  await bot.history.user.delete({ userKey: user });
}
const store = bot.getState();
await store.setIfNotExists("dedupe:linear:m1", true, 600000);
await store.set("my-own-key", { any: "thing" });
await store.appendToList("msg-history:slack:C1:1", { id: "m" }, { ttlMs: 60000 });
await store.enqueue("linear:busy", { message: {}, enqueuedAt: Date.now(), expiresAt: Date.now() + 90000 }, 10);

const out = { threads: threads.map((t) => t.id), states: {}, history: {} };
for (const spec of threads) {
  out.states[spec.id] = await bot.thread(spec.id).state;
  for (const said of spec.said ?? []) {
    out.history[said.user] = await bot.history.user.list({ userKey: said.user, limit: 1000 });
  }
}
console.log(JSON.stringify(out));
await bot.shutdown();
if (errors.length) {
  console.error(errors.join("\n"));
  process.exit(1);
}
