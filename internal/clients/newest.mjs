// Writes newest.graphql: what the operations of @linear/sdk 98 name beyond the
// schema that the simulator offers, with the types that the SDK declares.
//
//	node newest.mjs ../../adapter/linear/linearsim
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildSchema, isEnumType, isInputObjectType, isInputType, parse, print, validate } from "graphql";
import * as sdk from "sdk98";

const folder = process.argv[2];
const base = readFileSync(`${folder}/schema.graphql`, "utf8");
const dist = new URL("./node_modules/sdk98/dist/", import.meta.url);
const declarations = readFileSync(new URL(readdirSync(dist).find((f) => /^index-.*\.d\.mts$/.test(f)), dist), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");

// The declared fields of a type: name to SDL type.
function fieldsOf(type) {
  const found = declarations.match(new RegExp(`\\ntype ${type} = ((?:\\w+ & )*)\\{([\\s\\S]*?)\\n\\};`));
  if (!found) {
    return undefined;
  }
  const fields = new Map();
  for (const [, name, optional, text] of found[2].matchAll(/\n\s+(\w+)(\??): ([^;]+);/g)) {
    if (name !== "__typename") {
      fields.set(name, sdl(text.trim(), optional === "?"));
    }
  }
  return { interfaces: found[1].split(" & ").filter(Boolean), fields };
}

function sdl(text, optional) {
  let inner = text;
  let nullable = optional;
  for (let m; (m = inner.match(/^(?:Input)?Maybe<(.*)>$/)); ) {
    inner = m[1];
    nullable = true;
  }
  const array = inner.match(/^Array<(.*)>$/);
  const scalar = inner.match(/^Scalars\["(\w+)"\]$/);
  const out = array ? `[${sdl(array[1], false)}]` : scalar ? scalar[1] : inner;
  return nullable ? out : `${out}!`;
}

const upper = (s) => s[0].toUpperCase() + s.slice(1);
const named = (type) => type.replace(/[[\]!]/g, "");
const extensions = new Map(); // type to lines
const types = new Map(); // new type to SDL
const newArguments = [];

function signature(type, field, spec) {
  const args = fieldsOf(`${type}${upper(field)}Args`);
  const list = args ? `(${[...args.fields].map(([n, t]) => `${n}: ${t}`).join(", ")})` : "";
  for (const t of args?.fields.values() ?? []) {
    include(named(t), true);
  }
  include(named(spec), false);
  return `  ${field}${list}: ${spec}`;
}

// include adds a type that the schema lacks.
function include(type, input) {
  if (schema.getType(type) || types.has(type)) {
    return;
  }
  const found = declarations.match(new RegExp(`enum ${type} \\{([\\s\\S]*?)\\n\\}`));
  if (found) {
    types.set(type, `enum ${type} {\n${[...found[1].matchAll(/"([^"]+)"/g)].map(([, v]) => `  ${v}`).join("\n")}\n}`);
    return;
  }
  const spec = fieldsOf(type);
  if (!spec) {
    types.set(type, `scalar ${type}`);
    return;
  }
  types.set(type, "");
  const lines = [];
  for (const [name, t] of spec.fields) {
    if (input) {
      include(named(t), true);
      lines.push(`  ${name}: ${t}`);
    } else {
      lines.push(signature(type, name, t));
    }
  }
  const interfaces = spec.interfaces.length && !input ? ` implements ${spec.interfaces.join(" & ")}` : "";
  types.set(type, `${input ? "input" : "type"} ${type}${interfaces} {\n${lines.join("\n")}\n}`);
}

let schema = buildSchema(base);
for (const [name, doc] of Object.entries(sdk.LinearDocument)) {
  if (!name.endsWith("Document")) {
    continue;
  }
  for (const { message } of validate(schema, parse(typeof doc === "string" || doc instanceof String ? String(doc) : print(doc)))) {
    let m;
    if ((m = message.match(/^Cannot query field "(\w+)" on type "(\w+)"/))) {
      const spec = fieldsOf(m[2])?.fields.get(m[1]);
      if (spec) {
        const lines = extensions.get(m[2]) ?? new Map();
        extensions.set(m[2], lines.set(m[1], signature(m[2], m[1], spec)));
      }
    } else if ((m = message.match(/^Unknown argument "(\w+)" on field "(\w+)\.(\w+)"/))) {
      const spec = fieldsOf(`${m[2]}${upper(m[3])}Args`)?.fields.get(m[1]);
      if (spec) {
        include(named(spec), true);
        newArguments.push(`# ${m[2]}.${m[3]}(${m[1]}: ${spec})`);
      }
    } else if ((m = message.match(/^Unknown type "(\w+)"/))) {
      include(m[1], isInputType(schema.getType(m[1])) || /(Input|Filter|Comparator|Sort)$/.test(m[1]));
    }
  }
}

// Input fields and enum values go into variables, so no operation names them.
for (const type of Object.values(schema.getTypeMap())) {
  if (isInputObjectType(type)) {
    const lines = [];
    for (const [name, spec] of fieldsOf(type.name)?.fields ?? []) {
      if (!type.getFields()[name] && !spec.endsWith("!")) {
        include(named(spec), true);
        lines.push(`  ${name}: ${spec}`);
      }
    }
    if (lines.length) {
      types.set(`input ${type.name}`, `extend input ${type.name} {\n${lines.join("\n")}\n}`);
    }
  } else if (isEnumType(type) && !type.name.startsWith("__")) {
    const found = declarations.match(new RegExp(`enum ${type.name} \\{([\\s\\S]*?)\\n\\}`));
    const values = [...(found?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, v]) => v).filter((v) => !type.getValue(v));
    if (values.length) {
      types.set(`enum ${type.name}`, `extend enum ${type.name} {\n${values.map((v) => `  ${v}`).join("\n")}\n}`);
    }
  }
}

const interfaces = new Map();
for (const [type, lines] of extensions) {
  interfaces.set(type, `extend ${schema.getType(type).astNode.kind === "InterfaceTypeDefinition" ? "interface" : "type"} ${type} {\n${[...lines.values()].join("\n")}\n}`);
  // What an interface gains, its types need as well.
  if (schema.getType(type).astNode.kind === "InterfaceTypeDefinition") {
    for (const { name } of schema.getPossibleTypes(schema.getType(type))) {
      const own = extensions.get(name);
      const missing = [...lines].filter(([f]) => !own?.has(f)).map(([, l]) => l);
      if (missing.length) {
        interfaces.set(`${name} ${type}`, `extend type ${name} {\n${missing.join("\n")}\n}`);
      }
    }
  }
}
const text = [
  "# Made by internal/clients/newest.mjs from the operations and types of @linear/sdk 98.0.0: what they name beyond schema.graphql.",
  "# The simulator accepts these, so that the SDK works, but introspection does not offer them. DO NOT EDIT.",
  "#",
  "# Arguments, one a line, read by the simulator:",
  "#",
  ...[...new Set(newArguments)].sort(),
  "",
  [...types.values(), ...interfaces.values()].filter(Boolean).sort().join("\n\n"),
  "",
].join("\n");
writeFileSync(`${folder}/newest.graphql`, text);
