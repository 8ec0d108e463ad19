import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { platformErrors } from "../errors.ts";

const READ_BYTES = 1 << 20;

/**
 * SQLite keeps no checksum of its pages, so a flipped bit in a row would be believed. A database that was closed in order
 * is sealed: the SHA-256 of its file lies beside it until it is opened again. The seal counts only while there is no
 * write-ahead log, and is broken, on disk, before the first write.
 */
export type SealState = "whole" | "unsealed" | "damaged";

/** Whether a closed database is as it was left; `unsealed` when it is open, or was not closed in order. */
export function sealState(path: string): SealState {
  const seal = sealPath(path);
  if (!existsSync(seal) || !existsSync(path) || existsSync(`${path}-wal`)) return "unsealed";
  const expected = readFileSync(seal, "utf8").trim();
  if (expected === digest(path)) return "whole";
  // Another process may have opened it, or closed it, between the two.
  const isSame = existsSync(seal) && readFileSync(seal, "utf8").trim() === expected && !existsSync(`${path}-wal`);
  return isSame ? "damaged" : "unsealed";
}

/** Before a database is opened to be written. Throws `platform/damaged-database` when it is not as it was left. */
export function breakSeal(path: string): void {
  if (!existsSync(sealPath(path))) return;
  if (sealState(path) === "damaged")
    throw platformErrors.create("platform/damaged-database", { because: `${path} is not as it was left` });
  rmSync(sealPath(path), { force: true });
  syncFolder(path);
}

/** After a database was closed: seals it, unless another process has it open. */
export function setSeal(path: string): void {
  if (!existsSync(path) || existsSync(`${path}-wal`)) return;
  const before = statSync(path, { bigint: true }).mtimeNs;
  writeWhole(sealPath(path), `${digest(path)}\n`);
  const isStill = !existsSync(`${path}-wal`) && statSync(path, { bigint: true }).mtimeNs === before;
  if (!isStill) rmSync(sealPath(path), { force: true });
}

/** A seal that a loss of power left in part would have a database that is whole taken for a damaged one. */
function writeWhole(path: string, text: string): void {
  const scratch = `${path}.${process.pid}.tmp`;
  const file = openSync(scratch, "w");
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(scratch, path);
  syncFolder(path);
}

function sealPath(path: string): string {
  return `${path}.sha256`;
}

function digest(path: string): string {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  try {
    const part = Buffer.allocUnsafe(READ_BYTES);
    for (let read = readSync(file, part); read > 0; read = readSync(file, part)) hash.update(part.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
