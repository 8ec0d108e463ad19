import type { ModelVersion } from "@millwright/client";
import { textTable, type Command } from "@millwright/platform";
import { withApi } from "./api.ts";
import { answerOf } from "./answer-schema.ts";
import { when } from "./format.ts";

interface VersionDetails {
  readonly metrics?: { readonly test?: { readonly auc?: number; readonly log_loss?: number } };
  readonly gates?: readonly { readonly gate: string; readonly passed: boolean; readonly observed: number }[];
  readonly importance?: readonly { readonly feature: string; readonly gain: number }[];
}

function detailsOf(version: ModelVersion | null | undefined): VersionDetails | undefined {
  return version?.details as VersionDetails | undefined;
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
          ["model", "versions", "champion", "test AUC"],
          all.map(({ name, versions, champion }) => [
            name,
            String(versions),
            champion === null ? "none" : String(champion.version),
            detailsOf(champion)?.metrics?.test?.auc?.toFixed(4) ?? "–",
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
      call.out.result(versions, (all) => {
        const newest = detailsOf(all[0]);
        return [
          textTable(
            ["version", "aliases", "test AUC", "log loss", "made"],
            all.map((one) => {
              const test = detailsOf(one)?.metrics?.test;
              return [
                String(one.version),
                one.aliases.join(" "),
                test?.auc?.toFixed(4) ?? "–",
                test?.log_loss?.toFixed(4) ?? "–",
                when(one.createdAtMs),
              ];
            }),
          ),
          textTable(
            ["gate", "observed", ""],
            (newest?.gates ?? []).map(({ gate, observed, passed }) => [
              gate,
              observed.toFixed(4),
              passed ? "holds" : "does not hold",
            ]),
          ),
          textTable(
            ["feature", "gain"],
            (newest?.importance ?? [])
              .slice(0, 10)
              .map(({ feature, gain }) => [feature, `${(gain * 100).toFixed(1)}%`]),
          ),
        ].join("\n\n");
      });
      return 0;
    }),
};

export const modelsCommands: readonly Command[] = [modelsList, modelsShow];
