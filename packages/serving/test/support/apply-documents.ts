import { join } from "node:path";
import { answerRoute } from "@millwright/platform";
import { appliedRoutes } from "../../src/http.ts";
import type { Serving } from "../../src/index.ts";
import { deploymentFileIn } from "./serve-documents.ts";

export interface RevisionTold {
  revision: string;
  percent: number;
  storageUri: string;
  state: string;
  reason: string;
}

export interface ServiceTold {
  name: string;
  change: string;
  state: string;
  reason: string;
  transitionStatus: string | null;
  revisions: RevisionTold[];
  conditions: { type: string; status: string; reason: string; message: string }[];
}

/** Applies documents through the control API, as `mill services apply` does; their paths begin at the models of trees. */
export type Applier = (
  documents: string,
  options?: { dryRun?: boolean },
) => Promise<{ service: ServiceTold | undefined; remarks: { because: string }[] }>;

export const asksApi =
  (root: string, serving: () => Pick<Serving, "port"> | undefined) =>
  async <Answer>(operation: string, body = {}): Promise<Answer> => {
    const places = {
      deploymentFile: deploymentFileIn(root),
      servingUrl: () => {
        const up = serving();
        return up === undefined ? undefined : `http://127.0.0.1:${up.port}`;
      },
      registry: {
        find: () => {
          throw new Error("nothing is registered");
        },
      },
    };
    const route = appliedRoutes(() => places).find(({ id }) => id === operation);
    if (route === undefined) throw new Error(`there is no ${operation}`);
    const { signal } = new AbortController();
    return (await answerRoute(route, { params: {}, query: {}, body, signal })) as Answer;
  };

export function applier(root: string, serving: () => Pick<Serving, "port"> | undefined): Applier {
  const ask = asksApi(root, serving);
  const folder = join(import.meta.dirname, "..", "tree-models");
  return async (documents, { dryRun = false } = {}) => {
    const answer = await ask<{ services: ServiceTold[]; remarks: { because: string }[] }>("applyServices", {
      documents,
      folder,
      dryRun,
    });
    return { service: answer.services.at(-1), remarks: answer.remarks };
  };
}

/** An `InferenceService` of one model. */
export function isvcOf({
  name,
  uri,
  format = "xgboost",
  percent,
}: {
  readonly name: string;
  readonly uri: string;
  readonly format?: string;
  readonly percent?: number | undefined;
}): string {
  const predictor = {
    ...(percent === undefined ? {} : { canaryTrafficPercent: percent }),
    model: { modelFormat: { name: format }, storageUri: uri },
  };
  const head = { apiVersion: "serving.kserve.io/v1beta1", kind: "InferenceService", metadata: { name } };
  return JSON.stringify({ ...head, spec: { predictor } });
}
