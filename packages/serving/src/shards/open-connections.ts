import type { Duplex } from "node:stream";

/** Connections that are open, and a way to wait until none is. */
export interface OpenConnections {
  add(connection: Duplex): void;
  /** Resolves when all have closed; those that have not within the time are cut off. */
  none(withinMs: number): Promise<void>;
}

export function openConnections(): OpenConnections {
  const open = new Set<Duplex>();
  let onNone = () => {};
  return {
    add: (connection) => {
      open.add(connection);
      connection.once("close", () => {
        open.delete(connection);
        if (open.size === 0) onNone();
      });
    },
    none: async (withinMs) => {
      const end = setTimeout(() => open.forEach((connection) => connection.destroy()), withinMs);
      await new Promise<void>((resolve) => {
        onNone = resolve;
        if (open.size === 0) resolve();
      });
      clearTimeout(end);
    },
  };
}
