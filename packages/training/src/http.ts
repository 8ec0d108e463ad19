import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { versionOf, type ModelVersion, type Tracking } from "@millwright/tracking";
import type { GateResult } from "./gates.ts";
import { JudgementSchema } from "./judgement/judgement-schema.ts";
import { readJudgement } from "./judgement/read-judgement.ts";
import { reportPage, type ReportSubject } from "./report/report.ts";

const VersionPlace = Type.Object({
  name: Type.String({ minLength: 1 }),
  version: Type.String({ pattern: "^([1-9][0-9]{0,8}|[a-z][a-z0-9_-]{0,63})$", description: "A number or an alias." }),
});

/** How good the registered versions are, over HTTP. */
export function trainingRoutes(open: () => Tracking): readonly Route[] {
  return [
    route({
      id: "showJudgement",
      path: "/api/v1/models/:name/versions/:version/judgement",
      summary: "How good a version is: metrics, curves, baselines, slices.",
      params: VersionPlace,
      response: JudgementSchema,
      handler: async ({ params }) => readJudgement((await versionOf(open(), params)).artifactPath),
    }),
    route({
      id: "showModelReport",
      path: "/api/v1/models/:name/versions/:version/report",
      summary: "A version's report: one HTML page that stands alone.",
      params: VersionPlace,
      response: Type.String(),
      contentType: "text/html",
      handler: async ({ params }) => {
        const version = await versionOf(open(), params);
        return reportPage(subjectOf(version), await readJudgement(version.artifactPath));
      },
    }),
  ];
}

function subjectOf({ model, version, aliases, runId, createdAtMs, details }: ModelVersion): ReportSubject {
  const told = details as {
    readonly rows?: number;
    readonly gates?: readonly GateResult[];
    readonly importance?: ReportSubject["importance"];
    readonly parameters?: ReportSubject["parameters"];
  };
  return {
    model,
    runId,
    tags: [`version ${version}`, ...aliases],
    madeAtMs: createdAtMs,
    rows: told.rows ?? 0,
    gates: told.gates ?? [],
    importance: told.importance ?? [],
    parameters: told.parameters ?? {},
  };
}
