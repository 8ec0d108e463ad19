import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { modelReference, type ServiceDefinition } from "../define-service.ts";
import { servingErrors } from "../errors.ts";
import { latencyQuantileMs } from "../latency.ts";
import { oneChange } from "./one-change.ts";
import { rolloutRules } from "./rollout-rules.ts";
import { restartRollout, rolloutState, takenOver, toldRollout } from "./rollout.ts";
import { readTrafficCounts, type TrafficCounts } from "./traffic-counts.ts";
import { shadowOf } from "./traffic-options.ts";
import {
  ChangeFields,
  CountsSchema,
  DecisionSchema,
  NameParameter,
  TrafficSchema,
  WeightsSchema,
} from "./traffic-schemas.ts";
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
