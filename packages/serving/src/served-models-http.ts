import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { ServicePlaces } from "./ask.ts";
import { servingErrors } from "./errors.ts";
import { OCCUPANCY_PAGE, type Occupancy } from "./occupancy.ts";
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

const OccupancySchema = Type.Object(
  {
    processBytes: Type.Integer({ description: "Memory of the serving process." }),
    bytes: Type.Integer({ description: "Of the models that are counted." }),
    bytesMax: Type.Union([Type.Integer(), Type.Null()], { description: "What those may take; null: no bound." }),
    loads: Type.Integer(),
    evictions: Type.Integer({ description: "Models that made room for others." }),
    models: Type.Array(OccupantSchema),
  },
  { title: "Occupancy" },
);

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
      response: OccupancySchema,
      handler: async ({ signal }) => (await pageOf(open(), OCCUPANCY_PAGE, signal)).json() as Promise<Occupancy>,
    }),
    route({
      id: "showModelPhases",
      path: "/api/v1/serving/models/:name/phases",
      summary: "How long each part of a service's or a model's answers took, since it was loaded.",
      params: Type.Object({ name: Type.String({ minLength: 1 }) }),
      response: Type.Array(PhaseSchema),
      handler: async ({ params: { name }, signal }) =>
        phasesIn(await (await pageOf(open(), "/metrics", signal)).text(), name),
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
