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
  /** This process's place among them. */
  readonly index: number;
  /** Whether a model of this name is this process's. */
  readonly isOwn: (name: string) => boolean;
  /** The process whose model it is; undefined where it is this one's. */
  ownerOf(name: string): Peer | undefined;
  /** The place of the process whose model it is. */
  readonly homeOf: (name: string) => number;
  /** The process of a place; undefined where it is this one. */
  readonly peerAt: (index: number) => Peer | undefined;
  /** Names of others' models that this process may load as copies. */
  readonly copied: Set<string>;
  /** Has one told of each process that has gone. */
  whenLost(listener: (index: number) => void): void;
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
  const homeOf = (name: string) => ring.owner(documentName(name));
  let onLost = (_index: number) => {};
  const peers = Array.from({ length: place.count }, (_, index) =>
    index === place.index ? undefined : connectPeer(peerSocket(place, index), () => onLost(index)),
  );
  const others = peers.filter((peer) => peer !== undefined);
  return {
    index: place.index,
    isOwn: (name) => homeOf(name) === place.index,
    ownerOf: (name) => peers[homeOf(name)],
    homeOf,
    peerAt: (index) => peers[index],
    copied: new Set(),
    whenLost: (listener) => (onLost = listener),
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
