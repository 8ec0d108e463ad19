import type { Logger } from "@millwright/kernel";
import { createComplaints } from "./complaints.ts";
import { createRolloutLabels, type RoadParts } from "@millwright/project";
import { advanceRollout, readTrafficCounts, type LabelNumbers, type LabelsAsked } from "@millwright/serving";
import type { RoadRunner } from "./road-runner.ts";

/** Moves the traffic of services to new versions, as their definitions say, while the project is up. */
export interface Rollouts {
  /** Waits for the look at hand. */
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;

/** What one look has decided is kept before anything follows from it: whoever comes after goes on from there. */
export function startRollouts({
  parts,
  runner,
  servingUrl,
  logger,
}: {
  readonly parts: RoadParts;
  readonly runner: Pick<RoadRunner, "project">;
  readonly servingUrl: () => string | undefined;
  readonly logger: Logger;
}): Rollouts {
  const counts = async () => {
    const url = servingUrl();
    return url === undefined ? undefined : readTrafficCounts(url).catch(() => undefined);
  };
  const complaints = createComplaints(logger, "the rollout of a service could not go on");
  const reader = createRolloutLabels(parts, () => runner.project());
  const unread = createComplaints(
    logger,
    "what labels tell of a rollout could not be read: it waits, unless another gate ends it",
  );
  const labelled = async (asked: LabelsAsked) => {
    let found: LabelNumbers | undefined;
    await unread.hear(asked.service, async () => (found = await reader.read(asked)));
    return found;
  };
  let atWork: Promise<void> | undefined;
  const lookAll = async () => {
    for (const { name, definition } of runner.project().services)
      await complaints.hear(name, () => advanceRollout({ ...parts, counts, labelled }, definition));
  };
  const timer = setInterval(() => {
    atWork ??= lookAll().finally(() => (atWork = undefined));
  }, LOOK_EVERY_MS);
  return {
    close: async () => {
      clearInterval(timer);
      await atWork;
    },
  };
}
