import { rawBodyOf, type Call } from "../inference/rest/rest-call.ts";
import type { Peer } from "./peer.ts";
import { answerAsRelayed, restQuestion } from "./relayed-rest.ts";

const OF_MODEL = [
  /^\/v2\/models\/([^/]+)(?:\/.*)?$/,
  /^\/v2\/repository\/models\/([^/]+)\/[^/]+$/,
  /^\/v1\/models\/([^/:]+)(?::[^/]*)?$/,
];

/** The model that a path is about, as the path has it; undefined where it is about none, or all. */
export function modelOfPath(path: string): string | undefined {
  if (/^\/v2\/models\/stats\/?$/.test(path)) return undefined;
  for (const pattern of OF_MODEL) {
    const name = pattern.exec(path)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Has a request answered by the process whose model it is about: both go as they are, but for what is of a connection. */
export async function relayRest(peer: Peer, call: Call): Promise<void> {
  const { request, response } = call;
  const body = await rawBodyOf(call);
  const isGone = () => request.socket.destroyed;
  answerAsRelayed(response, await peer.send(restQuestion(request, body), { isGone }));
}
