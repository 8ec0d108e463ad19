import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readDocumentFolder } from "../src/kserve/document-folder.ts";
import { planText } from "../src/kserve/plan-text.ts";

// KServe's documents as its users write them: what is served of each, and what is said of the rest, by field and line.

const plan = (text: string) => planText(text, { folder: "/models" });
const said = (text: string) =>
  plan(text).remarks.map(({ level, path, line, because }) => `${level} ${line} ${path}: ${because}`);

const ISVC = (predictor: string, more = "") => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris
  namespace: models
  annotations: { any: thing }
spec:
${predictor}${more}`;

const PREDICTOR = `  predictor:
    model:
      modelFormat:
        name: xgboost
      storageUri: file:///srv/iris
`;

const GRAPH = (nodes: string) => `apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata:
  name: breeds
spec:
  nodes:
${nodes}`;

describe("an InferenceService", () => {
  test("that has a logger is kept in the payload log, by its mode and its headers, and none with a secret", () => {
    const logged = (logger: string) => PREDICTOR.replace("predictor:\n", `predictor:\n    logger: ${logger}\n`);
    const { services, remarks } = plan(
      ISVC(logged("{ mode: request, url: http://events, metadataHeaders: [X-Team] }")),
    );
    expect(services[0]?.model?.config).toEqual({
      parameters: {
        payload_log: { string_value: "request" },
        payload_metadata_headers: { string_value: "X-Team" },
      },
    });
    expect(remarks).toMatchObject([{ level: "warning", path: "spec.predictor.logger.url" }]);
    expect(plan(ISVC(logged("{}"))).services[0]?.model?.config).toEqual({
      parameters: { payload_log: { string_value: "all" } },
    });
    expect(said(ISVC(logged("{ mode: some }")))).toEqual([expect.stringMatching(/error .*logger\.mode: .*none of/)]);
    expect(said(ISVC(logged("{ metadataHeaders: [Authorization] }")))).toEqual([
      expect.stringMatching(/Authorization may hold a secret/),
    ]);
  });

  test("is its model, where it lies", () => {
    const { services, remarks } = plan(ISVC(PREDICTOR));
    expect(remarks).toEqual([]);
    expect(services.map(({ model }) => model)).toEqual([
      { name: "iris", uri: "file:///srv/iris", format: "xgboost", config: {} },
    ]);
  });

  test("of the older form, that names the format as a field, and a path from the document on", () => {
    const { services } = plan(ISVC("  predictor:\n    sklearn:\n      storageUri: ./iris\n"));
    expect(services[0]?.model).toMatchObject({ format: "sklearn", uri: "/models/iris" });
  });

  test("its batcher and its limit are the model's", () => {
    const more = "    containerConcurrency: 4\n    batcher: { maxBatchSize: 16, maxLatency: 5 }\n";
    expect(plan(ISVC(PREDICTOR, more)).services[0]?.model?.config).toEqual({
      instance_group: [{ count: 4 }],
      max_batch_size: 16,
      dynamic_batching: { max_queue_delay_microseconds: 5_000 },
    });
  });

  test("what has no meaning here is said to be ignored, each by its name", () => {
    const more = "      resources: { limits: { cpu: 1 } }\n    minReplicas: 2\n    nodeSelector: { disk: ssd }\n";
    expect(said(ISVC(PREDICTOR, more))).toEqual([
      "warning 13 spec.predictor.model.resources: it is ignored: no container is run: this program serves the model itself",
      "warning 14 spec.predictor.minReplicas: it is ignored: one process on this machine serves it",
      "warning 15 spec.predictor.nodeSelector: it is ignored: there is no cluster here",
    ]);
    expect(plan(ISVC(PREDICTOR, more)).services).toHaveLength(1);
  });

  const errors: readonly (readonly [why: string, text: string])[] = [
    [
      "error 13 spec.predictor.minReplica: there is no such field; minReplicas is one",
      ISVC(PREDICTOR, "    minReplica: 2\n"),
    ],
    ["error 13 spec.predictor.frobnicate: there is no such field", ISVC(PREDICTOR, "    frobnicate: 2\n")],
    ["error 10 spec.predictor.model.modelFormat: pmml is not served", ISVC(PREDICTOR.replace("xgboost", "pmml"))],
    [
      'error 12 spec.predictor.model.storageUri: "s3://b/k": it is none of',
      ISVC(PREDICTOR.replace("file:///srv/iris", "s3://b/k")),
    ],
    ["error 13 spec.transformer: no container is run", ISVC(PREDICTOR, "  transformer:\n    containers: []\n")],
    ["error 13 spec.predictor.containers: no container is run", ISVC(PREDICTOR, "    containers: []\n")],
    ["error 8 spec.predictor: it names no model", ISVC("  predictor: {}\n")],
    ["error 8 spec.predictor: it is missing", ISVC("  explainer: {}\n")],
    ["error 1 apiVersion: it is serving.kserve.io/v1, where", ISVC(PREDICTOR).replace("v1beta1", "v1")],
    ["error 2 kind: it is none of InferenceService", ISVC(PREDICTOR).replace("InferenceService", "InferencePool")],
    ["error 1 : its metadata.name is no name", ISVC(PREDICTOR).replace("name: iris", "name: ../iris")],
    ["error 1 : it has no apiVersion and kind", "hello: 1\n"],
    ["error 4 : Flow sequence", "apiVersion: a\nkind: b\nbad: [\n"],
    ['error 13 : a map has the key "model" twice', ISVC(PREDICTOR, "    model: {}\n")],
  ];
  test.each(errors)("%s", (why, text) => {
    expect(
      said(text)
        .filter((line) => line.startsWith("error"))
        .join("\n"),
    ).toContain(why);
    expect(plan(text).services).toEqual([]);
  });
});

describe("an InferenceGraph", () => {
  test("is a graph, its times in seconds", () => {
    const { services, remarks } = plan(`${GRAPH(`    root:
      routerType: Sequence
      steps:
        - serviceName: cat-dog
          name: first
          dependency: Hard
        - nodeName: breed
          data: $request
    breed:
      routerType: Switch
      steps:
        - serviceUrl: http://breeds.test/v1/models/dog:predict
          condition: 'instances.#(modelId=="1")'
`)}  timeout: 3
  routerTimeouts: { serviceClient: 2 }
  minReplicas: 1
`);
    expect(remarks.map(({ path }) => path)).toEqual(["spec.minReplicas"]);
    expect(services[0]?.graph).toEqual({
      name: "breeds",
      timeoutMs: 3_000,
      stepTimeoutMs: 2_000,
      nodes: {
        root: {
          routerType: "Sequence",
          steps: [
            { serviceName: "cat-dog", name: "first", dependency: "Hard" },
            { nodeName: "breed", data: "$request" },
          ],
        },
        breed: {
          routerType: "Switch",
          steps: [{ serviceUrl: "http://breeds.test/v1/models/dog:predict", condition: 'instances.#(modelId=="1")' }],
        },
      },
    });
  });

  test("that cannot be says where: the line of the step", () => {
    const text = GRAPH(`    root:
      routerType: Splitter
      steps:
        - serviceName: a
          weight: 80
        - serviceName: b
          weight: "20"
    other:
      routerType: Sequence
      steps:
        - nodeName: other
        - { serviceName: a, serviceUrl: "http://a" }
`);
    expect(said(text)).toEqual([
      "error 13 spec.nodes.root.steps.1.weight: it is no number",
      "error 12 spec.nodes.root.steps.1: a splitter's step has no weight",
      "error 18 spec.nodes.other.steps.1: it has serviceName and serviceUrl",
      "error 14 spec.nodes.other: its nodes go in a circle: other → other",
    ]);
  });
});

describe("other documents", () => {
  test("a TrainedModel is a model; a runtime is noted; others than KServe's are left", () => {
    const text = `apiVersion: serving.kserve.io/v1alpha1
kind: TrainedModel
metadata: { name: cifar }
spec:
  inferenceService: triton
  model: { framework: onnx, storageUri: models:/cifar/3, memory: 1Gi }
---
apiVersion: serving.kserve.io/v1alpha1
kind: ClusterServingRuntime
metadata: { name: own }
spec:
  supportedModelFormats: [{ name: onnx, version: "1", autoSelect: true }]
  containers: [{ name: c, image: i }]
---
apiVersion: v1
kind: Secret
metadata: { name: s }
`;
    const { services } = plan(text);
    expect(services.map(({ document, model }) => [document.kind, model?.uri])).toEqual([
      ["TrainedModel", "models:/cifar/3"],
      ["ClusterServingRuntime", undefined],
    ]);
    expect(said(text).at(-1)).toBe("warning 15 apiVersion: v1 is not KServe's: it is left");
  });

  test("of a kind that is a word of the language's own, are none of KServe's", () => {
    const text = ISVC(PREDICTOR).replace("InferenceService", "constructor");
    expect(said(text)).toEqual([expect.stringContaining("error 2 kind: it is none of InferenceService")]);
  });

  test("what lies beside them and cannot be read is said, and keeps none of them back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mill-documents-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "old.yaml"));
    writeFileSync(join(folder, "iris.yaml"), ISVC(PREDICTOR));
    const { services, remarks } = await readDocumentFolder(folder);
    expect(services.map(({ model }) => model?.name)).toEqual(["iris"]);
    expect(remarks).toEqual([expect.objectContaining({ level: "error", file: "old.yaml", because: "it is a folder" })]);
  });

  test("a key that is there twice is an error, in a map of any size", () => {
    const many = Array.from({ length: 40_000 }, (_, at) => `    f${at}: x\n`).join("");
    const labels = (more: string) =>
      ISVC(PREDICTOR).replace("  name: iris\n", `  name: iris\n  labels:\n${many}${more}`);
    expect(said(labels("    f7: y\n"))).toEqual(['error 40006 : a map has the key "f7" twice']);
  });

  test("an alias that stands for very many others is not followed", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [at, name] of "bcdefg".split("").entries())
      bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdef"[at]}`).join(", ")}]`);
    expect(said(`${bomb.join("\n")}\n`)).toEqual([expect.stringContaining("error 1 : Excessive alias count")]);
  });
});
