import type { Explanation } from "./generated/control-api.ts";

/** What a service takes and answers, by its name: the generated `Services` interface, or one written by hand. */
export type ServiceTypes = Readonly<Record<string, { readonly request: object; readonly response: object }>>;

export interface ClientOptions {
  /** Where the serving process listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** A request that takes longer fails. Default 10,000 ms. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

/** An answer the server refused: its status, what it said, and what to do. */
export class PredictionError extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly remedy: string | undefined;

  constructor(message: string, { status, code, remedy }: Pick<PredictionError, "status" | "code" | "remedy">) {
    super(message);
    this.name = "PredictionError";
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

export interface Client<Services> {
  /** One prediction. The request's fields and the answer's are those of the service's signature. */
  predict<Name extends Extract<keyof Services, string>>(
    service: Name,
    request: RequestOf<Services, Name>,
  ): Promise<ResponseOf<Services, Name>>;
  /** One prediction, and why: what each feature adds to the answer, the largest first. */
  explain<Name extends Extract<keyof Services, string>>(
    service: Name,
    request: RequestOf<Services, Name>,
  ): Promise<ResponseOf<Services, Name> & { readonly explanation: Explanation }>;
}

export type RequestOf<Services, Name extends keyof Services> = Services[Name] extends { request: infer Request }
  ? Request
  : Readonly<Record<string, unknown>>;

export type ResponseOf<Services, Name extends keyof Services> = Services[Name] extends { response: infer Response }
  ? Response
  : Readonly<Record<string, unknown>>;

/**
 * A typed client of the serving process.
 *
 * @example
 * ```ts
 * const mill = createClient<Services>({ url: "http://127.0.0.1:8080" });
 * const { probability } = await mill.predict("late-flights", { origin: "ORD", destination: "SFO", departed_at, distance: 1846 });
 * ```
 */
export function createClient<Services>(options: ClientOptions): Client<Services> {
  return {
    predict: async (service, request) => (await ask(options, service, request)) as ResponseOf<Services, typeof service>,
    explain: async (service, request) => {
      const asked = { ...(request as object), parameters: { explain: true } };
      return (await ask(options, service, asked)) as ResponseOf<Services, typeof service> & {
        readonly explanation: Explanation;
      };
    },
  };
}

async function ask(options: ClientOptions, service: string, request: unknown): Promise<unknown> {
  const send = options.fetch ?? globalThis.fetch;
  const url = new URL(`/v2/models/${encodeURIComponent(service)}/infer`, options.url);
  const response = await send(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw refusal(response.status, body);
  return body;
}

function refusal(status: number, body: unknown): PredictionError {
  const { error, code, remedy } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const message = text(error) ?? `the service answered with status ${status}`;
  return new PredictionError(message, { status, code: text(code), remedy: text(remedy) });
}
