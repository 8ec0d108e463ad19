/** How one case of a suite ended. A failure and a skip say why. */
type CaseResult =
  | { readonly name: string; readonly outcome: "passed" }
  | { readonly name: string; readonly outcome: "failed" | "skipped"; readonly reason: string };

interface Replay {
  /** The names of the cases to replay; none means all. */
  readonly only: readonly string[];
  /** Told of each case as it ends. */
  readonly tell: (result: CaseResult) => void;
}

/** A set of cases of one format, replayed against the product by its public surface. */
export interface Suite {
  readonly summary: string;
  /** Replays the folder's cases. Throws when the folder is not of the suite's format. */
  replay(folder: string, replay: Replay): Promise<void>;
}
