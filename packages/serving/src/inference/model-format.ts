import { open, readdir } from "node:fs/promises";
import { basename } from "node:path";
import type { OpenModel } from "./ports.ts";
import { inferenceErrors } from "./errors.ts";

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

/** Files that need Python, whatever they are called. */
const PYTHON_FILE = /\.(?:py|pkl|pickle|joblib|pt2?)$/;

/**
 * The name of the model's file in a version's folder; of Triton's Python backend it is always the same, whatever files
 * lie beside it. Throws `inference/cannot-load`.
 */
export async function findModelFile(folder: string, { backend }: { readonly backend?: string } = {}): Promise<string> {
  if (backend === "python") return "model.py";
  const names = await readdir(folder);
  const found = Object.keys(FILES).find((name) => names.includes(name));
  if (found !== undefined) return found;
  const because = `its version ${basename(folder)} has none of ${Object.keys(FILES).join(", ")}`;
  throw inferenceErrors.create("inference/cannot-load", { because });
}

/** Opens each file by the opener of its format: by its name, else by what it begins with. */
export function openByFormat(openers: Readonly<Record<Format, OpenModel>>): OpenModel {
  return async (file, config, when) => openers[await formatOf(file)](file, config, when);
}

async function formatOf(file: string): Promise<Format> {
  const known = FILES[basename(file)];
  if (known !== undefined) return known;
  if (PYTHON_FILE.test(file)) return "python";
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), { position: 0 });
    // What an ONNX file begins with is the number of its version's field.
    return /^(?:tree\r?\n|\{|MWTREE)/.test(buffer.toString("latin1", 0, bytesRead)) ? "trees" : "onnx";
  } finally {
    await handle.close();
  }
}
