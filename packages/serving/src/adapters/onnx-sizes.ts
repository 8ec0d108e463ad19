import { stat } from "node:fs/promises";

/** What sessions of ONNX Runtime take in memory. */
export interface SessionSizes {
  /** Makes something of a file that holds a session, and tells what the session takes. */
  measured<Made>(file: string, make: () => Promise<Made>): Promise<{ readonly made: Made; readonly bytes: number }>;
  /** A session is gone: others take its memory, and the process no longer grows by theirs. */
  released(): void;
}

/** The first ones bring the runtime itself and its threads into memory. */
const SESSIONS_BEFORE = 4;
/** Growth of fewer says little. */
const SESSIONS_MIN = 8;
const SESSIONS_MAX = 512;
/** What a session takes by its file's size where not enough of them were seen. */
const TIMES_USUAL = 4;

/**
 * A session has no size that could be asked for, and memory is taken in lumps: many sessions do not make the process grow,
 * one of them makes it grow for several. So what a session takes is by its file's size, as much as the process grew while
 * the first ones were made is by the size of all their files.
 */
export function sessionSizes(residentBytes = () => process.memoryUsage.rss()): SessionSizes {
  let [made, measured, fileBytes] = [0, 0, 0];
  let beginBytes: number | undefined;
  let times = TIMES_USUAL;
  let isOver = false;
  const note = (size: number) => {
    made += 1;
    if (isOver || made < SESSIONS_BEFORE) return;
    if (beginBytes === undefined) {
      beginBytes = residentBytes();
      return;
    }
    [measured, fileBytes] = [measured + 1, fileBytes + size];
    if (measured >= SESSIONS_MIN) times = Math.max(1, (residentBytes() - beginBytes) / fileBytes);
    isOver = measured >= SESSIONS_MAX;
  };
  return {
    measured: async (file, make) => {
      const { size } = await stat(file);
      const session = await make();
      note(size);
      return { made: session, bytes: Math.round(size * times) };
    },
    released: () => {
      isOver = true;
    },
  };
}
