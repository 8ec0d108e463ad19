import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Column } from "@millwright/kernel";
import type { Lakehouse } from "@millwright/lakehouse";
import { sha256Of } from "@millwright/platform";
import { VERSION } from "./version.ts";

/** Describes SELECTs, each asked of the engine once: also over the processes of a project. */
export interface Described {
  describe(select: string): Promise<readonly Column[]>;
  /** Keeps what was asked for since it was opened, and nothing else. */
  save(): Promise<void>;
}

type Columns = Readonly<Record<string, readonly Column[]>>;

/**
 * What the engine says of a SELECT depends on the text alone, where the relations in it are written out with their
 * columns: a project that has not changed is typed without an engine. A damaged file is as good as none.
 */
export async function openDescribed(projectDir: string, { describe }: Pick<Lakehouse, "describe">): Promise<Described> {
  const file = join(projectDir, ".mill", "generated", "described.json");
  const before = await readFile(file, "utf8").catch(() => "");
  const known = decoded(before);
  const asked: Record<string, readonly Column[]> = {};
  return {
    describe: async (select) => {
      const key = sha256Of(Buffer.from(`${VERSION}\n${select}`));
      return (asked[key] = known[key] ?? (await describe(select)));
    },
    save: async () => {
      const text = encoded(asked);
      if (text === before) return;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    },
  };
}

function encoded(columns: Columns): string {
  const text = JSON.stringify(columns);
  return `${sha256Of(Buffer.from(text))}\n${text}\n`;
}

function decoded(whole: string): Columns {
  const [sha256 = "", text = ""] = whole.split("\n");
  return text !== "" && sha256 === sha256Of(Buffer.from(text)) ? (JSON.parse(text) as Columns) : {};
}
