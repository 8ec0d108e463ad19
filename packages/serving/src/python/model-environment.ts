import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import type { ModelConfig } from "../inference/model-config.ts";
import { interpreterAt, noPython } from "./interpreter.ts";

const PARAMETER = "EXECUTION_ENV_PATH";
/** Triton's name for the folder of the model, with its versions. */
const MODEL_FOLDER = "$$TRITON_MODEL_DIRECTORY";

/**
 * The interpreter of the environment that a model's configuration names for itself, as for Triton's Python backend: a folder
 * in the model's own, since a load's caller may bring a configuration. Throws `inference/no-python`.
 */
export async function ownInterpreter(file: string, config: ModelConfig): Promise<string | undefined> {
  const { string_value: named = "" } = config.parameters?.[PARAMETER] ?? {};
  if (named === "") return undefined;
  const model = dirname(dirname(file));
  const path = named.startsWith(MODEL_FOLDER) ? join(model, named.slice(MODEL_FOLDER.length)) : named;
  const remedy = "Unpack the environment into a folder beside the model's versions, and name that.";
  if (/\.(?:tar\.gz|tgz|tar|zip)$/.test(path)) throw noPython(`its ${PARAMETER} is packed`, undefined, remedy);
  const place = isAbsolute(path) ? path : resolve(model, path);
  const [real, within] = await Promise.all([realpath(place).catch(() => place), realpath(model)]);
  if (!real.startsWith(`${within}${sep}`))
    throw noPython(`its ${PARAMETER} is not in the model's folder`, undefined, remedy);
  return interpreterAt(real);
}
