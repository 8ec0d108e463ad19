import { readFileSync } from "node:fs";
import type { FeatureView } from "@millwright/client";
import { platformErrors, textTable, type Command } from "@millwright/platform";
import { answerOf } from "./answer-schema.ts";
import { withApi } from "./api.ts";
import { featuresHistory } from "./features-history.ts";
import { count, when } from "./format.ts";

const list: Command = {
  name: "features list",
  summary: "the feature views and what is online of them",
  arguments: [],
  options: {},
  example: "mill features list",
  output: answerOf("listFeatureViews"),
  handler: (call) =>
    withApi(call, async (api) => {
      const views = await api.listFeatureViews();
      call.out.result(views, (all) =>
        textTable(
          ["view", "kind", "key", "features", "from", "entities online", "newest"],
          all.map(({ name, kind, key, features, table, online }) => [
            name,
            kind.replace("_", " "),
            key.join(", "),
            String(features.length),
            table ?? "–",
            count(online?.entities),
            online?.newestMs == null ? "–" : when(online.newestMs),
          ]),
        ),
      );
      return 0;
    }),
};

const show: Command = {
  name: "features show",
  summary: "a feature view: its key, its features, and what counts when one is missing or too old",
  arguments: ["VIEW"],
  options: {},
  example: "mill features show airport_lateness",
  output: answerOf("showFeatureView"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      call.out.result(await api.showFeatureView({ name }), shown);
      return 0;
    }),
};

function shown({ name, kind, key, table, timestamp, created, ttlMs, features, online, ...rest }: FeatureView): string {
  const source =
    kind === "stored" ? `${table}, by ${timestamp}${created === null ? "" : ` and ${created}`}` : "asked for";
  const ttl = ttlMs === null ? "never too old" : `too old after ${ttlMs / 3_600_000} h: ${rest.onStale}`;
  return [
    `${name}: ${kind.replace("_", " ")}, from ${source}`,
    `key ${key.join(", ")}; ${ttl}; missing: ${rest.onMissing}`,
    online === null ? "nothing online" : `${count(online.entities)} entities online`,
    textTable(
      ["feature", "type", "default"],
      features.map((feature) => [
        feature.name,
        feature.type ?? "–",
        feature.default === null ? "" : String(feature.default),
      ]),
    ),
  ].join("\n");
}

const materialize: Command = {
  name: "features materialize",
  summary: "put each entity's newest row into the online store",
  arguments: ["[VIEW]"],
  options: {
    "as-of": { value: "TIME", summary: "as it was known then (default: the newest there is)" },
    incremental: { summary: "only what came since the last time" },
  },
  example: "mill features materialize airport_lateness --as-of 2001-06-15T12:00:00Z",
  output: answerOf("materializeFeatures"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [view] = call.arguments;
      const asOf = call.options["as-of"];
      const body = {
        ...(view === undefined ? {} : { views: [view] }),
        ...(typeof asOf === "string" ? { asOf } : {}),
        incremental: call.options["incremental"] === true,
      };
      call.out.result(await api.materializeFeatures({ body }), (all) =>
        textTable(
          ["view", "written", "entities online", "newest"],
          all.map(({ view: name, written, entities, newestMs }) => [
            name,
            count(written),
            count(entities),
            newestMs === null ? "–" : when(newestMs),
          ]),
        ),
      );
      return 0;
    }),
};

const push: Command = {
  name: "features push",
  summary: "put rows straight into the online store, from an argument or from stdin, a JSON object a line",
  arguments: ["VIEW", "[ROW]"],
  options: {},
  example: `mill features push airport_lateness '{"airport": "ORD", "known_at": "2001-06-30T12:00:00Z", "late_rate_1d": 0.2}'`,
  output: answerOf("pushFeatures"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", given] = call.arguments;
      const rows = rowsOf(given ?? readFileSync(0, "utf8"));
      call.out.result(await api.pushFeatures({ name, body: { rows } }), ({ rows: sent, taken }) =>
        taken === sent
          ? `${count(taken)} rows`
          : `${count(taken)} of ${count(sent)} rows; the others are older than what is there`,
      );
      return 0;
    }),
};

const get: Command = {
  name: "features get",
  summary: "the row that is online for a key",
  arguments: ["VIEW", "KEY"],
  options: {},
  example: `mill features get airport_lateness '{"airport": "ORD"}'`,
  output: answerOf("onlineFeatures"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", key = ""] = call.arguments;
      const [asked = {}] = rowsOf(key);
      const found = await api.onlineFeatures({ name, body: { key: asked as Record<string, string | number> } });
      call.out.result(found, ({ found: isThere, eventTimeMs, values }) =>
        isThere
          ? `of ${when(eventTimeMs ?? 0)}\n${textTable(
              ["feature", "value"],
              Object.entries(values).map(([feature, value]) => [feature, value === null ? "–" : String(value)]),
            )}`
          : "nothing is online for this key",
      );
      return found.found ? 0 : 1;
    }),
};

/** One object, a list of them, or an object a line. */
function rowsOf(text: string): readonly Record<string, unknown>[] {
  const parsed =
    parseJson(text) ??
    text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map(parseJson);
  const rows = [parsed].flat();
  if (rows.length > 0 && rows.every(isObject)) return rows;
  throw platformErrors.create("platform/usage", { because: "the rows are not JSON objects" });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What the features are, what was known when, and what is online. */
export const featuresCommands: readonly Command[] = [list, show, featuresHistory, materialize, push, get];
