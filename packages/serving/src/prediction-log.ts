import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  ftruncateSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { writePoint, type IdSource, type Logger } from "@millwright/kernel";
import { acquireProjectLock, makeFolderSync, type ProjectLock } from "@millwright/platform";

/** One answered prediction, as the log keeps it; the table has its objects and lists as JSON text. Times are milliseconds, latency microseconds. */
export interface PredictionRecord {
  readonly id: string;
  readonly at_ms: number;
  readonly service: string;
  readonly model: string;
  readonly model_version: number;
  readonly request: Readonly<Record<string, unknown>>;
  readonly features: readonly (number | string | null)[];
  readonly feature_times: Readonly<Record<string, number | null>>;
  readonly missing: string;
  readonly stale: string;
  readonly probability: number | null;
  readonly prediction: string | null;
  readonly probabilities: Readonly<Record<string, number>> | null;
  readonly latency_us: number;
  /** Of the versions that share the service's requests, the one that it was assigned to; null where nothing shares them. */
  readonly variant: string | null;
  readonly experiment: string | null;
}

export interface PredictionLog<Logged extends object = PredictionRecord> {
  /** Returns at once; the record is on disk within `syncEveryMs`. False when the log is full and the record was dropped. */
  add(record: Logged): boolean;
  /** Ends the segment that is being written, so that control may take it. */
  seal(): void;
  readonly dropped: number;
  close(): void;
}

/** Keeps the records of one request until all of its rows are answered: of one that is refused, nothing is logged. */
export class HeldRecords implements Pick<PredictionLog, "add"> {
  readonly #held: PredictionRecord[] = [];

  add(record: PredictionRecord): boolean {
    this.#held.push(record);
    return true;
  }

  release(log: Pick<PredictionLog, "add">): void {
    for (const record of this.#held.splice(0)) log.add(record);
  }
}

export interface PredictionLogOptions {
  readonly folder: string;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly syncEveryMs?: number;
  readonly segmentBytesMax?: number;
  /** Of what waits in memory, when the disk does not take it. */
  readonly pendingBytesMax?: number;
  readonly totalBytesMax?: number;
  /** Whether the oldest segments make room for new ones, where nobody takes them; else a full log refuses. */
  readonly forgetsOldest?: boolean;
  /** How long to wait, and answer nobody, for the process before it to let go of the folder. */
  readonly lockWaitMs?: number;
}

/** A log that forgets its oldest segments forgets some at once: to look through its folder takes time. */
const KEPT_SHARE = 0.9;
/** How long a log waits for the process before it, which drains, to let go of the folder. */
const LOCK_WAIT_MS = 10_000;

/**
 * Segments of JSON lines: `ID.open` while written, `ID.jsonl` once sealed. A torn last line is left out by the reader.
 * One process at a time writes to the folder: what another has left open is sealed once that process is gone.
 */
export function openPredictionLog<Logged extends object = PredictionRecord>(
  options: PredictionLogOptions,
): PredictionLog<Logged> {
  makeFolderSync(options.folder);
  const lock = acquireProjectLock(options.folder, { waitMs: options.lockWaitMs ?? LOCK_WAIT_MS });
  sealLeftOvers(options.folder);
  return new SegmentLog<Logged>(options, lock);
}

interface Segment {
  readonly file: number;
  readonly path: string;
  bytes: number;
}

class SegmentLog<Logged extends object> implements PredictionLog<Logged> {
  readonly #options: Required<Omit<PredictionLogOptions, "lockWaitMs">>;
  readonly #lock: ProjectLock;
  readonly #timer: NodeJS.Timeout;
  #segment: Segment | undefined;
  #pending: string[] = [];
  #pendingBytes = 0;
  #storedBytes: number;
  #isFailing = false;
  #dropped = 0;

  constructor(options: PredictionLogOptions, lock: ProjectLock) {
    this.#options = {
      syncEveryMs: 50,
      segmentBytesMax: 16 * 2 ** 20,
      pendingBytesMax: 32 * 2 ** 20,
      totalBytesMax: 512 * 2 ** 20,
      forgetsOldest: false,
      ...options,
    };
    this.#lock = lock;
    this.#storedBytes = bytesIn(options.folder);
    this.#timer = setInterval(() => this.#flush(), this.#options.syncEveryMs);
    this.#timer.unref();
  }

  get dropped(): number {
    return this.#dropped;
  }

  add(record: Logged): boolean {
    const line = `${JSON.stringify(record)}\n`;
    if (!this.#hasRoom(line.length)) {
      this.#dropped += 1;
      return false;
    }
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    return true;
  }

  #hasRoom(bytes: number): boolean {
    const { folder, pendingBytesMax, totalBytesMax, forgetsOldest } = this.#options;
    const pending = this.#pendingBytes + bytes;
    if (pending > pendingBytesMax) return false;
    if (this.#storedBytes + pending <= totalBytesMax) return true;
    this.#storedBytes = bytesIn(folder);
    if (forgetsOldest && this.#storedBytes + pending > totalBytesMax) {
      this.#storedBytes = forgetOldest(folder, totalBytesMax * KEPT_SHARE - pending);
    }
    return this.#storedBytes + pending <= totalBytesMax;
  }

  /** What the disk does not take waits in memory, up to its bound, and is tried again. */
  #flush(): void {
    if (this.#pending.length === 0) return;
    const text = Buffer.from(this.#pending.join(""));
    try {
      this.#segment ??= openSegment(this.#options);
      writeWhole(this.#segment, text);
    } catch (error) {
      if (!this.#isFailing) this.#options.logger.error({ err: error }, "the prediction log could not be written");
      this.#isFailing = true;
      return;
    }
    this.#isFailing = false;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#storedBytes += text.length;
    fdatasync(this.#segment.file, (error) => this.#tellUnlessClosed(error));
    writePoint("serving/log/after-write");
    if (this.#segment.bytes >= this.#options.segmentBytesMax) this.seal();
  }

  seal(): void {
    this.#flush();
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#segment = undefined;
    // Synced off the thread that answers; its name says that it is whole only after that.
    fdatasync(segment.file, (error) => {
      this.#tellUnlessClosed(error);
      this.#end(segment);
    });
  }

  #end({ file, path }: Segment): void {
    try {
      closeSync(file);
      renameSync(path, path.replace(/\.open$/, ".jsonl"));
    } catch (error) {
      this.#options.logger.error({ err: error }, "a segment of the prediction log could not be sealed");
    }
  }

  #tellUnlessClosed(error: NodeJS.ErrnoException | null): void {
    if (error !== null && error.code !== "EBADF")
      this.#options.logger.error({ err: error }, "the prediction log could not be synced");
  }

  close(): void {
    clearInterval(this.#timer);
    this.#flush();
    if (this.#segment !== undefined) {
      fdatasyncSync(this.#segment.file);
      this.#end(this.#segment);
      this.#segment = undefined;
    }
    if (this.#pending.length > 0)
      this.#options.logger.error({ records: this.#pending.length }, "predictions that the disk did not take are lost");
    this.#lock.release();
  }
}

function openSegment({ folder, ids }: PredictionLogOptions): Segment {
  const path = join(folder, `${ids()}.open`);
  const segment = { file: openSync(path, "a"), path, bytes: 0 };
  // The file's own name must be on disk too, or a power loss would take the synced lines with it.
  const folderFile = openSync(folder, "r");
  fsync(folderFile, () => closeSync(folderFile));
  return segment;
}

/** All of it or nothing: a disk that fills up midway leaves no part of a line behind. */
function writeWhole(segment: Segment, text: Buffer): void {
  let written = 0;
  try {
    while (written < text.length) written += writeSync(segment.file, text, written);
  } catch (error) {
    ftruncateSync(segment.file, segment.bytes);
    throw error;
  }
  segment.bytes += text.length;
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/** Removes sealed segments until so many bytes are left at the most; tells how many are. Their names tell when they were begun. */
function forgetOldest(folder: string, bytesMax: number): number {
  let bytes = bytesIn(folder);
  const sealed = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  for (const name of sealed.toSorted()) {
    if (bytes <= bytesMax) break;
    const path = join(folder, name);
    bytes -= statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    rmSync(path, { force: true });
  }
  return bytes;
}

/** What a process that died was writing is sealed as it is. */
function sealLeftOvers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith(".open")) renameSync(join(folder, name), join(folder, name.replace(/\.open$/, ".jsonl")));
  }
}
