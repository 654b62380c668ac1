// graphql-js, the reference implementation, judges what the simulator makes of
// queries: the same ones are valid, and introspection gives the schema.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readFileSync } from "node:fs";
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, parse, print, printSchema, validate } from "graphql";
import * as sdk98 from "sdk98";
import * as sdk76 from "sdk76";
import { startSim } from "./sim.mjs";

const folder = new URL("../../adapter/linear/linearsim/", import.meta.url);
const sdl = readFileSync(new URL("schema.graphql", folder), "utf8");
const schema = buildSchema(sdl);

const queries = [
  "{ viewer { id } }",
  "{ viewer }",
  "{ viewer { id { x } } }",
  "{ viewer { nope } }",
  "{ nope }",
  "{",
  "{ viewer { id } } }",
  "query { viewer { ...f } } fragment f on User { id name }",
  "query { viewer { ...f } } fragment f on Issue { id }",
  "query { viewer { ...f } }",
  "query { viewer { ...f } } fragment f on User { ...f }",
  "query { viewer { id } } fragment f on User { id }",
  "query Q { viewer { id } } query Q { viewer { id } }",
  "query Q { viewer { id } } { viewer { id } }",
  "query ($id: String!) { issue(id: $id) { id } }",
  "query ($id: String) { issue(id: $id) { id } }",
  "query ($id: String = \"x\") { issue(id: $id) { id } }",
  "query ($id: Int!) { issue(id: $id) { id } }",
  "query ($id: String!, $id: String!) { issue(id: $id) { id } }",
  "query ($id: String!, $unused: Int) { issue(id: $id) { id } }",
  "query ($id: Nope!) { issue(id: $id) { id } }",
  "query ($id: User) { issue(id: $id) { id } }",
  "{ issue { id } }",
  "{ issue(id: 1) { id } }",
  "{ issue(id: $id) { id } }",
  "{ issue(id: \"a\", id: \"b\") { id } }",
  "{ issue(id: \"a\", nope: 1) { id } }",
  "{ issue(id: null) { id } }",
  "{ issues(first: \"ten\") { nodes { id } } }",
  "{ issues(first: 1.5) { nodes { id } } }",
  "{ issues(orderBy: createdAt) { nodes { id } } }",
  "{ issues(orderBy: nope) { nodes { id } } }",
  "{ issues(orderBy: \"createdAt\") { nodes { id } } }",
  "{ issues(filter: { nope: 1 }) { nodes { id } } }",
  "{ issues(filter: { number: { eq: 1 } }) { nodes { id } } }",
  "{ issues(filter: { number: { eq: \"1\" } }) { nodes { id } } }",
  "{ issues(filter: { or: [{ title: { eq: \"x\" } }, { title: { eq: \"x\", eq: \"y\" } }] }) { nodes { id } } }",
  "{ a: viewer { id } a: organization { id } }",
  "{ viewer { x: id x: name } }",
  "{ viewer { x: id x: id } }",
  "{ viewer @include(if: true) { id } }",
  "{ viewer @include { id } }",
  "{ viewer @nope { id } }",
  "{ viewer @skip(if: 1) { id } }",
  "query @include(if: true) { viewer { id } }",
  "{ notifications { nodes { id ... on IssueNotification { issue { id } } } } }",
  "{ notifications { nodes { issue { id } } } }",
  "{ notifications { nodes { ... on Issue { id } } } }",
  "mutation { commentCreate(input: { body: \"x\", issueId: \"y\" }) { success } }",
  "mutation { commentCreate(input: { body: 1 }) { success } }",
  "mutation { issueCreate(input: { title: \"x\" }) { success } }",
  "mutation { commentCreate { success } }",
  "mutation { viewer { id } }",
  "{ __typename __schema { queryType { name } } }",
  "{ __type(name: \"User\") { fields { name } } }",
  "type User { id: ID }",
  "",
];

// The operations whose fields have other types in the published schema than in
// the SDK.
const changed = [
  "76 InitiativeRelation", "76 IntegrationSalesforce", "76 UpdateInitiativeRelation", "98 IntegrationZendesk", "98 LatestReleaseByAccessKey",
  "98 LatestReleaseByAccessKey_Stage", "98 RecentReleasesByAccessKey", "98 ReleaseCompleteByAccessKey", "98 ReleasePipelineByAccessKey",
  "98 ReleaseSyncByAccessKey", "98 ReleaseUpdateByPipelineByAccessKey",
];

describe("graphql-js as the judge", () => {
  let sim;
  before(async () => { sim = await startSim(); });
  after(() => sim.stop());
  const post = async (body, headers = { Authorization: sim.keys["acme/ada"] }) => {
    const answer = await fetch(sim.graphql, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
    return { status: answer.status, headers: answer.headers, ...(await answer.json()) };
  };
  const verdict = (query) => {
    try {
      return validate(schema, parse(query));
    } catch (err) {
      return [err];
    }
  };
  for (const query of queries) {
    test(query, async () => {
      const errors = verdict(query);
      const got = await post({ query });
      const refused = (got.errors ?? []).filter((e) => ["GRAPHQL_VALIDATION_FAILED", "INVALID_INPUT"].includes(e.extensions.code) && got.status === 400);
      // Variables are not sent, which is an error of its own.
      const valid = refused.length === 0 || refused.every((e) => /was not provided/.test(e.message) && e.message.startsWith("Variable"));
      assert.equal(valid, errors.length === 0, `graphql-js: ${errors.map((e) => e.message)}; the simulator: ${JSON.stringify(got.errors)}`);
      const messages = refused.map((e) => e.message + JSON.stringify(e.locations));
      assert.equal(new Set(messages).size, messages.length, "an error appears twice");
      for (const e of got.errors ?? []) {
        assert.ok(e.extensions.type && e.extensions.code, JSON.stringify(e));
      }
    });
  }
  test("introspection needs no token and gives the schema", async () => {
    const got = await post({ query: getIntrospectionQuery() }, {});
    assert.equal(got.status, 200);
    const plain = (s) => printSchema(lexicographicSortSchema(s)).replace(/"""[\s\S]*?"""\n?\s*/g, "");
    assert.equal(plain(buildClientSchema(got.data)), plain(schema));
  });
  test("every operation of both SDKs validates", async () => {
    const refused = [];
    for (const [version, sdk] of [["98", sdk98], ["76", sdk76]]) {
      for (const [name, doc] of Object.entries(sdk.LinearDocument)) {
        if (!name.endsWith("Document")) {
          continue;
        }
        const query = typeof doc === "string" || doc instanceof String ? String(doc) : print(doc);
        if (!/^\s*(query|mutation)\b/m.test(query)) {
          continue; // a fragment
        }
        const got = await post({ query }, { Authorization: "" });
        const codes = (got.errors ?? []).map((e) => e.extensions.code);
        if (codes.includes("GRAPHQL_VALIDATION_FAILED")) {
          refused.push(`${version} ${name}: ${got.errors[0].message}`);
        }
      }
    }
    assert.deepEqual(refused.map((r) => r.replace(/Document: .*/, "")).sort(), changed);
  });
  test("browsers may ask", async () => {
    const preflight = await fetch(sim.graphql, { method: "OPTIONS", headers: { Origin: "https://studio.apollographql.com", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" } });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    assert.match(preflight.headers.get("access-control-allow-headers"), /authorization/);
  });
  test("a missing token has meta", async () => {
    const got = await post({ query: "{ viewer { id } }" }, {});
    assert.equal(got.status, 401);
    assert.deepEqual(got.errors[0].extensions.meta, {});
  });
});
