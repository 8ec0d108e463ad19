import { copyFileSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import type { FeatureHistory } from "@millwright/client";
import { kernelErrors, systemIds } from "@millwright/kernel";
import { mapIoError, platformErrors, textTable, type Command, type CommandCall } from "@millwright/platform";
import { statePaths } from "@millwright/server";
import { answerOf } from "./answer-schema.ts";
import { withApi } from "./api.ts";
import { cell, count } from "./format.ts";
import { projectDirOf } from "./hold-project.ts";

const SHOWN_ROWS = 20;
const FORMATS = { ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet" } as const;

/** Point-in-time features for a frame in a file: the frame goes to the engine by the project's folder for exchange. */
export const featuresHistory: Command = {
  name: "features history",
  summary: "a file's rows with their features as known at each row's time",
  arguments: [],
  options: {
    entities: { value: "FILE", summary: "CSV, JSON, JSON lines or Parquet: keys and times, a row each" },
    features: { value: "VIEW:FEATURE,…", summary: "what to join; a view's name alone means all of its features" },
    timestamp: { value: "COLUMN", summary: "the file's column of times (default: event_timestamp, or the only one)" },
    out: { value: "FILE", summary: "write CSV, JSON lines or Parquet, by its suffix, in place of showing" },
    "full-names": { summary: "call each feature view__feature" },
    "with-inputs": { summary: "also the stored features that on-demand ones rest on" },
    "later-created": { summary: "also rows written down after the time asked about, as Feast does by default" },
  },
  example: "mill features history --entities flights.csv --features airport_lateness:late_rate_1d --out joined.parquet",
  output: answerOf("featureHistory"),
  handler: async (call) => {
    const { out } = call.options;
    const answer = await withFrame(call, (entities) =>
      withApi(call, (api) => api.featureHistory({ body: { ...questionOf(call), entities, ...intoOf(out) } })),
    );
    const result = typeof out === "string" ? { ...answer, file: await moveOut(call, { answer, out }) } : answer;
    call.out.result(result, () => told(result));
    return 0;
  },
};

function questionOf({ options }: CommandCall) {
  const { features, timestamp } = options;
  if (typeof features !== "string" || typeof options["entities"] !== "string")
    throw platformErrors.create("platform/usage", { because: "--entities and --features are both needed" });
  return {
    features: features
      .split(",")
      .map((feature) => feature.trim())
      .filter((feature) => feature !== ""),
    ...(typeof timestamp === "string" ? { timestamp } : {}),
    fullNames: options["full-names"] === true,
    withInputs: options["with-inputs"] === true,
    laterCreated: options["later-created"] === true,
  };
}

function intoOf(out: CommandCall["options"][string]): { readonly into?: "csv" | "jsonl" | "parquet" } {
  if (typeof out !== "string") return {};
  const into = FORMATS[extname(out).toLowerCase() as keyof typeof FORMATS];
  if (into === undefined)
    throw platformErrors.create("platform/usage", {
      because: `--out ${out} ends in none of ${Object.keys(FORMATS).join(", ")}`,
    });
  return { into };
}

/** Puts the frame where the engine may read it, and takes it away again. */
async function withFrame<Result>(call: CommandCall, work: (name: string) => Promise<Result>): Promise<Result> {
  const file = resolve(String(call.options["entities"] ?? ""));
  questionOf(call);
  const suffix = extname(file).toLowerCase();
  const format = { ".json": "json", ".tsv": "csv", ...FORMATS }[suffix];
  if (format === undefined)
    throw platformErrors.create("platform/usage", { because: `--entities ${file} is no CSV, JSON or Parquet file` });
  const exchange = join(statePaths(await projectDirOf(call)).scratch, "exchange");
  const name = `frame-${systemIds()}.${format}`;
  try {
    mkdirSync(exchange, { recursive: true });
    copyFileSync(file, join(exchange, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw kernelErrors.create("kernel/invalid", { because: `nothing is at ${file}` });
    throw mapIoError(error);
  }
  try {
    return await work(name);
  } finally {
    rmSync(join(exchange, name), { force: true });
  }
}

async function moveOut(
  call: CommandCall,
  { answer, out }: { readonly answer: FeatureHistory; readonly out: string },
): Promise<string> {
  const made = join(statePaths(await projectDirOf(call)).scratch, "exchange", answer.file ?? "");
  const to = resolve(out);
  try {
    // Another file system takes a copy; beside the target, so that its name never holds half a file.
    copyFileSync(made, `${to}.part`);
    renameSync(`${to}.part`, to);
  } catch (error) {
    throw mapIoError(error);
  } finally {
    rmSync(made, { force: true });
  }
  return to;
}

function told({ columns, rows, rowCount, truncated, file }: FeatureHistory): string {
  if (file !== null) return `${count(rowCount)} rows with ${columns.length} columns in ${file}`;
  const table = textTable(
    columns.map(({ name }) => name),
    rows.slice(0, SHOWN_ROWS).map((row) => row.map(cell)),
  );
  const more = rows.length > SHOWN_ROWS || truncated;
  return more ? `${table}\n… ${count(rowCount)} rows; --json or --out FILE gives all` : table;
}
