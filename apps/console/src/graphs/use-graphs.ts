import type { InferenceGraph } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import type { GraphStep } from "./graph-layout.ts";

export interface GraphsSample {
  readonly atMs: number;
  readonly graphs: readonly InferenceGraph[];
}

const EVERY_MS = 2_000;
/** What is called now is of the last ten seconds. */
const SAMPLES_MAX = 6;
/** What is asked again and again keeps no page from being done. */
const GRAPHS = ["inference-graphs"] as const;

/** The graphs as they are now and were in the last seconds, oldest first. */
export function useGraphs() {
  const [samples, setSamples] = useState<readonly GraphsSample[]>([]);
  const { data, error } = useQuery({
    queryKey: GRAPHS,
    queryFn: async () => {
      const sample: GraphsSample = { atMs: Date.now(), graphs: await api.listInferenceGraphs() };
      setSamples((kept) => [...kept, sample].slice(-SAMPLES_MAX));
      return sample;
    },
    refetchInterval: EVERY_MS,
  });
  return { graphs: data?.graphs, samples, error };
}

/** What a step was asked in the last seconds. */
export interface Recent {
  readonly perSecond: number;
  /** Null where it was not asked. */
  readonly meanMs: number | null;
}

export type RecentOf = (node: string, at: number) => Recent | undefined;

/** By how much the counts of a graph's steps went up between the first and the last sample; a process may have begun anew. */
export function recentOf(samples: readonly GraphsSample[], graph: string): RecentOf {
  const [first, last] = [samples[0], samples.at(-1)];
  const stepsOf = (sample: GraphsSample | undefined) => sample?.graphs.find(({ name }) => name === graph)?.nodes ?? {};
  const [before, after] = [stepsOf(first), stepsOf(last)];
  const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1_000;
  return (node, at) => {
    const [then, now] = [before[node]?.steps[at], after[node]?.steps[at]];
    if (then === undefined || now === undefined || seconds <= 0 || now.requests < then.requests) return undefined;
    const requests = now.requests - then.requests;
    const meanMs = requests === 0 ? null : (1_000 * (now.seconds - then.seconds)) / requests;
    return { perSecond: requests / seconds, meanMs };
  };
}

/** Mean time of all of a step's requests; null where there was none. */
export function meanMsOf({ requests, seconds }: Pick<GraphStep, "requests" | "seconds">): number | null {
  return requests === 0 ? null : (1_000 * seconds) / requests;
}
