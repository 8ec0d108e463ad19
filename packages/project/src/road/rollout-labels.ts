import { labelledVariants } from "@millwright/monitoring";
import { PREDICTIONS_TABLE, type LabelNumbers, type LabelsAsked } from "@millwright/serving";
import { splitConditions, trainingTable } from "@millwright/training";
import type { Project } from "../load-project.ts";
import type { RoadParts } from "./parts.ts";

/** The labels of rollouts, as a project's monitors say where they arrive. */
export interface RolloutLabelsReader {
  /** Undefined where the project has no such monitor any more. */
  read(asked: LabelsAsked): Promise<LabelNumbers | undefined>;
}

/** What labels tell is asked anew where answers or outcomes have been written since. */
export function createRolloutLabels(
  { lakehouse }: Pick<RoadParts, "lakehouse">,
  project: () => Pick<Project, "monitors" | "trainings">,
): RolloutLabelsReader {
  const known = new Map<string, { readonly of: string; readonly numbers: LabelNumbers }>();
  return {
    read: async (asked) => {
      const { monitors, trainings } = project();
      const monitor = monitors.find(({ name }) => name === asked.monitor)?.definition;
      const training = trainings.find(({ name }) => name === monitor?.training)?.definition;
      const outcomes = monitor?.outcomes;
      if (outcomes === undefined || training === undefined) return undefined;
      const { service, metric, sinceMs, primary, variant } = asked;
      const snapshots = await Promise.all(
        [PREDICTIONS_TABLE, outcomes.table.name].map(async (name) => (await lakehouse.sameRows(name)).at(-1)),
      );
      const of = JSON.stringify([asked, outcomes, snapshots]);
      const kept = known.get(service);
      if (kept?.of === of) return kept.numbers;
      const told = await labelledVariants(lakehouse, {
        table: PREDICTIONS_TABLE,
        service,
        outcomes,
        metric,
        sinceMs,
        variants: {
          primary: { variant: primary.name, version: primary.version },
          variant: { variant: variant.name, version: variant.version },
        },
        label: training.label,
        task: training.trainer.objective,
        baseline: { table: trainingTable(training.name), where: splitConditions(training).train },
      });
      const numbers = { metric, ...told };
      known.set(service, { of, numbers });
      return numbers;
    },
  };
}
