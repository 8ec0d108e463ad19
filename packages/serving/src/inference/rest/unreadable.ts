import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { toProblem, type MillError } from "@millwright/kernel";
import { inferenceErrors } from "../errors.ts";

/** How long a request may take to arrive, and how often that is looked at. */
export interface ArrivalLimits {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly checkedEveryMs: number;
}

export const ARRIVAL_LIMITS: ArrivalLimits = { headersMs: 10_000, requestMs: 30_000, checkedEveryMs: 5_000 };

/** Node's names for them. */
export function timeoutsOf({ headersMs, requestMs, checkedEveryMs }: ArrivalLimits) {
  return { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: checkedEveryMs };
}

/** Answers what is no request of HTTP in the words of the other errors, and ends the connection: nothing after it is read. */
export function answerUnreadable(server: Server): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Node keeps the answer under way there: another one would be taken for a part of it.
    const { _httpMessage: response } = socket as { readonly _httpMessage?: ServerResponse | null };
    if (error.code === "ECONNRESET" || !socket.writable || response?.headersSent === true) {
      socket.destroy();
      return;
    }
    tell(socket, errorOf(error));
  });
  server.on("checkExpectation", ({ socket, headers }: IncomingMessage) => {
    const because = `nobody here meets ${JSON.stringify(String(headers.expect).slice(0, 60))}`;
    tell(socket, inferenceErrors.create("inference/expectation", { because }));
  });
}

function errorOf({ code, message }: NodeJS.ErrnoException): MillError {
  if (code === "HPE_HEADER_OVERFLOW")
    return inferenceErrors.create("inference/large-headers", { because: "they are larger than 16 kB" });
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return inferenceErrors.create("inference/slow", { because: "it had not come whole within its time" });
  return inferenceErrors.create("inference/unreadable", {
    because: message.replace(/^Parse Error: /, "").slice(0, 200),
  });
}

function tell(socket: Duplex, error: MillError): void {
  const { exit: _exit, ...problem } = toProblem(error);
  const body = JSON.stringify({ error: `${problem.title}: ${problem.detail}`, ...problem });
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    "connection: close",
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
