import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";

/** An answer whose bytes come one part after another, as fast as they are taken. */
export interface ByteStream {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: AsyncIterable<Uint8Array>;
  /** Fires when no more is to be sent, also to a reader who takes nothing. */
  readonly signal?: AbortSignal;
}

const streams = new WeakSet<object>();

/** Marks what a handler answers as bytes rather than as a value that becomes JSON. */
export function byteStream(stream: ByteStream): ByteStream {
  streams.add(stream);
  return stream;
}

export function isByteStream(answer: unknown): answer is ByteStream {
  return typeof answer === "object" && answer !== null && streams.has(answer);
}

/**
 * Sends the parts. What fails before the first is thrown, so that it can be answered as any other error; what fails later
 * breaks the connection: the answer then is seen not to be whole. A reader that has gone ends the source.
 */
export async function sendBytes(
  reply: FastifyReply,
  { contentType, headers, parts, signal }: ByteStream,
): Promise<FastifyReply> {
  const source = parts[Symbol.asyncIterator]();
  const { raw } = reply;
  const cutOff = () => void raw.destroy();
  try {
    let next = await source.next();
    const known = { ...reply.getHeaders(), ...headers, "content-type": contentType, "cache-control": "no-store" };
    reply.hijack();
    raw.writeHead(200, known as OutgoingHttpHeaders);
    signal?.addEventListener("abort", cutOff, { once: true });
    if (signal?.aborted === true) cutOff();
    while (next.done !== true && !raw.destroyed) {
      if (!raw.write(next.value)) await drained(raw);
      if (!raw.destroyed) next = await source.next();
    }
    raw.end();
  } catch (error) {
    if (!raw.headersSent) throw error;
    raw.destroy();
  } finally {
    signal?.removeEventListener("abort", cutOff);
    await source.return?.();
  }
  return reply;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

/** All the bytes of a stream: for what is known to be little. */
export async function bytesOf({ parts }: Pick<ByteStream, "parts">): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}
