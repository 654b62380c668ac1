// The official SDK, two versions of it, unmodified: a table of calls, each with
// what must come back, or the class of the error.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as sdk98 from "sdk98";
import * as sdk76 from "sdk76";
import { startSim } from "./sim.mjs";

const names = (connection) => connection.nodes.map((n) => n.name ?? n.title ?? n.identifier);

// Each row runs after the one before it, in one world: w keeps what earlier rows made.
const calls = [
  ["viewer", async (c) => assert.equal((await c.viewer).displayName, "ada")],
  ["viewer.organization", async (c) => assert.equal((await (await c.viewer).organization).urlKey, "acme")],
  ["organization", async (c) => assert.equal((await c.organization).name, "Acme")],
  ["users", async (c) => assert.equal((await c.users()).nodes.length, 3)],
  ["users with a filter", async (c) => assert.deepEqual(names(await c.users({ filter: { app: { eq: true } } })), ["Helper Bot"])],
  ["user", async (c, w) => { w.bob = await c.user((await c.users({ filter: { displayName: { eq: "bob" } } })).nodes[0].id); assert.equal(w.bob.name, "Bob Noyce"); }],
  ["user.teams", async (c, w) => assert.deepEqual(names(await w.bob.teams()), ["Engineering"])],
  ["user.teamMemberships", async (c, w) => assert.equal((await w.bob.teamMemberships()).nodes.length, 1)],
  ["teams", async (c, w) => { w.team = (await c.teams()).nodes[0]; assert.equal(w.team.key, "ENG"); }],
  ["team by key", async (c, w) => assert.equal((await c.team("ENG")).id, w.team.id)],
  ["createTeam", async (c, w) => { w.ops = await (await c.createTeam({ name: "Operations", key: "OPS" })).team; assert.equal(w.ops.key, "OPS"); }],
  ["updateTeam", async (c, w) => { await c.updateTeam(w.ops.id, { description: "Runs it" }); assert.equal((await c.team(w.ops.id)).description, "Runs it"); }],
  ["team.members", async (c, w) => assert.equal((await w.team.members()).nodes.length, 3)],
  ["team.memberships", async (c, w) => assert.equal((await w.team.memberships()).nodes.length, 3)],
  ["team.states", async (c, w) => { w.states = (await w.team.states()).nodes; assert.equal(w.states.length, 7); }],
  ["workflowStates with a filter", async (c) => assert.equal((await c.workflowStates({ filter: { type: { eq: "started" }, team: { key: { eq: "ENG" } } } })).nodes.length, 2)],
  ["createWorkflowState", async (c, w) => { w.state = await (await c.createWorkflowState({ teamId: w.team.id, name: "Blocked", type: "started", color: "#ff0000" })).workflowState; assert.equal(w.state.name, "Blocked"); }],
  ["createIssueLabel", async (c, w) => { w.label = await (await c.createIssueLabel({ name: "Bug", color: "#ff0000" })).issueLabel; assert.equal(w.label.name, "Bug"); }],
  ["updateIssueLabel", async (c, w) => { await c.updateIssueLabel(w.label.id, { description: "Broken" }); assert.equal((await c.issueLabel(w.label.id)).description, "Broken"); }],
  ["issueLabels", async (c) => assert.deepEqual(names(await c.issueLabels()), ["Bug"])],
  ["createProject", async (c, w) => { w.project = await (await c.createProject({ name: "Checkout", teamIds: [w.team.id], leadId: w.bob.id, description: "Pay" })).project; assert.equal(w.project.name, "Checkout"); }],
  ["updateProject", async (c, w) => { await c.updateProject(w.project.id, { description: "Pay better" }); assert.equal((await c.project(w.project.id)).description, "Pay better"); }],
  ["project.lead", async (c, w) => assert.equal((await (await c.project(w.project.id)).lead).displayName, "bob")],
  ["project.teams", async (c, w) => assert.deepEqual(names(await w.project.teams()), ["Engineering"])],
  ["project.status", async (c, w) => assert.equal((await (await c.project(w.project.id)).status).type, "backlog")],
  ["team.projects", async (c, w) => assert.deepEqual(names(await w.team.projects()), ["Checkout"])],
  ["projects with a filter", async (c) => assert.deepEqual(names(await c.projects({ filter: { lead: { displayName: { eq: "bob" } } } })), ["Checkout"])],
  ["createProjectMilestone", async (c, w) => { w.milestone = await (await c.createProjectMilestone({ name: "Beta", projectId: w.project.id })).projectMilestone; assert.equal(w.milestone.name, "Beta"); }],
  ["project.projectMilestones", async (c, w) => assert.deepEqual(names(await w.project.projectMilestones()), ["Beta"])],
  ["createCycle", async (c, w) => { const now = Date.now(); w.cycle = await (await c.createCycle({ teamId: w.team.id, name: "First", startsAt: new Date(now - 1000), endsAt: new Date(now + 6e8) })).cycle; assert.equal(w.cycle.number, 1); }],
  ["team.activeCycle", async (c, w) => assert.equal((await (await c.team(w.team.id)).activeCycle).id, w.cycle.id)],
  ["cycles", async (c) => assert.deepEqual(names(await c.cycles({ filter: { isActive: { eq: true } } })), ["First"])],
  ["createIssue", async (c, w) => { w.issue = await (await c.createIssue({ teamId: w.team.id, title: "Slow search", description: "It is slow.", labelIds: [w.label.id], projectId: w.project.id, projectMilestoneId: w.milestone.id, cycleId: w.cycle.id, priority: 2 })).issue; assert.equal(w.issue.identifier, "ENG-2"); }],
  ["issue by identifier", async (c, w) => assert.equal((await c.issue("ENG-2")).id, w.issue.id)],
  ["issue.team, state, project, cycle, milestone", async (c) => {
    const i = await c.issue("ENG-2");
    assert.deepEqual([(await i.team).key, (await i.state).name, (await i.project).name, (await i.cycle).name, (await i.projectMilestone).name], ["ENG", "Backlog", "Checkout", "First", "Beta"]);
  }],
  ["issue.labels", async (c) => assert.deepEqual(names(await (await c.issue("ENG-2")).labels()), ["Bug"])],
  ["updateIssue", async (c, w) => { await c.updateIssue("ENG-2", { stateId: w.state.id, assigneeId: w.bob.id, title: "Slow search!" }); const i = await c.issue("ENG-2"); assert.equal((await i.assignee).displayName, "bob"); assert.ok(i.startedAt instanceof Date); }],
  ["issue.history", async (c) => { const h = (await (await c.issue("ENG-2")).history()).nodes; assert.equal(h.length, 1); assert.equal((await h[0].toState).name, "Blocked"); assert.equal(h[0].fromTitle, "Slow search"); }],
  ["issues sorted", async (c) => assert.deepEqual(names(await c.issues({ sort: [{ priority: { order: "Ascending", nulls: "last" } }] })).length, 2)],
  ["issues filtered", async (c) => assert.deepEqual((await c.issues({ filter: { project: { name: { eq: "Checkout" } }, labels: { some: { name: { eq: "Bug" } } }, cycle: { number: { eq: 1 } } } })).nodes.map((n) => n.identifier), ["ENG-2"])],
  ["issues in pages", async (c) => {
    const first = await c.issues({ first: 1 });
    assert.equal(first.nodes.length, 1);
    assert.ok(first.pageInfo.hasNextPage);
    const all = await first.fetchNext();
    assert.equal(all.nodes.length, 2);
    const last = await c.issues({ last: 1 });
    assert.equal(last.nodes[0].identifier, "ENG-1");
  }],
  ["issueVcsBranchSearch", async (c) => { const i = await c.issue("ENG-2"); assert.equal((await c.issueVcsBranchSearch(i.branchName)).identifier, "ENG-2"); }],
  ["searchIssues", async (c) => { const s = await c.searchIssues("slow"); assert.equal(s.totalCount, 1); assert.equal(s.nodes[0].identifier, "ENG-2"); }],
  ["createIssueRelation", async (c, w) => { const i = await c.issue("ENG-1"); await c.createIssueRelation({ issueId: i.id, relatedIssueId: w.issue.id, type: w.sdk.IssueRelationType?.Blocks ?? "blocks" }); assert.equal((await i.relations()).nodes.length, 1); assert.equal((await w.issue.inverseRelations()).nodes.length, 1); }],
  ["issueAddLabel, issueRemoveLabel", async (c, w) => { await c.issueAddLabel("ENG-1", w.label.id); await c.issueRemoveLabel("ENG-1", w.label.id); assert.equal((await (await c.issue("ENG-1")).labels()).nodes.length, 0); }],
  ["issueSubscribe", async (c) => { await c.issueSubscribe("ENG-2"); assert.ok((await (await c.issue("ENG-2")).subscribers()).nodes.some((u) => u.displayName === "ada")); }],
  ["updateIssueBatch", async (c, w) => { const i = await c.issue("ENG-1"); const p = await c.updateIssueBatch([i.id, w.issue.id], { priority: 1 }); assert.equal(p.issues.length, 2); }],
  ["createComment", async (c, w) => { w.comment = await (await c.createComment({ issueId: w.issue.id, body: "Hello **you**" })).comment; assert.equal(w.comment.body, "Hello **you**"); }],
  ["createComment, a reply", async (c, w) => { w.reply = await (await c.createComment({ issueId: w.issue.id, parentId: w.comment.id, body: "A reply" })).comment; assert.equal((await w.reply.parent).id, w.comment.id); }],
  ["updateComment", async (c, w) => { await c.updateComment(w.comment.id, { body: "Hello all" }); const got = await c.comment({ id: w.comment.id }); assert.equal(got.body, "Hello all"); assert.ok(got.editedAt instanceof Date); }],
  ["comment.children, user, issue", async (c, w) => { const got = await c.comment({ id: w.comment.id }); assert.equal((await got.children({ id: got.id })).nodes.length, 1); assert.equal((await got.user).displayName, "ada"); assert.equal((await got.issue).identifier, "ENG-2"); }],
  ["issue.comments", async (c, w) => assert.deepEqual((await w.issue.comments()).nodes.map((n) => n.body), ["A reply", "Hello all"])],
  ["comments with a filter", async (c) => assert.equal((await c.comments({ filter: { parent: { null: true } } })).nodes.length, 1)],
  ["commentResolve, commentUnresolve", async (c, w) => { await c.commentResolve(w.comment.id); assert.ok((await c.comment({ id: w.comment.id })).resolvedAt); await c.commentUnresolve(w.comment.id); }],
  ["createReaction", async (c, w) => { w.reaction = await (await c.createReaction({ commentId: w.comment.id, emoji: "👍" })).reaction; assert.equal(w.reaction.emoji, "thumbsup"); }],
  ["comment.reactions", async (c, w) => { const got = await c.comment({ id: w.comment.id }); assert.equal(got.reactions.length, 1); assert.equal((await got.reactions[0].user).displayName, "ada"); }],
  ["deleteReaction", async (c, w) => assert.ok((await c.deleteReaction(w.reaction.id)).success)],
  ["createAttachment", async (c, w) => { w.attachment = await (await c.createAttachment({ issueId: w.issue.id, title: "Log", url: "https://example.com/log", metadata: { lines: 3 } })).attachment; assert.equal(w.attachment.title, "Log"); }],
  ["attachmentLinkURL again is an update", async (c, w) => { await c.attachmentLinkURL(w.issue.id, "https://example.com/log", { title: "Newer log" }); assert.deepEqual(names(await w.issue.attachments()), ["Newer log"]); }],
  ["attachmentsForURL", async (c) => assert.equal((await c.attachmentsForURL("https://example.com/log")).nodes.length, 1)],
  ["updateAttachment, deleteAttachment", async (c, w) => { await c.updateAttachment(w.attachment.id, { title: "Old" }); assert.equal((await c.attachment(w.attachment.id)).title, "Old"); assert.ok((await c.deleteAttachment(w.attachment.id)).success); }],
  ["createDocument", async (c, w) => { w.document = await (await c.createDocument({ title: "Plan", content: "Do it", projectId: w.project.id })).document; assert.equal(w.document.title, "Plan"); }],
  ["project.documents", async (c, w) => assert.deepEqual(names(await w.project.documents()), ["Plan"])],
  ["updateDocument, deleteDocument", async (c, w) => { await c.updateDocument(w.document.id, { content: "Done" }); assert.equal((await c.document(w.document.id)).content, "Done"); assert.ok((await c.deleteDocument(w.document.id)).success); }],
  ["createProjectUpdate with a comment", async (c, w) => {
    const update = await (await c.createProjectUpdate({ projectId: w.project.id, body: "On track" })).projectUpdate;
    await c.createComment({ projectUpdateId: update.id, body: "Good" });
    assert.deepEqual((await update.comments()).nodes.map((n) => n.body), ["Good"]);
    assert.equal((await w.project.projectUpdates()).nodes.length, 1);
  }],
  ["createInitiative with an update", async (c, w) => {
    const initiative = await (await c.createInitiative({ name: "Growth" })).initiative;
    await c.createInitiativeToProject({ initiativeId: initiative.id, projectId: w.project.id });
    await c.createInitiativeUpdate({ initiativeId: initiative.id, body: "Fine" });
    assert.deepEqual(names(await c.initiatives()), ["Growth"]);
    assert.equal((await initiative.initiativeUpdates()).nodes.length, 1);
  }],
  ["createCustomer and a need", async (c, w) => {
    w.customer = await (await c.createCustomer({ name: "Globex", domains: ["globex.test"], externalIds: ["g-1"] })).customer;
    const need = await (await c.createCustomerNeed({ customerId: w.customer.id, issueId: w.issue.id, body: "Faster" })).need;
    assert.equal((await need.customer).name, "Globex");
    assert.deepEqual(names(await c.customers()), ["Globex"]);
  }],
  ["fileUpload", async (c) => {
    const { uploadFile } = await c.fileUpload("text/plain", "a.txt", 2);
    const headers = { "Content-Type": "text/plain", "Cache-Control": "public, max-age=31536000" };
    for (const h of uploadFile.headers) {
      headers[h.key] = h.value;
    }
    assert.equal((await fetch(uploadFile.uploadUrl, { method: "PUT", headers, body: "hi" })).status, 200);
  }],
  ["notifications", async (c, w) => { await w.sim.control("POST", "/acme/people/bob/comment", { issue: "ENG-2", body: "@ada look" }); const n = (await c.notifications()).nodes; assert.equal(n[0].type, "issueCommentMention"); w.notification = n[0]; }],
  ["updateNotification, archiveNotification", async (c, w) => { await c.updateNotification(w.notification.id, { readAt: new Date() }); assert.ok((await c.notification(w.notification.id)).readAt); assert.ok((await c.archiveNotification(w.notification.id)).success); }],
  ["createWebhook", async (c, w) => { w.webhook = await (await c.createWebhook({ url: "https://example.com/hook", resourceTypes: ["Comment"], allPublicTeams: true })).webhook; assert.equal(w.webhook.enabled, true); }],
  ["webhooks, updateWebhook, deleteWebhook", async (c, w) => { assert.equal((await c.webhooks()).nodes.length, 2); await c.updateWebhook(w.webhook.id, { enabled: false }); assert.equal((await c.webhook(w.webhook.id)).enabled, false); assert.ok((await c.deleteWebhook(w.webhook.id)).success); }],
  ["archiveIssue, unarchiveIssue", async (c) => { await c.archiveIssue("ENG-2"); assert.equal((await c.issues()).nodes.length, 1); assert.equal((await c.issues({ includeArchived: true })).nodes.length, 2); await c.unarchiveIssue("ENG-2"); }],
  ["rateLimitStatus", async (c) => { const s = await c.rateLimitStatus; assert.equal(s.kind, "apiKey"); assert.equal(s.limits[0].allowedAmount, 2500); }],
  ["templates, customViews, favorites, emojis, roadmaps, integrations", async (c) => {
    await c.templates;
    for (const list of [c.customViews(), c.favorites(), c.emojis(), c.roadmaps(), c.integrations(), c.externalUsers(), c.timeSchedules()]) {
      assert.equal((await list).nodes.length, 0);
    }
  }],
  ["applicationInfo", async (c, w) => { const id = w.sim.env["acme/helper-bot"].find((l) => l.startsWith("LINEAR_CLIENT_ID=")).slice(17); assert.equal((await c.applicationInfo(id)).name, "Helper Bot"); }],
  ["userUpdate", async (c) => { const me = await c.viewer; await c.updateUser(me.id, { name: "Ada King" }); assert.equal((await c.viewer).name, "Ada King"); }],
  ["deleteComment, deleteIssue", async (c, w) => { assert.ok((await c.deleteComment(w.comment.id)).success); assert.ok((await c.deleteIssue("ENG-2")).success); await assert.rejects(c.issue("ENG-2")); }],
  ["deleteTeam", async (c, w) => assert.ok((await c.deleteTeam(w.ops.id)).success)],
];

// What fails, as which class of the SDK.
const failures = [
  ["an unknown issue", "InvalidInputLinearError", (c) => c.issue("ENG-99")],
  ["comment.children, to which the SDK gives no id", "InvalidInputLinearError", async (c, w) => (await (await c.createComment({ issueId: "ENG-1", body: "x" })).comment).children()],
  ["an unknown document", "InvalidInputLinearError", (c) => c.document("nope")],
  ["a reply to a reply", "InvalidInputLinearError", async (c) => {
    const i = await c.issue("ENG-1");
    const root = await (await c.createComment({ issueId: i.id, body: "a" })).comment;
    const reply = await (await c.createComment({ issueId: i.id, parentId: root.id, body: "b" })).comment;
    await c.createComment({ issueId: i.id, parentId: reply.id, body: "c" });
  }],
  ["an id that is taken", "InvalidInputLinearError", async (c) => {
    const id = crypto.randomUUID();
    const i = await c.issue("ENG-1");
    await c.createComment({ id, issueId: i.id, body: "a" });
    await c.createComment({ id, issueId: i.id, body: "a" });
  }],
  ["a page too long", "InvalidInputLinearError", (c) => c.issues({ first: 300 })],
  ["a variable of the wrong type", "InvalidInputLinearError", (c) => c.issues({ first: "many" })],
  ["a missing variable", "InvalidInputLinearError", (c) => c.createComment(undefined)],
  ["a query that does not validate", "GraphqlLinearError", (c) => c.client.rawRequest("{ viewer { nope } }")],
  ["no query", "InvalidInputLinearError", (c) => c.client.rawRequest("")],
  ["another's comment", "ForbiddenLinearError", async (c, w) => {
    const made = await w.sim.control("POST", "/acme/people/bob/comment", { issue: "ENG-1", body: "mine" });
    await c.updateComment(made.id, { body: "yours" });
  }],
  ["what the simulator does not do", "FeatureNotAccessibleLinearError", (c) => c.client.rawRequest("mutation { integrationLoom { success } }")],
  ["a wrong key", "AuthenticationLinearError", (c, w) => new w.sdk.LinearClient({ apiKey: "lin_api_wrong", apiUrl: w.sim.graphql }).viewer],
  ["a revoked token", "AuthenticationLinearError", async (c, w) => {
    const { accessToken } = await w.sim.control("POST", "/acme/apps/helper-bot/token", {});
    const app = new w.sdk.LinearClient({ accessToken, apiUrl: w.sim.graphql });
    assert.equal((await app.viewer).app, true);
    await w.sim.control("POST", "/acme/apps/helper-bot/revoke", {});
    await app.viewer;
  }],
  ["a webhook by an app", "ForbiddenLinearError", async (c, w) => {
    const { accessToken } = await w.sim.control("POST", "/acme/apps/helper-bot/token", {});
    await new w.sdk.LinearClient({ accessToken, apiUrl: w.sim.graphql }).createWebhook({ url: "https://example.com", resourceTypes: ["Issue"], allPublicTeams: true });
  }],
  ["a spent budget", "RatelimitedLinearError", async (c, w) => {
    await w.sim.control("POST", "/faults", { operation: "viewer", rateLimited: true, retryAfter: "7s" });
    await c.viewer;
  }],
  ["an internal error", "InternalLinearError", async (c, w) => {
    await w.sim.control("POST", "/faults", { operation: "viewer", status: 500, body: "{}" });
    await c.viewer;
  }],
  ["a gateway error", "NetworkLinearError", async (c, w) => {
    await w.sim.control("POST", "/faults", { operation: "viewer", status: 502, body: "<html>" });
    await c.viewer;
  }],
];

for (const [version, sdk] of [["98", sdk98], ["76", sdk76]]) {
  describe(`@linear/sdk ${version}`, () => {
    let sim, client;
    const w = { sdk };
    before(async () => {
      sim = w.sim = await startSim();
      client = new sdk.LinearClient({ apiKey: sim.keys["acme/ada"], apiUrl: sim.graphql });
    });
    after(() => sim.stop());
    for (const [name, call] of calls) {
      test(name, () => call(client, w));
    }
    for (const [name, type, call] of failures) {
      test(`${name}: ${type}`, async () => {
        await assert.rejects(Promise.resolve(call(client, w)), (err) => {
          assert.equal(err.constructor.name, type, `${err.constructor.name}: ${err.message}`);
          return true;
        });
      });
    }
  });
}
