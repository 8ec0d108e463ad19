import { trainingErrors } from "../errors.ts";

/** Compared at most; spread evenly over the rows that there are. */
const ROWS_COMPARED = 10_000;
/** Two float32 implementations differ in the last places: of 1, or of the number where that is larger. */
const DIFFERENCE_MAX = 1e-6;

export interface AnsweredRows {
  /** Float32 features in the model's order, a column each, NaN for missing. */
  readonly columns: readonly Float32Array[];
  /** What the trainer's own scorer answers: [rows], or [rows, width] row by row. */
  readonly answers: Float32Array;
  readonly rows: number;
}

/**
 * Asks ONNX Runtime what an exported model answers, and compares it with the scorer's answers, so that no version is
 * registered whose file says something else elsewhere. Returns the largest difference that was seen, relative to numbers
 * beyond 1. Throws
 * `training/export-differs`.
 */
export async function verifyExport(onnx: Uint8Array, { columns, answers, rows }: AnsweredRows): Promise<number> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  try {
    const chosen = evenly(rows);
    const features = new Float32Array(chosen.length * columns.length);
    chosen.forEach((row, index) => {
      columns.forEach((column, feature) => (features[index * columns.length + feature] = column[row] ?? Number.NaN));
    });
    const output = session.outputNames[0] ?? "";
    const found = await session.run({
      [session.inputNames[0] ?? ""]: new Tensor("float32", features, [chosen.length, columns.length]),
    });
    const theirs = found[output]?.data as Float32Array;
    const width = answers.length / rows;
    let worst = 0;
    chosen.forEach((row, index) => {
      for (let place = 0; place < width; place += 1) {
        const ours = answers[row * width + place] ?? 0;
        const difference = Math.abs(ours - (theirs[index * width + place] ?? Number.NaN)) / Math.max(1, Math.abs(ours));
        if (!(difference <= DIFFERENCE_MAX))
          throw trainingErrors.create("training/export-differs", {
            because: `${output} of row ${row} is ${ours} here and ${theirs[index * width + place]} in ONNX Runtime`,
          });
        worst = Math.max(worst, difference);
      }
    });
    return worst;
  } finally {
    await session.release();
  }
}

/** Row numbers from the first to the last, at most so many. */
function evenly(rows: number): readonly number[] {
  const count = Math.min(rows, ROWS_COMPARED);
  return Array.from({ length: count }, (_value, index) => Math.floor((index * rows) / count));
}
