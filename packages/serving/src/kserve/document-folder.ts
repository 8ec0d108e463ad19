import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Remark } from "./documents.ts";
import type { PlannedService } from "./plan.ts";
import { afterDocument, keyOf } from "./revisions.ts";

/** What is said of a document, and in which file it is. */
export type FileRemark = Remark & { readonly file: string };

const FILES_MAX = 10_000;

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
  const services = new Map<string, PlannedService & { readonly file: string }>();
  const remarks: FileRemark[] = [];
  for (const file of files.slice(0, FILES_MAX)) {
    const text = await readFile(join(folder, file), "utf8").catch((error: NodeJS.ErrnoException) => {
      // Taken away since the folder was listed.
      if (error.code !== "ENOENT") remarks.push({ ...unreadable(error), file });
    });
    // Other programs' files lie here too.
    if (text?.includes("serving.kserve.io/") !== true) continue;
    // What reads YAML takes longer to load than a folder without documents takes to be served.
    const { planText } = await import("./plan-text.ts");
    const planned = planText(text, { folder });
    remarks.push(...planned.remarks.map((remark) => ({ ...remark, file })));
    for (const service of planned.services) {
      const key = keyOf(service.document);
      services.set(key, { ...afterDocument(services.get(key), service), file });
    }
  }
  return { services: [...services.values()], remarks };
}

function unreadable({ code = "it cannot be read" }: NodeJS.ErrnoException): Remark {
  return { level: "error", of: "file", path: "", line: 1, because: code === "EISDIR" ? "it is a folder" : code };
}
