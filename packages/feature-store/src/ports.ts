/** One entity's row of a view, online. `values` are in the order of the view's features, NaN is missing, or text, which `texts` has by feature. Times are milliseconds, microseconds as fractions. */
export interface OnlineRow {
  readonly key: string;
  readonly eventTimeMs: number;
  readonly values: Float64Array;
  readonly texts?: Readonly<Record<string, string>>;
}

export interface OnlineView {
  readonly view: string;
  /** Features in the order in which rows hold them. */
  readonly features: readonly string[];
}

interface OnlineViewState {
  readonly entities: number;
  /** The newest event time among the rows; null when there are none. */
  readonly newestMs: number | null;
}

/** The newest features by entity. A view's rows change all at once or not at all. */
export interface OnlineStore {
  readonly capabilities: { readonly sharedBetweenProcesses: boolean };
  /** Puts these in the place of the view's rows. A row that was pushed stays until one that is as new comes. */
  replaceView(view: OnlineView, rows: readonly OnlineRow[]): Promise<void>;
  /** Puts rows beside those there are; of a key's rows the newest stays. Tells how many were taken. */
  mergeRows(view: OnlineView, rows: readonly OnlineRow[], options: { readonly pushed: boolean }): Promise<number>;
  /** Synchronous, since a prediction waits for it; undefined when there is no such key. */
  get(view: string, key: string): OnlineRow | undefined;
  featuresOf(view: string): readonly string[] | undefined;
  state(view: string): OnlineViewState;
  /** Runs reads that all see one state, whatever another process writes meanwhile: the newest as the event loop's turn began. Cheap. */
  snapshot<Result>(read: () => Result): Result;
  close(): void;
}

/** Several key columns as one text. The separator is no character of a name. */
export function entityKey(parts: readonly (string | number)[]): string {
  return parts.length === 1 ? String(parts[0]) : parts.join("\u001f");
}
