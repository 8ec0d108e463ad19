import { join } from "node:path";
import { matches } from "@millwright/kernel";
import { readSummed } from "@millwright/platform";
import { trainingErrors } from "../errors.ts";
import { JudgementSchema } from "./judgement-schema.ts";
import type { Judgement } from "./judgement.ts";

export const JUDGEMENT_FILE = "judgement.json";

/** Reads what was kept of a version's judgement. Throws `training/no-judgement` where there is none, and `platform/damaged-file`. */
export async function readJudgement(artifactPath: string): Promise<Judgement> {
  const bytes = await readSummed(join(artifactPath, JUDGEMENT_FILE)).catch((cause: unknown) => {
    if (!isAbsent(cause)) throw cause;
    throw trainingErrors.create("training/no-judgement", { because: "nothing is kept beside its model", cause });
  });
  const judgement = parsed(Buffer.from(bytes).toString());
  if (judgement !== undefined && matches(JudgementSchema, judgement)) return judgement;
  throw trainingErrors.create("training/no-judgement", { because: "what is kept beside its model is of another form" });
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** What the text says, not yet known to be one. */
function parsed(text: string): Judgement | undefined {
  try {
    return JSON.parse(text) as Judgement;
  } catch {
    return undefined;
  }
}
