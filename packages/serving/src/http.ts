import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { ask, type ServicePlaces } from "./ask.ts";
import { deployedFunctions, deployedServices, type DeployedFunction, type DeployedService } from "./deployment.ts";
import { servingErrors } from "./errors.ts";
import { readServingLoad, type ServingLoad } from "./latency.ts";
import { servedModelRoutes } from "./served-models-http.ts";
import { tryModelRoutes } from "./try-model-http.ts";

export { ask, type ServicePlaces } from "./ask.ts";
export { askRows } from "./ask-rows.ts";
export { applyDocuments } from "./kserve/apply-documents.ts";
export { appliedRoutes, type AppliedPlaces } from "./kserve/http.ts";
export { trafficRoutes } from "./traffic/http.ts";

const FieldSchema = Type.Object({
  name: Type.String(),
  type: Type.String(),
  nullable: Type.Boolean({ description: "It may be left out." }),
});

const ServiceSchema = Type.Object(
  {
    name: Type.String(),
    model: Type.Union([Type.String(), Type.Null()], { description: "Null where a function of the project answers." }),
    version: Type.Integer(),
    request: Type.Array(FieldSchema, { description: "The fields that a caller sends." }),
    timestamp: Type.Union([Type.String(), Type.Null()], {
      description: "The field that says when it asks; null: the clock does.",
    }),
    example: Type.Record(Type.String(), Type.Unknown(), { description: "A request that can be sent as it is." }),
    url: Type.Union([Type.String(), Type.Null()], { description: "Where predictions are asked for." }),
  },
  { title: "Service" },
);

const LoadSchema = Type.Object(
  {
    answered: Type.Number({ description: "Predictions." }),
    failed: Type.Number({ description: "Requests refused or failed." }),
    buckets: Type.Array(
      Type.Object(
        { seconds: Type.Union([Type.Number(), Type.Null()]), count: Type.Number() },
        {
          description: "How many requests took at most so long; the last has no bound.",
        },
      ),
    ),
  },
  { title: "ServingLoad" },
);

const ExplanationSchema = Type.Object(
  {
    scale: Type.Union([Type.Literal("log_odds"), Type.Literal("number"), Type.Literal("score")], {
      description: "Of what the base and the contributions are parts.",
    }),
    class: Type.Optional(
      Type.Union([Type.Number(), Type.String(), Type.Boolean()], { description: "Whose score it is." }),
    ),
    base: Type.Number({ description: "What the model answers on average." }),
    contributions: Type.Array(
      Type.Object({
        feature: Type.String(),
        value: Type.Union([Type.Number(), Type.String(), Type.Null()]),
        contribution: Type.Number(),
      }),
      { description: "What each feature adds, the largest first; with the base, the answer before its link." },
    ),
  },
  { title: "Explanation", description: "Why the answer is what it is: Shapley values." },
);

const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });

/** The deployed services over HTTP, and a way to ask one from the console. */
export function serviceRoutes(open: () => ServicePlaces): readonly Route[] {
  return [
    ...servedModelRoutes(open),
    ...tryModelRoutes(open),
    route({
      id: "listServices",
      path: "/api/v1/services",
      summary: "The deployed services.",
      response: Type.Array(ServiceSchema),
      handler: async () => (await allDeployed(open())).map((service) => described(service, open())),
    }),
    route({
      id: "showService",
      path: "/api/v1/services/:name",
      summary: "What a service takes and which version answers.",
      params: NameParameter,
      response: ServiceSchema,
      handler: async ({ params: { name } }) => described(await deployedService(open(), name), open()),
    }),
    route({
      id: "showServingLoad",
      path: "/api/v1/serving/load",
      summary: "What the serving process has answered since its start, and how fast.",
      response: LoadSchema,
      handler: ({ signal }) => loadOf(open(), signal),
    }),
    route({
      id: "predict",
      path: "/api/v1/services/:name/predict",
      summary: 'One prediction, through the serving process; explained with `parameters: { "explain": true }`.',
      params: NameParameter,
      body: Type.Record(Type.String(), Type.Unknown()),
      response: Type.Object(
        {
          id: Type.String(),
          model_name: Type.String(),
          model_version: Type.String(),
          variant: Type.Optional(
            Type.String({ description: "Which of the versions that share the service's requests answered." }),
          ),
          probability: Type.Optional(Type.Number({ description: "Of a yes-or-no question." })),
          prediction: Type.Optional(
            Type.Union([Type.Number(), Type.String(), Type.Boolean()], {
              description: "The number, or the likeliest class.",
            }),
          ),
          probabilities: Type.Optional(
            Type.Record(Type.String(), Type.Number(), { description: "Of each class, by its name." }),
          ),
          explanation: Type.Optional(ExplanationSchema),
        },
        { title: "Prediction" },
      ),
      handler: async ({ params, body, signal }) => {
        const { name } = await deployedService(open(), params.name);
        return ask(open(), { name, body, signal });
      },
    }),
  ];
}

type Deployed = DeployedService | DeployedFunction;

async function allDeployed({ deploymentFile }: ServicePlaces): Promise<readonly Deployed[]> {
  return [...(await deployedServices(deploymentFile)), ...(await deployedFunctions(deploymentFile))];
}

async function deployedService(places: ServicePlaces, name: string): Promise<Deployed> {
  const found = (await allDeployed(places)).find((service) => service.name === name);
  if (found !== undefined) return found;
  throw servingErrors.create("serving/unknown-service", { because: `nothing is deployed as ${name}` });
}

function described(service: Deployed, { servingUrl }: ServicePlaces) {
  const { name, version, request, timestamp } = service;
  const { model = null, example = {} } = service as Partial<DeployedService>;
  const url = servingUrl();
  return {
    name,
    model,
    version,
    timestamp: timestamp ?? null,
    example,
    request: request.map((field) => ({ name: field.name, type: field.type, nullable: field.nullable === true })),
    url: url === undefined ? null : `${url}/v2/models/${encodeURIComponent(name)}/infer`,
  };
}

/** Who answers in a millisecond, and not in two seconds, hangs. */
const LOAD_TIMEOUT_MS = 2_000;

async function loadOf({ servingUrl }: ServicePlaces, signal: AbortSignal): Promise<ServingLoad> {
  const url = servingUrl();
  if (url === undefined) throw servingErrors.create("serving/not-running", { because: "the project is not up" });
  try {
    const response = await fetch(`${url}/metrics?model=`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(LOAD_TIMEOUT_MS)]),
    });
    return readServingLoad(await response.text());
  } catch (error) {
    throw servingErrors.create("serving/not-running", { because: `nothing answers at ${url}`, cause: error });
  }
}
