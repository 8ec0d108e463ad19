import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { modelReference, type ServiceDefinition } from "../define-service.ts";
import { servingErrors } from "../errors.ts";
import {
  deployTraffic,
  listDecisions,
  promoteVariant,
  rollbackTraffic,
  setTraffic,
  showTraffic,
  type TrafficParts,
  type TrafficState,
} from "./traffic.ts";

/** What the routes of traffic stand on. */
export interface TrafficWorld {
  readonly parts: TrafficParts;
  /** As the project defines them. */
  readonly services: readonly ServiceDefinition[];
}

const WeightsSchema = Type.Record(Type.String(), Type.Number(), {
  description: "Percent by variant: an alias of the model, or a version's number.",
});

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
        return told(definition, await showTraffic(open().parts, definition));
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
        return told(definition, await setTraffic(open().parts, definition, body));
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
        const state = await promoteVariant(parts, definition, body);
        await deployTraffic(
          parts,
          services.filter((other) => answersWith(other, definition)),
        );
        return told(definition, state);
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
        return told(definition, await rollbackTraffic(open().parts, definition, body));
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

function told({ traffic }: ServiceDefinition, { service, primary, variants }: TrafficState) {
  return {
    service,
    primary,
    variants,
    stickyBy: traffic?.stickyBy === undefined ? null : { ...traffic.stickyBy },
    experiment: traffic?.experiment ?? null,
  };
}
