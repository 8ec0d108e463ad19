import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const PLACE = "/dev/shm";
const FREE_BYTES_MIN = 2 ** 30;

/**
 * Where many small files are written and synced without a wait for a disk: memory, where there is enough of it, or else
 * the folder for temporary files. For tests in which processes die; what a disk keeps is shown on disks that are made up.
 */
export function memoryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(PLACE);
    return bavail * bsize >= FREE_BYTES_MIN ? PLACE : tmpdir();
  } catch {
    return tmpdir();
  }
}
