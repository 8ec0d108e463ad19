import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { inParallel } from "../in-parallel.ts";
import type { Remark } from "./documents.ts";
import type { PlannedService } from "./plan.ts";
import { afterDocument, keyOf } from "./revisions.ts";

/** What is said of a document, and in which file it is. */
export type FileRemark = Remark & { readonly file: string };

interface ReadFile {
  /** Changes with the file. */
  readonly stamp: string;
  readonly services: readonly PlannedService[];
  readonly remarks: readonly Remark[];
}

const FILES_MAX = 10_000;
const FILES_AT_ONCE = 16;

/** Files as they were read last, by folder and name: of thousands few change from one look to the next. */
const readBefore = new Map<string, ReadonlyMap<string, ReadFile>>();

/** What the documents of a folder ask to be served. Of two of one kind and name the last one holds, or as a canary its share. */
export async function readDocumentFolder(folder: string): Promise<{
  readonly services: readonly (PlannedService & { readonly file: string })[];
  readonly remarks: readonly FileRemark[];
}> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = names.filter((name) => /\.ya?ml$/.test(name) && !name.startsWith(".")).toSorted();
  const before = readBefore.get(folder);
  const found = await inParallel(files.slice(0, FILES_MAX), FILES_AT_ONCE, async (file) => ({
    file,
    read: await readDocuments(folder, file, before?.get(file)),
  }));
  const now = new Map(found.flatMap(({ file, read }) => (read === undefined ? [] : [[file, read] as const])));
  readBefore.set(folder, now);
  const services = new Map<string, PlannedService & { readonly file: string }>();
  const remarks: FileRemark[] = [];
  for (const [file, read] of now) {
    remarks.push(...read.remarks.map((remark) => ({ ...remark, file })));
    for (const service of read.services) {
      const key = keyOf(service.document);
      services.set(key, { ...afterDocument(services.get(key), service), file });
    }
  }
  return { services: [...services.values()], remarks };
}

/** One file, unless it is as it was; undefined where it was taken away since the folder was listed. */
async function readDocuments(
  folder: string,
  file: string,
  before: ReadFile | undefined,
): Promise<ReadFile | undefined> {
  const path = join(folder, file);
  try {
    // Its stamp first: one that changes while it is read is read again at the next look.
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const stamp = [ino, size, mtimeNs, ctimeNs].join();
    if (before?.stamp === stamp) return before;
    const text = await readFile(path, "utf8");
    // Other programs' files lie here too.
    if (!text.includes("serving.kserve.io/")) return { stamp, services: [], remarks: [] };
    // What reads YAML takes longer to load than a folder without documents takes to be served.
    const { planText } = await import("./plan-text.ts");
    return { stamp, ...planText(text, { folder }) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === undefined) throw error;
    return { stamp: "", services: [], remarks: [unreadable(error as NodeJS.ErrnoException)] };
  }
}

function unreadable({ code = "it cannot be read" }: NodeJS.ErrnoException): Remark {
  return { level: "error", of: "file", path: "", line: 1, because: code === "EISDIR" ? "it is a folder" : code };
}
