import { expect, test } from "vitest";
import { modelNameIn } from "../src/inference/grpc/model-name-in.ts";
import { openService } from "../src/inference/grpc/service.ts";

test("the model's name is found as whoever decodes the message finds it", async () => {
  const { methods } = await openService();
  const infer = methods.find(({ name }) => name === "ModelInfer");
  if (infer === undefined) throw new Error("there is no ModelInfer");
  const message = infer.encodeRequest({
    model_name: "münze/7",
    model_version: "3",
    id: "9",
    parameters: { timeout: { int64_param: 12 }, share: { double_param: 0.5 } },
    inputs: [{ name: "x", datatype: "FP32", shape: [1, 300], contents: { fp32_contents: [1, 2] } }],
    raw_input_contents: [Buffer.alloc(1_200, 1)],
  });
  expect(modelNameIn(message)).toBe("münze/7");
  // Of a field that comes twice, the last one holds.
  const twice = Buffer.concat([message, infer.encodeRequest({ model_name: "other" })]);
  expect(modelNameIn(twice)).toBe((infer.decode(twice) as { model_name: string }).model_name);
  expect(modelNameIn(Buffer.alloc(0))).toBe("");
  for (const cut of [1, 4, 12, message.length - 1]) expect(modelNameIn(message.subarray(0, cut))).toBe("");
  expect(modelNameIn(Buffer.alloc(40, 255))).toBe("");
});
