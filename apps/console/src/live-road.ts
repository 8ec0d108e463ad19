import type { Road, RoadNode } from "@millwright/client";
import { useSyncExternalStore } from "react";
import { queries } from "./api.ts";

/** The road as the event stream tells it, and whether the stream stands. */
export interface LiveRoad {
  readonly road: Road | undefined;
  readonly isConnected: boolean;
}

let state: LiveRoad = { road: undefined, isConnected: true };
const listeners = new Set<() => void>();

function set(next: Partial<LiveRoad>): void {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
}

function connect(): void {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => set({ isConnected: true }));
  // The browser comes again by itself; a whole road is then sent anew.
  source.addEventListener("error", () => set({ isConnected: false }));
  source.addEventListener("road", (event) => set({ road: read<Road>(event), isConnected: true }));
  source.addEventListener("node", (event) => replaceNode(read<RoadNode>(event)));
  source.addEventListener("run", (event) => {
    const run = read<Road["run"]>(event);
    if (state.road !== undefined) set({ road: { ...state.road, run } });
    if (run?.state !== "running") void queries.invalidateQueries();
  });
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
