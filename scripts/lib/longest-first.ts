import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, the longest first. The others begin after them, the larger first. */
const LONG = [
  "e2e/docs.test.ts",
  "e2e/processes.test.ts",
  "e2e/console.test.ts",
  "e2e/house/planted-faults.test.ts",
  "e2e/road.test.ts",
  "e2e/control.test.ts",
  "e2e/own-data.test.ts",
  "e2e/faults.test.ts",
  "e2e/commands.test.ts",
  "e2e/pack.test.ts",
  "e2e/callers.test.ts",
  "e2e/postgres.test.ts",
  "apps/server/test/crash-images.test.ts",
  "apps/server/test/bit-rot.test.ts",
  "e2e/sources.test.ts",
];

/** So that no worker is left alone at the end with a file that takes long. On a new machine nothing is known of earlier runs. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONG.findIndex((file) => moduleId.endsWith(`/${file}`));
      return found === -1 ? LONG.length : found;
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}
