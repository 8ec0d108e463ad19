import { isMillError } from "@millwright/kernel";
import type { ProtocolReply, ProtocolRequest } from "@millwright/platform";
import type { IcebergEntries } from "../ports.ts";
import { keptLoad } from "./load-reply.ts";
import type { ReplyCache } from "./reply-cache.ts";
import type { Tokens } from "./tokens.ts";

type Asked = Pick<ProtocolRequest, "method" | "path" | "headers">;

/**
 * Tables that clients have loaded before, by the address that they used: which table an address means never changes, where
 * its metadata lies is asked of the database each time, and what is answered for a place is kept.
 */
export interface LoadsAtHand {
  /** That an address means main's table of this key. */
  remember(path: string, key: string): void;
  /** Undefined unless all is at hand, and the caller may have it. */
  answer(request: Asked): ProtocolReply | undefined;
}

const ADDRESSES_MAX = 10_000;

export function createLoadsAtHand(places: {
  readonly tokens: Pick<Tokens, "check">;
  readonly replies: ReplyCache;
  locate(key: string): ReturnType<NonNullable<IcebergEntries["locateNow"]>>;
}): LoadsAtHand {
  const keys = new Map<string, string>();
  return {
    remember: (path, key) => {
      if (keys.size >= ADDRESSES_MAX) keys.clear();
      keys.set(path, key);
    },
    answer: ({ path, headers }) => {
      const key = keys.get(path);
      if (key === undefined) return undefined;
      try {
        places.tokens.check({ headers });
        const found = places.locate(key);
        if (found?.kind !== "table" || found.metadataLocation === null) return undefined;
        return keptLoad(places.replies, found.metadataLocation, headers["if-none-match"]);
      } catch (error) {
        // The long way tells it.
        if (isMillError(error)) return undefined;
        keys.delete(path);
        return undefined;
      }
    },
  };
}
