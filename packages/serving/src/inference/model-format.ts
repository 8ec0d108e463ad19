import { open, readdir } from "node:fs/promises";
import { basename } from "node:path";
import type { OpenModel } from "./ports.ts";
import { inferenceErrors } from "./errors.ts";

/** A model's configuration, beside its file or its folders of versions. */
export const CONFIG_FILE = "config.pbtxt";

type Format = "onnx" | "trees" | "mlflow" | "python";

/**
 * The names by which a version's file is found, first ones first: MLflow's model folders; ONNX as Triton has it; LightGBM and XGBoost as Triton's FIL
 * backend, KServe and MLServer have them; our own; and Python's.
 */
const FILES: Readonly<Record<string, Format>> = {
  MLmodel: "mlflow",
  "model.onnx": "onnx",
  "model.txt": "trees",
  "model.json": "trees",
  "model.ubj": "trees",
  "model.bst": "trees",
  "xgboost.json": "trees",
  "xgboost.ubj": "trees",
  "xgboost.model": "trees",
  "model.mwt": "trees",
  "model.py": "python",
  "model.joblib": "python",
  "model.pkl": "python",
  "model.pt": "python",
  "model.pt2": "python",
};

/** What KServe calls the formats, and what opens each; Triton's folders tell theirs by their files. */
const NAMED = {
  onnx: "onnx",
  lightgbm: "trees",
  xgboost: "trees",
  sklearn: "python",
  mlflow: "mlflow",
  pytorch: "python",
  triton: undefined,
} satisfies Record<string, Format | undefined>;

/** A format as KServe names it. */
export type FormatName = keyof typeof NAMED;

export const FORMAT_NAMES = Object.keys(NAMED) as readonly FormatName[];

/** Capital letters are no matter; undefined where there is no such format. */
export function formatNamed(name: string): FormatName | undefined {
  return FORMAT_NAMES.find((known) => known === name.toLowerCase());
}

/** Whether a file by its name is one that this process reads itself: it holds numbers, and no code. */
export function isReadHere(path: string): boolean {
  const format = FILES[basename(path)];
  return format === "onnx" || format === "trees";
}

/** Files that need Python, whatever they are called. */
const PYTHON_FILE = /\.(?:py|pkl|pickle|joblib|pt2?)$/;

/**
 * The name of the model's file in a version's folder; of Triton's Python backend it is always the same, whatever files
 * lie beside it. Where the format is told, those of its names come first, and one file alone may have any name. Throws
 * `inference/cannot-load`.
 */
export async function findModelFile(
  folder: string,
  { backend, format }: { readonly backend?: string; readonly format?: FormatName | undefined } = {},
): Promise<string> {
  if (backend === "python") return "model.py";
  const entries = await readdir(folder, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const opener = format === undefined ? undefined : NAMED[format];
  const known = Object.keys(FILES).filter((name) => names.has(name));
  const found = known.find((name) => FILES[name] === opener) ?? known[0];
  if (found !== undefined) return found;
  const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."));
  const [only] = files.filter(({ name }) => name !== CONFIG_FILE);
  if (opener !== undefined && only !== undefined && files.every(({ name }) => [only.name, CONFIG_FILE].includes(name)))
    return only.name;
  const because = `its version ${basename(folder)} has none of ${Object.keys(FILES).join(", ")}`;
  throw inferenceErrors.create("inference/cannot-load", { because });
}

/** Opens each file by the opener of its format: by its name, else by what is told, else by what it begins with. */
export function openByFormat(openers: Readonly<Record<Format, OpenModel>>): OpenModel {
  return async (file, config, when) => openers[await formatOf(file, when?.format)](file, config, when);
}

async function formatOf(file: string, told: FormatName | undefined): Promise<Format> {
  const known = FILES[basename(file)] ?? (PYTHON_FILE.test(file) ? "python" : undefined);
  if (known !== undefined) return known;
  const opener = told === undefined ? undefined : NAMED[told];
  if (opener !== undefined) return opener;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), { position: 0 });
    // What an ONNX file begins with is the number of its version's field.
    return /^(?:tree\r?\n|\{|MWTREE)/.test(buffer.toString("latin1", 0, bytesRead)) ? "trees" : "onnx";
  } finally {
    await handle.close();
  }
}
