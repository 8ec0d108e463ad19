import { route, type Route } from "@millwright/platform";
import { nearest, silentProgress, Type } from "@millwright/kernel";
import type { FeatureViewData, OnDemandFeatureViewData } from "./definitions.ts";
import { featureErrors } from "./errors.ts";
import { answerHistory, writeHistory, type HistoryPorts, type HistoryQuestion } from "./history/answer-history.ts";
import { timeMsOf } from "./lookup.ts";
import { materialise } from "./materialise.ts";
import { entityKey, type OnlineStore } from "./ports.ts";
import { pushRows } from "./push.ts";

/** What features over HTTP stand on. */
export interface FeaturePorts extends HistoryPorts {
  readonly online: OnlineStore;
}

const ROWS_MAX = 1_000_000;

const ColumnSchema = Type.Object({ name: Type.String(), type: Type.String() });

const QuestionFields = {
  features: Type.Array(Type.String({ minLength: 1, maxLength: 500 }), {
    minItems: 1,
    maxItems: 10_000,
    description: "Each as `view:feature`; a view's name alone means all of its features.",
  }),
  timestamp: Type.Optional(
    Type.String({
      description: "The frame's column of times; `event_timestamp`, or its one column of times, if absent.",
    }),
  ),
  fullNames: Type.Optional(Type.Boolean({ description: "Call each feature `view__feature`." })),
  withInputs: Type.Optional(Type.Boolean({ description: "Also the stored features that on-demand ones rest on." })),
  laterCreated: Type.Optional(
    Type.Boolean({
      description: "Also rows that were written down after the time asked about, as Feast does by default.",
    }),
  ),
};

const FILE_PATTERN = "^[A-Za-z0-9-]+\\.(csv|json|jsonl|parquet)$";

/** Features over HTTP: what there is, and what was known when. */
export function featureRoutes(open: () => FeaturePorts): readonly Route[] {
  return [
    ...viewRoutes(open),
    ...onlineRoutes(open),
    route({
      id: "featureHistory",
      path: "/api/v1/features/history",
      summary: "Each row of a frame with its features as they were known at the row's time.",
      body: Type.Object({
        ...QuestionFields,
        entities: Type.Union(
          [Type.Array(Type.Record(Type.String(), Type.Unknown())), Type.String({ pattern: FILE_PATTERN })],
          { description: "The frame: its rows, or the name of a file in .mill/scratch/exchange." },
        ),
        into: Type.Optional(
          Type.Union([Type.Literal("csv"), Type.Literal("jsonl"), Type.Literal("parquet")], {
            description: "Answer with a new file in .mill/scratch/exchange, whatever its size, in place of rows.",
          }),
        ),
        maxRows: Type.Optional(Type.Integer({ minimum: 1, maximum: ROWS_MAX })),
      }),
      response: Type.Object(
        {
          columns: Type.Array(ColumnSchema),
          rows: Type.Array(Type.Array(Type.Unknown()), {
            description: "In the frame's order. Times as ISO 8601 in UTC, infinities and integers beyond 2^53 as text.",
          }),
          rowCount: Type.Integer(),
          truncated: Type.Boolean({ description: "There were more rows than were asked for." }),
          file: Type.Union([Type.String(), Type.Null()]),
        },
        { title: "FeatureHistory" },
      ),
      handler: ({ body: { entities, into, maxRows = ROWS_MAX, ...question } }) => {
        const asked = questionOf(question, entities);
        return into === undefined
          ? answerHistory(open(), asked, { maxRows })
          : writeHistory(open(), asked, { format: into });
      },
    }),
  ];
}

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableNumber = Type.Union([Type.Number(), Type.Null()]);

const FeatureViewSchema = Type.Object(
  {
    name: Type.String(),
    kind: Type.Union([Type.Literal("stored"), Type.Literal("on_demand")]),
    entities: Type.Array(Type.String()),
    key: Type.Array(Type.String(), { description: "The key columns; of an on-demand view the request's fields." }),
    table: NullableString,
    timestamp: NullableString,
    created: NullableString,
    ttlMs: NullableNumber,
    onMissing: Type.String(),
    onStale: Type.String(),
    features: Type.Array(
      Type.Object(
        { name: Type.String(), type: NullableString, default: Type.Union([Type.Number(), Type.String(), Type.Null()]) },
        { title: "Feature" },
      ),
    ),
    online: Type.Union([Type.Object({ entities: Type.Integer(), newestMs: NullableNumber }), Type.Null()]),
  },
  { title: "FeatureView" },
);

const NameParameter = Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }) });
const PushedRows = Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1, maxItems: 100_000 });

function viewRoutes(open: () => FeaturePorts): readonly Route[] {
  return [
    route({
      id: "listFeatureViews",
      path: "/api/v1/features",
      summary: "The feature views, and what is online of them.",
      response: Type.Array(FeatureViewSchema),
      handler: async () => {
        const { featureViews, onDemandViews } = open();
        return Promise.all([...featureViews, ...onDemandViews].map((view) => described(open(), view)));
      },
    }),
    route({
      id: "showFeatureView",
      path: "/api/v1/features/:name",
      summary: "A feature view, and what is online of it.",
      params: NameParameter,
      response: FeatureViewSchema,
      handler: ({ params: { name } }) => described(open(), viewOf(open(), name)),
    }),
  ];
}

async function described({ lakehouse, online }: FeaturePorts, view: FeatureViewData | OnDemandFeatureViewData) {
  if (view.kind === "on_demand_feature_view") {
    const features = Object.keys(view.features).map((name) => ({
      name,
      type: typeOnDemand(view, name),
      default: null,
    }));
    const nothing = { table: null, timestamp: null, created: null, ttlMs: null, online: null };
    const key = Object.keys(view.request);
    return { name: view.name, kind: "on_demand" as const, entities: [], key, ...nothing, ...UNSAID, features };
  }
  const columns = (await lakehouse.table(view.from.name))?.columns ?? [];
  const { name, entities, key, timestamp, created, ttlMs, onMissing = "null", onStale = "null" } = view;
  const kind = "stored" as const;
  const said = { name, kind, entities, key, table: view.from.name, timestamp, created, ttlMs, onMissing, onStale };
  return {
    ...said,
    features: view.features.map((feature) => ({
      name: feature,
      type: columns.find((column) => column.name === feature)?.type ?? null,
      default: view.defaults?.[feature] ?? null,
    })),
    online: online.featuresOf(name) === undefined ? null : online.state(name),
  };
}

/** A field of the request as it is has its type; all else is computed as a double. */
function typeOnDemand(view: OnDemandFeatureViewData, name: string): string {
  const expression = view.features[name];
  const type = expression?.op === "column" ? view.request[expression.name] : undefined;
  return type === "string" ? type : "double";
}

const UNSAID = { onMissing: "null", onStale: "null" };

function viewOf(
  { featureViews, onDemandViews }: FeaturePorts,
  name: string,
): FeatureViewData | OnDemandFeatureViewData {
  const all = [...featureViews, ...onDemandViews];
  const view = all.find((candidate) => candidate.name === name);
  if (view !== undefined) return view;
  const meant = nearest(
    name,
    all.map((candidate) => candidate.name),
  );
  throw featureErrors.create("features/unknown-view", {
    because: `nothing is called ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
  });
}

/** A view whose rows are stored. */
function storedView(ports: FeaturePorts, name: string): FeatureViewData {
  const view = viewOf(ports, name);
  if (view.kind === "feature_view") return view;
  throw featureErrors.create("features/unknown-view", { because: `${name} is computed on demand and holds no rows` });
}

function onlineRoutes(open: () => FeaturePorts): readonly Route[] {
  return [
    route({
      id: "materializeFeatures",
      path: "/api/v1/features/materialize",
      summary: "Put each entity's newest row into the online store.",
      body: Type.Object({
        views: Type.Optional(Type.Array(Type.String(), { description: "All when absent." })),
        asOf: Type.Optional(Type.String({ description: "ISO 8601: rows known by then; the newest when absent." })),
        incremental: Type.Optional(Type.Boolean({ description: "Only what came since the last time." })),
      }),
      response: Type.Array(
        Type.Object(
          { view: Type.String(), written: Type.Integer(), entities: Type.Integer(), newestMs: NullableNumber },
          { title: "Materialized" },
        ),
      ),
      handler: async ({ body: { views, asOf, incremental } }) => {
        const ports = open();
        const asked = views?.map((name) => storedView(ports, name)) ?? ports.featureViews;
        const options = { ...asOfMs(asOf), incremental: incremental ?? false };
        const done = [];
        for (const view of asked) {
          const { entities: written } = await materialise({ ...ports, progress: silentProgress }, view, options);
          done.push({ view: view.name, written, ...ports.online.state(view.name) });
        }
        return done;
      },
    }),
    route({
      id: "pushFeatures",
      path: "/api/v1/features/:name/push",
      summary: "Put rows straight into the online store, all or none.",
      params: NameParameter,
      body: Type.Object({ rows: PushedRows }),
      response: Type.Object(
        {
          view: Type.String(),
          rows: Type.Integer(),
          taken: Type.Integer({ description: "Those not older than what was there." }),
        },
        { title: "Pushed" },
      ),
      handler: async ({ params: { name }, body: { rows } }) => {
        const ports = open();
        const view = storedView(ports, name);
        const columns = (await ports.lakehouse.table(view.from.name))?.columns ?? [];
        const textFeatures = new Set(columns.filter(({ type }) => type === "string").map((column) => column.name));
        const taken = await pushRows(ports.online, view, { rows, textFeatures });
        return { view: name, rows: rows.length, taken };
      },
    }),
    route({
      id: "onlineFeatures",
      path: "/api/v1/features/:name/online",
      summary: "The row that is online for a key.",
      params: NameParameter,
      body: Type.Object({ key: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])) }),
      response: Type.Object(
        {
          found: Type.Boolean(),
          eventTimeMs: NullableNumber,
          values: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Null()])),
        },
        { title: "OnlineFeatures" },
      ),
      handler: ({ params: { name }, body: { key } }) => {
        const ports = open();
        const view = storedView(ports, name);
        return onlineRow(
          ports.online,
          view,
          view.key.map((column) => keyPart(key, column)),
        );
      },
    }),
  ];
}

function onlineRow(online: OnlineStore, view: FeatureViewData, key: readonly (string | number)[]) {
  return online.snapshot(() => {
    const row = online.get(view.name, entityKey(key));
    const names = online.featuresOf(view.name) ?? [];
    const values =
      row === undefined
        ? []
        : names.map((name, index) => [name, row.texts?.[name] ?? finiteOrNull(row.values[index])] as const);
    return { found: row !== undefined, eventTimeMs: row?.eventTimeMs ?? null, values: Object.fromEntries(values) };
  });
}

function finiteOrNull(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

function keyPart(key: Readonly<Record<string, string | number>>, column: string): string | number {
  const part = Object.hasOwn(key, column) ? key[column] : undefined;
  if (part !== undefined) return part;
  throw featureErrors.create("features/missing-field", { because: `there is no ${column} in the key` });
}

function asOfMs(text: string | undefined): { readonly asOfMs?: number } {
  if (text === undefined) return {};
  const ms = timeMsOf(text);
  if (ms === undefined) throw featureErrors.create("features/wrong-field", { because: `asOf: ${text} is not a time` });
  return { asOfMs: ms };
}

/** The fields of a body that were given. */
function questionOf(
  fields: { readonly [Key in keyof Omit<HistoryQuestion, "entities">]: HistoryQuestion[Key] | undefined },
  entities: HistoryQuestion["entities"],
): HistoryQuestion {
  const { features = [], timestamp, fullNames, withInputs, laterCreated } = fields;
  return {
    entities,
    features,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(fullNames === undefined ? {} : { fullNames }),
    ...(withInputs === undefined ? {} : { withInputs }),
    ...(laterCreated === undefined ? {} : { laterCreated }),
  };
}
