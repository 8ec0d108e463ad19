import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { ServicePlaces } from "./ask.ts";
import { servingErrors } from "./errors.ts";
import { OCCUPANCY_PAGE, OCCUPANTS_MAX, type Occupancy } from "./occupancy.ts";
import { phasesIn } from "./phases-in.ts";

const OccupantSchema = Type.Object({
  name: Type.String(),
  version: Type.String(),
  kind: Type.Union([Type.Literal("service"), Type.Literal("function"), Type.Literal("graph"), Type.Literal("model")]),
  bytes: Type.Union([Type.Integer(), Type.Null()], {
    description: "Null where it is not told apart from the process.",
  }),
  isPinned: Type.Boolean({ description: "It stays when others need room." }),
  rows: Type.Union([Type.Integer(), Type.Null()], { description: "Rows answered since it was loaded." }),
  lastAskedMs: Type.Union([Type.Integer(), Type.Null()], { description: "Null where it was not, or is not known." }),
});

const BucketsSchema = Type.Array(
  Type.Object({ seconds: Type.Union([Type.Number(), Type.Null()]), count: Type.Number() }),
  { description: "How many took at most so long; the last has no bound." },
);

const { name, version, bytes, isPinned } = OccupantSchema.properties;
const OccupancySchema = Type.Object(
  {
    processBytes: Type.Integer({ description: "Memory of the serving process." }),
    bytes: Type.Integer({ description: "Of the models that are counted." }),
    pinnedBytes: Type.Integer({ description: "Of those that are pinned." }),
    bytesMax: Type.Union([Type.Integer(), Type.Null()], { description: "What those may take; null: no bound." }),
    loads: Type.Integer(),
    evictions: Type.Integer({ description: "Models that made room for others." }),
    lately: Type.Array(
      Type.Object({
        atMs: Type.Number(),
        name: Type.String(),
        madeRoomFor: Type.Union([Type.String(), Type.Null()], { description: "Null where the bound was lowered." }),
      }),
      { description: "The last evictions, the newest first." },
    ),
    cold: { ...BucketsSchema, description: "Requests that waited for their model to be loaded." },
    warm: { ...BucketsSchema, description: "Requests whose model was in memory." },
    modelCount: Type.Integer({ description: "Of all that is in memory." }),
    largest: Type.Array(Type.Object({ name, version, bytes, isPinned }), {
      description: "The largest of the models that are counted, the largest first.",
    }),
    found: Type.Integer({ description: "How many have the text that is looked for in their names." }),
    models: Type.Array(OccupantSchema, { description: "A page of those." }),
  },
  { title: "Occupancy" },
);

const OccupancyQuery = Type.Object({
  search: Type.Optional(Type.String({ maxLength: 200, description: "A part of the names." })),
  order: Type.Optional(
    Type.Union([Type.Literal("recent"), Type.Literal("size"), Type.Literal("rows"), Type.Literal("name")], {
      description: "Those asked last first, unless said; the largest; those that answered most rows; by name.",
    }),
  ),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: OCCUPANTS_MAX, description: "200 unless said." })),
});

const PhaseSchema = Type.Object(
  {
    version: Type.String(),
    variant: Type.Union([Type.String(), Type.Null()]),
    phase: Type.String({
      description: "Of a service features and compute; of another model queue, batch, input, infer and output.",
    }),
    seconds: Type.Number({ description: "Of all its requests together." }),
    buckets: Type.Array(Type.Object({ seconds: Type.Union([Type.Number(), Type.Null()]), count: Type.Number() }), {
      description: "How many took at most so long; the last has no bound.",
    }),
  },
  { title: "PhaseLatency" },
);

/** What the serving process has in memory, and how long the parts of its answers take. */
export function servedModelRoutes(open: () => ServicePlaces): readonly Route[] {
  return [
    route({
      id: "showOccupancy",
      path: "/api/v1/serving/occupancy",
      summary: "Which models are in memory, what they take of what they may, and when each was asked last.",
      query: OccupancyQuery,
      response: OccupancySchema,
      handler: async ({ query, signal }) => {
        const asked = new URLSearchParams(Object.entries(query).map(([part, value]) => [part, String(value)]));
        const page = await pageOf(open(), `${OCCUPANCY_PAGE}?${asked.toString()}`, signal);
        return page.json() as Promise<Occupancy>;
      },
    }),
    route({
      id: "showModelPhases",
      path: "/api/v1/serving/models/:name/phases",
      summary: "How long each part of a service's or a model's answers took, since it was loaded.",
      params: Type.Object({ name: Type.String({ minLength: 1, maxLength: 300 }) }),
      response: Type.Array(PhaseSchema),
      handler: async ({ params: { name }, signal }) =>
        phasesIn(await (await pageOf(open(), `/metrics?model=${encodeURIComponent(name)}`, signal)).text(), name),
    }),
  ];
}

/** Who answers in a millisecond, and not in two seconds, hangs. */
const TIMEOUT_MS = 2_000;

async function pageOf({ servingUrl }: ServicePlaces, path: string, signal: AbortSignal): Promise<Response> {
  const url = servingUrl();
  if (url === undefined) throw servingErrors.create("serving/not-running", { because: "the project is not up" });
  const answer = await fetch(`${url}${path}`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((cause: unknown) => {
    throw servingErrors.create("serving/not-running", { because: `nothing answers at ${url}`, cause });
  });
  if (answer.ok) return answer;
  throw servingErrors.create("serving/not-running", { because: `${url}${path} answers with ${answer.status}` });
}
