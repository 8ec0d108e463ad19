import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerRoute } from "@millwright/platform";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appliedRoutes, serviceRoutes } from "../src/http.ts";
import type { Serving } from "../src/index.ts";
import { deploymentFileIn, serveDocuments } from "./support/serve-documents.ts";

// A served model is described, asked and explained through the control process, as the console does it.

const TREES = join(import.meta.dirname, "tree-models");

let root: string;
let serving: Serving | undefined;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-try-"));
  serving = await serveDocuments(root);
  const documents = `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: trees }
spec: { predictor: { model: { modelFormat: { name: lightgbm }, storageUri: "lightgbm-regression.txt" } } }
`;
  await operation("applyServices", { body: { documents, folder: TREES } });
});
afterAll(async () => {
  await serving?.close();
  rmSync(root, { recursive: true, force: true });
});

const places = () => ({
  deploymentFile: deploymentFileIn(root),
  servingUrl: () => (serving === undefined ? undefined : `http://127.0.0.1:${serving.port}`),
});
const registry = {
  find: async () => {
    throw new Error("there is none");
  },
};

async function operation<Answer>(id: string, given: { body?: object; params?: object }) {
  const routes = [...appliedRoutes(() => ({ ...places(), registry })), ...serviceRoutes(places)];
  const route = routes.find((one) => one.id === id);
  if (route === undefined) throw new Error(`there is no ${id}`);
  const asked = { params: {}, query: {}, body: {}, ...given, signal: new AbortController().signal };
  return (await answerRoute(route, asked)) as Answer;
}

const ask = (verb: string, request: string, name = "trees") =>
  operation<{ answer: string; tookMs: number }>("askServedModel", { params: { name }, body: { verb, request } });

test("a model tells its inputs with their features, and how it is explained", async () => {
  const features = Array.from({ length: 8 }, (_, at) => `Column_${at}`);
  expect(await operation("showServedModel", { params: { name: "trees" } })).toMatchObject({
    name: "trees",
    versions: ["1"],
    inputs: [{ shape: [-1, 8], features }],
    explained: { by: "model", reason: "", hasBackground: false, features },
  });
});

test("it is asked, and says why, in its own protocol's words", async () => {
  const row = [1, 2, 3, 0, 0.5, 1, 7, 1];
  const inputs = [{ name: "x", datatype: "FP64", shape: [1, 8], data: [row] }];
  const { outputs } = JSON.parse((await ask("infer", JSON.stringify({ inputs }))).answer) as {
    readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
  };
  const told = await ask("explain", JSON.stringify({ instances: [row] }));
  const { explanations } = JSON.parse(told.answer) as { readonly explanations: readonly (readonly number[])[] };
  const sum = explanations[0]?.reduce((all, part) => all + part, 0) ?? Number.NaN;
  expect(explanations[0]).toHaveLength(9);
  expect(sum).toBeCloseTo(outputs[0]?.data[0] ?? Number.NaN, 9);
});

test("what it refuses comes with its code, cause and remedy; a name leads to no other address", async () => {
  const refused = (code: string, status: number) => expect.objectContaining({ code, status });
  await expect(ask("infer", "{")).rejects.toEqual(refused("inference/bad-request", 400));
  await expect(ask("infer", '{"inputs":[]}')).rejects.toMatchObject({ remedy: expect.stringMatching(/./) });
  await expect(ask("explain", '{"instances":[[1]]}')).rejects.toEqual(refused("inference/bad-request", 400));
  await expect(ask("infer", "{}", "none")).rejects.toMatchObject({ status: 404 });
  await expect(ask("infer", "{}", "..")).rejects.toEqual(refused("kernel/invalid", 400));
  await expect(ask("infer", "{}", "trees/versions/1")).rejects.toMatchObject({ status: 404 });
  await expect(ask("unload", "{}")).rejects.toMatchObject({ code: "kernel/invalid" });
  await serving?.close();
  serving = undefined;
  await expect(ask("infer", "{}")).rejects.toEqual(refused("serving/not-running", 503));
});
