// A bot on the npm Chat SDK and its Linear adapter, in both of its modes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Chat } from "chat";
import { createLinearAdapter } from "@chat-adapter/linear";
import { createMemoryState } from "@chat-adapter/state-memory";
import { startServer, startSim, until } from "./sim.mjs";

const silent = { debug() {}, info() {}, warn() {}, error(...args) { errors.push(args.map(String).join(" ")); }, child() { return silent; } };
const errors = [];

async function rig(mode) {
  const sim = await startSim();
  let handle;
  const server = await startServer((request) => handle(request));
  const { secret } = await sim.control("POST", "/acme/apps/helper-bot/webhook", {
    url: server.url,
    resourceTypes: ["Comment", "Reaction", ...(mode === "agent-sessions" ? ["AgentSessionEvent"] : [])],
  });
  const adapter = createLinearAdapter({
    accessToken: sim.tokens["acme/helper-bot"], apiUrl: sim.graphql, webhookSecret: secret, userName: "helper-bot", mode, logger: silent,
  });
  const bot = new Chat({ userName: "helper-bot", adapters: { linear: adapter }, state: createMemoryState(), logger: silent });
  // The package drops a message whose thread an earlier handler still holds, so a
  // test that speaks again first waits until nothing is under way.
  const running = new Set();
  const waitUntil = (task) => {
    const ended = task.catch(() => {}).then(() => running.delete(ended));
    running.add(ended);
  };
  handle = (request) => bot.webhooks.linear(request, { waitUntil });
  const idle = () => until("idle handlers", () => running.size === 0);
  return { sim, bot, adapter, idle, stop: async () => { await bot.shutdown?.(); await server.close(); await sim.stop(); } };
}

const issueOf = (sim) => sim.control("GET", "/acme/issues/ENG-1");

describe("@chat-adapter/linear, comments", () => {
  let sim, bot, adapter, idle, stop;
  let failed;
  const seen = {};
  before(async () => {
    ({ sim, bot, adapter, idle, stop } = await rig("comments"));
    bot.onNewMention(async (thread, message) => {
      try {
        seen.thread = thread;
        seen.message = message;
        seen.sent = await thread.post("Looking into **it**");
        await seen.sent.edit("Found it");
        await adapter.addReaction(thread.id, message.id, "eyes");
        seen.history = await adapter.fetchMessages(thread.id, { limit: 10 });
        seen.user = await adapter.getUser(message.author.userId);
        seen.info = await adapter.fetchThread(thread.id);
        seen.issue = await adapter.fetchMessages(`linear:${thread.id.split(":")[1]}`, {});
        const extra = await thread.post("to be deleted");
        await adapter.deleteMessage(thread.id, extra.id);
        await thread.subscribe();
      } catch (err) {
        failed = err;
      } finally {
        seen.done = true;
      }
    });
    bot.onSubscribedMessage(async (thread, message) => { await thread.post(`You said: ${message.text}`); });
    await sim.control("POST", "/acme/people/ada/comment", { issue: "ENG-1", body: "@helper-bot why does it fail?" });
    await until("the answer", () => seen.done);
    await idle();
  });
  after(() => stop());

  test("nothing failed", () => { assert.equal(failed, undefined, String(failed?.stack)); assert.deepEqual(errors, []); });
  test("post and edit", async () => {
    const { comments } = await issueOf(sim);
    assert.deepEqual(comments.map((c) => `${c.by}: ${c.body}`), ["ada: @helper-bot why does it fail?", "helper-bot: Found it"]);
    assert.equal(comments[1].parent, comments[0].id);
  });
  test("reactions", async () => assert.deepEqual((await issueOf(sim)).comments[0].reactions, [{ emoji: "eyes", by: "helper-bot" }]));
  test("history", () => assert.deepEqual(seen.history.messages.map((m) => [m.author.userName, m.text]), [["ada", "@helper-bot why does it fail?"], ["helper-bot", "Found it"]]));
  test("history of the issue", () => assert.equal(seen.issue.messages.length, 2));
  test("user look-up", () => assert.deepEqual([seen.user.userName, seen.user.fullName], ["ada", "Ada Byron"]));
  test("thread look-up", () => assert.equal(seen.info.channelName, "ENG-1: Checkout fails on retry"));
  test("a reply in a subscribed thread", async () => {
    const { comments } = await issueOf(sim);
    await sim.control("POST", "/acme/people/bob/comment", { replyTo: comments[0].id, body: "me too" });
    await until("the reply", async () => (await issueOf(sim)).comments.some((c) => c.by === "helper-bot" && c.body === "You said: me too"));
  });
});

describe("@chat-adapter/linear, agent sessions", () => {
  let sim, bot, adapter, idle, stop;
  let failed;
  const seen = {};
  before(async () => {
    ({ sim, bot, adapter, idle, stop } = await rig("agent-sessions"));
    const answer = async (thread, message) => {
      try {
        await adapter.startTyping(thread.id, "Thinking hard");
        seen.history = await adapter.fetchMessages(thread.id, {});
        seen.user = await adapter.getUser(message.author.userId);
        seen.info = await adapter.fetchThread(thread.id);
        await thread.post(`Answer to: ${message.text}`);
        await thread.subscribe();
      } catch (err) {
        failed = err;
      }
    };
    bot.onNewMention(answer);
    bot.onSubscribedMessage(answer);
    await sim.control("POST", "/acme/people/ada/comment", { issue: "ENG-1", body: "@helper-bot fix it" });
    await until("the answer", async () => failed || (await issueOf(sim)).sessions[0]?.status === "complete");
    await idle();
  });
  after(() => stop());

  test("a session from mention to answer", async () => {
    assert.equal(failed, undefined, String(failed?.stack));
    const [session] = (await issueOf(sim)).sessions;
    assert.match(session.activities.at(-1), /^response: Answer to: .*fix it/);
  });
  test("history, user and thread look-up", () => {
    assert.equal(seen.history.messages[0].author.userName, "ada");
    assert.equal(seen.user.userName, "ada");
    assert.equal(seen.info.metadata.identifier, "ENG-1");
  });
  test("a prompt", async () => {
    const { comments } = await issueOf(sim);
    await sim.control("POST", "/acme/people/ada/comment", { replyTo: comments[0].id, body: "and the tests" });
    await until("the second answer", async () => failed || (await issueOf(sim)).sessions[0].activities.some((a) => a.includes("Answer to: and the tests")));
    assert.equal(failed, undefined, String(failed?.stack));
  });
  test("a streamed answer", async () => {
    await idle();
    const threadId = seen.history.messages[0].threadId;
    async function* words() { yield "One "; yield "two "; yield "three."; }
    await adapter.stream(threadId, words(), {});
    await until("the stream", async () => (await issueOf(sim)).sessions[0].activities.some((a) => a.includes("three.")));
  });
});
