import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Defined, Project } from "../load-project.ts";

export interface ThrowawayOptions {
  /** So many rows of each source are taken, those whose hash is least. */
  readonly sampleRows: number;
}

/** Fewer trees say as much of whether a project works. */
const TREES_MAX = 20;

/**
 * A project as its tests see it: a file `tests/fixtures/SOURCE.csv` (or `.jsonl`, `.parquet`) in the place of a source's
 * own, else a sample of its rows; small models, no gates, and row counts that only warn, since a sample says nothing of
 * these; its metadata beside its tables, and no schedule.
 */
export async function throwawayProject(project: Project, { sampleRows }: ThrowawayOptions): Promise<Project> {
  const fixtures = await readdir(join(project.dir, FIXTURES)).catch(() => []);
  const { schedule: _schedule, ...settings } = project.settings;
  return {
    ...project,
    settings: { ...settings, engines: {} },
    sources: project.sources.map((source) => {
      const fixture = fixtures.find((file) => file.replace(/\..*$/, "") === source.name);
      return changed(
        source,
        fixture === undefined ? { sampleRows } : { path: `${FIXTURES}/${fixture}`, format: null, csv: {} },
      );
    }),
    checks: project.checks.map((defined) =>
      changed(defined, {
        checks: defined.definition.checks.map((one) =>
          one.check === "row_count" ? { ...one, severity: "warning" as const } : one,
        ),
      }),
    ),
    trainings: project.trainings.map((training) => {
      const { trainer } = training.definition;
      return changed(training, { gates: [], trainer: { ...trainer, trees: Math.min(trainer.trees, TREES_MAX) } });
    }),
  };
}

const FIXTURES = "tests/fixtures";

function changed<Definition>(defined: Defined<Definition>, change: Partial<Definition>): Defined<Definition> {
  return { ...defined, definition: { ...defined.definition, ...change } };
}
