import { join } from "node:path";
import { documentName } from "../kserve/revisions.ts";
import { createHashRing } from "./hash-ring.ts";
import { connectPeer, isAway, type Peer } from "./peer.ts";

/** Which of so many processes one is, and the folder of their sockets. */
export interface ShardPlace {
  readonly index: number;
  readonly count: number;
  /** That no other user may enter. */
  readonly folder: string;
}

/** The processes that are one server to their callers, as one of them sees the others. */
export interface Shards {
  /** Whether a model of this name is this process's. */
  readonly isOwn: (name: string) => boolean;
  /** The process whose model it is; undefined where it is this one's. */
  ownerOf(name: string): Peer | undefined;
  /** Asks all others; one that is not there answers undefined. Throws what another one throws. */
  askAll(name: string, asked?: unknown): Promise<readonly unknown[]>;
  /** Every name that is served, whosever it is. */
  names(): Promise<readonly string[]>;
  close(): void;
}

/** One that does not answer within this is not there: nobody's question about all waits for it without end. */
const ALL_ANSWER = { withinMs: 5_000 };

/** Where a process hears the others. */
export function peerSocket({ folder }: Pick<ShardPlace, "folder">, index: number): string {
  return join(folder, `${index}.peer`);
}

/** Where a server that is handed its connections listens, since it has to: nobody asks there. */
export function frontSocket({ folder, index }: ShardPlace): string {
  return join(folder, `${index}.front`);
}

/** `names` are those of all models, wherever they are. */
export function createShards(place: ShardPlace, names: Shards["names"]): Shards {
  const ring = createHashRing(place.count);
  /** A canary is where the model is whose requests it shares. */
  const ownerOf = (name: string) => ring.owner(documentName(name));
  const peers = Array.from({ length: place.count }, (_, index) =>
    index === place.index ? undefined : connectPeer(peerSocket(place, index)),
  );
  const others = peers.filter((peer) => peer !== undefined);
  return {
    isOwn: (name) => ownerOf(name) === place.index,
    ownerOf: (name) => peers[ownerOf(name)],
    askAll: (name, asked) =>
      Promise.all(others.map((peer) => peer.ask(name, asked, ALL_ANSWER).catch(nothingOfOneAway))),
    names,
    close: () => {
      for (const peer of others) peer.close();
    },
  };
}

function nothingOfOneAway(error: unknown): undefined {
  if (!isAway(error)) throw error;
}
