import type { IdSource, Clock } from "@millwright/kernel";
import { loggedAnswer, type LoggedAnswer } from "../answer.ts";
import type { PredictionLog } from "../prediction-log.ts";
import type { LoadedService, Prediction } from "../service.ts";
import type { DeployedTraffic } from "../deployment.ts";

/** One answer of a shadow beside the one that the caller got; the table has the same columns. Times are milliseconds, latency microseconds. */
export interface ShadowRecord {
  readonly id: string;
  readonly at_ms: number;
  readonly service: string;
  readonly variant: string;
  readonly model: string;
  readonly model_version: number;
  readonly answered_version: string;
  readonly probability: number | null;
  readonly prediction: string | null;
  readonly answered_probability: number | null;
  readonly answered_prediction: string | null;
  /** How far its probability or number lies from the caller's; null for classes. */
  readonly difference: number | null;
  /** The same class, or the same side of one half; null for numbers. */
  readonly agrees: boolean | null;
  /** Its code, where it ended in an error. */
  readonly error: string | null;
  readonly latency_us: number;
}

/** What became of the requests that a shadow was to get. */
export interface ShadowMeter {
  readonly service: string;
  readonly variant: string;
  readonly version: number;
  answered: number;
  failed: number;
  /** Not asked: it was behind, or the process had no time for it. */
  dropped: number;
  agreed: number;
  disagreed: number;
}

export interface ShadowPorts {
  readonly clock: Pick<Clock, "nowMs" | "monotonicMs">;
  readonly ids: IdSource;
  readonly log: PredictionLog<ShadowRecord>;
  /** Calls back once what is at hand has been answered. */
  readonly later: (work: () => void) => void;
  /** Whether the process has time to spare. */
  readonly isIdle: () => boolean;
}

export interface Shadow {
  readonly meter: ShadowMeter;
  /** Returns at once; the shadow is asked later, or not at all. */
  copy(row: Readonly<Record<string, unknown>>, answered: Prediction): void;
}

interface Copied {
  readonly row: Readonly<Record<string, unknown>>;
  readonly answered: Prediction;
}

/** Requests that wait for a shadow. */
const WAITING_MAX = 1_000;
/** How long it is asked in one turn of the loop: callers wait no longer for it. */
const TURN_MS = 1;

/**
 * Asks a version what callers have asked another, after those have been answered and while there is time to spare. Its
 * answers are compared and logged; nobody gets them. What is more than fits its queue is dropped and counted.
 */
export function createShadow(
  { clock, log, later, isIdle }: ShadowPorts,
  service: LoadedService,
  { variant, percent, meter }: { readonly variant: string; readonly percent: number; readonly meter: ShadowMeter },
): Shadow {
  const waiting: Copied[] = [];
  let isPlanned = false;
  let credit = 0;
  const turn = () => {
    isPlanned = false;
    const beganMs = clock.monotonicMs();
    if (!isIdle()) meter.dropped += waiting.splice(0).length;
    while (waiting.length > 0 && clock.monotonicMs() - beganMs < TURN_MS) {
      const next = waiting.shift();
      if (next !== undefined) ask(next);
    }
    if (waiting.length > 0) plan();
  };
  const plan = () => {
    if (isPlanned) return;
    isPlanned = true;
    later(turn);
  };
  const ask = ({ row, answered }: Copied) => {
    const beganMs = clock.monotonicMs();
    const outcome = outcomeOf(service, row, answered.id);
    if ("error" in outcome) meter.failed += 1;
    else meter.answered += 1;
    const compared = comparisonOf(outcome, answered);
    if (compared.agrees === true) meter.agreed += 1;
    if (compared.agrees === false) meter.disagreed += 1;
    const { name, model, version } = service.deployed;
    log.add({
      id: answered.id,
      at_ms: clock.nowMs(),
      service: name,
      variant,
      model,
      model_version: version,
      answered_version: answered.model_version,
      ...compared,
      latency_us: Math.round((clock.monotonicMs() - beganMs) * 1_000),
    });
  };
  return {
    meter,
    copy: (row, answered) => {
      // Every so many requests, with nothing left to chance.
      credit += percent / 100;
      if (credit < 1 - 1e-9) return;
      credit -= 1;
      if (waiting.length >= WAITING_MAX) {
        meter.dropped += 1;
        return;
      }
      waiting.push({ row, answered });
      plan();
    },
  };
}

export function createShadowMeter(of: Pick<ShadowMeter, "service" | "variant" | "version">): ShadowMeter {
  return { ...of, answered: 0, failed: 0, dropped: 0, agreed: 0, disagreed: 0 };
}

type Outcome = { readonly told: LoggedAnswer } | { readonly error: string };

function outcomeOf(service: LoadedService, row: Copied["row"], id: string): Outcome {
  try {
    return { told: loggedAnswer(service.predict(row, { id })) };
  } catch (error) {
    return { error: error instanceof Error && "code" in error ? String(error.code) : "kernel/defect" };
  }
}

function comparisonOf(outcome: Outcome, answered: Prediction) {
  const caller = loggedAnswer(answered);
  const kept = {
    answered_probability: caller.probability,
    answered_prediction: caller.prediction,
  };
  if ("error" in outcome)
    return { ...kept, probability: null, prediction: null, difference: null, agrees: null, error: outcome.error };
  const { probability, prediction, probabilities } = outcome.told;
  const own = { ...kept, probability, prediction, error: null };
  if (probability !== null && caller.probability !== null)
    return {
      ...own,
      difference: Math.abs(probability - caller.probability),
      agrees: probability >= 0.5 === caller.probability >= 0.5,
    };
  if (probabilities !== null) return { ...own, difference: null, agrees: prediction === caller.prediction };
  return { ...own, difference: Math.abs(Number(prediction) - Number(caller.prediction)), agrees: null };
}

/** The service whose answers are copied to a shadow, beside the variant itself: what that answered is no news to it. */
export function withShadow(service: LoadedService, shadow: Shadow, { variant }: { variant: string }): LoadedService {
  return {
    ...service,
    predict: (row, options) => {
      const answered = service.predict(row, options);
      if (answered.variant !== variant && options?.isTrial !== true) shadow.copy(row, answered);
      return answered;
    },
  };
}

export type DeployedShadow = NonNullable<DeployedTraffic["shadow"]>;
