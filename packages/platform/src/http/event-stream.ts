import type { ServerResponse } from "node:http";

/** One server-sent event: a name, and data that becomes JSON. */
export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

/** A stream of events as data: `subscribe` sends what there is, then what changes, and returns how to stop. */
export interface EventRoute {
  readonly path: string;
  readonly summary: string;
  subscribe(send: (event: ServerEvent) => void): () => void;
}

const UNSENT_BYTES_MAX = 4 * 2 ** 20;
const HEARTBEAT_MS = 15_000;

/** Streams events until the caller goes. One that reads too slowly is cut off: it comes again and gets the whole state. */
export function streamEvents(response: ServerResponse, route: EventRoute): void {
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  response.write("retry: 1000\n\n");
  const stop = route.subscribe(({ event, data }) => {
    if (response.writableLength > UNSENT_BYTES_MAX) return void response.destroy();
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  });
  const heartbeat = setInterval(() => response.write(": still here\n\n"), HEARTBEAT_MS);
  response.once("close", () => {
    clearInterval(heartbeat);
    stop();
  });
}
