import { Type, parse } from "@millwright/kernel";
import { wrongTraffic } from "../errors.ts";
import { rolloutRules, stepsMs, type RolloutRules } from "./rollout-rules.ts";
import { weightsProblem } from "./split.ts";

/** What tells callers apart, so that one of them gets the same variant each time. */
export type StickyBy =
  /** A field of the request. */
  | { readonly field: string }
  /** Of the request's `parameters`. */
  | { readonly parameter: string }
  /** Of HTTP, or of gRPC's metadata. */
  | { readonly header: string };

/** How the requests of a service are shared among versions of its model. */
export interface TrafficOptions {
  /**
   * Percent by variant. A variant is named as its version is: by an alias of the service's model, or by a number. The
   * service's own alias takes what is left of 100 where it is not named.
   */
  readonly weights?: Readonly<Record<string, number>>;
  /** Without it each request is assigned by its own id. */
  readonly stickyBy?: StickyBy;
  /** Named in the prediction log beside the variant. Another name assigns the same keys anew. */
  readonly experiment?: string;
  /**
   * A variant that is asked the same as the others, after their callers have been answered: its answers are compared and
   * logged, and given to nobody. In percent of the requests; all of them unless told.
   */
  readonly shadow?: string | { readonly variant: string; readonly percent: number };
  /** Moves traffic to a new version by itself, step by step, as long as it does as well as the one before. */
  readonly rollout?: RolloutOptions;
}

/** How a new version is given more and more of the traffic, and by what it is judged. */
export interface RolloutOptions {
  /** The alias whose new versions are rolled out. */
  readonly variant: string;
  /**
   * Percent at each step, rising, the first below 100: beside the service's own it is judged. 100 makes it the service's own.
   * 5, 25, 50 and 100 unless told.
   */
  readonly steps?: readonly number[];
  /** How long a step takes at least, as `90s`, `15m` or `2h`. Ten minutes unless told. */
  readonly every?: string;
  /** Answers of the variant, and as many of the service's own, without which no step is judged good. 100 unless told. */
  readonly requestsMin?: number;
  readonly gates?: RolloutGates;
  /** How long the rollout may take from its first step on, as `every`: then it is rolled back. 30 days unless told. */
  readonly progressDeadline?: string;
  /** Also how right both versions were since the rollout began, by labels that arrive later. */
  readonly labels?: RolloutLabels;
}

/**
 * The last step waits until the labels of both versions' answers tell that the variant is no worse than it may be; whenever
 * they tell that it is worse, it is rolled back.
 */
export interface RolloutLabels {
  /** A monitor of the service's model, whose `outcomes` say where the labels arrive. */
  readonly monitor: string;
  /** `auc`, `log_loss` and `calibration_error` of yes and no, `accuracy` of classes, `rmse` and `mae` of numbers. */
  readonly metric: LabelMetric;
  /** The variant's may be worse than the service's own by so much, in the metric's own unit. */
  readonly worseBy: number;
  /** Labelled answers of the variant, and as many of the service's own, without which nothing is decided by them. 100 unless told. */
  readonly labelsMin?: number;
  /** How sure a decision by labels is to be, below 1, however often it is looked. 0.95 unless told. */
  readonly confidence?: number;
}

export type LabelMetric = "auc" | "log_loss" | "calibration_error" | "accuracy" | "rmse" | "mae";

/** What a variant may be worse by than the service's own version meanwhile. */
interface RolloutGates {
  /** Of its requests, so much more may fail: 0.01 unless told. */
  readonly errorRate?: number;
  /** Its 99th percentile may take so many times as long, and a millisecond: 1.5 unless told. */
  readonly latencyP99?: number;
  /** Its answers may be distributed so differently, as a population stability index: 0.25 unless told. */
  readonly drift?: number;
}

/** An alias of a model, or a version's number. */
const VARIANT_PATTERN = "^(?:[a-z][a-z0-9_-]{0,63}|[1-9][0-9]{0,8})$";
const VARIANT = Type.String({ pattern: VARIANT_PATTERN });
const CLOSED = { additionalProperties: false };
const NAME = Type.String({ minLength: 1, maxLength: 200 });
const LABEL_METRICS: readonly LabelMetric[] = ["auc", "log_loss", "calibration_error", "accuracy", "rmse", "mae"];
const TRAFFIC = Type.Object(
  {
    weights: Type.Optional(Type.Record(Type.String(), Type.Number())),
    stickyBy: Type.Optional(
      Type.Union([
        Type.Object({ field: NAME }, CLOSED),
        Type.Object({ parameter: NAME }, CLOSED),
        Type.Object({ header: NAME }, CLOSED),
      ]),
    ),
    experiment: Type.Optional(NAME),
    shadow: Type.Optional(
      Type.Union([
        VARIANT,
        Type.Object({ variant: VARIANT, percent: Type.Number({ minimum: 0, maximum: 100 }) }, CLOSED),
      ]),
    ),
    rollout: Type.Optional(
      Type.Object(
        {
          variant: VARIANT,
          steps: Type.Optional(
            Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 100 }), { minItems: 1, maxItems: 100 }),
          ),
          every: Type.Optional(Type.String({ pattern: "^[0-9]+[smhd]$" })),
          requestsMin: Type.Optional(Type.Integer({ minimum: 1 })),
          progressDeadline: Type.Optional(Type.String({ pattern: "^[0-9]+[smhd]$" })),
          gates: Type.Optional(
            Type.Object(
              {
                errorRate: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
                latencyP99: Type.Optional(Type.Number({ minimum: 1 })),
                drift: Type.Optional(Type.Number({ minimum: 0 })),
              },
              CLOSED,
            ),
          ),
          labels: Type.Optional(
            Type.Object(
              {
                monitor: NAME,
                metric: Type.Union(LABEL_METRICS.map((metric) => Type.Literal(metric))),
                worseBy: Type.Number({ minimum: 0 }),
                labelsMin: Type.Optional(Type.Integer({ minimum: 1 })),
                confidence: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })),
              },
              CLOSED,
            ),
          ),
        },
        CLOSED,
      ),
    ),
  },
  CLOSED,
);

/** Throws `kernel/invalid` and `serving/wrong-traffic`. */
export function checkTraffic(service: string, primary: string, traffic: TrafficOptions): TrafficOptions {
  parse(TRAFFIC, traffic, { what: `the traffic of ${service}` });
  const { steps = [], variant } = traffic.rollout ?? {};
  if (steps.some((step, at) => step <= (steps[at - 1] ?? 0)))
    throw wrongTraffic(`the steps of the rollout, ${steps.join(", ")}, do not rise`);
  if (steps[0] === 100)
    throw wrongTraffic("the first step of the rollout is 100: nothing would be left to compare it with");
  if (traffic.rollout !== undefined) requireTime(rolloutRules(traffic.rollout));
  if (variant === primary) throw wrongTraffic(`${variant} is the service's own: another alias is rolled out to it`);
  return { ...traffic, weights: wholeWeights(traffic.weights ?? {}, primary) };
}

function requireTime(rules: RolloutRules): void {
  const leastMs = stepsMs(rules);
  if (rules.progressDeadlineMs > leastMs) return;
  throw wrongTraffic(
    `the progressDeadline of the rollout, ${rules.progressDeadlineMs / 1_000} s, is no longer than its steps, which take ${leastMs / 1_000} s at least`,
  );
}

/** The variant that is a service's shadow, and of how much. */
export function shadowOf({
  shadow,
}: TrafficOptions): { readonly variant: string; readonly percent: number } | undefined {
  return typeof shadow === "string" ? { variant: shadow, percent: 100 } : shadow;
}

/** The weights with the primary's, which takes what is left where it is not named. Throws `serving/wrong-traffic`. */
export function wholeWeights(
  weights: Readonly<Record<string, number>>,
  primary: string,
): Readonly<Record<string, number>> {
  const odd = Object.keys(weights).find((name) => !new RegExp(VARIANT_PATTERN).test(name));
  if (odd !== undefined)
    throw wrongTraffic(`${JSON.stringify(odd.slice(0, 100))} is neither an alias of a model nor a version's number`);
  const others = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const whole = Object.hasOwn(weights, primary)
    ? weights
    : { [primary]: Number((100 - others).toFixed(6)), ...weights };
  const problem = weightsProblem(whole);
  if (problem !== undefined) throw wrongTraffic(problem);
  return whole;
}
