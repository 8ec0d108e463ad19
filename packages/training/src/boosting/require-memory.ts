import { trainingErrors } from "../errors.ts";
import { SAMPLE_ROWS } from "../rows/part-rows.ts";
import { layOutMemory, MEMORY_BYTES_MAX, type MemoryNeeds } from "./plan-memory.ts";

/** What a machine, or the group of processes that this one is in, has. */
export interface MachineMemory {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

const VALUE_BYTES = 4;

/**
 * Says, before anything is read, how much memory a training will take: its bins, a byte a cell, are what grows with rows
 * and features; beside them are some 24 bytes a row, and a sample of the rows' own values. Throws `training/too-large`
 * where that cannot be.
 */
export function requireMemory(needs: MemoryNeeds, { totalBytes, availableBytes }: MachineMemory): string {
  const { rows, features } = needs;
  const kernelBytes = layOutMemory(needs).bytes;
  const sampleBytes = Math.min(rows, 2 * SAMPLE_ROWS) * (features + 1) * VALUE_BYTES;
  const allBytes = kernelBytes + rows * VALUE_BYTES + sampleBytes;
  const bins = `${rows.toLocaleString("en")} rows by ${features} features are ${size(rows * features)} of bins (a byte a cell)`;
  if (kernelBytes > MEMORY_BYTES_MAX)
    throw tooLarge(
      `${bins}; with gradients and histograms the trainer needs ${size(kernelBytes)}, and reaches ${size(MEMORY_BYTES_MAX)}`,
    );
  if (allBytes > totalBytes)
    throw tooLarge(`${bins}; with all else that is ${size(allBytes)}, and the machine has ${size(totalBytes)}`);
  const free =
    allBytes > availableBytes ? `, of which only ${size(availableBytes)} are free: it may swap or be ended` : "";
  return `${bins}, ${size(allBytes)} in all${free}`;
}

function tooLarge(because: string): Error {
  return trainingErrors.create("training/too-large", { because });
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
