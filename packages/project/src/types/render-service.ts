import { pascalCase, record, requestRecord, textUnion, type TypedService } from "./render-types.ts";

export interface ServiceFile {
  readonly name: string;
  readonly service: TypedService;
  /** Only declarations, for a `.d.ts`; else the client's few lines too, over `fetch`. */
  readonly declarationsOnly: boolean;
}

/** A file that stands alone, for a caller in another repository: what one service takes, answers and refuses with, and a client. */
export function renderServiceTypes(file: ServiceFile): string {
  const parts = [
    `// The service ${JSON.stringify(file.name)}, made by \`mill types --service\`. It needs nothing else.`,
    ...typesOf(file),
    ...(file.declarationsOnly ? declared(file) : written(file)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function typesOf({ name, service }: ServiceFile): readonly string[] {
  const type = pascalCase(name);
  return [
    `export interface ${type}Request ${requestRecord(service.request, "")}`,
    `export interface ${type}Response ${record(service.response, "")}`,
    `/** Why a request was refused; \`mill explain CODE\` says more. */\nexport type ${type}ErrorCode = ${textUnion(service.errors)};`,
    `export interface Services {\n  ${JSON.stringify(name)}: { request: ${type}Request; response: ${type}Response; errors: ${type}ErrorCode };\n}`,
    `export interface ${type}Client {\n  /** One prediction. Throws ${type}Error when it is refused. */\n  predict(request: ${type}Request): Promise<${type}Response>;\n  /** One prediction, and why: what each feature adds to the answer, the largest first. */\n  explain(request: ${type}Request): Promise<${type}Response & { readonly explanation: Explanation }>;\n}`,
    EXPLANATION,
    `export interface ClientOptions {\n  /** Where the serving process listens: http://127.0.0.1:8080. */\n  readonly url: string;\n  /** A request that takes longer fails. Default 10,000. */\n  readonly timeoutMs?: number;\n}`,
  ];
}

/** As the serving process answers; `client` has the same, generated from the API. */
const EXPLANATION = `/** Why the answer is what it is: Shapley values. */
export interface Explanation {
  /** Of what the base and the contributions are parts. */
  readonly scale: "log_odds" | "number" | "score";
  /** Whose score it is. */
  readonly class?: number | string | boolean;
  /** What the model answers on average. */
  readonly base: number;
  readonly contributions: readonly { readonly feature: string; readonly value: number | string | null; readonly contribution: number }[];
}`;

function declared({ name }: ServiceFile): readonly string[] {
  const type = pascalCase(name);
  return [
    `export interface ${type}Error extends Error {\n  readonly status: number;\n  readonly code: ${type}ErrorCode | undefined;\n  readonly remedy: string | undefined;\n}`,
  ];
}

/** The client. It reaches \`fetch\` through a shape of its own, so that it compiles with the types of a browser, of Node or of neither. */
function written({ name }: ServiceFile): readonly string[] {
  const type = pascalCase(name);
  return [
    `export class ${type}Error extends Error {
  readonly status: number;
  readonly code: ${type}ErrorCode | undefined;
  readonly remedy: string | undefined;

  constructor(status: number, body: { error?: string; code?: ${type}ErrorCode; remedy?: string }) {
    super(body.error ?? \`the service answered with status \${status}\`);
    this.name = ${JSON.stringify(`${type}Error`)};
    this.status = status;
    this.code = body.code;
    this.remedy = body.remedy;
  }
}`,
    `interface Caller {
  fetch(url: string, options: object): Promise<{ ok: boolean; status: number; json(): Promise<unknown> }>;
  AbortSignal: { timeout(milliseconds: number): object };
}`,
    `export function create${type}Client({ url, timeoutMs = 10_000 }: ClientOptions): ${type}Client {
  const caller = globalThis as unknown as Caller;
  const ask = async (request: object): Promise<unknown> => {
    const response = await caller.fetch(\`\${url.replace(/\\/+$/, "")}/v2/models/${encodeURIComponent(name)}/infer\`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
      signal: caller.AbortSignal.timeout(timeoutMs),
    });
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new ${type}Error(response.status, body as object);
    return body;
  };
  return {
    predict: async (request) => (await ask(request)) as ${type}Response,
    explain: async (request) =>
      (await ask({ ...request, parameters: { explain: true } })) as ${type}Response & { readonly explanation: Explanation },
  };
}`,
  ];
}
