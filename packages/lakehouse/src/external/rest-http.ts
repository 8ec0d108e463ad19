import { setTimeout as wait } from "node:timers/promises";
import { isMillError, type Clock } from "@millwright/kernel";
import { parseExactJson, printExactJson } from "../domain/iceberg/exact-json.ts";
import { lakehouseErrors } from "../errors.ts";
import { createTokenSource, type Credentials } from "./token-source.ts";

/** How another catalog is reached. */
export interface RestAddress extends Credentials {
  /** Of the protocol's root, before `/v1`. */
  readonly url: string;
  /** Whether a URL that others on the way can read is meant. */
  readonly allowsHttp: boolean;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface RestRequest {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE";
  /** After `/v1/`, escaped. */
  readonly path: string;
  readonly body?: unknown;
  readonly etag?: string | undefined;
}

export interface RestReply {
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | undefined;
}

/** Another catalog's answers. A status that tells of an error is an answer; that there was none is thrown. */
export interface RestHttp {
  /** Asks again, a few times, what fails and changes nothing. Throws `lakehouse/catalog-unreachable`. */
  ask(request: RestRequest): Promise<RestReply>;
  /** Asks once: what came of it without an answer is not known. */
  askOnce(request: RestRequest): Promise<RestReply | "unknown">;
}

const TRIES = 3;
const WAIT_MS = 100;
const BODY_BYTES_MAX = 256 * 2 ** 20;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Throws `lakehouse/insecure-catalog`. */
export function createRestHttp(address: RestAddress): RestHttp {
  const root = rootOf(address.url, address);
  if (address.tokenUrl !== undefined) rootOf(address.tokenUrl, address);
  const tokens = createTokenSource(address, { root, send: (url, init) => send(url, init, address.timeoutMs) });
  const once = async (request: RestRequest): Promise<RestReply> => {
    const first = await answer({ root, timeoutMs: address.timeoutMs }, request, await tokens.token());
    if (first.status !== 401 && first.status !== 419) return first;
    const renewed = await tokens.renewed();
    return renewed === undefined ? first : answer({ root, timeoutMs: address.timeoutMs }, request, renewed);
  };
  return {
    ask: async (request) => {
      for (let attempt = 1; ; attempt += 1) {
        const reply = await once(request).catch((error: unknown) => asUnanswered(error, root));
        const isOver = !(reply instanceof Error) && reply.status < 500 && reply.status !== 429;
        if (isOver) return reply;
        if (attempt >= TRIES || isMillError(reply)) {
          if (reply instanceof Error) throw unreachable(root, reply);
          return reply;
        }
        await wait(WAIT_MS * 2 ** attempt);
      }
    },
    askOnce: async (request) => {
      try {
        return await once(request);
      } catch (error) {
        const failure = asUnanswered(error, root);
        // Nothing was sent: nothing was done.
        if (isMillError(failure) || wasNeverSent(failure)) throw unreachable(root, failure);
        return "unknown";
      }
    },
  };
}

/** A secret on a wire that others can read is refused before it is sent. */
function rootOf(url: string, { allowsHttp }: Pick<RestAddress, "allowsHttp">): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw lakehouseErrors.create("lakehouse/insecure-catalog", { because: "its URL is none of https:// or http://" });
  if (parsed.username !== "" || parsed.password !== "")
    throw lakehouseErrors.create("lakehouse/insecure-catalog", { because: "its URL holds a user or a password" });
  if (parsed.protocol === "http:" && !allowsHttp && !LOOPBACK.test(parsed.hostname))
    throw lakehouseErrors.create("lakehouse/insecure-catalog", {
      because: `${parsed.host} would be asked by http, which others on the way can read and change`,
    });
  return parsed.href
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "")
    .replace(/\/v1$/, "");
}

async function answer(
  { root, timeoutMs }: { readonly root: string; readonly timeoutMs: number },
  { method, path, body, etag }: RestRequest,
  token: string | undefined,
): Promise<RestReply> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (etag !== undefined) headers["if-none-match"] = etag;
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = body === undefined ? {} : { body: printExactJson(body) };
  const { status, text, etag: own } = await send(`${root}/v1/${path}`, { method, headers, ...sent }, timeoutMs);
  return { status, etag: own, body: parsedOr(text) };
}

interface Sent {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
}

/** A catalog is not followed elsewhere: what it is sent are secrets. */
async function send(url: string, init: RequestInit, timeoutMs: number): Promise<Sent> {
  const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`the answer is longer than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return { status: response.status, text, etag: response.headers.get("etag") ?? undefined };
}

function parsedOr(text: string): unknown {
  try {
    return text === "" ? undefined : parseExactJson(text);
  } catch {
    return undefined;
  }
}

function asUnanswered(error: unknown, root: string): Error {
  return error instanceof Error ? error : new Error(`no answer from ${root}`);
}

const NEVER_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

function wasNeverSent({ cause }: Error): boolean {
  const { code, errors = [] } = (cause ?? {}) as { code?: string; errors?: readonly { code?: string }[] };
  const codes = errors.length > 0 ? errors.map((one) => one.code ?? "") : [code ?? ""];
  return codes.every((one) => NEVER_SENT.has(one));
}

function unreachable(root: string, error: Error): Error {
  if (isMillError(error)) return error;
  const { code } = (error.cause ?? {}) as { readonly code?: string };
  return lakehouseErrors.create("lakehouse/catalog-unreachable", {
    because: `${root} did not answer (${code ?? error.name})`,
    cause: error,
  });
}
