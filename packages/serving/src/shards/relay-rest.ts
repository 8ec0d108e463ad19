import { rawBodyOf, type Call } from "../inference/rest/rest-call.ts";
import type { Answerer } from "./copying.ts";
import type { Peer } from "./peer.ts";
import { answerAsRelayed, restQuestion } from "./relayed-rest.ts";

/** What a path is about. */
export interface ModelPath {
  /** The model, as the path has it. */
  readonly name: string;
  /** Whether it is asked for an answer, which a copy of it gives as well. */
  readonly isInference: boolean;
}

const OF_MODEL = [
  /^\/v2\/models\/([^/]+)(?:\/versions\/[^/]+)?(\/infer)?(?:\/.*)?$/,
  /^\/v2\/repository\/models\/([^/]+)\/[^/]+$/,
  /^\/v1\/models\/([^/:]+)(:predict|:explain)?(?::[^/]*)?$/,
];

/** The model that a path is about; undefined where it is about none, or all. */
export function modelOfPath(path: string): ModelPath | undefined {
  if (/^\/v2\/models\/stats\/?$/.test(path)) return undefined;
  for (const pattern of OF_MODEL) {
    const found = pattern.exec(path);
    if (found?.[1] !== undefined) return { name: found[1], isInference: found[2] !== undefined };
  }
  return undefined;
}

/** Has a request answered by the process whose model it is about: both go as they are, but for what is of a connection. */
export async function relayRest(peer: Peer, call: Call, answered?: Answerer["answered"]): Promise<void> {
  const { request, response } = call;
  const body = await rawBodyOf(call);
  const isGone = () => request.socket.destroyed;
  const askedMs = performance.now();
  const answer = await peer.send(restQuestion(request, body), { isGone });
  if (answerAsRelayed(response, answer) === 200) answered?.(performance.now() - askedMs);
}
