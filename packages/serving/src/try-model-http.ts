import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { askText, type ServicePlaces } from "./ask.ts";
import type { ExplanationWay } from "./explain/explanation-way.ts";

/** A model may have to be loaded first, and be explained by a thousand questions. */
const ASK_TIMEOUT_MS = 60_000;
const REQUEST_LENGTH_MAX = 1_000_000;

/** What names a model, and leads to no other address. */
const NameParameter = Type.Object({ name: Type.String({ minLength: 1, maxLength: 300, pattern: "^(?!\\.{1,2}$)" }) });

const TensorSchema = Type.Object({
  name: Type.String(),
  datatype: Type.String({ description: "As the Open Inference Protocol has it." }),
  shape: Type.Array(Type.Integer(), { description: "-1 is a dimension of any size." }),
});

const ServedModelSchema = Type.Object(
  {
    name: Type.String(),
    platform: Type.String(),
    versions: Type.Array(Type.String()),
    inputs: Type.Array(Type.Object({ ...TensorSchema.properties, features: Type.Array(Type.String()) })),
    outputs: Type.Array(TensorSchema),
    explained: Type.Object({
      by: Type.Union([Type.Literal("model"), Type.Literal("asking"), Type.Literal("none")], {
        description: "It says itself what each feature adds; or it is asked about other rows; or neither.",
      }),
      reason: Type.String({ description: "Why it is not explained." }),
      hasBackground: Type.Boolean({ description: "It has rows of its own against which it is explained by asking." }),
      features: Type.Array(Type.String(), { description: "What the contributions are of, where that is known." }),
    }),
  },
  { title: "ServedModel" },
);

/** Any model that is served, to be asked from the console. */
export function tryModelRoutes(open: () => ServicePlaces): readonly Route[] {
  return [
    route({
      id: "showServedModel",
      path: "/api/v1/serving/models/:name",
      summary: "What a served model or graph takes and answers, and how it is explained. One not in memory is loaded.",
      params: NameParameter,
      response: ServedModelSchema,
      handler: ({ params: { name }, signal }) => describe(open(), { name, signal }),
    }),
    route({
      id: "askServedModel",
      path: "/api/v1/serving/models/:name/ask",
      summary: "Ask a served model or graph, or why it answers so: its own protocol's JSON, there and back as text.",
      params: NameParameter,
      body: Type.Object({
        verb: Type.Union([Type.Literal("infer"), Type.Literal("explain")], {
          description: "`infer` is of the Open Inference Protocol, `explain` of KServe's first protocol.",
        }),
        request: Type.String({ maxLength: REQUEST_LENGTH_MAX, description: "Of which no digit is lost on its way." }),
      }),
      response: Type.Object({ answer: Type.String(), tookMs: Type.Number() }, { title: "ServedModelAnswer" }),
      handler: async ({ params, body: { verb, request }, signal }) => {
        const name = encodeURIComponent(params.name);
        const path = verb === "infer" ? `/v2/models/${name}/infer` : `/v1/models/${name}:explain`;
        const startedMs = performance.now();
        const answer = await askText(open(), { path, body: request, signal, timeoutMs: ASK_TIMEOUT_MS });
        return { answer, tookMs: performance.now() - startedMs };
      },
    }),
  ];
}

interface Metadata {
  readonly name: string;
  readonly platform: string;
  readonly versions: readonly string[];
  readonly inputs: readonly (Tensor & { readonly parameters?: { readonly feature_names?: string } })[];
  readonly outputs: readonly Tensor[];
}

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

async function describe(
  places: ServicePlaces,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
) {
  const read = async <Page>(tail: string): Promise<Page> => {
    const path = `/v2/models/${encodeURIComponent(name)}${tail}`;
    return JSON.parse(await askText(places, { path, signal, timeoutMs: ASK_TIMEOUT_MS })) as Page;
  };
  const { platform, versions, inputs, outputs } = await read<Metadata>("");
  const { by, reason, has_background: hasBackground, features } = await read<ExplanationWay>("/explanation");
  const plain = ({ name: own, datatype, shape }: Tensor) => ({ name: own, datatype, shape });
  return {
    name,
    platform,
    versions,
    inputs: inputs.map((input) => ({ ...plain(input), features: featuresOf(input) })),
    outputs: outputs.map(plain),
    explained: { by, reason, hasBackground, features },
  };
}

function featuresOf({ parameters }: Metadata["inputs"][number]): readonly string[] {
  return parameters?.feature_names === undefined ? [] : (JSON.parse(parameters.feature_names) as readonly string[]);
}
