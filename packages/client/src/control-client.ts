import { operations, type ControlApi } from "./generated/control-api.ts";

/** One call, with its parts in their places. */
export interface ControlCall {
  readonly operation: keyof typeof operations;
  readonly method: string;
  /** Path and query, escaped. */
  readonly address: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  /** The answer is wanted as its bytes, as they come, rather than as what they say. */
  readonly asBytes?: true;
}

export type QueryBody = Parameters<ControlApi["query"]>[0]["body"];

/** Carries a call to where it is answered. */
export type ControlTransport = (call: ControlCall) => Promise<unknown>;

/** A refusal or failure, as the server tells it (RFC 9457). */
export class ControlError extends Error {
  readonly problem: ControlProblem;

  constructor(problem: ControlProblem) {
    super(`${problem.title}: ${problem.detail}`);
    this.name = "ControlError";
    this.problem = problem;
  }
}

export interface ControlProblem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy: string;
}

/** The control API over any transport. */
export function createControlApi(transport: ControlTransport): ControlApi {
  const methods = Object.entries(operations).map(([id, { method, path, params, query }]) => {
    const call = (input: Readonly<Record<string, unknown>> = {}) => {
      const pick = (names: readonly string[]) =>
        Object.fromEntries(names.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]]])));
      const parts = { params: pick(params), query: pick(query) };
      const address = addressOf(path, parts);
      return transport({ operation: id as ControlCall["operation"], method, address, ...parts, body: input["body"] });
    };
    return [id, call];
  });
  return Object.fromEntries(methods) as ControlApi;
}

/** Rows as bytes of a format, as they come: a result that is larger than memory is one too. */
export async function queryBytes(transport: ControlTransport, body: QueryBody): Promise<AsyncIterable<Uint8Array>> {
  const { method, path } = operations.query;
  return (await transport({
    operation: "query",
    method,
    address: path,
    params: {},
    query: {},
    body,
    asBytes: true,
  })) as AsyncIterable<Uint8Array>;
}

/** Calls a running control process; a signal ends the calls under way. `url` is its origin, such as `http://127.0.0.1:4400`; empty in its own pages. */
export function httpTransport(url: string, { signal }: { readonly signal?: AbortSignal } = {}): ControlTransport {
  return async ({ method, address, body, asBytes }) => {
    const response = await fetch(`${url}${address}`, {
      method,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (response.ok && asBytes === true) return response.body;
    const isPage = response.headers.get("content-type")?.startsWith("text/html") === true;
    const answer: unknown = isPage ? await response.text() : await response.json();
    if (response.ok) return answer;
    throw new ControlError(answer as ControlProblem);
  };
}

function addressOf(path: string, { params, query }: Pick<ControlCall, "params" | "query">): string {
  const filled = path.replaceAll(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(textOf(params[name])));
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, textOf(value)])).toString();
  return search === "" ? filled : `${filled}?${search}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}
