import type { Server } from "node:http";
import { Server as NetServer } from "node:net";

/** A connection on which nothing has been asked for so long, once the end has begun, is one that its caller does not use. */
export const QUIET_MS = 200;

/**
 * Ends a server so that no request fails. Nobody new is let in; callers who keep their connections are answered once more
 * on each and told that it was the last answer; connections that are quiet are closed. Who does not end within the time
 * is cut off. Node's own `close` cuts a kept connection off in the moment between an answer and the next request.
 */
export function drain(server: Server, withinMs: number): Promise<void> {
  server.prependListener("request", (_request, response) => (response.shouldKeepAlive = false));
  return new Promise((resolve) => {
    const quiet = setInterval(() => server.closeIdleConnections(), QUIET_MS);
    const end = setTimeout(() => server.closeAllConnections(), withinMs);
    NetServer.prototype.close.call(server, () => {
      clearInterval(quiet);
      clearTimeout(end);
      // What checks the connections' times ends with this.
      server.close(() => undefined);
      resolve();
    });
  });
}
