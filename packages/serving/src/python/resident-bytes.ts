import { readFile } from "node:fs/promises";

const PAGE_BYTES = 4_096;

/** What a process takes in memory, where the system tells it (Linux); else 0. */
export async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "");
  return (Number(text.split(" ")[1]) || 0) * PAGE_BYTES;
}
