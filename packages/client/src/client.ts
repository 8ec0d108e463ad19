import type { Explanation } from "./generated/control-api.ts";

/**
 * What a service takes, answers and refuses with, by its name: the generated `Services` interface, or one written by hand.
 * `errors` is the union of its error codes.
 */
export type ServiceTypes = Readonly<
  Record<string, { readonly request: object; readonly response: object; readonly errors?: string }>
>;

export interface ClientOptions {
  /** Where the serving process listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** A request that takes longer fails. Default 10,000 ms. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

/** What the server said when it refused to answer. */
type Refusal<Code extends string> = Pick<PredictionError<Code>, "service" | "status" | "code" | "remedy">;

/** A request that a service refused: the status, the error's code, what was wrong, and what to do. */
export class PredictionError<Code extends string = string> extends Error {
  readonly service: string;
  readonly status: number;
  /** `mill explain CODE` says more. Undefined where something in between answered. */
  readonly code: Code | undefined;
  readonly remedy: string | undefined;

  constructor(message: string, { service, status, code, remedy }: Refusal<Code>) {
    super(message);
    this.name = "PredictionError";
    this.service = service;
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

export interface Client<Services> {
  /**
   * One prediction. The request's fields and the answer's are those of the service's signature. Rejects with a
   * `PredictionError` where it is refused, with what `fetch` throws where nothing answers in time.
   */
  predict<Name extends Extract<keyof Services, string>>(
    service: Name,
    request: RequestOf<Services, Name>,
  ): Promise<ResponseOf<Services, Name>>;
  /** One prediction, and why: what each feature adds to the answer, the largest first. */
  explain<Name extends Extract<keyof Services, string>>(
    service: Name,
    request: RequestOf<Services, Name>,
  ): Promise<ResponseOf<Services, Name> & { readonly explanation: Explanation }>;
  /** Whether an error is this service's refusal: its code is then one of those that the service has. */
  isRefusal<Name extends Extract<keyof Services, string>>(
    service: Name,
    error: unknown,
  ): error is PredictionError<ErrorsOf<Services, Name>>;
}

export type RequestOf<Services, Name extends keyof Services> = Services[Name] extends { request: infer Request }
  ? Request
  : Readonly<Record<string, unknown>>;

export type ResponseOf<Services, Name extends keyof Services> = Services[Name] extends { response: infer Response }
  ? Response
  : Readonly<Record<string, unknown>>;

export type ErrorsOf<Services, Name extends keyof Services> = Services[Name] extends {
  errors: infer Codes extends string;
}
  ? Codes
  : string;

/**
 * A typed client of the serving process.
 *
 * @example
 * ```ts
 * const mill = createClient<Services>({ url: "http://127.0.0.1:8080" });
 * try {
 *   const { probability } = await mill.predict("late-flights", { origin: "ORD", destination: "SFO", departed_at, distance: 1846 });
 * } catch (error) {
 *   if (!mill.isRefusal("late-flights", error) || error.code !== "features/wrong-field") throw error;
 *   console.log(error.message, error.remedy);
 * }
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
    isRefusal: (service, error): error is PredictionError<ErrorsOf<Services, typeof service>> =>
      error instanceof PredictionError && error.service === service,
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
  if (!response.ok) throw refusal(body, { service, status: response.status });
  return body;
}

function refusal(body: unknown, { service, status }: { readonly service: string; readonly status: number }): Error {
  const { error, code, remedy } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const message = text(error) ?? `the service answered with status ${status}`;
  return new PredictionError(message, { service, status, code: text(code), remedy: text(remedy) });
}
