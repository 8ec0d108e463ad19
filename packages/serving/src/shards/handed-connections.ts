import type { Server } from "node:http";
import type { Socket } from "node:net";
import { QUIET_MS } from "../drain.ts";
import { openConnections } from "./open-connections.ts";

/** Connections that another process let in, which a server of HTTP answers on. */
export interface HandedConnections {
  take(connection: Socket): void;
  /**
   * Ends them so that no request fails, as `drain` does those of a server that listens: each is answered once more and told
   * that it was the last answer, quiet ones are closed, and what does not end within the time is cut off.
   */
  drain(withinMs: number): Promise<void>;
}

export function handedConnections(http: Server): HandedConnections {
  const open = openConnections();
  return {
    take: (connection) => {
      open.add(connection);
      http.emit("connection", connection);
    },
    drain: async (withinMs) => {
      http.prependListener("request", (_request, response) => (response.shouldKeepAlive = false));
      const quiet = setInterval(() => http.closeIdleConnections(), QUIET_MS);
      await open.none(withinMs);
      clearInterval(quiet);
      http.close();
    },
  };
}
