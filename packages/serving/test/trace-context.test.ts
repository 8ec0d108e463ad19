import { silentLogger } from "@millwright/kernel";
import { expect, test } from "vitest";
import { traceIdsOf } from "../src/inference/trace-context.ts";
import { serveEcho } from "./support/tagged-models.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test("the ids of a traceparent are read, and of what is none nothing is", () => {
  expect(traceIdsOf(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN });
  const wrong = [
    "",
    "00",
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
  ];
  for (const text of [undefined, ...wrong, `00-${TRACE.toUpperCase()}-${SPAN}-01`])
    expect(traceIdsOf(text)).toEqual({});
});

test("what is logged of a request has its caller's trace", async () => {
  const lines: object[] = [];
  const served = await serveEcho({ logger: { ...silentLogger, info: (fields) => lines.push(fields) } });
  const shape = [1, 2];
  const inputs = [
    { name: "TAG", datatype: "INT64", shape, data: [1, 2] },
    { name: "TEXT", datatype: "BYTES", shape, data: ["a", "b"] },
    { name: "HALF", datatype: "FP16", shape, data: [0, 1] },
  ];
  const post = (path: string, body: object, headers = {}) =>
    fetch(`${served.url}${path}`, { method: "POST", body: JSON.stringify(body), headers });
  await post("/v2/logging", { log_verbose_level: 1 });
  await post("/v2/models/echo/infer", { inputs }, { traceparent: `00-${TRACE}-${SPAN}-01` });
  expect(lines).toContainEqual(expect.objectContaining({ model: "echo", traceId: TRACE, spanId: SPAN }));
  await served.close();
});
