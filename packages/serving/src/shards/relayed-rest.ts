import type { RestRequest, RestResponse } from "../inference/rest/rest-call.ts";
import { FRAME, type Frame, type WrittenFrame } from "./frames.ts";

// A request of HTTP and its answer as frames: the head has a line each for method and address, or for the status, and then
// for each header's name and its value. No part of a head of HTTP can hold the end of a line.

/** They are of one connection, and not of what it carries. */
const OF_CONNECTION = new Set(
  "connection keep-alive proxy-connection te trailer transfer-encoding upgrade expect content-length".split(" "),
);

/** A larger body takes longer to be made text than to be written by itself. */
const TEXT_BYTES_MAX = 2 ** 16;

/** A request as it is asked of another process. */
export function restQuestion(request: RestRequest, body: Buffer): Omit<WrittenFrame, "number"> {
  const { method = "GET", url = "/", headers } = request;
  let head = `${method}\n${url}`;
  for (const name in headers) {
    if (OF_CONNECTION.has(name)) continue;
    const value = headers[name];
    head += `\n${name}\n${typeof value === "string" ? value : (value ?? []).join(", ")}`;
  }
  return { kind: FRAME.rest, head, body };
}

/** A request that another process was asked. */
export function relayedRequest({ head }: Pick<Frame, "head">, isGone: () => boolean): RestRequest {
  const [method = "", url = "", ...lines] = head.split("\n");
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let at = 0; at < lines.length; at += 2) headers[lines[at] ?? ""] = lines[at + 1] ?? "";
  const socket = {
    get destroyed() {
      return isGone();
    },
  };
  return { method, url, headers, complete: true, socket };
}

/** Where its answer goes: to the process that asks. */
export function relayedResponse(
  req: RestRequest,
  send: (answer: Pick<WrittenFrame, "head" | "body">) => void,
): RestResponse {
  const told: Record<string, string | number> = {};
  const state = { headersSent: false };
  return {
    req,
    get headersSent() {
      return state.headersSent;
    },
    get destroyed() {
      return req.socket.destroyed;
    },
    setHeader: (name, value) => (told[name] = value),
    writeHead: (status, headers) => {
      state.headersSent = true;
      let head = String(status);
      for (const [name, value] of Object.entries({ ...told, ...headers })) head += `\n${name}\n${value}`;
      return { end: (body) => send({ head, body }) };
    },
    destroy: () => undefined,
  };
}

/** Gives the caller the answer of another process; tells its status. */
export function answerAsRelayed(response: RestResponse, { head, body }: Pick<Frame, "head" | "body">): number {
  const [status = "", ...lines] = head.split("\n");
  const headers: Record<string, string> = {};
  for (let at = 0; at < lines.length; at += 2) headers[lines[at] ?? ""] = lines[at + 1] ?? "";
  // Text goes out in one write with its head; bytes do not.
  const sent = body.length <= TEXT_BYTES_MAX ? body.toString("latin1") : body;
  response.writeHead(Number(status), headers).end(sent, "latin1");
  return Number(status);
}
