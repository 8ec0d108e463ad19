import { systemClock, systemIds, type Logger } from "@millwright/kernel";
import { openPredictionLog } from "../prediction-log.ts";
import { createPayloadLog, type PayloadLog, type PayloadRecord } from "./payload-log.ts";
import type { PayloadSettings } from "./payload-settings.ts";

export interface OpenPayloadLogOptions {
  readonly folder: string;
  /** For models whose configuration says nothing of it. */
  readonly defaults?: Partial<PayloadSettings> | undefined;
  /** Of all segments together. */
  readonly totalBytesMax?: number | undefined;
  /** Whether the oldest segments make room, where nobody takes them. */
  readonly forgetsOldest: boolean;
  readonly sealEveryMs: number;
  readonly logger: Logger;
}

const TOTAL_BYTES_MAX = 512 * 2 ** 20;
const SEGMENT_BYTES_MAX = 16 * 2 ** 20;
/** So many segments at least are in a full log. */
const SEGMENTS_MIN = 8;

/** A payload log in a folder, whose segments are sealed as time passes. The folder is made with the first that is kept. */
export function openPayloadLog({ folder, defaults = {}, logger, ...options }: OpenPayloadLogOptions): PayloadLog {
  const { totalBytesMax = TOTAL_BYTES_MAX, forgetsOldest, sealEveryMs } = options;
  const log = createPayloadLog({
    open: () =>
      openPredictionLog<PayloadRecord>({
        folder,
        ids: systemIds,
        logger,
        totalBytesMax,
        lockWaitMs: 0,
        forgetsOldest,
        segmentBytesMax: Math.min(SEGMENT_BYTES_MAX, Math.ceil(totalBytesMax / SEGMENTS_MIN)),
      }),
    defaults,
    clock: systemClock,
    ids: systemIds,
    random: Math.random,
    later: setImmediate,
    onFailed: (error) => logger.error({ err: error }, "the payload log cannot be opened; answers go on without it"),
  });
  const timer = setInterval(() => log.seal(), sealEveryMs);
  timer.unref();
  return {
    watch: (...given) => log.watch(...given),
    watchBody: (...given) => log.watchBody(...given),
    get written() {
      return log.written;
    },
    get dropped() {
      return log.dropped;
    },
    seal: () => log.seal(),
    close: () => {
      clearInterval(timer);
      log.close();
    },
  };
}
