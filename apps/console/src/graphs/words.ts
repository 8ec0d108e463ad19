import { count } from "../format.ts";
import type { GraphStep } from "./graph-layout.ts";

/** What a node does with its steps. */
const WORDS: Readonly<Record<string, string>> = {
  Sequence: "one after the other",
  Switch: "the first whose condition holds",
  Ensemble: "all of them, together",
  Splitter: "one of them, by its weight",
};

export function routerWords(routerType: string): string {
  return WORDS[routerType] ?? "";
}

/** `0.041 ms`, `12.3 ms`: three figures, which is what can be told apart. */
export function shortMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms > 0 && ms < 0.001) return "< 0.001 ms";
  return `${ms < 0.1 ? ms.toFixed(3) : ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : count(Math.round(ms))} ms`;
}

export function perSecondWords(perSecond: number): string {
  return `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))} a second`;
}

/** Where a step's failure leads, in KServe's words. */
export function dependencyWords({ dependency }: Pick<GraphStep, "dependency">): string {
  return dependency === "Hard" ? "hard: where it fails, its node fails" : "soft: where it fails, its node goes on";
}
