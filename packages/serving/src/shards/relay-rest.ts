import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Peer } from "./peer.ts";

/** They are of one connection, and not of what it carries. */
const OF_CONNECTION = new Set(
  "connection keep-alive proxy-connection te trailer transfer-encoding upgrade expect".split(" "),
);

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
export async function relayRest(
  peer: Peer,
  {
    request,
    response,
    body,
  }: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly body: Buffer },
): Promise<void> {
  const left = new AbortController();
  const leave = () => left.abort();
  response.once("close", leave);
  try {
    const { method = "GET", url: path = "/" } = request;
    const headers = { ...carried(request), "content-length": body.length };
    const answer = await peer.send({ method, path, headers, body, signal: left.signal });
    response.writeHead(answer.statusCode ?? 502, carried(answer));
    await pipeline(answer, response);
  } catch (error) {
    // To a caller who has gone there is nothing to be said.
    if (!left.signal.aborted) throw error;
    response.destroy();
  } finally {
    response.off("close", leave);
  }
}

/** Each value of each header. */
function carried({ rawHeaders }: IncomingMessage): OutgoingHttpHeaders {
  const found: Record<string, string[]> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (!OF_CONNECTION.has(name)) (found[name] ??= []).push(rawHeaders[at + 1] ?? "");
  }
  return Object.fromEntries(
    Object.entries(found).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}
