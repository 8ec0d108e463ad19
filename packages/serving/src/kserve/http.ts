import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { ServicePlaces } from "../ask.ts";
import { servingErrors } from "../errors.ts";
import { StepCounts } from "../graphs/step-counts.ts";
import type { GraphView } from "../inference/ports.ts";
import type { IndexEntry } from "../inference/served-model.ts";
import { documentsFolder, RELOAD_PAGE } from "./places.ts";
import type { ModelRegistry } from "../storage/resolve-model-uri.ts";
import { applyDocuments, toldRevisions, type RevisionTold } from "./apply-documents.ts";
import { readDocumentFolder } from "./document-folder.ts";
import { DEFINED_FILE, dropDocument } from "./kept-documents.ts";

/** What the routes of KServe's documents stand on. */
export interface AppliedPlaces extends ServicePlaces {
  /** The project's registered models. */
  readonly registry: ModelRegistry;
}

const RemarkSchema = Type.Object({
  level: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
  of: Type.String({ description: "The document's kind and name." }),
  path: Type.String({ description: "The field." }),
  line: Type.Integer(),
  because: Type.String(),
});

const StateFields = {
  state: Type.Union(
    [Type.Literal("READY"), Type.Literal("UNAVAILABLE"), Type.Literal("LOADING"), Type.Literal("NOT UP")],
    { description: "`NOT UP`: it is served once the project is." },
  ),
  reason: Type.String(),
};

const RevisionsSchema = Type.Array(
  Type.Object({
    revision: Type.Union([Type.Literal("rolled-out"), Type.Literal("canary")]),
    percent: Type.Integer({
      description: "Of the requests. Those of a canary that is not ready go to the one that is rolled out.",
    }),
    storageUri: Type.String(),
    name: Type.String({ description: "By which it is asked by itself." }),
    ...StateFields,
  }),
  { description: "The models that share its requests, the one that is rolled out first; none of what has no model." },
);

const AppliedSchema = Type.Object(
  {
    kind: Type.String(),
    name: Type.String(),
    storageUri: Type.Union([Type.String(), Type.Null()]),
    source: Type.Union([Type.Literal("applied"), Type.Literal("defined")]),
    url: Type.Union([Type.String(), Type.Null()]),
    ...StateFields,
    revisions: RevisionsSchema,
  },
  { title: "AppliedService" },
);

const StepSchema = Type.Object({
  name: Type.String(),
  to: Type.Union([Type.Literal("node"), Type.Literal("model"), Type.Literal("address")]),
  target: Type.String(),
  weight: Type.Optional(Type.Number()),
  condition: Type.Optional(Type.String()),
  data: Type.Optional(Type.String()),
  dependency: Type.Union([Type.Literal("Soft"), Type.Literal("Hard")]),
  requests: Type.Integer(),
  failures: Type.Integer(),
  skipped: Type.Integer({ description: "Requests whose condition sent them another way." }),
  seconds: Type.Number({ description: "Time of all its requests together." }),
});

const GraphSchema = Type.Object(
  {
    name: Type.String(),
    ...StateFields,
    nodes: Type.Record(Type.String(), Type.Object({ routerType: Type.String(), steps: Type.Array(StepSchema) }), {
      description: "By their names; a request begins at `root`.",
    }),
  },
  { title: "InferenceGraph" },
);

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
              ...StateFields,
              revisions: RevisionsSchema,
            }),
          ),
          remarks: Type.Array(RemarkSchema),
        },
        { title: "ServicesApplied" },
      ),
      handler: async ({ body }) => {
        const places = open();
        const { registry } = places;
        const answer = await applyDocuments({ folder: documentsFolder(places), registry }, body);
        if (!answer.isApplied) return answer;
        await reload(places);
        const states = await statesOf(places);
        return { ...answer, services: answer.services.map((one) => withStates(one, states)) };
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
  const states = await statesOf(places);
  const url = places.servingUrl();
  return services.map(({ file, ...service }) => {
    const { kind, name } = service.document;
    return withStates(
      {
        kind,
        name,
        storageUri: service.model?.uri ?? null,
        source: file === DEFINED_FILE ? ("defined" as const) : ("applied" as const),
        url: url === undefined ? null : `${url}/v2/models/${encodeURIComponent(name)}/infer`,
        revisions: toldRevisions(service),
      },
      states,
    );
  });
}

function withStates<Service extends Named & { readonly revisions: readonly RevisionTold[] }>(
  service: Service,
  states: (one: Named) => Told,
) {
  const { kind } = service;
  const revisions = service.revisions.map((revision) => ({ ...revision, ...states({ kind, name: revision.name }) }));
  return { ...service, ...states(service), revisions };
}

type Told = Pick<IndexEntry, "reason"> & { readonly state: IndexEntry["state"] | "NOT UP" };

interface Named {
  readonly kind: string;
  readonly name: string;
}

/** How each is served at this moment, by its name. */
async function statesOf({ servingUrl }: ServicePlaces): Promise<(one: Named) => Told> {
  const index = await asked<readonly IndexEntry[]>(servingUrl(), { path: "/v2/repository/index", method: "POST" });
  if (index === undefined) return () => ({ state: "NOT UP", reason: "" });
  return ({ kind, name }) => {
    // It is noted, and is no model.
    if (kind.endsWith("Runtime")) return { state: "READY", reason: "" };
    const found = index.findLast((entry) => entry.name === name);
    return { state: found?.state ?? "UNAVAILABLE", reason: found?.reason ?? "the serving process does not know it" };
  };
}

async function graphs(places: AppliedPlaces) {
  const { services } = await readDocumentFolder(documentsFolder(places));
  const states = await statesOf(places);
  const named = services.flatMap(({ graph }) => (graph === undefined ? [] : [graph]));
  return Promise.all(
    named.map(async ({ name, nodes }) => {
      const path = `/v2/models/${encodeURIComponent(name)}/graph`;
      const view = await asked<GraphView>(places.servingUrl(), { path, method: "GET" });
      return {
        name,
        ...states({ kind: "InferenceGraph", name }),
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
