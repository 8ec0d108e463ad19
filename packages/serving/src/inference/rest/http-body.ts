import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { deflate, gunzip, gzip, inflate } from "node:zlib";
import { allRead } from "../all-read.ts";
import { inferenceErrors } from "../errors.ts";
import { badRequest } from "../tensor.ts";
import type { RestResponse } from "./rest-call.ts";

/** A body that is too large is read to its end, up to so many times the most, so that its sender reads the answer. */
const DISCARDED_TIMES = 4;
/** Answers below are not worth packing. */
const PACKED_BYTES_MIN = 1_024;

/** A body as it was before its sender packed it. Throws `inference/too-large` and `inference/bad-request`. */
export async function unpackedBody(
  body: Buffer,
  { headers, bytesMax }: { readonly headers: IncomingHttpHeaders; readonly bytesMax: number },
): Promise<Buffer> {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding === "identity" || encoding === "") return body;
  return unpacked(body, encoding.toLowerCase(), bytesMax);
}

async function unpacked(body: Buffer, encoding: string, bytesMax: number): Promise<Buffer> {
  const unpack = encoding === "gzip" || encoding === "x-gzip" ? gunzip : encoding === "deflate" ? inflate : undefined;
  if (unpack === undefined)
    throw badRequest(`the body is packed as ${JSON.stringify(encoding.slice(0, 40))}: gzip and deflate are read`);
  try {
    return await promisify<Buffer, object, Buffer>(unpack)(body, { maxOutputLength: bytesMax });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    throw badRequest(`the body is no ${encoding}`);
  }
}

/** Reads a body whole, as it came. By events: an iterator over the stream takes longer than all else there is to a small request. */
export function rawBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const told = Number(request.headers["content-length"] ?? 0);
  return new Promise((resolve, reject) => {
    if (told > bytesMax * DISCARDED_TIMES) return reject(tooLarge(bytesMax));
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes <= bytesMax * DISCARDED_TIMES) return;
      reject(tooLarge(bytesMax));
      request.destroy();
    });
    request.once("end", () => {
      if (bytes > bytesMax) reject(tooLarge(bytesMax));
      else resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks));
    });
    request.once("error", reject);
    // An error is dear to make, and a request closes after its end too.
    request.once("close", () => {
      if (!request.complete) reject(badRequest("the body was cut off"));
    });
  });
}

function tooLarge(bytesMax: number): Error {
  return inferenceErrors.create("inference/too-large", { because: `more than ${bytesMax} bytes` });
}

/** Sends a body, packed where the caller takes it so and it pays. Text goes out in one write with its head; bytes do not. */
export async function sendBody(
  response: RestResponse,
  {
    status,
    headers,
    body,
  }: { readonly status: number; readonly headers: Record<string, string | number>; readonly body: string | Buffer },
  accepts: string | undefined,
): Promise<void> {
  const encoding =
    body.length < PACKED_BYTES_MIN
      ? undefined
      : /\b(gzip|deflate)\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.exec(accepts ?? "")?.[1];
  if (encoding === undefined) {
    await allRead();
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
    return;
  }
  const packed = await promisify<string | Buffer, Buffer>(encoding === "gzip" ? gzip : deflate)(body);
  response
    .writeHead(status, {
      ...headers,
      "content-encoding": encoding,
      vary: "accept-encoding",
      "content-length": packed.length,
    })
    .end(packed);
}
