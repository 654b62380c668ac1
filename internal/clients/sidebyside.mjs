// A bot on the npm packages that serves webhooks beside another bot, for tests of the
// steps in docs/migration.md:
//
//	node sidebyside.mjs '{"redis": "redis://127.0.0.1:6379/0", "moved": ["ENG"], …}'
//
// It prints its address and serves until its input ends.
import { Chat } from "chat";
import { createLinearAdapter } from "@chat-adapter/linear";
import { createRedisState } from "@chat-adapter/state-redis";
import { createServer } from "node:http";

const input = JSON.parse(process.argv[2]);
const log = (...args) => console.error(...args);
const quiet = { debug() {}, info() {}, warn() {}, error: log, child() { return quiet; } };
const adapter = createLinearAdapter({
  accessToken: input.token, apiUrl: input.api, webhookSecret: input.secret, userName: "helper-bot", logger: quiet,
});
const bot = new Chat({
  userName: "helper-bot", adapters: { linear: adapter }, state: createRedisState({ url: input.redis, logger: quiet }), logger: quiet, concurrency: "queue",
});
bot.onNewMention(async (thread, message) => {
  await thread.subscribe();
  await thread.setState({ said: 1 });
  await thread.post(`old: ${message.text}`);
});
bot.onSubscribedMessage(async (thread, message) => {
  await thread.setState({ said: ((await thread.state)?.said ?? 0) + 1 });
  await thread.post(`old: ${message.text}`);
});

// The teams that the other bot serves.
const moved = new Set(input.moved ?? []);

async function handle(request) {
  const { data, agentSession } = await request.clone().json();
  const team = (data?.issue ?? agentSession?.issue)?.team?.key;
  if (moved.has(team)) {
    return new Response("another bot serves this team");
  }
  return bot.webhooks.linear(request);
}

const server = createServer(async (req, res) => {
  const chunks = [];
  for await (const chunk of req) {
    chunks.push(chunk);
  }
  const answer = await handle(new Request(`http://127.0.0.1${req.url}`, { method: req.method, headers: req.headers, body: Buffer.concat(chunks) }));
  res.writeHead(answer.status);
  res.end(await answer.text());
});
await bot.initialize();
server.listen(input.port ?? 0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
process.stdin.resume();
process.stdin.on("end", async () => {
  server.close();
  server.closeAllConnections();
  await bot.shutdown();
  process.exit(0);
});
