import type { ServedModel } from "@millwright/client";
import { expect, test } from "vitest";
import { contributionsIn, tensorsIn } from "../src/services/model-answer.ts";
import { explainText, fieldsOf, inferText, plainRequest } from "../src/services/model-request.ts";
import { meshIntervals, type MeshSample } from "../src/services/mesh.ts";

type Input = ServedModel["inputs"][number];

const input = (name: string, datatype: string, shape: readonly number[], features: readonly string[] = []): Input => ({
  name,
  datatype,
  shape,
  features,
});

test("an input of rows has a field for each of its columns, anything else is written as JSON", () => {
  const names = (one: Input) => fieldsOf(one).map(({ name, isWhole }) => (isWhole ? `${name} as JSON` : name));
  expect(names(input("x", "FP32", [-1, 2], ["age", "height"]))).toEqual(["age", "height"]);
  expect(names(input("x", "FP32", [1, 2]))).toEqual(["x[0]", "x[1]"]);
  expect(names(input("city", "BYTES", [-1]))).toEqual(["city"]);
  for (const shape of [[-1, -1], [-1, 3, 4], [5], [-1, 1_000], []])
    expect(names(input("x", "FP32", shape))).toEqual(["x as JSON"]);
});

test("a request can be sent as it is, and what is written stands in it with all its digits", () => {
  const inputs = [
    input("x", "FP64", [-1, 2]),
    input("id", "INT64", [-1]),
    input("name", "BYTES", [-1]),
    input("is_new", "BOOL", [-1]),
    input("image", "FP32", [-1, 2, 2]),
  ];
  const plain = plainRequest(inputs);
  expect(JSON.parse(inferText(inputs, plain))).toEqual({
    inputs: [
      { name: "x", datatype: "FP64", shape: [1, 2], data: [[0, 0]] },
      { name: "id", datatype: "INT64", shape: [1], data: [0] },
      { name: "name", datatype: "BYTES", shape: [1], data: [""] },
      { name: "is_new", datatype: "BOOL", shape: [1], data: [false] },
      {
        name: "image",
        datatype: "FP32",
        shape: [1, 2, 2],
        data: [
          [
            [0, 0],
            [0, 0],
          ],
        ],
      },
    ],
  });
  const written = { ...plain, x: [" 1.50", "none"], id: ["9007199254740993"], name: ['a "b"'], is_new: ["true"] };
  const text = inferText(inputs, { ...written, image: ["no JSON"] });
  expect(text).toContain('"data":[[1.50,"none"]]');
  expect(text).toContain('"data":[9007199254740993]');
  expect(text).toContain(String.raw`"data":["a \"b\""]`);
  expect(text).toContain('"data":["no JSON"]');
});

test("of what has very many elements nothing is filled in", () => {
  expect(plainRequest([input("image", "FP32", [-1, 3, 224, 224])])).toEqual({ image: ["[]"] });
});

test("an explanation is asked for in rows: of one input its values, of several an object", () => {
  const one = [input("x", "FP32", [-1, 2])];
  expect(explainText(one, { x: ["1", "2"] }, " ")).toBe('{"instances":[[1,2]]}');
  const two = [input("a", "FP32", [-1]), input("b", "BYTES", [-1])];
  expect(explainText(two, { a: ["1"], b: ["z"] }, '[{"a":0,"b":""}]')).toBe(
    '{"instances":[{"a":1,"b":"z"}],"background":[{"a":0,"b":""}]}',
  );
});

test("an answer's whole numbers keep their digits, and contributions come with their features, the largest first", () => {
  const answer = '{"outputs":[{"name":"y","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}';
  expect(tensorsIn(answer)[0]?.data).toEqual(["9007199254740993"]);
  const explained = { by: "model" as const, reason: "", hasBackground: false, features: ["age", "height"] };
  expect(contributionsIn('{"explanations":[[0.5,-2,1]]}', { explained }, ["40", "180"])).toEqual([
    {
      base: 1,
      contributions: [
        { feature: "height", value: "180", contribution: -2 },
        { feature: "age", value: "40", contribution: 0.5 },
      ],
    },
  ]);
  const classes = contributionsIn('{"explanations":[[[1,2,3],[4,5,6]]]}', { explained }, []);
  expect(classes.map(({ base }) => base)).toEqual([3, 6]);
});

test("what happened between two looks at the memory is told, and nothing of a process that began anew", () => {
  const sample = (atMs: number, loads: number, cold: number): MeshSample => {
    const buckets = [
      { seconds: 0.01, count: cold },
      { seconds: null, count: cold },
    ];
    return {
      atMs,
      occupancy: { loads, evictions: 0, cold: buckets, warm: buckets } as unknown as MeshSample["occupancy"],
    };
  };
  const [first, again, ...others] = meshIntervals([sample(0, 5, 10), sample(2_000, 8, 14), sample(4_000, 1, 0)]);
  expect(others).toEqual([]);
  expect(first).toMatchObject({ atMs: 2_000, loads: 3, cold: { requests: 4, p50Ms: 5 } });
  expect(again).toMatchObject({ loads: 0, cold: { requests: 0, p50Ms: undefined } });
});
