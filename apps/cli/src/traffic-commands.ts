import { userInfo } from "node:os";
import type { Traffic } from "@millwright/client";
import { platformErrors, textTable, type Command, type CommandCall } from "@millwright/platform";
import { withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { when } from "./format.ts";

const reasonOption = { value: "TEXT", summary: "why; it is kept" };

const servicesTraffic: Command = {
  name: "services traffic",
  summary: "which versions share a service's requests; with --set, by other weights from now on",
  arguments: ["NAME"],
  options: {
    set: { value: "VARIANT=PERCENT,…", summary: "aliases or versions; the service's own takes what is left" },
    reason: reasonOption,
  },
  example: "mill services traffic late-flights --set champion=90,challenger=10",
  output: answerOf("showTraffic"),
  handler: (call) =>
    withApi(call, async (api) => {
      const name = call.arguments[0] ?? "";
      const { set } = call.options;
      const traffic =
        typeof set === "string"
          ? await api.setTraffic({ name, body: { weights: weightsOf(set), ...changeOf(call) } })
          : await api.showTraffic({ name });
      call.out.result(traffic, trafficText);
      return 0;
    }),
};

const servicesPromote: Command = {
  name: "services promote",
  summary: "make the version that shares a service's requests its own, and give it all of them",
  arguments: ["NAME", "[VARIANT]"],
  options: { reason: reasonOption },
  example: 'mill services promote late-flights --reason "as fast, and fewer errors"',
  output: answerOf("promoteVariant"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", variant] = call.arguments;
      const body = { ...changeOf(call), ...(variant === undefined ? {} : { variant }) };
      call.out.result(await api.promoteVariant({ name, body }), trafficText);
      return 0;
    }),
};

const servicesRollback: Command = {
  name: "services rollback",
  summary: "give all requests back to the service's own version",
  arguments: ["NAME"],
  options: { reason: reasonOption },
  example: 'mill services rollback late-flights --reason "more errors than before"',
  output: answerOf("rollbackTraffic"),
  handler: (call) =>
    withApi(call, async (api) => {
      const name = call.arguments[0] ?? "";
      call.out.result(await api.rollbackTraffic({ name, body: changeOf(call) }), trafficText);
      return 0;
    }),
};

const servicesDecisions: Command = {
  name: "services decisions",
  summary: "what was decided of a service's traffic, by whom and why",
  arguments: ["NAME"],
  options: {},
  example: "mill services decisions late-flights",
  output: answerOf("listTrafficDecisions"),
  handler: (call) =>
    withApi(call, async (api) => {
      const decisions = await api.listTrafficDecisions({ name: call.arguments[0] ?? "" });
      call.out.result(decisions, (all) =>
        textTable(
          ["when", "what", "weights", "versions", "by", "reason"],
          all.map(({ decidedAtMs, kind, weights, versions, by, reason }) => [
            when(decidedAtMs),
            kind,
            pairs(weights),
            pairs(versions),
            by,
            reason,
          ]),
        ),
      );
      return 0;
    }),
};

function changeOf({ options }: CommandCall): { readonly by: string; readonly reason: string } {
  const { reason } = options;
  return { by: userName(), reason: typeof reason === "string" ? reason : "no reason was given" };
}

/** A user of a container may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "mill";
  }
}

const servicesRollout: Command = {
  name: "services rollout",
  summary: "how far a new version is rolled out, and what was measured; with --restart, once more from the first step",
  arguments: ["NAME"],
  options: { restart: { summary: "also a version that was rolled back" } },
  example: "mill services rollout late-flights",
  output: answerOf("showTraffic"),
  handler: (call) =>
    withApi(call, async (api) => {
      const name = call.arguments[0] ?? "";
      const isAnew = call.options["restart"] === true;
      call.out.result(await (isAnew ? api.restartRollout({ name }) : api.showTraffic({ name })), rolloutText);
      return 0;
    }),
};

/** `champion=90,challenger=10`. */
function weightsOf(text: string): Readonly<Record<string, number>> {
  const pairsOf = text.split(",").map((pair) => /^\s*([^=\s]+)\s*=\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(pair));
  if (pairsOf.some((pair) => pair === null) || new Set(pairsOf.map((pair) => pair?.[1])).size < pairsOf.length)
    throw platformErrors.create("platform/usage", {
      because: `${JSON.stringify(text)} are no weights such as champion=90,challenger=10`,
    });
  return Object.fromEntries(pairsOf.map((pair) => [pair?.[1] ?? "", Number(pair?.[2])]));
}

function pairs(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function trafficText({ service, variants, stickyBy, experiment, shadow }: Traffic): string {
  return [
    textTable(
      ["variant", "version", "share", "asked for"],
      variants.map(({ name, version, share, weight }) => [
        name,
        version === null ? "none yet" : String(version),
        `${share}%`,
        `${weight}%`,
      ]),
    ),
    stickyBy === null
      ? `${service} assigns each request by its own id`
      : `${service} assigns requests by ${Object.entries(stickyBy).flat().join(" ")}`,
    ...(experiment === null ? [] : [`experiment ${experiment}`]),
    ...(shadow === null ? [] : [`${shadow.variant} is asked a copy of ${shadow.percent}% of the requests`]),
  ].join("\n");
}

function rolloutText({ service, rollout }: Traffic): string {
  if (rollout === null) return `${service} is defined without a rollout`;
  const { variant, version, phase, step, steps, reason, numbers } = rollout;
  const at = phase === "progressing" ? ` at ${steps[step]}% (step ${step + 1} of ${steps.length})` : "";
  return [
    `${variant}${version === null ? "" : `, version ${version}`}: ${phase}${at}: ${reason}`,
    ...(numbers === null
      ? []
      : [
          textTable(
            ["", "requests", "failed", "99th percentile"],
            [
              ["the service's own", ...measuredText(numbers.primary)],
              [variant, ...measuredText(numbers.variant)],
            ],
          ),
          `drift of the answers: ${numbers.drift?.toFixed(3) ?? "–"}`,
          ...(numbers.labels === null ? [] : [labelsText(numbers.labels, variant)]),
        ]),
  ].join("\n");
}

type RolloutNumbers = NonNullable<NonNullable<Traffic["rollout"]>["numbers"]>;

function labelsText({ metric, ...told }: NonNullable<RolloutNumbers["labels"]>, variant: string): string {
  const one = ({ labels, value }: typeof told.primary) => `${value?.toFixed(4) ?? "–"} by ${labels} labels`;
  return `${metric}: the service's own ${one(told.primary)}, ${variant} ${one(told.variant)}`;
}

function measuredText(measured: RolloutNumbers["primary"]): readonly string[] {
  const { requests, errorRate, latencyP99Ms } = measured;
  return [
    String(requests),
    errorRate === null ? "–" : `${(errorRate * 100).toFixed(2)}%`,
    latencyP99Ms === null ? "–" : `${latencyP99Ms.toFixed(2)} ms`,
  ];
}

export const trafficCommands: readonly Command[] = [
  servicesTraffic,
  servicesRollout,
  servicesPromote,
  servicesRollback,
  servicesDecisions,
];
