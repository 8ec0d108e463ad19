import type { Clock, Logger } from "@millwright/kernel";
import { careForTables } from "@millwright/lakehouse";
import { careDefaultsOf, careEveryMs } from "../care-settings.ts";
import type { Platform } from "../compose.ts";
import type { RoadRunner } from "./road-runner.ts";

/** Cares for the tables of main while the project is up. */
export interface Caretaker {
  /** Begins with no further table, and waits for the one at hand. */
  close(): Promise<void>;
}

/** So often the clock is looked at. */
const LOOK_EVERY_MS = 1_000;
/** A table that was written so lately, or since the last time, may be written again at once: it is left for the next time. */
const QUIET_MS_MAX = 60_000;

/** Does not begin while a run is under way: what that writes it cares for itself. */
export function startCaretaker({
  platform,
  runner,
  clock,
  logger,
}: {
  readonly platform: Platform;
  readonly runner: RoadRunner;
  readonly clock: Clock;
  readonly logger: Logger;
}): Caretaker {
  const ending = new AbortController();
  let nextAtMs = clock.nowMs() + careEveryMs(runner.project().settings);
  let atWork: Promise<void> | undefined;
  const care = async () => {
    const quietMs = Math.min(QUIET_MS_MAX, careEveryMs(runner.project().settings));
    const isQuiet = ({ updatedAtMs }: { readonly updatedAtMs: number }) => updatedAtMs < clock.nowMs() - quietMs;
    const tables = (await platform.lakehouse.tables()).filter((one) => one.kind === "table" && isQuiet(one));
    await careForTables(
      {
        world: await platform.tables(),
        engine: platform.lakehouse.engine,
        log: platform.careLog,
        defaults: careDefaultsOf(runner.project().settings),
        signal: ending.signal,
      },
      tables.map(({ name }) => name),
    );
  };
  const look = () => {
    if (nextAtMs > clock.nowMs() || atWork !== undefined || runner.isBusy()) return;
    atWork = care()
      .catch((error: unknown) => logger.error({ err: error }, "the care of tables failed"))
      .finally(() => {
        atWork = undefined;
        nextAtMs = clock.nowMs() + careEveryMs(runner.project().settings);
      });
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    close: async () => {
      clearInterval(timer);
      ending.abort();
      await atWork;
    },
  };
}
