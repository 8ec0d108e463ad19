import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMillError } from "@millwright/kernel";
import type { ModelConfig } from "../inference/model-config.ts";
import { cannotLoad } from "../inference/model-folder.ts";
import type { InferenceModel } from "../inference/ports.ts";
import { inputsOfV1 } from "../inference/rest/kserve-v1.ts";
import { readBackground } from "./explain-model.ts";

const PARAMETER = "explain_background";

/**
 * The model with the rows against which it is explained: a file beside its versions, of JSON with `instances` as KServe's first
 * protocol has them, that its configuration names. Throws `inference/cannot-load`.
 */
export async function withBackground(
  model: InferenceModel,
  { config, file }: { readonly config: ModelConfig; readonly file: string },
): Promise<InferenceModel> {
  const named = config.parameters?.[PARAMETER]?.string_value;
  if (named === undefined) return model;
  if (/[/\\\0]|^\.*$/.test(named)) throw cannotLoad(`${PARAMETER} ${JSON.stringify(named)} is no file's name`);
  const text = await readFile(join(dirname(dirname(file)), named), "utf8").catch((cause: unknown) => {
    throw cannotLoad(`the rows of ${PARAMETER} are not at ${named}`, cause);
  });
  try {
    const background = inputsOfV1(Object(JSON.parse(text)) as Readonly<Record<string, unknown>>, model.inputs);
    readBackground(background, model.inputs);
    return { ...model, background };
  } catch (error) {
    const because = isMillError(error) ? error.because : error instanceof Error ? error.message : "it cannot be read";
    throw cannotLoad(`${PARAMETER} ${named}: ${because}`, error);
  }
}
