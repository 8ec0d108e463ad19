import { closeSync, fdatasync, mkdirSync, openSync, readdirSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { writePoint, type IdSource, type Logger } from "@millwright/kernel";

/** One answered prediction, as the log keeps it. Times are milliseconds, latency microseconds. */
export interface PredictionRecord {
  readonly id: string;
  readonly at_ms: number;
  readonly service: string;
  readonly model: string;
  readonly model_version: number;
  readonly request: string;
  readonly features: string;
  readonly feature_times: string;
  readonly missing: string;
  readonly stale: string;
  readonly probability: number;
  readonly latency_us: number;
}

export interface PredictionLog {
  /** Returns at once; the record is on disk within `syncEveryMs`. False when the log is full and the record was dropped. */
  add(record: PredictionRecord): boolean;
  /** Ends the segment that is being written, so that control may take it. */
  seal(): void;
  readonly dropped: number;
  close(): void;
}

export interface PredictionLogOptions {
  readonly folder: string;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly syncEveryMs?: number;
  readonly segmentBytesMax?: number;
  readonly totalBytesMax?: number;
}

/** Segments of JSON lines: `ID.open` while written, `ID.jsonl` once sealed. A torn last line is left out by the reader. */
export function openPredictionLog(options: PredictionLogOptions): PredictionLog {
  const { folder, syncEveryMs = 50, segmentBytesMax = 16 * 2 ** 20, totalBytesMax = 512 * 2 ** 20 } = options;
  mkdirSync(folder, { recursive: true });
  sealLeftOvers(folder);
  let sealedBytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  let segment: { readonly file: number; readonly path: string; bytes: number } | undefined;
  let pending: string[] = [];
  let dropped = 0;
  const flush = () => {
    if (pending.length === 0) return;
    const text = Buffer.from(pending.join(""));
    pending = [];
    segment ??= openSegment(folder, options.ids());
    writeSync(segment.file, text);
    segment.bytes += text.length;
    sealedBytes += text.length;
    fdatasync(segment.file, (error) => {
      if (error !== null && error.code !== "EBADF")
        options.logger.error({ err: error }, "the prediction log could not be synced");
    });
    writePoint("serving/log/after-write");
    if (segment.bytes >= segmentBytesMax) seal();
  };
  const seal = () => {
    flush();
    if (segment === undefined) return;
    closeSync(segment.file);
    renameSync(segment.path, segment.path.replace(/\.open$/, ".jsonl"));
    segment = undefined;
  };
  const timer = setInterval(flush, syncEveryMs);
  timer.unref();
  return {
    add: (record) => {
      if (sealedBytes > totalBytesMax) {
        sealedBytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
        if (sealedBytes > totalBytesMax) {
          dropped += 1;
          return false;
        }
      }
      pending.push(`${JSON.stringify(record)}\n`);
      return true;
    },
    seal,
    get dropped() {
      return dropped;
    },
    close: () => {
      clearInterval(timer);
      seal();
    },
  };
}

function openSegment(folder: string, id: string): { readonly file: number; readonly path: string; bytes: number } {
  const path = join(folder, `${id}.open`);
  return { file: openSync(path, "a"), path, bytes: 0 };
}

/** What a process that died was writing is sealed as it is. */
function sealLeftOvers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith(".open")) renameSync(join(folder, name), join(folder, name.replace(/\.open$/, ".jsonl")));
  }
}
