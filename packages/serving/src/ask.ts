import { fromProblem, type Problem } from "@millwright/kernel";
import { servingErrors } from "./errors.ts";
import type { Prediction } from "./service.ts";

/** Where the services' deployment lies, and where the serving process answers; undefined while it does not. */
export interface ServicePlaces {
  readonly deploymentFile: string;
  readonly servingUrl: () => string | undefined;
}

const PREDICT_TIMEOUT_MS = 10_000;

export interface Asked {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** Asks the serving process. Its refusals keep their reason; when it cannot be reached, `serving/not-running`. */
export async function ask(places: ServicePlaces, { name, body, signal }: Asked): Promise<Prediction> {
  const path = `/v2/models/${encodeURIComponent(name)}/infer`;
  const text = await askText(places, { path, body: JSON.stringify(body), signal, timeoutMs: PREDICT_TIMEOUT_MS });
  return JSON.parse(text) as Prediction;
}

interface AskedText {
  readonly path: string;
  /** Posted as it is; without it the address is read. */
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** The same of any of its addresses that answers JSON, as the text that it is. */
export async function askText(
  { servingUrl }: ServicePlaces,
  { path, body, signal, timeoutMs }: AskedText,
): Promise<string> {
  const url = servingUrl();
  if (url === undefined) throw servingErrors.create("serving/not-running", { because: "the project is not up" });
  const notAnswered = (cause: unknown) => {
    throw servingErrors.create("serving/not-running", { because: `nothing answers at ${url}`, cause });
  };
  const response = await fetch(`${url}${path}`, {
    ...(body === undefined ? {} : { method: "POST", body, headers: { "content-type": "application/json" } }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  }).catch(notAnswered);
  const text = await response.text().catch(notAnswered);
  const answer = parsed(text);
  if (answer === undefined) throw noService(url, text);
  if (!response.ok) throw refusalOf(answer, response.status) ?? noService(url, text);
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What it refuses with, in its own words; undefined where it does not speak as a serving process does. */
function refusalOf(answer: unknown, status: number): Error | undefined {
  const { type, title, detail, code, remedy } = Object(answer ?? {}) as Partial<Problem>;
  if (type === undefined || title === undefined || detail === undefined || code === undefined || remedy === undefined)
    return undefined;
  return fromProblem({ type, title, detail, code, remedy, status, exit: status >= 500 ? 1 : 2 });
}

function noService(url: string, said: string): Error {
  return servingErrors.create("serving/not-running", {
    because: `what answers at ${url} is no service`,
    cause: new Error(said.slice(0, 500)),
  });
}
