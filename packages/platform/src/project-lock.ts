import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { mapIoError } from "./durable-file.ts";
import { platformErrors } from "./errors.ts";

export interface ProjectLock {
  release(): void;
}

const SQLITE_BUSY = 5;

/**
 * One process at a time may change a project. The lock is an SQLite file held in an exclusive transaction: the operating
 * system lets go of it the moment its holder dies, so a stale one never stands. Throws `platform/locked`, after `waitMs`,
 * and what the disk says.
 */
export function acquireProjectLock(folder: string, { waitMs = 0 }: { readonly waitMs?: number } = {}): ProjectLock {
  const holderFile = join(folder, "lock.json");
  const sqlite = new DatabaseSync(join(folder, "lock.db"), { timeout: waitMs });
  try {
    sqlite.exec("begin exclusive");
    writeFileSync(holderFile, JSON.stringify({ pid: process.pid }));
  } catch (error) {
    sqlite.close();
    if ((error as { readonly errcode?: number }).errcode !== SQLITE_BUSY) throw mapIoError(error);
    const holder = holderOf(holderFile);
    throw platformErrors.create("platform/locked", {
      because: holder === undefined ? "its process is not known" : `process ${holder} holds it`,
      cause: error,
    });
  }
  return {
    release: () => {
      sqlite.exec("rollback");
      sqlite.close();
    },
  };
}

function holderOf(file: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { pid?: number }).pid;
  } catch {
    return undefined;
  }
}
