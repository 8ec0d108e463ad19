import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Value } from "typebox/value";
import { trainingErrors } from "../errors.ts";
import { JudgementSchema } from "./judgement-schema.ts";
import type { Judgement } from "./judgement.ts";

export const JUDGEMENT_FILE = "judgement.json";

/** Reads what was kept of a version's judgement. Throws `training/no-judgement` where there is none, or a damaged one. */
export async function readJudgement(artifactPath: string): Promise<Judgement> {
  const text = await readFile(join(artifactPath, JUDGEMENT_FILE), "utf8").catch((cause: unknown) => {
    throw trainingErrors.create("training/no-judgement", { because: "nothing is kept beside its model", cause });
  });
  const judgement = parsed(text);
  if (judgement !== undefined && Value.Check(JudgementSchema, judgement)) return judgement;
  throw trainingErrors.create("training/no-judgement", { because: "what is kept beside its model is damaged" });
}

/** What the text says, not yet known to be one. */
function parsed(text: string): Judgement | undefined {
  try {
    return JSON.parse(text) as Judgement;
  } catch {
    return undefined;
  }
}
