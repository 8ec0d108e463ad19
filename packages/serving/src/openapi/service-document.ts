import { serverRoutes, serviceRoutes, versionsOf } from "../routes.ts";
import type { LoadedService } from "../service.ts";
import { OCCUPANCY_PAGE } from "../occupancy.ts";
import { TRAFFIC_PAGE } from "../traffic/traffic-counts.ts";
import { openApiDocument, type ToldOperation } from "./document.ts";
import { isFunction, type LoadedFunction } from "../functions/load-function.ts";
import { functionSchemas, serviceSchemas } from "./service-schemas.ts";

/** The OpenAPI 3.1 document of the serving process: each service at its own addresses, as its signature is now. */
export function openApiOfServices(services: readonly (LoadedService | LoadedFunction)[], version: string): object {
  return openApiDocument({
    title: "Predictions",
    version,
    operations: [...serverOperations(), ...services.flatMap(serviceOperations)],
    schemas: Object.assign({}, ...services.map(namedSchemas)) as Readonly<Record<string, object>>,
  });
}

function serverOperations(): readonly ToldOperation[] {
  const operations = Object.entries(serverRoutes).map(([path, { id, summary, answers }]): ToldOperation => ({
    id,
    method: "GET",
    path,
    summary,
    answers: { "application/json": answers },
  }));
  const metrics: ToldOperation = {
    id: "metrics",
    method: "GET",
    path: "/metrics",
    summary: "What was answered and how long it took, for Prometheus.",
    answers: { "text/plain": { type: "string" } },
  };
  const traffic: ToldOperation = {
    id: "traffic",
    method: "GET",
    path: TRAFFIC_PAGE,
    summary: "What the versions that share services' requests have answered since the start of the process.",
    answers: { "application/json": { type: "object", required: ["instance", "variants", "shadows"] } },
  };
  const occupancy: ToldOperation = {
    id: "occupancy",
    method: "GET",
    path: OCCUPANCY_PAGE,
    summary: "Which models are in memory, what they take of what they may, and when each was asked last.",
    answers: { "application/json": { type: "object", required: ["processBytes", "bytes", "bytesMax", "models"] } },
  };
  return [...operations, metrics, traffic, occupancy];
}

function namedSchemas(service: LoadedService | LoadedFunction): Readonly<Record<string, object>> {
  const { name: own } = service.deployed;
  const schemas = isFunction(service)
    ? functionSchemas(service.deployed)
    : serviceSchemas(service.deployed, service.model);
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [`${own}.${name}`, schema]));
}

/** Once without the version, once with it. */
function serviceOperations(service: LoadedService | LoadedFunction): readonly ToldOperation[] {
  const { name } = service.deployed;
  const path = `/v2/models/${encodeURIComponent(name)}`;
  return [
    ...operationsAt(service, { path, id: name }),
    ...versionsOf(service).flatMap((version) =>
      operationsAt(service, { path: `${path}/versions/${version}`, id: `${name}.${version}` }),
    ),
  ];
}

interface At {
  readonly path: string;
  readonly id: string;
}

function operationsAt({ deployed }: LoadedService | LoadedFunction, { path, id }: At): readonly ToldOperation[] {
  const reads = Object.entries(serviceRoutes).map(([tail, route]): ToldOperation => ({
    id: `${id}.${route.id}`,
    method: "GET",
    path: `${path}${tail}`,
    summary: route.summary,
    answers: { "application/json": route.answers },
    refusals: [404],
  }));
  const named = (name: string) => ({ $ref: `#/components/schemas/${deployed.name}.${name}` });
  const infer: ToldOperation = {
    id: `${id}.Infer`,
    method: "POST",
    path: `${path}/infer`,
    summary: "Predict, of one row or of many.",
    body: {
      required: true,
      schema: { anyOf: [named("Row"), named("Columns")] },
      ...("example" in deployed && deployed.example !== undefined ? { example: deployed.example } : {}),
    },
    answers: { "application/json": { anyOf: [named("Prediction"), named("Predictions")] } },
    refusals: "hash" in deployed ? [400, 404, 413, 422, 500, 503, 504] : [400, 404, 413, 422, 503],
  };
  return [...reads, infer];
}
