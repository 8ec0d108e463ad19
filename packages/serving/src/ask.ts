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
export async function ask({ servingUrl }: ServicePlaces, { name, body, signal }: Asked): Promise<Prediction> {
  const url = servingUrl();
  if (url === undefined) throw servingErrors.create("serving/not-running", { because: "the project is not up" });
  const response = await fetch(`${url}/v2/models/${encodeURIComponent(name)}/infer`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
    signal: AbortSignal.any([signal, AbortSignal.timeout(PREDICT_TIMEOUT_MS)]),
  }).catch((error: unknown) => {
    throw servingErrors.create("serving/not-running", { because: `nothing answers at ${url}`, cause: error });
  });
  const notServing = (cause: unknown) => {
    throw servingErrors.create("serving/not-running", { because: `what answers at ${url} is no service`, cause });
  };
  const answer = (await response.json().catch(notServing)) as Prediction & Partial<Problem>;
  if (response.ok) return answer;
  const { type, title, detail, code, remedy } = answer;
  if (type === undefined || title === undefined || detail === undefined || code === undefined || remedy === undefined)
    return notServing(answer);
  const { status } = response;
  throw fromProblem({ type, title, detail, code, remedy, status, exit: status >= 500 ? 1 : 2 });
}
