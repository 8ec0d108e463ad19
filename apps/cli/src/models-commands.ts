import { Type } from "@millwright/kernel";
import type { AliasMoved, ModelVersion } from "@millwright/client";
import { platformErrors, textTable, type Command, type CommandCall } from "@millwright/platform";
import { metricTitle } from "@millwright/training";
import { withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { when } from "./format.ts";
import { toldOfPage, writePage } from "./write-page.ts";

type Metrics = Readonly<Record<string, number | undefined>>;

interface VersionDetails {
  /** By which the version is told in a word. */
  readonly metric?: string;
  readonly metrics?: { readonly validation?: Metrics; readonly test?: Metrics };
  readonly baselines?: readonly { readonly title: string; readonly metrics: Metrics }[];
  readonly gates?: readonly { readonly gate: string; readonly passed: boolean; readonly observed: number | null }[];
  readonly importance?: readonly {
    readonly feature: string;
    readonly gain: number;
    readonly contribution?: number | null;
  }[];
}

function detailsOf(version: ModelVersion | null | undefined): VersionDetails {
  return (version?.details ?? {}) as VersionDetails;
}

/** `AUC 0.8771`, on the test rows. */
function inAWord({ metric = "auc", metrics }: VersionDetails): string {
  const value = metrics?.test?.[metric];
  return value === undefined ? "–" : `${metricTitle(metric)} ${value.toFixed(4)}`;
}

const modelsList: Command = {
  name: "models list",
  summary: "the registered models",
  arguments: [],
  options: {},
  example: "mill models list",
  output: answerOf("listModels"),
  handler: (call) =>
    withApi(call, async (api) => {
      const models = await api.listModels();
      call.out.result(models, (all) =>
        textTable(
          ["model", "versions", "champion", "on the test rows"],
          all.map(({ name, versions, champion }) => [
            name,
            String(versions),
            champion === null ? "none" : String(champion.version),
            inAWord(detailsOf(champion)),
          ]),
        ),
      );
      return 0;
    }),
};

const modelsShow: Command = {
  name: "models show",
  summary: "a model's versions, gates and importance",
  arguments: ["NAME"],
  options: {},
  example: "mill models show late-flights",
  output: answerOf("listModelVersions"),
  handler: (call) =>
    withApi(call, async (api) => {
      const versions = await api.listModelVersions({ name: call.arguments[0] ?? "" });
      call.out.result(versions, (all) => versionsText(all));
      return 0;
    }),
};

/** The versions, then of the newest one its metrics beside the baselines', its gates and what it goes by. */
function versionsText(versions: readonly ModelVersion[]): string {
  const { gates = [], importance = [], ...newest } = detailsOf(versions[0]);
  return [
    textTable(
      ["version", "aliases", "on the test rows", "log loss", "made"],
      versions.map((one) => [
        String(one.version),
        one.aliases.join(" "),
        inAWord(detailsOf(one)),
        detailsOf(one).metrics?.test?.["log_loss"]?.toFixed(4) ?? "–",
        when(one.createdAtMs),
      ]),
    ),
    ...baselinesText(newest),
    textTable(
      ["gate", "observed", ""],
      gates.map(({ gate, observed, passed }) => [
        gate,
        observed?.toFixed(4) ?? "–",
        passed ? "holds" : "does not hold",
      ]),
    ),
    textTable(
      ["feature", "gain", "adds or takes"],
      importance
        .slice(0, 10)
        .map(({ feature, gain, contribution }) => [
          feature,
          `${(gain * 100).toFixed(1)}%`,
          contribution?.toFixed(4) ?? "–",
        ]),
    ),
  ].join("\n\n");
}

/** Each metric of the test rows, and what the baselines reach on the same rows. */
function baselinesText({ metrics, baselines = [] }: VersionDetails): readonly string[] {
  if (baselines.length === 0) return [];
  return [
    textTable(
      ["on the test rows", "version", ...baselines.map(({ title }) => title)],
      Object.entries(metrics?.test ?? {}).map(([name, value]) => [
        metricTitle(name),
        ...[value, ...baselines.map((baseline) => baseline.metrics[name])].map(figure),
      ]),
    ),
  ];
}

function figure(value: number | undefined): string {
  if (value === undefined) return "–";
  return Number.isInteger(value) ? value.toLocaleString("en-US") : value.toFixed(4);
}

const modelsReport: Command = {
  name: "models report",
  summary: "write a version's report, an HTML file that stands alone; unless told, the champion's",
  arguments: ["NAME[@VERSION]"],
  options: { out: { value: "FILE", summary: "where to; unless told, NAME-VERSION.html in this folder" } },
  example: "mill models report late-flights@4 --out report.html",
  output: Type.Object({
    model: Type.String(),
    version: Type.Integer(),
    file: Type.String(),
    bytes: Type.Integer(),
  }),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", asked] = (call.arguments[0] ?? "").split("@");
      const versions = await api.listModelVersions({ name });
      const champion = versions.find(({ aliases }) => aliases.includes("champion")) ?? versions[0];
      const version = asked === undefined ? champion?.version : versionNumber(asked);
      const page = await api.showModelReport({ name, version: String(version) });
      const written = await writePage(page, call.options["out"] ?? `${name}-${version}.html`);
      call.out.result({ model: name, version: version ?? 0, ...written }, toldOfPage);
      return 0;
    }),
};

const modelsCompare: Command = {
  name: "models compare",
  summary: "what differs between two versions; unless told, the newest and the champion",
  arguments: ["NAME", "[VERSION]", "[OTHER]"],
  options: {},
  example: "mill models compare late-flights 4 3",
  output: answerOf("compareModelVersions"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", version, other] = call.arguments;
      const found = await api.compareModelVersions({
        name,
        ...(version === undefined ? {} : { version: versionNumber(version) }),
        ...(other === undefined ? {} : { with: versionNumber(other) }),
      });
      call.out.result(found, (comparison) => {
        const { metrics, parameters, featuresAdded, featuresRemoved } = comparison;
        const [mine, theirs] = [`version ${comparison.version}`, `version ${comparison.with}`];
        return [
          textTable(
            ["metric", mine, theirs, "difference"],
            metrics.map(({ part, metric, value, other: before, difference }) => [
              `${part} ${metric}`,
              ...[value, before].map((number) => (Number.isInteger(number) ? String(number) : number.toFixed(5))),
              `${difference > 0 ? "+" : ""}${Number.isInteger(difference) ? difference : difference.toFixed(5)}`,
            ]),
          ),
          ...(parameters.length === 0
            ? []
            : [
                textTable(
                  ["parameter", mine, theirs],
                  parameters.map(({ name: parameter, value, other: before }) => [
                    parameter,
                    value ?? "–",
                    before ?? "–",
                  ]),
                ),
              ]),
          ...(featuresAdded.length === 0 ? [] : [`features only in ${mine}: ${featuresAdded.join(", ")}`]),
          ...(featuresRemoved.length === 0 ? [] : [`features only in ${theirs}: ${featuresRemoved.join(", ")}`]),
        ].join("\n\n");
      });
      return 0;
    }),
};

const aliasOption = { value: "ALIAS", summary: "another alias than champion" };

const modelsPromote: Command = {
  name: "models promote",
  summary: "make a version the champion; its services answer with it at once",
  arguments: ["NAME", "VERSION"],
  options: { reason: { value: "TEXT", summary: "why; it is kept" }, alias: aliasOption },
  example: 'mill models promote late-flights 4 --reason "fewer false alarms in July"',
  output: answerOf("promoteModel"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", version = ""] = call.arguments;
      const body = { ...moveOf(call), version: versionNumber(version) };
      call.out.result(await api.promoteModel({ name, body }), movedText);
      return 0;
    }),
};

const modelsRollback: Command = {
  name: "models rollback",
  summary: "go back to the champion before, or to a version; its services answer with it at once",
  arguments: ["NAME", "[VERSION]"],
  options: { reason: { value: "TEXT", summary: "why; it is kept" }, alias: aliasOption },
  example: 'mill models rollback late-flights --reason "too many alarms since noon"',
  output: answerOf("rollbackModel"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = "", version] = call.arguments;
      const body = { ...moveOf(call), ...(version === undefined ? {} : { version: versionNumber(version) }) };
      call.out.result(await api.rollbackModel({ name, body }), movedText);
      return 0;
    }),
};

const modelsHistory: Command = {
  name: "models history",
  summary: "which version was the champion, since when and why",
  arguments: ["NAME"],
  options: {},
  example: "mill models history late-flights",
  output: answerOf("listAliasChanges"),
  handler: (call) =>
    withApi(call, async (api) => {
      const changes = await api.listAliasChanges({ name: call.arguments[0] ?? "" });
      call.out.result(changes, (all) =>
        textTable(
          ["when", "alias", "version", "before", "by", "reason"],
          all.map(({ changedAtMs, alias, version, previousVersion, kind, reason }) => [
            when(changedAtMs),
            alias,
            String(version),
            previousVersion === null ? "–" : String(previousVersion),
            kind,
            reason,
          ]),
        ),
      );
      return 0;
    }),
};

function moveOf({ options }: CommandCall): { readonly alias: string; readonly reason: string } {
  const { alias, reason } = options;
  return {
    alias: typeof alias === "string" ? alias : "champion",
    reason: typeof reason === "string" ? reason : "no reason was given",
  };
}

function movedText({ model, alias, version, previousVersion, services }: AliasMoved): string {
  const before = previousVersion === null ? "" : `, before ${previousVersion}`;
  const live = services.length === 0 ? "no service is deployed with it" : `live in ${services.join(", ")}`;
  return `${model}: ${alias} is version ${version}${before}; ${live}`;
}

function versionNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw platformErrors.create("platform/usage", {
    because: `${JSON.stringify(text)} is no version: a whole number from 1 on`,
  });
}

export const modelsCommands: readonly Command[] = [
  modelsList,
  modelsShow,
  modelsReport,
  modelsCompare,
  modelsPromote,
  modelsRollback,
  modelsHistory,
];
