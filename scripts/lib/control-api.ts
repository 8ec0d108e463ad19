import { controlRoutes } from "@millwright/server";
import type { Route } from "@millwright/platform";

// Prints the control API's TypeScript types from the routes' schemas, for the client and the console.

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** The reference of the control API: each operation with what it takes, then the types that are spoken of, as `format` lays them out. */
export function controlApiReference(format: (types: string) => string): string {
  const named = new Map<string, string>();
  const parts = describedRoutes().map((route) => reference(route, named));
  return `<!-- Made by \`npm run generate\` from the routes' schemas. -->

# HTTP API

What \`mill up\` answers at \`http://127.0.0.1:4400\`, to the console, the command line and any program. The same as OpenAPI 3.1: \`/api/openapi.json\`. A refusal is a problem (RFC 9457) with \`code\` and \`remedy\`: [errors](errors.md). Besides: \`/healthz\`, \`/readyz\`, \`/metrics\`, and \`/api/v1/events\`, the road as server-sent events.

Predictions are asked of another process, at port 8080: [service](../concepts/service.md). It describes itself, each service with its own fields, at \`/v2/openapi.json\`.

${parts.join("\n\n")}

# Types

\`\`\`ts
${format([...named.values()].join("\n\n")).trimEnd()}
\`\`\`
`;
}

function reference(route: Route, named: Map<string, string>): string {
  const rows = [
    ...rowsOf("path", plain(route.params), named),
    ...rowsOf("query", plain(route.query), named),
    ...(route.body === undefined ? [] : bodyRows(plain(route.body), named)),
  ];
  const table = rows.length === 0 ? [] : [["| in | field | type | |", "|---|---|---|---|", ...rows].join("\n")];
  return [
    `## ${route.id}`,
    `\`${route.method} ${route.path}\``,
    route.summary,
    ...table,
    `Answers \`${inline(print(plain(route.response), named))}\`.`,
  ].join("\n\n");
}

function bodyRows(body: Schema, named: Map<string, string>): readonly string[] {
  if (body.properties !== undefined) return rowsOf("body", body, named);
  return [`| body | | \`${inline(print(body, named))}\` | |`];
}

function rowsOf(place: string, schema: Schema, named: Map<string, string>): readonly string[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, inner]) => {
    const needed = required.has(name) && inner.default === undefined ? " (required)" : "";
    const byDefault = inner.default === undefined ? "" : `; ${JSON.stringify(inner.default)} when absent`;
    return `| ${place} | \`${name}\`${needed} | \`${inline(print(inner, named))}\`${byDefault} | ${inner.description ?? ""} |`;
  });
}

/** A type on one line of a table. */
function inline(type: string): string {
  return type
    .replaceAll(/\/\*\*.*?\*\//g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .replaceAll(/\breadonly /g, "")
    .trim();
}

function describedRoutes(): readonly Route[] {
  return controlRoutes(() => {
    throw new Error("the routes are only described here");
  });
}

/** The generated module: an interface for each titled schema, one for the API, and where each operation is. */
export function controlApiModule(): string {
  const routes = describedRoutes();
  const named = new Map<string, string>();
  const methods = routes.map((route) => method(route, named)).join("\n");
  const operations = routes.map(operation).join("\n");
  return [
    "// Made by `npm run generate` from the routes' schemas.",
    ...named.values(),
    `/** The control process's API. Every call may fail with the problem that the server tells. */\nexport interface ControlApi {\n${methods}\n}`,
    `/** Where each operation is, and which of its input's fields go into the path and the query. */\nexport const operations = {\n${operations}\n} as const;\n`,
  ].join("\n\n");
}

function method(route: Route, named: Map<string, string>): string {
  const fields = [
    ...fieldsOf(plain(route.params), named),
    ...fieldsOf(plain(route.query), named),
    ...(route.body === undefined ? [] : [`readonly body: ${print(plain(route.body), named)}`]),
  ];
  const isOptional = fields.every((field) => /\breadonly \w+\?/.test(field.split(": ")[0] ?? ""));
  const input = fields.length === 0 ? "" : `input${isOptional ? "?" : ""}: { ${fields.join("; ")} }`;
  return `  /** ${route.summary} */\n  ${route.id}(${input}): Promise<${print(plain(route.response), named)}>;`;
}

function operation(route: Route): string {
  const keys = (schema: Schema) => JSON.stringify(Object.keys(schema.properties ?? {}));
  return `  ${route.id}: { method: "${route.method}", path: "${route.path}", params: ${keys(plain(route.params))}, query: ${keys(plain(route.query))} },`;
}

function fieldsOf(schema: Schema, named: Map<string, string>): readonly string[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, inner]) => {
    const isOptional = !required.has(name) || inner.default !== undefined;
    const comment = inner.description === undefined ? "" : `\n/** ${inner.description} */\n`;
    return `${comment}readonly ${name}${isOptional ? "?" : ""}: ${print(inner, named)}`;
  });
}

/** A schema as a type; a titled one becomes an interface of its own and is referred to. */
function print(schema: Schema, named: Map<string, string>): string {
  const { title } = schema;
  if (title === undefined) return printBare(schema, named);
  if (!named.has(title)) {
    named.set(title, "");
    const bare = printBare(schema, named);
    const comment = schema.description === undefined ? "" : `/** ${schema.description} */\n`;
    named.set(
      title,
      `${comment}${bare.startsWith("{") ? `export interface ${title} ${bare}` : `export type ${title} = ${bare};`}`,
    );
  }
  return title;
}

function printBare(schema: Schema, named: Map<string, string>): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf !== undefined) return schema.anyOf.map((part) => print(part, named)).join(" | ");
  if (schema.type === "array") return `readonly (${print(schema.items ?? {}, named)})[]`;
  if (schema.type === "object") return printObject(schema, named);
  const simple: Readonly<Record<string, string>> = {
    string: "string",
    number: "number",
    integer: "number",
    boolean: "boolean",
    null: "null",
  };
  return simple[schema.type ?? ""] ?? "unknown";
}

function printObject(schema: Schema, named: Map<string, string>): string {
  const [values] = Object.values(schema.patternProperties ?? {});
  if (values !== undefined) return `Readonly<Record<string, ${print(values, named)}>>`;
  return `{ ${fieldsOf(schema, named).join("; ")} }`;
}

function plain(schema: unknown): Schema {
  return JSON.parse(JSON.stringify(schema)) as Schema;
}
