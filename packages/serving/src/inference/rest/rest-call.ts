import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { rawBody, unpackedBody } from "./http-body.ts";

/** A request, as far as answers depend on it: of a connection of this process, or of another's. */
export interface RestRequest extends Pick<IncomingMessage, "method" | "url" | "complete"> {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly destroyed: boolean };
}

/** Where its answer goes. */
export interface RestResponse {
  readonly req: RestRequest;
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  setHeader(name: string, value: string): unknown;
  writeHead(
    status: number,
    headers: Readonly<Record<string, string | number>>,
  ): { end(body: string | Uint8Array, encoding?: BufferEncoding): unknown };
  destroy(): unknown;
}

interface Answering {
  readonly response: RestResponse;
  readonly options: { readonly bodyBytesMax: number };
}

/** A request that came to this process. */
interface OwnCall extends Answering {
  readonly request: IncomingMessage;
  /** Unpacked, where it has been read. */
  readonly body?: Buffer | undefined;
}

/** One that came whole through another process. */
interface RelayedCall extends Answering {
  readonly request: RestRequest;
  /** As it was sent: it may be packed. */
  readonly rawBody: Buffer;
}

export type Call = OwnCall | RelayedCall;

/** The body of a request, whole and unpacked. Throws `inference/too-large` and `inference/bad-request`. */
export async function bodyOf(call: Call): Promise<Buffer> {
  const { bodyBytesMax } = call.options;
  if (!("rawBody" in call) && call.body !== undefined) return call.body;
  return unpackedBody(await rawBodyOf(call), { headers: call.request.headers, bytesMax: bodyBytesMax });
}

/** As it was sent. Throws `inference/too-large` and `inference/bad-request`. */
export async function rawBodyOf(call: Call): Promise<Buffer> {
  return "rawBody" in call ? call.rawBody : rawBody(call.request, call.options.bodyBytesMax);
}
