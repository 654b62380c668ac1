// LinearWebhookClient checks what the simulator signs.
import assert from "node:assert/strict";
import { after, before, describe, mock, test } from "node:test";
import * as hooks98 from "sdk98/webhooks";
import * as hooks76 from "sdk76/webhooks";
import { startServer, startSim, until } from "./sim.mjs";

for (const [version, { LinearWebhookClient, LINEAR_WEBHOOK_SIGNATURE_HEADER, LINEAR_WEBHOOK_TS_FIELD }] of [["98", hooks98], ["76", hooks76]]) {
  describe(`LinearWebhookClient ${version}`, () => {
    let sim, server, client;
    const received = [];
    const events = [];
    const answers = [];
    before(async () => {
      sim = await startSim();
      let handle;
      server = await startServer(async (request) => {
        const body = Buffer.from(await request.clone().arrayBuffer());
        received.push({ body, headers: request.headers });
        const answer = await handle(request);
        answers.push(answer.status);
        return answer;
      });
      const { secret } = await sim.control("POST", "/acme/apps/helper-bot/webhook", { url: server.url, resourceTypes: ["Comment", "Issue", "Reaction", "AgentSessionEvent", "AppUserNotification"] });
      client = new LinearWebhookClient(secret);
      handle = client.createHandler();
      handle.on("*", (payload) => events.push(`${payload.type} ${payload.action}`));
      const comment = await sim.control("POST", "/acme/people/ada/comment", { issue: "ENG-1", body: "@helper-bot **hi** — grüß dich" });
      await sim.control("POST", "/acme/people/bob/react", { comment: comment.id, emoji: "eyes" });
      await sim.control("POST", "/acme/people/bob/update", { issue: "ENG-1", state: "In Progress" });
      await sim.control("POST", "/flush", {});
    });
    after(async () => {
      await server.close();
      await sim.stop();
    });

    test("its handler takes every event", async () => {
      assert.deepEqual([...new Set(answers)], [200]);
      await until("the events", () => events.length === received.length);
      for (const want of ["Comment create", "AgentSessionEvent created", "AppUserNotification issueCommentMention", "Reaction create", "Comment update", "Issue update"]) {
        assert.ok(events.includes(want), `${want} is missing in ${events}`);
      }
    });
    test("verify accepts our signature and refuses others", () => {
      const { body, headers } = received[0];
      const signature = headers.get(LINEAR_WEBHOOK_SIGNATURE_HEADER);
      const at = JSON.parse(body)[LINEAR_WEBHOOK_TS_FIELD];
      assert.equal(client.verify(body, signature, at), true);
      assert.throws(() => client.verify(Buffer.concat([body, Buffer.from(" ")]), signature, at));
      assert.throws(() => client.verify(body, signature.replace(/^./, (c) => (c === "0" ? "1" : "0")), at));
      assert.throws(() => new LinearWebhookClient("another secret").verify(body, signature, at));
      assert.throws(() => client.verify(body, "", at));
    });
    test("an old event is refused", () => {
      const { body, headers } = received[0];
      mock.timers.enable({ apis: ["Date"], now: Date.now() + 61000 });
      try {
        assert.throws(() => client.verify(body, headers.get(LINEAR_WEBHOOK_SIGNATURE_HEADER), JSON.parse(body)[LINEAR_WEBHOOK_TS_FIELD]));
      } finally {
        mock.timers.reset();
      }
    });
    test("headers", () => {
      for (const { body, headers } of received) {
        assert.match(headers.get("linear-delivery"), /^[0-9a-f-]{36}$/);
        assert.equal(headers.get("linear-event"), JSON.parse(body).type);
        assert.equal(headers.get("user-agent"), "Linear-Webhook");
        assert.equal(headers.get("linear-timestamp"), String(JSON.parse(body).webhookTimestamp));
      }
    });
  });
}
