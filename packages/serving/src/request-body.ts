import type { IncomingMessage } from "node:http";
import { isMillError } from "@millwright/kernel";
import { badRequest, tooLarge } from "./errors.ts";

export const BODY_BYTES_MAX = 8 * 2 ** 20;
/** A body that is too large is read to its end, up to here, so that its sender gets to read the answer. */
const DISCARDED_BYTES_MAX = 64 * 2 ** 20;

export type Body = Readonly<Record<string, unknown>>;

/** A body's JSON object. Throws `serving/bad-request`. */
export function parseBody(bytes: Buffer): Body {
  let value: unknown;
  try {
    value = JSON.parse(textOf(bytes));
  } catch (error) {
    if (isMillError(error)) throw error;
    throw badRequest("the body is not JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw badRequest("the body is not a JSON object");
  return value as Body;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function textOf(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw badRequest("the body is not UTF-8");
  }
}

/**
 * Reads a request's body. Throws `serving/bad-request` and `serving/too-large`. By events: an iterator over the stream takes longer than all else there is to a
 * small request.
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes <= DISCARDED_BYTES_MAX) return;
      reject(tooLarge(`more than ${BODY_BYTES_MAX} bytes`));
      request.destroy();
    });
    request.once("end", () => {
      if (bytes > BODY_BYTES_MAX) reject(tooLarge(`more than ${BODY_BYTES_MAX} bytes`));
      else resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks));
    });
    request.once("error", reject);
    // An error is dear to make, and a request closes after its end too.
    request.once("close", () => {
      if (!request.complete) reject(badRequest("the body was cut off"));
    });
  });
}
