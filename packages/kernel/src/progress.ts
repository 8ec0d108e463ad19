/** One step of long work. `done` and `total` are in `unit` (rows, files, trees); total is absent when it is not known. */
export interface ProgressUpdate {
  readonly message: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: string;
}

export type ProgressSink = (update: ProgressUpdate) => void;

export const silentProgress: ProgressSink = () => {};
