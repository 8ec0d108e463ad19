import {
  kernelErrors,
  parse,
  SECRET_REFERENCE,
  type SecretReference,
  type TableReference,
  Type,
} from "@millwright/kernel";

export interface MonitorDefinition {
  readonly kind: "monitor";
  readonly name: string;
  /** The training whose rows are the baseline; watched are its scored rows and the answers of its services. */
  readonly training: string;
  readonly alerts: readonly AlertRule[];
  readonly routes: readonly AlertRoute[];
  /** Features that differ from day to day by their nature, such as the day of the week. */
  readonly except: readonly string[];
  readonly outcomes?: Outcomes;
}

/** What a rule watches: of a feature its distribution or its values, of the answers a metric. */
export type Measure = FeatureMeasure | MetricMeasure;
export type FeatureMeasure = "stability" | "missing" | "range" | "categories" | "skew";
export type MetricMeasure = "auc" | "log_loss" | "calibration_error" | "accuracy" | "rmse" | "mae";

/** An alert stands while the measure is beyond its bound on at least `days` of the last `within` days that have rows. */
export interface AlertRule {
  readonly name: string;
  readonly on: Measure;
  readonly above?: number;
  readonly below?: number;
  readonly days: number;
  readonly within: number;
  /** A day with fewer rows says nothing. */
  readonly minRows: number;
  readonly rows: "any" | "scored" | "served";
  /** All that the monitor watches, when absent. */
  readonly features?: readonly string[];
}

export type AlertRoute = { readonly kind: "log" } | WebhookRoute;

/** Where an alert is posted. The address is that one alone: a redirect is not followed. */
export interface WebhookRoute {
  readonly kind: "webhook";
  readonly url: SecretReference | string;
  readonly timeoutMs: number;
  readonly attempts: number;
  /** Sent as `authorization`. */
  readonly authorization?: SecretReference;
}

/** Where labels arrive later: the rows of a table that have the same values as the request. */
export interface Outcomes {
  readonly table: TableReference;
  readonly label: string;
  /** By the request's field the table's column. */
  readonly on: Readonly<Record<string, string>>;
}

const DAYS_MAX = 10_000;

const RULE = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1 })),
    on: Type.Union([
      Type.Literal("stability"),
      Type.Literal("missing"),
      Type.Literal("range"),
      Type.Literal("categories"),
      Type.Literal("skew"),
      Type.Literal("auc"),
      Type.Literal("log_loss"),
      Type.Literal("calibration_error"),
      Type.Literal("accuracy"),
      Type.Literal("rmse"),
      Type.Literal("mae"),
    ]),
    above: Type.Optional(Type.Number()),
    below: Type.Optional(Type.Number()),
    days: Type.Optional(Type.Integer({ minimum: 1 })),
    within: Type.Optional(Type.Integer({ minimum: 1, maximum: DAYS_MAX })),
    minRows: Type.Optional(Type.Integer({ minimum: 1 })),
    rows: Type.Optional(Type.Union([Type.Literal("any"), Type.Literal("scored"), Type.Literal("served")])),
    features: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
);

const WEBHOOK = Type.Object(
  {
    kind: Type.Literal("webhook"),
    url: Type.Union([SECRET_REFERENCE, Type.String({ pattern: "^https?://[^\\s/@]+" })]),
    timeoutMs: Type.Integer({ minimum: 1, maximum: 30_000 }),
    attempts: Type.Integer({ minimum: 1, maximum: 5 }),
    authorization: Type.Optional(SECRET_REFERENCE),
  },
  { additionalProperties: false },
);

const ROUTE = Type.Union([Type.Object({ kind: Type.Literal("log") }, { additionalProperties: false }), WEBHOOK]);

const OPTIONS = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    training: Type.String({ minLength: 1 }),
    alerts: Type.Optional(Type.Array(RULE)),
    alert: Type.Optional(
      Type.Object(
        {
          psiAbove: Type.Number(),
          days: Type.Integer({ minimum: 1 }),
          minRows: Type.Optional(Type.Integer({ minimum: 0 })),
        },
        { additionalProperties: false },
      ),
    ),
    routes: Type.Optional(Type.Array(ROUTE)),
    except: Type.Optional(Type.Array(Type.String())),
    outcomes: Type.Optional(
      Type.Object(
        {
          table: Type.Object({ kind: Type.Literal("table"), name: Type.String() }),
          label: Type.String({ minLength: 1 }),
          on: Type.Union([Type.Array(Type.String()), Type.Record(Type.String(), Type.String())]),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

/** One rule, as it is written: a measure with one bound. */
interface AlertRuleOptions extends Partial<Omit<AlertRule, "on">> {
  readonly on: Measure;
}

export interface MonitorOptions {
  readonly name: string;
  readonly training: string;
  /** When to tell. Unless given: a stability index above 0.25 on three days. */
  readonly alerts?: readonly AlertRuleOptions[];
  /** The one rule on stability alone, in short. */
  readonly alert?: { readonly psiAbove: number; readonly days: number; readonly minRows?: number };
  /** Whom to tell. Unless given: the log. */
  readonly routes?: readonly AlertRoute[];
  readonly except?: readonly string[];
  readonly outcomes?: Omit<Outcomes, "on"> & { readonly on: readonly string[] | Readonly<Record<string, string>> };
}

/**
 * Declares a watch on a training's features and on the answers of its model. Throws `kernel/invalid`.
 *
 * @example
 * ```ts
 * export const drift = defineMonitor({
 *   name: "late-flights-drift",
 *   training: "late-flights",
 *   alerts: [{ on: "stability", above: 0.25, days: 3 }, { on: "auc", below: 0.8 }],
 *   routes: [log(), webhook({ url: env("ALERTS_URL") })],
 * });
 * ```
 */
export function defineMonitor(options: MonitorOptions): MonitorDefinition {
  parse(OPTIONS, options, { what: "defineMonitor" });
  const { name, training, alert, alerts, outcomes, routes = [{ kind: "log" }], except = [] } = options;
  const short = alerts === undefined ? (alert ?? { psiAbove: 0.25, days: 3 }) : alert;
  return {
    kind: "monitor",
    name,
    training,
    alerts: [...(short === undefined ? [] : [inShort(short)]), ...(alerts ?? []).map(ruleOf)],
    routes,
    except,
    ...(outcomes === undefined ? {} : { outcomes: { ...outcomes, on: columnsOf(outcomes.on) } }),
  };
}

/** In short any scored day counts, however long ago, and of however few rows unless told. */
function inShort({ psiAbove, days, minRows = 0 }: NonNullable<MonitorOptions["alert"]>): AlertRule {
  return ruleOf({ on: "stability", above: psiAbove, days, minRows, within: DAYS_MAX, rows: "scored" });
}

function ruleOf(options: AlertRuleOptions): AlertRule {
  const { on, above, below, days = 1, within = 30, minRows = 100, rows = "any", ...rest } = options;
  const only = { days, within, minRows, rows } as const;
  if (above !== undefined && below === undefined) return { name: `${on} above ${above}`, ...rest, on, above, ...only };
  if (below !== undefined && above === undefined) return { name: `${on} below ${below}`, ...rest, on, below, ...only };
  throw kernelErrors.create("kernel/invalid", {
    because: `defineMonitor: /alerts: the alert on ${on} needs one bound, \`above\` or \`below\``,
    details: { fields: ["/alerts/on"] },
  });
}

function columnsOf(on: readonly string[] | Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return isList(on) ? Object.fromEntries(on.map((name) => [name, name])) : on;
}

function isList(on: readonly string[] | Readonly<Record<string, string>>): on is readonly string[] {
  return Array.isArray(on);
}

/** Tells alerts in the project's log, `.mill/logs/mill.log`. */
export function log(): AlertRoute {
  return { kind: "log" };
}

/**
 * Posts alerts as JSON to an address: at most so many attempts (three), each at most so long (5,000 ms). Throws
 * `kernel/invalid`.
 *
 * @example
 * ```ts
 * webhook({ url: env("ALERTS_URL") });
 * ```
 */
export function webhook(options: Partial<Omit<WebhookRoute, "kind" | "url">> & Pick<WebhookRoute, "url">): AlertRoute {
  const route = { kind: "webhook", timeoutMs: 5_000, attempts: 3, ...options } as const;
  parse(WEBHOOK, route, { what: "webhook" });
  return route;
}
