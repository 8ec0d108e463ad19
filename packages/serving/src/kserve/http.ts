import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { ServicePlaces } from "../ask.ts";
import { servingErrors } from "../errors.ts";
import { StepCounts } from "../graphs/step-counts.ts";
import type { GraphView } from "../inference/ports.ts";
import { AppliedSchema, GraphSchema, RemarkSchema, StatusFields } from "./applied-schemas.ts";
import { statusOf, type AppliedTold, type ServingTold } from "./applied-status.ts";
import { documentsFolder, RELOAD_PAGE, STATUS_PAGE } from "./places.ts";
import type { ModelRegistry } from "../storage/resolve-model-uri.ts";
import { applyDocuments } from "./apply-documents.ts";
import { readDocumentFolder } from "./document-folder.ts";
import { DEFINED_FILE, dropDocument } from "./kept-documents.ts";
import { keyOf } from "./revisions.ts";

/** What the routes of KServe's documents stand on. */
export interface AppliedPlaces extends ServicePlaces {
  /** The project's registered models. */
  readonly registry: ModelRegistry;
}

/** KServe's documents in a project: applied, listed, taken away; and the graphs that are served. */
export function appliedRoutes(open: () => AppliedPlaces): readonly Route[] {
  return [
    route({
      id: "applyServices",
      path: "/api/v1/applied-services",
      summary: "Serve what KServe's documents ask for. Where one of them has an error, none is applied.",
      body: Type.Object({
        documents: Type.String({ maxLength: 4_000_000, description: "YAML or JSON, with --- between documents." }),
        folder: Type.String({ description: "Where paths of theirs that are not absolute begin." }),
        dryRun: Type.Optional(Type.Boolean({ description: "Only tell what would be done." })),
      }),
      response: Type.Object(
        {
          isApplied: Type.Boolean(),
          services: Type.Array(
            Type.Object({
              kind: Type.String(),
              name: Type.String(),
              change: Type.Union([Type.Literal("created"), Type.Literal("configured"), Type.Literal("unchanged")]),
              ...StatusFields,
            }),
          ),
          remarks: Type.Array(RemarkSchema),
        },
        { title: "ServicesApplied" },
      ),
      handler: async ({ body }) => {
        const places = open();
        const { registry } = places;
        const { taken = {} } = (await servingTold(places)) ?? {};
        const others = new Map(Object.entries(taken));
        const answer = await applyDocuments({ folder: documentsFolder(places), registry, taken: others }, body);
        if (!answer.isApplied) return answer;
        await reload(places);
        const now = new Map((await list(places)).map((service) => [keyOf(service), service]));
        const services = answer.services.map((one) => {
          const { state, reason, revisions, conditions, transitionStatus } = now.get(keyOf(one)) ?? one;
          return { ...one, state, reason, revisions, conditions, transitionStatus };
        });
        return { ...answer, services };
      },
    }),
    route({
      id: "listAppliedServices",
      path: "/api/v1/applied-services",
      summary: "What KServe's documents, and the project's graphs, ask to be served.",
      response: Type.Array(AppliedSchema),
      handler: () => list(open()),
    }),
    route({
      id: "deleteAppliedService",
      method: "DELETE",
      path: "/api/v1/applied-services/:kind/:name",
      summary: "Serve an applied document's model or graph no more.",
      params: Type.Object({
        kind: Type.String({ pattern: "^[A-Za-z]+$" }),
        name: Type.String({ pattern: "^[a-z0-9.-]+$" }),
      }),
      response: Type.Object({ kind: Type.String(), name: Type.String() }, { title: "AppliedServiceDeleted" }),
      handler: async ({ params }) => {
        if (!(await dropDocument(documentsFolder(open()), params)))
          throw servingErrors.create("serving/unknown-service", {
            because: `no ${params.kind} ${params.name} was applied`,
          });
        await reload(open());
        return params;
      },
    }),
    route({
      id: "listInferenceGraphs",
      path: "/api/v1/inference-graphs",
      summary: "The graphs of models that are served, with what each step was asked.",
      response: Type.Array(GraphSchema),
      handler: () => graphs(open()),
    }),
  ];
}

/** Has the serving process read the documents; where it does not answer, it reads them when it starts. */
async function reload({ servingUrl }: ServicePlaces): Promise<void> {
  const url = servingUrl();
  if (url !== undefined) await fetch(`${url}${RELOAD_PAGE}`, { method: "POST" }).catch(() => undefined);
}

async function list(places: AppliedPlaces) {
  const { services } = await readDocumentFolder(documentsFolder(places));
  const told = await servingTold(places);
  const url = places.servingUrl();
  return services.map((service) => {
    const { kind, name } = service.document;
    const status = statusOf(service, told);
    // The models of a repository are asked by their own names.
    const isRepository = status.revisions.some(({ models }) => models.length > 0);
    const path = isRepository ? "/v2" : `/v2/models/${encodeURIComponent(name)}/infer`;
    return {
      kind,
      name,
      storageUri: service.model?.uri ?? null,
      source: service.file === DEFINED_FILE ? ("defined" as const) : ("applied" as const),
      url: url === undefined ? null : `${url}${path}`,
      ...status,
    };
  });
}

/** What the serving process tells at this moment; undefined where it does not answer. */
async function servingTold({ servingUrl }: ServicePlaces): Promise<(ServingTold & AppliedTold) | undefined> {
  const url = servingUrl();
  const index = await asked<ServingTold["index"]>(url, { path: "/v2/repository/index", method: "POST" });
  const applied = await asked<AppliedTold>(url, { path: STATUS_PAGE, method: "GET" });
  return index === undefined || applied === undefined ? undefined : { index, ...applied };
}

async function graphs(places: AppliedPlaces) {
  const { services } = await readDocumentFolder(documentsFolder(places));
  const told = await servingTold(places);
  const named = services.flatMap((service) => (service.graph === undefined ? [] : [{ service, graph: service.graph }]));
  return Promise.all(
    named.map(async ({ service, graph: { name, nodes } }) => {
      const { state, reason } = statusOf(service, told);
      const path = `/v2/models/${encodeURIComponent(name)}/graph`;
      const view = await asked<GraphView>(places.servingUrl(), { path, method: "GET" });
      return {
        name,
        state,
        reason,
        nodes: view?.nodes ?? new StepCounts(nodes).view().nodes,
      };
    }),
  );
}

const ANSWER_MS_MAX = 5_000;

/** What the serving process answers; undefined where it does not, or refuses. */
async function asked<Answer>(
  url: string | undefined,
  { path, method }: { readonly path: string; readonly method: "GET" | "POST" },
): Promise<Answer | undefined> {
  if (url === undefined) return undefined;
  try {
    const response = await fetch(`${url}${path}`, { method, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return response.ok ? ((await response.json()) as Answer) : undefined;
  } catch {
    return undefined;
  }
}
