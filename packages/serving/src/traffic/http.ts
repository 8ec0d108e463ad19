import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { modelReference, type ServiceDefinition } from "../define-service.ts";
import { servingErrors } from "../errors.ts";
import { latencyQuantileMs } from "../latency.ts";
import { rolloutRules } from "./judge-rollout.ts";
import { oneChange } from "./one-change.ts";
import { restartRollout, rolloutState, takenOver, toldRollout } from "./rollout.ts";
import { readTrafficCounts, type TrafficCounts } from "./traffic-counts.ts";
import { shadowOf } from "./traffic-options.ts";
import type { VariantCounts } from "./variant-meter.ts";
import {
  deployTraffic,
  listDecisions,
  promoteVariant,
  rollbackTraffic,
  setTraffic,
  showTraffic,
  type TrafficParts,
  variantToPromote,
  type TrafficState,
} from "./traffic.ts";

/** What the routes of traffic stand on. */
export interface TrafficWorld {
  readonly parts: TrafficParts;
  /** As the project defines them. */
  readonly services: readonly ServiceDefinition[];
  /** Where the serving process answers; undefined while it does not. */
  readonly servingUrl: () => string | undefined;
}

const WeightsSchema = Type.Record(Type.String(), Type.Number(), {
  description: "Percent by variant: an alias of the model, or a version's number.",
});

const NumberOrNull = Type.Union([Type.Number(), Type.Null()]);
const MeasuredSchema = Type.Object({
  requests: Type.Integer(),
  errorRate: NumberOrNull,
  latencyP99Ms: NumberOrNull,
});

const RolloutSchema = Type.Object(
  {
    variant: Type.String(),
    steps: Type.Array(Type.Number(), { description: "Percent at each step." }),
    everyMs: Type.Number({ description: "How long a step takes at least." }),
    requestsMin: Type.Integer(),
    gates: Type.Object({ errorRate: Type.Number(), latencyP99: Type.Number(), drift: Type.Number() }),
    phase: Type.Union([
      Type.Literal("waiting"),
      Type.Literal("progressing"),
      Type.Literal("promoted"),
      Type.Literal("rolled-back"),
      Type.Literal("taken-over"),
    ]),
    step: Type.Integer({ description: "The place among the steps, from 0 on." }),
    version: Type.Union([Type.Integer(), Type.Null()]),
    stepSinceMs: NumberOrNull,
    reason: Type.String(),
    numbers: Type.Union([
      Type.Object({ primary: MeasuredSchema, variant: MeasuredSchema, drift: NumberOrNull }),
      Type.Null(),
    ]),
  },
  { title: "Rollout" },
);

const CountsSchema = Type.Object(
  {
    variants: Type.Array(
      Type.Object({
        variant: Type.String(),
        version: Type.Integer(),
        answered: Type.Integer(),
        failed: Type.Integer(),
        latencyP50Ms: NumberOrNull,
        latencyP99Ms: NumberOrNull,
      }),
    ),
    shadows: Type.Array(
      Type.Object({
        variant: Type.String(),
        version: Type.Integer(),
        answered: Type.Integer(),
        failed: Type.Integer(),
        dropped: Type.Integer(),
        agreed: Type.Integer(),
        disagreed: Type.Integer(),
      }),
    ),
  },
  { title: "VariantCounts", description: "Since the serving process began." },
);

const TrafficSchema = Type.Object(
  {
    service: Type.String(),
    primary: Type.String({ description: "The alias that the service is defined with; it takes what is left." }),
    variants: Type.Array(
      Type.Object({
        name: Type.String(),
        weight: Type.Number({ description: "Percent that was asked for." }),
        share: Type.Number({
          description: "Percent that it gets: nothing while it means no version, or the primary's own.",
        }),
        version: Type.Union([Type.Integer(), Type.Null()]),
      }),
    ),
    stickyBy: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()], {
      description: "The field, parameter or header whose value a caller's variant goes by; null: each request's id.",
    }),
    experiment: Type.Union([Type.String(), Type.Null()]),
    shadow: Type.Union([Type.Object({ variant: Type.String(), percent: Type.Number() }), Type.Null()], {
      description: "The variant that is asked a copy, and of how much.",
    }),
    rollout: Type.Union([RolloutSchema, Type.Null()]),
  },
  { title: "Traffic" },
);

const DecisionSchema = Type.Object(
  {
    id: Type.String(),
    service: Type.String(),
    kind: Type.Union([
      Type.Literal("defined"),
      Type.Literal("set"),
      Type.Literal("begin"),
      Type.Literal("step"),
      Type.Literal("promote"),
      Type.Literal("rollback"),
    ]),
    by: Type.String(),
    reason: Type.String(),
    weights: WeightsSchema,
    previousWeights: WeightsSchema,
    versions: Type.Record(Type.String(), Type.Integer(), { description: "The version of each variant then." }),
    numbers: Type.Record(Type.String(), Type.Unknown(), { description: "What was measured, where something was." }),
    decidedAtMs: Type.Number(),
  },
  { title: "TrafficDecision" },
);

const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });
const ChangeFields = {
  by: Type.String({ default: "api", minLength: 1, maxLength: 200, description: "Who changes it." }),
  reason: Type.String({ minLength: 1, maxLength: 1_000 }),
};

/** How the requests of services are shared, over HTTP. */
export function trafficRoutes(open: () => TrafficWorld): readonly Route[] {
  return [
    route({
      id: "showTraffic",
      path: "/api/v1/services/:name/traffic",
      summary: "Which versions share a service's requests.",
      params: NameParameter,
      response: TrafficSchema,
      handler: async ({ params: { name } }) => {
        const definition = definitionOf(open(), name);
        return told(open(), definition, await showTraffic(open().parts, definition));
      },
    }),
    route({
      id: "setTraffic",
      path: "/api/v1/services/:name/traffic",
      method: "POST",
      summary: "Shares a service's requests by other weights from now on.",
      params: NameParameter,
      body: Type.Object({ weights: WeightsSchema, ...ChangeFields }),
      response: TrafficSchema,
      handler: async ({ params: { name }, body }) => {
        const definition = definitionOf(open(), name);
        const { parts } = open();
        const state = await oneChange(parts, name, async () =>
          setTraffic(parts, definition, { ...body, ...(await takenOver(parts, name, "taken-over")) }),
        );
        return told(open(), definition, state);
      },
    }),
    route({
      id: "promoteVariant",
      path: "/api/v1/services/:name/traffic/promote",
      method: "POST",
      summary: "Makes a variant's version the service's own: its alias means it, and it gets all requests.",
      params: NameParameter,
      body: Type.Object({ variant: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })), ...ChangeFields }),
      response: TrafficSchema,
      handler: async ({ params: { name }, body }) => {
        const { parts, services } = open();
        const definition = definitionOf(open(), name);
        const state = await oneChange(parts, name, async () => {
          const { version } = await variantToPromote(parts, definition, body.variant);
          const rollout = await takenOver(parts, name, "promoted", version);
          return promoteVariant(parts, definition, { ...body, ...rollout });
        });
        await deployTraffic(
          parts,
          services.filter((other) => answersWith(other, definition)),
        );
        return told(open(), definition, state);
      },
    }),
    route({
      id: "rollbackTraffic",
      path: "/api/v1/services/:name/traffic/rollback",
      method: "POST",
      summary: "Gives all requests back to the service's own version.",
      params: NameParameter,
      body: Type.Object(ChangeFields),
      response: TrafficSchema,
      handler: async ({ params: { name }, body }) => {
        const definition = definitionOf(open(), name);
        const { parts } = open();
        const state = await oneChange(parts, name, async () =>
          rollbackTraffic(parts, definition, { ...body, ...(await takenOver(parts, name, "rolled-back")) }),
        );
        return told(open(), definition, state);
      },
    }),
    route({
      id: "restartRollout",
      path: "/api/v1/services/:name/traffic/rollout",
      method: "POST",
      summary: "Rolls the variant's version out once more, from the first step on.",
      params: NameParameter,
      response: TrafficSchema,
      handler: async ({ params: { name } }) => {
        const { parts } = open();
        const definition = definitionOf(open(), name);
        if (definition.traffic?.rollout === undefined)
          throw servingErrors.create("serving/no-traffic", {
            because: `${definition.name} is defined without a rollout`,
            remedy: 'Name the alias whose versions are rolled out: `traffic: { rollout: { variant: "challenger" } }`.',
          });
        await oneChange(parts, name, () => restartRollout(parts, name));
        return told(open(), definition, await showTraffic(parts, definition));
      },
    }),
    route({
      id: "showVariantCounts",
      path: "/api/v1/services/:name/traffic/counts",
      summary: "What each of the versions has answered since the serving process began.",
      params: NameParameter,
      response: CountsSchema,
      handler: async ({ params: { name } }) => {
        const { service, counts } = { service: definitionOf(open(), name).name, counts: await countsOf(open()) };
        const own = <One extends { readonly service: string }>(all: readonly One[]) =>
          all.filter((one) => one.service === service).map(({ service: _service, ...one }) => one);
        return { variants: own(counts.variants).map(toldCounts), shadows: own(counts.shadows) };
      },
    }),
    route({
      id: "listTrafficDecisions",
      path: "/api/v1/services/:name/traffic/decisions",
      summary: "What was decided of a service's traffic, by whom and why, newest first.",
      params: NameParameter,
      response: Type.Array(DecisionSchema),
      handler: ({ params: { name } }) => listDecisions(open().parts, definitionOf(open(), name).name),
    }),
  ];
}

async function countsOf({ servingUrl }: TrafficWorld): Promise<Pick<TrafficCounts, "variants" | "shadows">> {
  const url = servingUrl();
  if (url === undefined) return { variants: [], shadows: [] };
  return readTrafficCounts(url).catch((cause: unknown) => {
    throw servingErrors.create("serving/not-running", { because: `nothing answers at ${url}`, cause });
  });
}

function toldCounts({ variant, version, answered, failed, latency }: VariantCounts) {
  const quantile = (share: number) => latencyQuantileMs(latency, share) ?? null;
  return { variant, version, answered, failed, latencyP50Ms: quantile(0.5), latencyP99Ms: quantile(0.99) };
}

function definitionOf({ services }: TrafficWorld, name: string): ServiceDefinition {
  const found = services.find((service) => service.name === name);
  if (found !== undefined) return found;
  throw servingErrors.create("serving/unknown-service", {
    because: `the project defines no service ${name.slice(0, 100)}`,
  });
}

function answersWith(one: ServiceDefinition, other: ServiceDefinition): boolean {
  return modelReference(one.model).model === modelReference(other.model).model;
}

async function told(
  { parts }: TrafficWorld,
  { traffic }: ServiceDefinition,
  { service, primary, variants }: TrafficState,
) {
  const rules = traffic?.rollout === undefined ? undefined : rolloutRules(traffic.rollout);
  return {
    service,
    primary,
    variants,
    stickyBy: traffic?.stickyBy === undefined ? null : { ...traffic.stickyBy },
    experiment: traffic?.experiment ?? null,
    shadow: traffic === undefined ? null : (shadowOf(traffic) ?? null),
    rollout: rules === undefined ? null : toldRollout(rules, await rolloutState(parts, service)),
  };
}
