import type { Road, RoadNode } from "@millwright/client";
import { useSyncExternalStore } from "react";
import { queries } from "./api.ts";

/** The road as the event stream tells it, and since when the stream is lost. */
export interface LiveRoad {
  readonly road: Road | undefined;
  /** When the stream was lost, in milliseconds of this browser's clock; undefined while it stands. */
  readonly lostAtMs: number | undefined;
}

const RETRY_MS = { first: 500, most: 5_000 } as const;
/** A stream that opens and says nothing for so long is not one. */
const SILENT_MS = 10_000;

let state: LiveRoad = { road: undefined, lostAtMs: undefined };
let retryMs: number = RETRY_MS.first;
let source: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function set(next: Partial<LiveRoad>): void {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
}

/** Opens the stream anew. A browser by itself gives up at the first answer that is not a stream, and may wait for long. */
function connect(): void {
  clearTimeout(timer);
  source?.close();
  const opened = new EventSource("/api/v1/events");
  source = opened;
  opened.addEventListener("error", lose);
  opened.addEventListener("road", (event) => {
    const road = read<Road>(event);
    // Until the project is read there is no road to tell of.
    if (road.project === "" && road.nodes.length === 0) return;
    found(road);
  });
  opened.addEventListener("node", (event) => replaceNode(read<RoadNode>(event)));
  opened.addEventListener("run", (event) => {
    const run = read<Road["run"]>(event);
    if (state.road !== undefined) set({ road: { ...state.road, run } });
    if (run?.state !== "running") void queries.invalidateQueries();
  });
  timer = setTimeout(() => {
    if (state.road === undefined || state.lostAtMs !== undefined) lose();
  }, SILENT_MS);
}

function lose(): void {
  source?.close();
  clearTimeout(timer);
  timer = setTimeout(connect, retryMs);
  retryMs = Math.min(RETRY_MS.most, retryMs * 2);
  if (state.lostAtMs === undefined) set({ lostAtMs: Date.now() });
}

function found(road: Road): void {
  clearTimeout(timer);
  retryMs = RETRY_MS.first;
  const wasLost = state.lostAtMs !== undefined;
  set({ road, lostAtMs: undefined });
  // What was asked meanwhile failed, and what was known may be otherwise now.
  if (wasLost) void queries.invalidateQueries();
}

function read<Value>(event: MessageEvent<string>): Value {
  return JSON.parse(event.data) as Value;
}

function replaceNode(node: RoadNode): void {
  const { road } = state;
  if (road === undefined) return;
  set({ road: { ...road, nodes: road.nodes.map((known) => (known.id === node.id ? node : known)) } });
}

let isStarted = false;

function subscribe(listener: () => void): () => void {
  if (!isStarted) connect();
  isStarted = true;
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follows the road; one stream serves every part of the page. */
export function useLiveRoad(): LiveRoad {
  return useSyncExternalStore(subscribe, () => state);
}

/** Tries to reach the control process at once. */
export function reconnect(): void {
  retryMs = RETRY_MS.first;
  connect();
}
