import type { InferenceGraph } from "@millwright/client";
import type { StateName } from "../parts/state.tsx";

/** What the serving process says of a model or a graph, as every state is shown. */
export const SERVED_STATES: Readonly<
  Record<InferenceGraph["state"], { readonly state: StateName; readonly word: string }>
> = {
  READY: { state: "done", word: "answers" },
  UNAVAILABLE: { state: "failed", word: "does not answer" },
  LOADING: { state: "running", word: "is loaded" },
  "NOT UP": { state: "never", word: "not up" },
};
