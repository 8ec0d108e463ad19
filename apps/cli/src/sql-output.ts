import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { queryBytes, type ControlTransport, type QueryBody } from "@millwright/client";
import { Type } from "@millwright/kernel";
import { mapIoError, platformErrors, type CommandCall } from "@millwright/platform";
import { bytes } from "./format.ts";

type Format = NonNullable<QueryBody["format"]>;

const FORMATS: ReadonlySet<string> = new Set<Format>(["arrow", "csv", "json", "jsonl", "parquet"]);
const SUFFIXES: Readonly<Record<string, Format>> = {
  ".arrow": "arrow",
  ".arrows": "arrow",
  ".csv": "csv",
  ".json": "json",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".parquet": "parquet",
};
/** No row is left away: a result that has too many fails by the project's limit. */
const ALL_ROWS = Number.MAX_SAFE_INTEGER;

export const WrittenRows = Type.Object({ file: Type.String(), format: Type.String(), bytes: Type.Number() });

/** The format that `--format`, or the suffix of `--out`, asks for; undefined where a person reads. Throws `platform/usage`. */
export function formatAsked({ format, out }: CommandCall["options"]): Format | undefined {
  if (typeof format === "string") {
    if (FORMATS.has(format)) return format as Format;
    throw platformErrors.create("platform/usage", {
      because: `--format ${format} is none of ${[...FORMATS].join(", ")}`,
    });
  }
  if (typeof out !== "string") return undefined;
  const found = SUFFIXES[extname(out).toLowerCase()];
  if (found !== undefined) return found;
  throw platformErrors.create("platform/usage", {
    because: `--out ${out} ends in none of ${Object.keys(SUFFIXES).join(", ")}, and no --format is given`,
  });
}

/** Writes the rows to the file that `--out` names, or to standard output, as they come. */
export async function writeRows(
  transport: ControlTransport,
  call: CommandCall,
  { body, format }: { readonly body: QueryBody; readonly format: Format },
): Promise<number> {
  const parts = await queryBytes(transport, { ...body, format, maxRows: body.maxRows ?? ALL_ROWS });
  const { out } = call.options;
  if (typeof out !== "string") {
    await call.out.bytes(parts);
    return 0;
  }
  const file = resolve(out);
  const written = { file, format, bytes: await writeFile(parts, file) };
  call.out.result(written, () => `wrote ${out}, ${bytes(written.bytes)}`);
  return 0;
}

/** The file is there whole or not at all. */
async function writeFile(parts: AsyncIterable<Uint8Array>, file: string): Promise<number> {
  const beside = `${file}.part`;
  const sink = createWriteStream(beside);
  try {
    await pipeline(parts, sink);
    await rename(beside, file);
    return sink.bytesWritten;
  } catch (error) {
    await rm(beside, { force: true });
    throw mapIoError(error);
  }
}
